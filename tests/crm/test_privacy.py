"""Everything about a person comes as a file, and goes, wherever it stands."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.management import call_command
from django.test import Client

from crm import merging, privacy, services
from crm.models import Consent, ContactPoint, Customer, Erasure, Merge, Note, Ownership
from dealers.models import Dealership, Event, User
from dealers.roles import Role
from tests.conftest import owner_conninfo
from tests.environment import superuser_conninfo
from tests.factories import CustomerFactory, VehicleFactory
from tests.people import api_of, with_role
from tests.standing import standing
from tests.tenancy.catalog import as_web

CANARY = "qzkanari"
PHONE, IDENTITY = "+6281234577777", "3171999977770001"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def known(api: Any, owner: User, dealership_a: Dealership) -> Customer:
    """Somebody with a canary in all that is known of them, through the API, changed, deleted and merged."""
    sent = {"dealership": dealership_a.pk, "kind": "person", "name": f"Mr {CANARY}", "called": CANARY, "phone": PHONE}
    more = {"email": f"{CANARY}@example.com", "identity_number": IDENTITY, "tags": CANARY, "contact_person": CANARY}
    pk = api.post("/api/v1/customers/", sent | more, format="json").json()["id"]
    assert api.patch(f"/api/v1/customers/{pk}/", {"name": f"{CANARY} the second"}, format="json").status_code == 200
    vehicle = VehicleFactory(dealership=dealership_a)
    for path, given in (
        ("notes", {"kind": "call", "text": f"{CANARY} called"}),
        ("addresses", {"street": CANARY, "access_notes": CANARY}),
        ("addresses", {"street": f"{CANARY} gone"}),
        ("attributes", {"key": "dog", "value": CANARY}),
        ("contact-points", {"kind": "email", "value": f"{CANARY}@work.example"}),
        ("ownerships", {"vehicle": vehicle.pk, "plate": "B 777 QZK"}),
    ):
        made = api.post(f"/api/v1/{path}/", {"customer": pk, **given}, format="json")
        assert made.status_code == 201, made.content
        if "gone" in given.get("street", ""):
            assert api.delete(f"/api/v1/addresses/{made.json()['id']}/").status_code == 204
    customer = Customer.objects.get(pk=pk)
    consent = {"channel": "sms", "purpose": "marketing", "wording_version": "1", "source": "message"}
    services.record_consent(customer, contact=PHONE, is_given=False, **consent)
    twin = CustomerFactory(dealership=dealership_a, name=f"{CANARY} twin")
    merging.merge(customer, twin, keep={"name": "others"})
    friend = CustomerFactory(dealership=dealership_a, name="A friend")
    assert api.patch(f"/api/v1/customers/{friend.pk}/", {"referred_by": pk}, format="json").status_code == 200
    LogEntry.objects.log_actions(owner.pk, [customer], CHANGE, f"{CANARY} changed", single_object=True)
    return customer


def test_an_erased_person_stands_nowhere_and_what_is_no_data_of_theirs_stays(api: Any, known: Customer) -> None:
    before = standing(CANARY, PHONE.lstrip("+"), "777 QZK", IDENTITY)
    assert {"crm_customer", "crm_historicalcustomer", "dealers_event", "django_admin_log"} <= before[CANARY]
    assert IDENTITY not in before
    counts = [model.objects.count() for model in (Note, Ownership, Consent, Merge)]
    answer = api.post(f"/api/v1/customers/{known.pk}/erase/", {"reason": "asked for by letter"}, format="json")
    assert answer.status_code == 204, answer.content
    assert standing(CANARY, PHONE.lstrip("+"), "777 QZK", IDENTITY) == {}
    assert [model.objects.count() for model in (Note, Ownership, Consent, Merge)] == counts
    assert set(Erasure.objects.values_list("customer_id", flat=True)) == set(known.family())
    [told] = Event.objects.filter(verb="customer.erased")
    assert told.reason == "asked for by letter"
    assert Event.objects.filter(verb="customer.added", object_id=str(known.pk)).exists(), "that it was, stays"
    assert api.get(f"/api/v1/customers/{known.pk}/").status_code == 404
    assert Customer.objects.filter(name="A friend").exists()


def test_a_stop_outlives_the_erasure(api: Any, known: Customer, dealership_a: Dealership) -> None:
    privacy.erase(known)
    again = CustomerFactory(dealership=dealership_a)
    services.set_primary(again, "phone", PHONE)
    assert [state.holds for state in services.consent_state(again)] == [False]
    assert not services.may_contact(again, channel="sms", purpose="marketing")


def test_an_erasure_cannot_be_undone_by_undoing_a_merge(known: Customer) -> None:
    privacy.erase(known)
    from django.core.exceptions import ValidationError

    with pytest.raises(ValidationError, match="erased"):
        merging.undo(Merge.objects.get())


def test_the_file_holds_everything_about_a_person(api: Any, known: Customer) -> None:
    told = api.post(f"/api/v1/customers/{known.pk}/export/").json()
    assert told["customer"]["identity_number"] == IDENTITY
    assert len(told["merged"]) == 1
    labels = {f"crm.{name}" for name in ("note", "address", "attribute", "contactpoint", "ownership", "consent")}
    assert labels <= {label for label, rows in told["rows"].items() if rows}
    assert any("gone" in str(each) for each in told["versions"]["crm.address"]), "history too"
    assert "identity_sealed" not in json.dumps(told)
    assert Event.objects.filter(verb="customer.exported").count() == 1


def test_pages_export_and_erase(client: Client, owner: User, known: Customer) -> None:
    file = client.post(f"/customers/{known.pk}/export/")
    assert file.headers["Content-Disposition"] == f'attachment; filename="customer-{known.pk}.json"'
    assert CANARY in file.content.decode()
    assert client.get(f"/customers/{known.pk}/erase/").status_code == 200
    assert client.post(f"/customers/{known.pk}/erase/", {}).status_code == 422
    answer = client.post(f"/customers/{known.pk}/erase/", {"reason": "by letter"})
    assert answer.headers["Location"] == "/customers/"
    assert not ContactPoint.objects.exists()


def test_only_an_owner_exports_or_erases_a_person(alice: User, client: Client, dealership_a: Dealership) -> None:
    row = CustomerFactory(dealership=dealership_a)
    manager = with_role(alice, Role.SALES_MANAGER)
    client.force_login(manager)
    for verb in ("export", "erase"):
        assert api_of(manager).post(f"/api/v1/customers/{row.pk}/{verb}/", {"reason": "x"}).status_code == 403
        assert client.post(f"/customers/{row.pk}/{verb}/", {"reason": "x"}).status_code == 403


def test_erasures_are_repeated_after_a_restore(known: Customer, tmp_path: Any) -> None:
    listed = StringIO()
    with psycopg.connect(superuser_conninfo()) as backup:
        rows = backup.execute("SELECT to_jsonb(t) FROM crm_customer t WHERE id = %s", [known.pk]).fetchall()
    privacy.erase(known)
    call_command("replay_erasures", "--list", stdout=listed)
    assert f"{known.dealership_id} {known.pk}" in listed.getvalue()
    kept = tmp_path / "erasures"
    kept.write_text(listed.getvalue())
    with psycopg.connect(superuser_conninfo()) as restore:  # an older backup: the person is back, the log is not
        restore.execute("SET session_replication_role = replica")
        restore.execute("DELETE FROM crm_customer WHERE id = %s", [known.pk])
        restore.execute("DELETE FROM crm_erasure")
        restore.execute(
            "INSERT INTO crm_customer SELECT * FROM jsonb_populate_record(null::crm_customer, %s)",
            [json.dumps(rows[0][0])],
        )
    assert CANARY in standing(CANARY)
    out = StringIO()
    call_command("replay_erasures", str(kept), stdout=out)
    assert out.getvalue().strip() == "2 customers erased"
    assert standing(CANARY) == {}
    call_command("replay_erasures", stdout=out)
    assert standing(CANARY) == {}


def test_the_audit_is_blanked_by_its_function_alone_and_within_the_dealerships_in_scope(
    known: Customer, dealership_b: Dealership
) -> None:
    with psycopg.connect(owner_conninfo()) as owner:
        assert owner.execute("SELECT proowner::regrole::text FROM pg_proc WHERE proname = 'forget_in_audit'").fetchone()
    mine, arguments = known.dealership_id, [["crm.customer"], [str(known.pk)]]
    with as_web(dealership_b.pk) as web, pytest.raises(psycopg.errors.InsufficientPrivilege):
        web.execute("SELECT forget_in_audit(%s, %s::text[], %s::text[])", [mine, *arguments])
    with as_web(mine) as web, pytest.raises(psycopg.errors.InsufficientPrivilege):
        web.execute("UPDATE dealers_event SET object_text = ''")
    with as_web(mine) as web:
        web.execute("SELECT forget_in_audit(%s, %s::text[], %s::text[])", [mine, *arguments])
        found = web.execute("SELECT DISTINCT object_text FROM dealers_event WHERE object_type = 'crm.customer'")
        assert ("",) in found.fetchall()
