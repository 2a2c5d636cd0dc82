"""dgi_compare: differences by natural key, and their repair through the live road."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ingestion import services
from ingestion.models import Feed, Run
from ingestion.sandbox.config import DEMO_API_KEY, DEMO_SECRET_KEY, SandboxConfig
from ingestion.sandbox.gateway import Gateway
from ingestion.sandbox.server import running
from tests.factories import RunFactory, record_of
from tests.ingestion.commands import called, connect, refusal
from tests.ingestion.roads import PKB, WIB

NOW = datetime.now(UTC).replace(microsecond=0)
MIDNIGHT = NOW.astimezone(WIB).replace(hour=0, minute=0, second=0)
PKB_OF_ONE = ("--job", "pkb", "--dealer", "08138")
THREE_DAYS = ("--from", f"{MIDNIGHT - timedelta(days=3):%Y-%m-%d}")
KEYS = [
    *("run", "job", "dealer", "since", "until", "state", "compared", "missing", "different", "surplus", "unreadable"),
    *("later", "elsewhere", "keys", "error"),
]

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def sandbox() -> Iterator[tuple[str, Gateway]]:
    """A gateway where time stands still."""
    config = SandboxConfig(volume=10, now=lambda: NOW, clock_tolerance=timedelta(hours=1))
    with running(config) as started:
        yield started


@pytest.fixture
def gateway(sandbox: tuple[str, Gateway], monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """A connected sandbox with two dealerships, all fetched."""
    monkeypatch.setenv("DGI_API_KEY", DEMO_API_KEY)
    monkeypatch.setenv("DGI_SECRET_KEY", DEMO_SECRET_KEY)
    connect(sandbox[0], "08138", "08139")
    called("dgi_sync", "--job", "pkb", "--job", "prospect")
    yield sandbox[1]
    sandbox[1].faults.by_dealer.clear()


def lose(count: int) -> list[str]:
    """The natural keys of so many work orders of yesterday that are deleted by hand."""
    yesterday = PKB.record.objects.filter(
        dealership__code="08138", created_time__gte=MIDNIGHT - timedelta(days=1), created_time__lt=MIDNIGHT
    )
    lost = list(yesterday.order_by(PKB.key).values_list(PKB.key, flat=True)[:count])
    assert len(lost) == count
    for line in PKB.lines.values():
        line.objects.filter(record__no_work_order__in=lost).delete()
    PKB.record.objects.filter(no_work_order__in=lost).delete()
    return lost


def test_yesterday_of_every_feed_is_compared_unless_told_otherwise(gateway: Gateway) -> None:
    Feed.objects.exclude(job_type__in=["pkb", "prospect"]).update(is_enabled=False)
    status, lines = called("dgi_compare")
    assert status == 0
    assert all(list(line) == KEYS for line in lines)
    assert [(line["dealer"], line["job"]) for line in lines] == [
        *(("08138", "prospect"), ("08138", "pkb"), ("08139", "prospect"), ("08139", "pkb")),
    ]
    assert {(line["since"], line["until"]) for line in lines} == {
        ((MIDNIGHT - timedelta(days=1)).isoformat(), MIDNIGHT.isoformat())
    }
    assert all(line["compared"] > 0 for line in lines)
    assert {(line["missing"], line["different"], line["surplus"]) for line in lines} == {(0, 0, 0)}


def test_what_is_missing_is_listed_and_ends_with_status_1(gateway: Gateway) -> None:
    lost = lose(3)
    status, [line] = called("dgi_compare", *PKB_OF_ONE)
    assert (status, line["missing"], line["keys"]["missing"]) == (1, 3, lost)
    status, lines = called("dgi_compare", *PKB_OF_ONE, as_json=False)
    assert status == 1
    assert lines == [
        f"08138 pkb              {line['compared']} compared, 3 differences",
        *(f"  sent but not stored: {key}" for key in lost),
    ]
    assert not PKB.record.objects.filter(no_work_order__in=lost).exists()


def test_a_repair_fetches_the_window_again_and_compares_again(gateway: Gateway) -> None:
    lost = lose(2)
    status, [before, after] = called("dgi_compare", *PKB_OF_ONE, "--repair", *THREE_DAYS)
    assert status == 0
    assert before["keys"]["missing"] == lost
    assert (after["missing"], after["different"], after["surplus"]) == (0, 0, 0)


def test_what_was_changed_by_hand_is_repaired_with_a_version_of_its_own(gateway: Gateway) -> None:
    record: Any = PKB.record.objects.filter(dealership__code="08138").latest("created_time")
    right, versions = record.nama_pemilik, PKB.record.history.filter(id=record.pk).count()
    window = ("--from", f"{record.created_time.astimezone(WIB):%Y-%m-%d}", "--to", f"{MIDNIGHT:%Y-%m-%d}")
    PKB.record.objects.filter(pk=record.pk).update(nama_pemilik="somebody else")
    status, [before, after] = called("dgi_compare", *PKB_OF_ONE, "--repair", *window)
    assert (status, before["keys"]["different"], after["different"]) == (0, [record.no_work_order], 0)
    record.refresh_from_db()
    assert record.nama_pemilik == right
    assert PKB.record.history.filter(id=record.pk).count() == versions + 1
    first = Run.objects.get(pk=before["run"])
    repair = Run.objects.filter(kind="live").latest("pk")
    assert (first.flag_seen_by, repair.updated, repair.started_by) == (f"repaired by run {repair.pk}", 1, "command")
    assert not Run.objects.flagged().exists()


def test_what_is_surplus_stays_and_stays_told(gateway: Gateway) -> None:
    feed = Feed.objects.get(dealership__code="08138", job_type="pkb")
    invented = record_of(
        PKB, feed.dealership, run=RunFactory(feed=feed), created_time=MIDNIGHT - timedelta(hours=5), modified_time=None
    )
    status, [_, after] = called("dgi_compare", *PKB_OF_ONE, "--repair")
    assert (status, after["keys"]["surplus"]) == (1, [invented.no_work_order])
    assert Run.objects.flagged().count() == 2


def test_a_date_to_compare_up_to_is_included(gateway: Gateway) -> None:
    day = f"{MIDNIGHT - timedelta(days=2):%Y-%m-%d}"
    _, [line] = called("dgi_compare", *PKB_OF_ONE, "--from", day, "--to", day)
    assert (line["since"], line["until"]) == (f"{day}T00:00:00+07:00", (MIDNIGHT - timedelta(days=1)).isoformat())


def test_a_beginning_of_today_is_compared_up_to_now_and_an_end_alone_ends_a_day(gateway: Gateway) -> None:
    _, [line] = called("dgi_compare", *PKB_OF_ONE, "--from", f"{MIDNIGHT:%Y-%m-%d}")
    assert line["since"] == MIDNIGHT.isoformat()
    assert datetime.fromisoformat(line["until"]) >= NOW
    day = f"{MIDNIGHT - timedelta(days=3):%Y-%m-%d}"
    _, [line] = called("dgi_compare", *PKB_OF_ONE, "--to", day)
    assert (line["since"], line["until"]) == (f"{day}T00:00:00+07:00", (MIDNIGHT - timedelta(days=2)).isoformat())


def test_a_comparison_that_cannot_be_made_has_words_and_status_1(gateway: Gateway) -> None:
    status, [line] = called("dgi_compare", *PKB_OF_ONE, "--from", "2020-01-01")
    assert (status, line["state"]) == (1, "refused")
    assert line["error"].startswith("the gateway gives the last 30 days")
    feed = Feed.objects.get(dealership__code="08138", job_type="pkb")
    busy = services.open_run(
        feed=feed, by="schedule", since=NOW - timedelta(days=1), until=NOW, kind=Run.Kind.COMPARISON
    )
    status, [words] = called("dgi_compare", *PKB_OF_ONE, as_json=False)
    assert (status, words) == (
        1,
        f"08138 pkb: not compared: run #{busy.pk} pkb of this dealership and job type is queued",
    )


def test_a_gateway_that_fails_is_told(gateway: Gateway) -> None:
    gateway.faults.switch("08138", "html")
    status, lines = called("dgi_compare", *PKB_OF_ONE, as_json=False)
    assert status == 1
    assert lines == ["08138 pkb              failed: the gateway answered with a web page instead of data: Maintenance"]


def test_a_repair_that_finds_a_live_run_under_way_says_so(gateway: Gateway) -> None:
    lose(1)
    busy = services.open_run(feed=Feed.objects.get(dealership__code="08138", job_type="pkb"), by="schedule")
    status, [_, line] = called("dgi_compare", *PKB_OF_ONE, "--repair")
    assert (status, line["state"]) == (1, "refused")
    assert line["error"] == f"not repaired: run #{busy.pk} pkb of this dealership and job type is queued"


def test_an_unknown_name_is_answered_with_those_that_are_known(gateway: Gateway) -> None:
    assert "Unknown job type pkbx; there are: " in refusal("dgi_compare", "--job", "pkbx")
