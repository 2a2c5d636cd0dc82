"""The quarantine: by cause, entry by entry, and what people do about them."""

from __future__ import annotations

import pytest
from django.test import Client

from dealers.models import User
from dealers.roles import Role
from ingestion import replays
from ingestion.models import Feed, QuarantinedRecord, Run
from tests.factories import DealershipFactory, FeedFactory, MembershipFactory, QuarantineFactory, RunFactory
from tests.ingestion.before_the_fix import before_the_fix, order
from tests.ingestion.operations.asking import done, page, text
from tests.ingestion.roads import DEALER, Road, road_for
from tests.people import with_role

pytestmark = pytest.mark.django_db
GROUPS, ENTRIES = "/ingestion/quarantine/", "/ingestion/quarantine/entries/"


@pytest.fixture
def road(alice: User) -> Road:
    """Alice's feed, with two entries that the fix mends and one that it does not."""
    road = road_for("pkb")
    assert alice.memberships.get().dealership.code == DEALER
    with before_the_fix():
        road.arrive(order(1), order(2), order(3, kmTerakhir="x"))
    return road


@pytest.fixture
def their_entry(theirs: Feed) -> QuarantinedRecord:
    found: QuarantinedRecord = QuarantineFactory(run=RunFactory(feed=theirs), field="theirField", cause="their cause")
    return found


def entry(key: str) -> QuarantinedRecord:
    return QuarantinedRecord.objects.get(natural_key=key)


def states() -> dict[str, str]:
    return dict(QuarantinedRecord.objects.values_list("natural_key", "state"))


GROUP = {"job": "pkb", "field": "namaPemilik", "cause": "… is no name"}


# -- by cause


def test_what_waits_is_counted_by_its_cause_the_most_first(
    owner: Client, road: Road, their_entry: QuarantinedRecord
) -> None:
    list(replays.replay(QuarantinedRecord.objects.filter(natural_key="3"), by="test"))
    said = page(owner, GROUPS)
    assert [(each["cause"], each["field"], each["count"]) for each in owner.get(GROUPS).context["causes"]] == [
        ("… is no name", "namaPemilik", 2),
        ("… is no number", "kmTerakhir", 1),
    ]
    assert "3 records wait" in said
    assert "their cause" not in said
    newest = max(entry(key).pk for key in ("1", "2"))
    assert f"{ENTRIES}{newest}/" in said


def test_a_group_leads_to_its_entries(owner: Client, road: Road) -> None:
    entries = owner.get(GROUPS).context["causes"][0]["entries"]
    assert {row.natural_key for row in owner.get(entries).context["page"].rows} == {"1", "2", "3"}


def test_the_page_says_so_when_nothing_waits(owner: Client, feed: Feed) -> None:
    assert "Nothing waits in quarantine." in page(owner, GROUPS)


def test_a_whole_group_is_tried_again_in_one_run(owner: Client, road: Road) -> None:
    list(replays.replay(QuarantinedRecord.objects.filter(natural_key="3"), by="test"))
    runs = Run.objects.count()
    assert done(owner, f"{ENTRIES}bulk/replay/", **GROUP) == ["2 records are stored."]
    assert states() == {"1": "stored", "2": "stored", "3": "waiting"}
    assert Run.objects.count() == runs + 1


def test_a_group_of_one_dealership_leaves_the_others_alone(owner: Client, alice: User, road: Road) -> None:
    second = DealershipFactory(code="08140")
    MembershipFactory(user=alice, dealership=second, role=Role.OWNER)
    other = QuarantineFactory(run__feed=FeedFactory(dealership=second), field="namaPemilik", cause="… is no name")
    said = page(owner, GROUPS, dealer="08140")
    assert '<input type="hidden" name="dealer" value="08140">' in said
    assert "1 record waits" in said
    done(owner, f"{ENTRIES}bulk/ignore/", **GROUP, dealer="08140", why="a test")
    assert [each.pk for each in QuarantinedRecord.objects.filter(state="ignored")] == [other.pk]


def test_a_group_is_ignored_for_a_reason_that_is_asked_for(owner: Client, road: Road) -> None:
    asked = owner.post(f"{ENTRIES}bulk/ignore/", GROUP)
    assert asked.status_code == 200
    assert "Ignore 3 records" in text(asked)
    assert '<input type="hidden" name="cause" value="… is no name">' in text(asked)
    blank = owner.post(f"{ENTRIES}bulk/ignore/", {**GROUP, "why": "  "})
    assert blank.status_code == 422
    assert "waiting" in states().values()
    assert done(owner, f"{ENTRIES}bulk/ignore/", **GROUP, why="test orders") == ["3 records are ignored."]
    assert set(states().values()) == {"ignored"}
    assert {each.why_ignored for each in QuarantinedRecord.objects.all()} == {"test orders"}


# -- one of them


def test_an_entry_shows_why_and_the_record_as_received(owner: Client, road: Road) -> None:
    said = page(owner, f"{ENTRIES}{entry('1').pk}/")
    assert "&quot;namaPemilik&quot;: &quot;O&#x27;Neil&quot;" in said
    assert "namaPemilik" in said
    assert f"/ingestion/runs/{entry('1').run_id}/" in said


def test_identity_numbers_are_shown_to_whom_the_table_says(client: Client, alice: User, feed: Feed) -> None:
    there = QuarantineFactory(run__feed=feed, raw='{"noKtp": "3171234567890123", "nama": "Budi"}')
    for role, number in ((Role.OWNER, "3171234567890123"), (Role.SERVICE_MANAGER, "••••0123")):
        client.force_login(with_role(alice, role))
        said = page(client, f"{ENTRIES}{there.pk}/")
        assert number in said
        assert "Budi" in said
    assert "3171234567890123" not in said


def test_an_entry_that_a_neighbours_run_met_is_there_without_the_run(owner: Client, feed: Feed, theirs: Feed) -> None:
    run = RunFactory(feed=theirs)
    there = QuarantineFactory(run=run, dealership=feed.dealership, job_type="pkb")
    assert f"/ingestion/runs/{run.pk}/" not in page(owner, f"{ENTRIES}{there.pk}/")
    assert f"{ENTRIES}{there.pk}/" in page(owner, ENTRIES)


def test_an_entry_is_tried_again(owner: Client, road: Road) -> None:
    assert done(owner, f"{ENTRIES}{entry('1').pk}/replay/") == ["1 record is stored."]
    assert done(owner, f"{ENTRIES}{entry('3').pk}/replay/") == ["1 record still cannot be read."]
    assert states() == {"1": "stored", "2": "waiting", "3": "waiting"}


def test_an_entry_is_ignored_for_a_reason_and_waits_again(owner: Client, road: Road) -> None:
    address = f"{ENTRIES}{entry('1').pk}/ignore/"
    assert "Why" in page(owner, address)
    assert owner.post(address, {"why": ""}).status_code == 422
    done(owner, address, why="a test order")
    found = entry("1")
    assert (found.state, found.why_ignored, found.settled_by) == ("ignored", "a test order", "alice@dealer.example")
    assert "a test order" in page(owner, f"{ENTRIES}{found.pk}/")
    assert done(owner, f"{ENTRIES}{found.pk}/wait-again/") == ["1 record waits again."]
    assert states()["1"] == "waiting"


def test_several_are_tried_again_in_one_run(owner: Client, road: Road) -> None:
    runs = Run.objects.count()
    said = done(owner, f"{ENTRIES}bulk/replay/", pk=[entry(key).pk for key in ("1", "2", "3")])
    assert said == ["2 records are stored. 1 record still cannot be read."]
    assert Run.objects.count() == runs + 1


def test_several_are_ignored_after_the_reason_was_asked_for(owner: Client, road: Road) -> None:
    keys = [entry(key).pk for key in ("1", "2")]
    asked = text(owner.post(f"{ENTRIES}bulk/ignore/", {"pk": keys}))
    assert all(f'<input type="hidden" name="pk" value="{key}">' in asked for key in keys)
    done(owner, f"{ENTRIES}bulk/ignore/", pk=keys, why="a test")
    assert states() == {"1": "ignored", "2": "ignored", "3": "waiting"}


def test_choosing_none_is_told(owner: Client, road: Road) -> None:
    assert done(owner, f"{ENTRIES}bulk/replay/") == ["Choose between 1 and 500 rows."]


def test_the_list_is_narrowed(owner: Client, road: Road) -> None:
    done(owner, f"{ENTRIES}{entry('1').pk}/replay/")
    found = {row.natural_key for row in owner.get(ENTRIES, {"state": "waiting"}).context["page"].rows}
    assert found == {"2", "3"}


# -- who may


def test_who_only_sees_the_quarantine_has_no_verbs(viewer: Client, road: Road) -> None:
    assert "bulk/replay" not in page(viewer, GROUPS)
    assert "/replay/" not in page(viewer, f"{ENTRIES}{entry('1').pk}/")
    assert viewer.post(f"{ENTRIES}{entry('1').pk}/replay/").status_code == 403
    assert viewer.post(f"{ENTRIES}bulk/replay/", GROUP).status_code == 403
    assert viewer.post(f"{ENTRIES}bulk/ignore/", {**GROUP, "why": "x"}).status_code == 403
    assert set(states().values()) == {"waiting"}


def test_who_may_not_see_it_is_refused(client: Client, alice: User, road: Road) -> None:
    client.force_login(with_role(alice, Role.SALESPERSON))
    assert client.get(GROUPS).status_code == client.get(ENTRIES).status_code == 403
    assert GROUPS not in page(client, "/ingestion/"), "nor does the menu name it"


def test_another_dealerships_entries_are_not_there(owner: Client, feed: Feed, their_entry: QuarantinedRecord) -> None:
    address = f"{ENTRIES}{their_entry.pk}/"
    assert owner.get(address).status_code == owner.post(f"{address}replay/").status_code == 404
    done(owner, f"{ENTRIES}bulk/ignore/", pk=their_entry.pk, why="a test")
    done(owner, f"{ENTRIES}bulk/ignore/", job="pkb", field="theirField", cause="their cause", why="a test")
    their_entry.refresh_from_db()
    assert their_entry.state == "waiting"
