"""Versions of what people change: who, for whom, why, and how a page shows them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils import timezone

from dealers import audit
from dealers.models import Dealership, Event, Membership, OpeningHours, User
from dealers.roles import Role
from tests.factories import ConnectionFactory, FeedFactory, MembershipFactory
from tests.people import api_of, with_role

pytestmark = pytest.mark.django_db
ClientFor = Callable[[User], Client]


def sent(client: Client, address: str, **more: Any) -> Any:
    """A form of the admin, sent back as it is with something changed."""
    page = client.get(address)
    form = page.context["adminform"].form
    data = {name: form[name].value() for name in form.fields}
    for inline in page.context["inline_admin_formsets"]:
        data |= {f"{inline.formset.prefix}-{each}_FORMS": "0" for each in ("TOTAL", "INITIAL")}
    data = {name: "on" if value is True else value or "" for name, value in data.items()} | more
    answer = client.post(address, data)
    assert answer.status_code == 302, answer.content.decode()
    return answer


def of(dealership: Dealership) -> str:
    return f"/admin/dealers/dealership/{dealership.pk}/change/"


def test_a_change_in_the_admin_makes_a_version_with_user_reason_and_request(
    client_for: ClientFor, admin_user: User, dealership_a: Dealership
) -> None:
    answer = sent(client_for(admin_user), of(dealership_a), name="Another", change_reason="It was\tsold.\x07 ")
    version = dealership_a.history.first()
    assert (version.history_type, version.name) == ("~", "Another")
    assert (version.history_user, version.who, version.acting_as) == (admin_user, admin_user.email, None)
    assert version.history_change_reason == "It was sold."
    assert version.request_id == answer["X-Request-ID"]
    event = Event.objects.get(verb="dealership.changed")
    assert (event.reason, event.request_id) == ("It was sold.", version.request_id)
    assert event.changes == {"name": ["Cahaya Motor Kemayoran", "Another"]}


def test_a_reason_may_stay_blank(client_for: ClientFor, admin_user: User, dealership_a: Dealership) -> None:
    sent(client_for(admin_user), of(dealership_a), name="Another")
    assert dealership_a.history.first().history_change_reason is None


def test_a_reason_that_is_too_long_is_refused(
    client_for: ClientFor, admin_user: User, dealership_a: Dealership
) -> None:
    with pytest.raises(AssertionError, match="500"):
        sent(client_for(admin_user), of(dealership_a), change_reason="x" * 501)


def test_rows_beside_the_one_that_is_changed_have_the_same_reason(
    client_for: ClientFor, admin_user: User, dealership_a: Dealership
) -> None:
    hours = {"weekday": "1", "opens": "08:00", "closes": "17:00"}
    inline = {f"opening_hours-0-{name}": value for name, value in hours.items()}
    sent(
        client_for(admin_user),
        of(dealership_a),
        **inline,
        **{"opening_hours-TOTAL_FORMS": "1", "opening_hours-0-dealership": dealership_a.pk},
        change_reason="New hours",
    )
    version = OpeningHours.objects.get().history.get()
    assert (version.history_user, version.history_change_reason) == (admin_user, "New hours")
    page = client_for(admin_user).get(of(dealership_a).replace("change", "history")).content.decode()
    assert "opening hours" in page
    assert "New hours" in page


def test_who_stands_in_for_somebody_makes_a_version_that_names_both(
    admin_user: User, alice: User, dealership_a: Dealership
) -> None:
    facts = audit.Circumstances(admin_user, acting_as=alice, request_id="r" * 8)
    with audit.circumstances(facts):
        dealership_a.save()
    version = dealership_a.history.first()
    assert (version.history_user, version.who, version.acting_as) == (admin_user, admin_user.email, alice)


def test_a_program_that_changes_something_is_named(dealership_a: Dealership) -> None:
    with audit.circumstances(audit.Circumstances(name="Accounting (fct_12345678…)")):
        dealership_a.save()
    version = dealership_a.history.first()
    assert (version.history_user, version.who) == (None, "Accounting (fct_12345678…)")


@pytest.mark.parametrize("spelled", [quote("Toko pindah — baru"), "Toko pindah — baru".encode().decode("latin-1")])
def test_an_api_request_gives_its_reason_in_a_header(alice: User, spelled: str) -> None:
    owner = with_role(alice, Role.OWNER)
    dealership = owner.memberships.get().dealership
    wanted = {"dealer": dealership.code, "name": "x", "permissions": ["records.sales:view"]}
    answer = api_of(owner).post(
        "/api/v1/service-tokens/",
        {**wanted, "expires_at": (timezone.now() + timedelta(days=1)).isoformat()},
        format="json",
        headers={"X-Change-Reason": spelled},
    )
    assert answer.status_code == 201
    assert Event.objects.get(object_type="dealers.servicetoken").reason == "Toko pindah — baru"


def test_a_place_that_is_taken_away_leaves_its_version(admin_user: User, dealership_a: Dealership) -> None:
    place = MembershipFactory(dealership=dealership_a)
    pk = place.pk
    with audit.circumstances(audit.Circumstances(admin_user)), audit.because("left"):
        place.delete()
    versions = Membership.history.filter(id=pk)
    assert [each.history_type for each in versions] == ["-", "+"]
    assert (versions[0].history_user, versions[0].history_change_reason) == (admin_user, "left")


def test_no_version_holds_a_credential() -> None:
    connection = ConnectionFactory()
    names = {field.name for field in connection.history.model._meta.get_fields()}
    assert not names & {"api_key", "secret_key"}


def test_what_programs_note_beside_a_feed_makes_no_version() -> None:
    feed = FeedFactory()
    names = {field.name for field in feed.history.model._meta.get_fields()}
    assert not names & {"cursor", "slot", "failures", "succeeded_at"}


# -- the page


def test_the_page_of_a_row_shows_an_event_and_its_version_as_one(
    client_for: ClientFor, admin_user: User, dealership_a: Dealership
) -> None:
    client = client_for(admin_user)
    sent(client, of(dealership_a), name="Another", change_reason="It was sold.")
    entries = client.get(of(dealership_a).replace("change", "history")).context["entries"]
    assert [entry.what for entry in entries] == ["dealership.changed", f"dealership {dealership_a.pk}: created"]
    assert (entries[0].reason, entries[0].number) == ("It was sold.", dealership_a.history.first().pk)
    assert entries[0].changes == {"name": ["Cahaya Motor Kemayoran", "Another"]}


def test_who_may_not_read_the_audit_sees_the_versions_of_what_they_may_see(
    client_for: ClientFor, admin_user: User, alice: User, dealership_a: Dealership
) -> None:
    sent(client_for(admin_user), of(dealership_a), name="Another", change_reason="It was sold.")
    client = client_for(with_role(alice, Role.TECHNICIAN, staff=True))
    page = client.get(of(dealership_a).replace("change", "history"))
    newest = page.context["entries"][0]
    assert (newest.reason, newest.who) == ("It was sold.", admin_user.email)
    assert newest.changes == {"name": ["Cahaya Motor Kemayoran", "Another"]}
    assert not [entry for entry in page.context["entries"] if "membership" in str(entry.what)]


def test_a_persons_page_shows_their_places_in_the_dealerships_of_who_looks(
    client_for: ClientFor, alice: User, dealership_a: Dealership, dealership_b: Dealership
) -> None:
    person = MembershipFactory(dealership=dealership_a, role=Role.VIEWER).user
    MembershipFactory(user=person, dealership=dealership_b, role=Role.ACCOUNTANT)
    client = client_for(with_role(alice, Role.OWNER, staff=True))
    entries = client.get(f"/admin/dealers/user/{person.pk}/history/").context["entries"]
    assert [entry.changes["role"] for entry in entries] == [[None, "viewer"]]
