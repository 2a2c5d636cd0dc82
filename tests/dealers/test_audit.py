"""Who did what: written with the change, and never changed."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from dealers import audit, tenancy
from dealers.models import Dealership, Event, User
from dealers.roles import Role
from tests.people import api_of, with_role

pytestmark = pytest.mark.django_db


def test_an_event_knows_who_where_what_and_in_which_request(dealership_a: Dealership, alice: User) -> None:
    with audit.circumstances(audit.Circumstances(alice, address="203.0.113.9", request_id="r" * 8)):
        event = audit.record("dealership.changed", dealership_a, changes={"name": ["A", "B"]}, reason="a test")
    event.refresh_from_db()
    assert (event.user, event.who, event.dealership) == (alice, alice.email, dealership_a)
    assert (event.object_type, event.object_id) == ("dealers.dealership", str(dealership_a.pk))
    assert (event.changes, event.reason) == ({"name": ["A", "B"]}, "a test")
    assert (event.address, event.request_id) == ("203.0.113.9", "r" * 8)


@pytest.mark.parametrize("name", ["password", "api_key", "secret_key", "token_hash", "new_password1"])
def test_a_secret_is_named_and_not_told(dealership_a: Dealership, name: str) -> None:
    event = audit.record("thing.changed", dealership_a, changes={name: ["old", "s3cr3t"]})
    assert event.changes == {name: audit.HIDDEN}


def test_an_event_goes_with_what_it_tells_of(dealership_a: Dealership) -> None:
    with transaction.atomic():
        audit.record("dealership.changed", dealership_a)
        transaction.set_rollback(True)
    assert not Event.objects.exists()


@pytest.mark.parametrize("as_platform", [True, False])
def test_nobody_changes_or_deletes_an_event(dealership_a: Dealership, as_platform: bool) -> None:
    event = audit.record("dealership.changed", dealership_a)
    for verb in (event.delete, lambda: Event.objects.update(who="somebody else")):
        scope = tenancy.platform("a test") if as_platform else tenancy.acting_for([dealership_a.pk])
        with pytest.raises(DatabaseError, match="permission denied"), scope, transaction.atomic():
            verb()
    assert Event.objects.get().who == ""


def test_the_admin_writes_which_fields_changed(client: Client, admin_user: User, dealership_a: Dealership) -> None:
    client.force_login(admin_user)
    page = client.get(f"/admin/dealers/dealership/{dealership_a.pk}/change/")
    form = page.context["adminform"].form
    data = {name: form[name].value() or "" for name in form.fields} | {"name": "Another Name", "is_active": "on"}
    for inline in page.context["inline_admin_formsets"]:
        data |= {f"{inline.formset.prefix}-{each}_FORMS": "0" for each in ("TOTAL", "INITIAL")}
    assert client.post(f"/admin/dealers/dealership/{dealership_a.pk}/change/", data).status_code == 302
    event = Event.objects.get(verb="dealership.changed")
    assert (event.user, event.dealership) == (admin_user, dealership_a)
    assert event.changes == {"name": ["Cahaya Motor Kemayoran", "Another Name"]}
    assert event.address == "127.0.0.1"
    assert event.request_id


def test_every_answer_names_its_request(client: Client) -> None:
    assert len(client.get("/livez")["X-Request-ID"]) == 32
    assert client.get("/livez", headers={"X-Request-ID": "given-by-the-proxy"})["X-Request-ID"] == "given-by-the-proxy"
    assert client.get("/livez", headers={"X-Request-ID": "no\r\nheader"})["X-Request-ID"] != "no\r\nheader"


def test_a_dealership_sees_its_own_events(alice: User, charlie: User, client: Client) -> None:
    for user in (alice, charlie):
        audit.record("dealership.changed", user.memberships.get().dealership)
    client.force_login(with_role(alice, Role.OWNER, staff=True))
    page = client.get("/admin/dealers/event/").content.decode()
    assert alice.memberships.get().dealership.name in page
    assert charlie.memberships.get().dealership.name not in page
    assert api_of(alice).get("/api/v1/auth/me").status_code == 200
