"""dgi_replay."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from ingestion.models import QuarantinedRecord, Run
from tests.factories import QuarantineFactory, RunFactory
from tests.ingestion.before_the_fix import before_the_fix, order
from tests.ingestion.commands import called, refusal
from tests.ingestion.roads import DEALER, NEIGHBOUR, Road, road_for

pytestmark = pytest.mark.django_db
KEYS = [
    *("job", "dealer", "run", "stored", "waiting"),
    *("received", "created", "updated", "unchanged", "quarantined", "seconds"),
]


@pytest.fixture
def road() -> Road:
    """Three entries that the fix mends, one of them the neighbour's, and one that it does not."""
    road = road_for("pkb")
    with before_the_fix():
        road.arrive(order(1), order(2), order(3, kmTerakhir="x"), order(4, dealerId=NEIGHBOUR))
    return road


def waiting() -> set[str]:
    return set(QuarantinedRecord.objects.waiting().values_list("natural_key", flat=True))


def test_everything_that_waits_is_tried_again(road: Road) -> None:
    status, lines = called("dgi_replay")
    assert status == 1
    assert all(list(line) == KEYS for line in lines)
    by_dealer = {line["dealer"]: line for line in lines}
    assert (by_dealer[DEALER]["stored"], by_dealer[DEALER]["waiting"]) == (2, 1)
    assert (by_dealer[NEIGHBOUR]["stored"], by_dealer[NEIGHBOUR]["waiting"]) == (1, 0)
    assert set(Run.objects.filter(kind="replay").values_list("started_by", flat=True)) == {"command"}
    assert waiting() == {"3"}


def test_it_ends_well_when_nothing_is_left(road: Road) -> None:
    road.arrive(order(3))
    status, lines = called("dgi_replay", as_json=False)
    assert status == 0
    assert lines[-1] == "3 stored, 0 still waiting"
    assert called("dgi_replay", as_json=False) == (0, ["nothing waits"])
    assert called("dgi_replay") == (0, [])


@pytest.mark.parametrize(
    ("options", "left"),
    [
        (["--dealer", NEIGHBOUR], {"1", "2", "3"}),
        (["--job", "pkb", "--job", "prospect"], {"3"}),
        (["--job", "prospect"], {"1", "2", "3", "4"}),
        (["--reason", "IS NO NAME"], {"3"}),
        (["--reason", "… is no"], {"3"}),
        (["--reason", "is no number"], {"1", "2", "3", "4"}),
        (["--field", "namaPemilik"], {"3"}),
        (["--field", "kmTerakhir"], {"1", "2", "3", "4"}),
        (["--run", "0"], {"1", "2", "3", "4"}),
    ],
)
def test_what_is_tried_again_can_be_chosen(road: Road, options: list[str], left: set[str]) -> None:
    called("dgi_replay", *options)
    assert waiting() == left


def test_it_can_be_chosen_by_the_run_that_met_it_first(road: Road) -> None:
    with before_the_fix():
        run = road.arrive(order(1), order(5))
    called("dgi_replay", "--run", str(run.pk))
    assert waiting() == {"1", "2", "3", "4"}


def test_the_groups_are_listed(road: Road) -> None:
    called("dgi_replay")
    for _ in range(2):
        QuarantineFactory(run=RunFactory(feed=road.feed), field="")
    example = QuarantinedRecord.objects.latest("pk").pk
    status, lines = called("dgi_replay", "--list")
    assert status == 0
    assert [line["count"] for line in lines] == [2, 1]
    assert list(lines[0]) == ["job", "field", "cause", "count", "example", "since", "last"]
    assert (lines[0]["job"], lines[0]["field"], lines[0]["cause"], lines[0]["example"]) == (
        *("pkb", "", "… is no date"),
        example,
    )
    _, words = called("dgi_replay", "--list", as_json=False)
    assert words[0] == f"      2  pkb              the record: … is no date  (such as #{example})"
    assert waiting() == {"3", *QuarantinedRecord.objects.filter(field="").values_list("natural_key", flat=True)}


def test_what_is_chosen_is_ignored_with_a_reason(road: Road) -> None:
    assert called("dgi_replay", "--dealer", DEALER, "--ignore", "entered by hand") == (0, [{"ignored": 3}])
    assert waiting() == {"4"}
    assert set(QuarantinedRecord.objects.filter(state="ignored").values_list("why_ignored", "settled_by")) == {
        ("entered by hand", "command")
    }


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--ignore", " "], "say why"),
        (["--job", "pkbx"], "Unknown job type pkbx"),
        (["--dealer", "1"], "Unknown dealership 1"),
    ],
)
def test_what_makes_no_sense_is_refused(road: Road, arguments: list[str], words: str) -> None:
    assert words in refusal("dgi_replay", *arguments)
    assert len(waiting()) == 4


def test_to_list_and_to_ignore_at_once_is_refused() -> None:
    with pytest.raises(CommandError, match="not allowed with"):
        call_command("dgi_replay", "--list", "--ignore", "x")
