"""The quarantine in the admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.test import Client
from django.urls import reverse

from dealers.models import User
from dealers.roles import Role
from ingestion import quarantine, replays
from ingestion.admin.quarantine import QuarantinedRecordAdmin
from ingestion.models import QuarantinedRecord, Run
from tests.factories import FeedFactory, QuarantineFactory, RunFactory
from tests.ingestion.before_the_fix import before_the_fix, order
from tests.ingestion.roads import DEALER, Road, road_for
from tests.people import with_role

pytestmark = pytest.mark.django_db
LIST = "/admin/ingestion/quarantinedrecord/"
GROUPS = f"{LIST}groups/"


@pytest.fixture
def road(alice: User) -> Road:
    """Alice's feed, with two entries that the fix mends and one that it does not."""
    road = road_for("pkb")
    assert alice.memberships.get().dealership.code == DEALER
    with before_the_fix():
        road.arrive(order(1), order(2), order(3, kmTerakhir="x"))
    return road


@pytest.fixture
def staff(client: Client, alice: User) -> Client:
    """Alice as a member of staff who may change the quarantine."""
    with_role(alice, Role.OWNER, staff=True)
    client.force_login(alice)
    return client


@pytest.fixture
def theirs(charlie: User) -> QuarantinedRecord:
    """An entry of Charlie's dealership, with a cause of its own."""
    feed = FeedFactory(dealership=charlie.memberships.get().dealership)
    return QuarantineFactory(run=RunFactory(feed=feed), field="theirField", cause="their cause")


def entry(key: str) -> QuarantinedRecord:
    return QuarantinedRecord.objects.get(natural_key=key)


def states() -> dict[str, str]:
    return dict(QuarantinedRecord.objects.values_list("natural_key", "state"))


def listed(client: Client, **asked: str) -> set[str]:
    return {row.natural_key for row in client.get(LIST, asked).context["cl"].result_list}


def act(client: Client, action: str, *keys: str, **more: str) -> Any:
    chosen = {"action": action, ACTION_CHECKBOX_NAME: [entry(key).pk for key in keys], **more}
    return client.post(LIST, chosen, follow=True)


def words(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


# -- the list


def test_the_list_shows_what_waits_unless_it_is_asked_for_something_else(staff: Client, road: Road) -> None:
    road.arrive(order(1))
    quarantine.ignore(QuarantinedRecord.objects.filter(natural_key="2"), by="test", why="a test")
    assert listed(staff) == listed(staff, state="waiting") == {"3"}
    assert listed(staff, state="stored") == {"1"}
    assert listed(staff, state="ignored") == {"2"}
    assert listed(staff, state="all") == {"1", "2", "3"}


def test_the_list_is_filtered_by_field_and_cause(staff: Client, road: Road) -> None:
    list(replays.replay(QuarantinedRecord.objects.filter(natural_key="3"), by="test"))
    QuarantineFactory(run=RunFactory(feed=road.feed), field="", natural_key="whole")
    assert listed(staff, field="kmTerakhir") == {"3"}
    assert listed(staff, cause="… is no name") == {"1", "2"}
    assert listed(staff, field="") == {"whole"}
    assert listed(staff, cause="nothing like it") == set()


def test_the_filters_tell_nothing_of_other_dealerships(staff: Client, road: Road, theirs: QuarantinedRecord) -> None:
    for address in (LIST, GROUPS):
        page = staff.get(address).content.decode()
        assert "namaPemilik" in page
        assert theirs.field not in page
        assert theirs.cause not in page


def test_an_entry_shows_what_became_of_it(staff: Client, road: Road) -> None:
    quarantine.ignore(QuarantinedRecord.objects.all(), by="bob@dealer.example", why="entered by hand")
    page = staff.get(f"{LIST}{entry('1').pk}/change/").content.decode()
    assert "entered by hand" in page
    assert "bob@dealer.example" in page


def test_the_list_leads_to_the_groups(staff: Client, road: Road) -> None:
    assert reverse("admin:ingestion_quarantinedrecord_groups") == GROUPS
    assert f'href="{GROUPS}"' in staff.get(LIST).content.decode()


# -- actions


def test_the_list_does_not_offer_to_choose_rows_that_it_has_not_counted(
    staff: Client, road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QuarantinedRecordAdmin, "list_per_page", 2)
    page = staff.get(LIST).content.decode()
    assert "0 of 2 selected" in page
    assert 'class="question' not in page


def test_entries_are_tried_again(staff: Client, road: Road, alice: User) -> None:
    response = act(staff, "try_again", "1", "3", index="0")
    assert words(response) == ["1 record is stored.", "1 record still cannot be read."]
    assert states() == {"1": "stored", "2": "waiting", "3": "waiting"}
    assert Run.objects.get(kind="replay").started_by == entry("1").settled_by == alice.email


def test_more_than_a_page_can_wait_for_is_refused(staff: Client, road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replays, "MOST_AT_REQUEST", 1)
    [refusal] = words(act(staff, "try_again", "1", "2", index="0"))
    assert "dgi_replay" in refusal
    assert not Run.objects.filter(kind="replay").exists()


def test_entries_are_ignored_once_there_is_a_reason(staff: Client, road: Road, alice: User) -> None:
    page = act(staff, "ignore", "1", "2", index="0").content.decode()
    assert "2 waiting records will be ignored." in page
    assert all(f'value="{entry(key).pk}"' in page for key in "12")
    for why in ("", " \n "):
        page = act(staff, "ignore", "1", "2", why=why).content.decode()
        assert "This field is required." in page
        assert set(states().values()) == {"waiting"}
    assert words(act(staff, "ignore", "1", "2", why="entered by hand")) == ["2 records are ignored."]
    assert states() == {"1": "ignored", "2": "ignored", "3": "waiting"}
    assert (entry("1").why_ignored, entry("1").settled_by) == ("entered by hand", alice.email)


def test_what_is_ignored_waits_again(staff: Client, road: Road) -> None:
    quarantine.ignore(QuarantinedRecord.objects.filter(natural_key="1"), by="test", why="a test")
    chosen = {"action": "wait_again", ACTION_CHECKBOX_NAME: [entry("1").pk], "index": "0"}
    response = staff.post(f"{LIST}?state=ignored", chosen, follow=True)
    assert words(response) == ["1 record waits again."]
    assert set(states().values()) == {"waiting"}


def test_actions_take_the_permission_and_reach_no_other_dealership(
    staff: Client, road: Road, theirs: QuarantinedRecord, alice: User
) -> None:
    act(staff, "ignore", theirs.natural_key, why="a test", select_across="1")
    theirs.refresh_from_db()
    assert theirs.state == "waiting"
    quarantine.wait_again(QuarantinedRecord.objects.all())
    with_role(alice, Role.VIEWER)
    for action in ("try_again", "ignore", "wait_again"):
        act(staff, action, "1", why="a test", index="0")
    assert "Try again" not in staff.get(LIST).content.decode()
    assert set(states().values()) == {"waiting"}


# -- by cause


def act_on_group(client: Client, action: str, **more: str) -> Any:
    group = {"job": "pkb", "field": "namaPemilik", "cause": "… is no name"}
    return client.post(GROUPS, {"action": action, **group, **more}, follow=True)


def test_groups_lead_to_their_entries(staff: Client, road: Road) -> None:
    list(replays.replay(QuarantinedRecord.objects.filter(natural_key="3"), by="test"))
    page = staff.get(GROUPS)
    queries = [group["query"] for group in page.context["groups"]]
    assert all(f"{LIST}?{query}".replace("&", "&amp;") in page.content.decode() for query in queries)
    found = [{row.natural_key for row in staff.get(f"{LIST}?{query}").context["cl"].result_list} for query in queries]
    assert found == [{"1", "2"}, {"3"}]


def test_a_group_is_tried_again(staff: Client, road: Road) -> None:
    list(replays.replay(QuarantinedRecord.objects.filter(natural_key="3"), by="test"))
    assert words(act_on_group(staff, "replay")) == ["2 records are stored."]
    assert states() == {"1": "stored", "2": "stored", "3": "waiting"}


def test_a_group_is_ignored_once_there_is_a_reason(staff: Client, road: Road) -> None:
    list(replays.replay(QuarantinedRecord.objects.filter(natural_key="3"), by="test"))
    page = act_on_group(staff, "ignore").content.decode()
    assert "2 waiting records will be ignored." in page
    assert 'value="… is no name"' in page
    assert "This field is required." in act_on_group(staff, "ignore", why=" ").content.decode()
    assert words(act_on_group(staff, "ignore", why="a test")) == ["2 records are ignored."]
    assert states() == {"1": "ignored", "2": "ignored", "3": "waiting"}


def test_groups_take_the_permission_and_show_what_one_may_see(
    staff: Client, road: Road, theirs: QuarantinedRecord, alice: User
) -> None:
    theirs_group = {"job": theirs.job_type, "field": theirs.field, "cause": theirs.cause}
    staff.post(GROUPS, {"action": "ignore", "why": "a test", **theirs_group})
    with_role(alice, Role.VIEWER)
    assert "Try again" not in staff.get(GROUPS).content.decode()
    for action in ("replay", "ignore"):
        assert act_on_group(staff, action, why="a test").status_code == 403
    assert set(states().values()) == {"waiting"}
    alice.memberships.all().delete()
    assert staff.get(GROUPS).status_code == 403


def test_an_empty_quarantine_says_so(staff: Client) -> None:
    assert "Nothing waits in quarantine." in staff.get(GROUPS).content.decode()


# -- elsewhere


def test_the_matrix_counts_what_waits(client: Client, road: Road, alice: User) -> None:
    client.force_login(alice)
    assert [row.quarantined for row in client.get("/ingestion/").context["rows"]] == [3]
    quarantine.ignore(QuarantinedRecord.objects.filter(natural_key="2"), by="test", why="a test")
    road.arrive(order(1))
    assert [row.quarantined for row in client.get("/ingestion/").context["rows"]] == [1]
