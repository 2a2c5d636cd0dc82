"""The numbers of customers' identity papers are seen by whom the table of permissions says, wherever they stand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from dealers.models import Dealership, User
from dealers.permissions import table
from dealers.roles import Role
from ingestion import identity, search
from ingestion.fields import IdentityNumber, wire_fields
from ingestion.job_types import JOB_TYPES, JobType
from tests.factories import DealershipFactory, MembershipFactory, QuarantineFactory, UserFactory, record_of
from tests.people import api_of

pytestmark = pytest.mark.django_db
PROSPECT, SPK = JOB_TYPES["prospect"], JOB_TYPES["spk_read"]
NUMBER = "3174012345678901"
RAW = json.dumps({"idProspect": "P/1", "noKTP": NUMBER, "noKontak": "0811", "unit": [{"No_Ktp ": NUMBER}]})
EVERY = [
    (job, array, column.name)
    for job in JOB_TYPES.values()
    for array, model in (("", job.record), *job.lines.items())
    for column in wire_fields(model)
    if isinstance(column, IdentityNumber)
]
SEES = {role for role in Role if role in table()[identity.PERMISSION]}


@pytest.fixture
def here() -> Dealership:
    return DealershipFactory(code="08138")


@pytest.fixture
def prospect(here: Dealership) -> Any:
    record = record_of(PROSPECT, here, no_ktp=NUMBER)
    record.history.update(raw=RAW)
    return record


def person(role: Role, here: Dealership) -> User:
    user = UserFactory(is_staff=True)
    MembershipFactory(user=user, dealership=here, role=role)
    return user


@pytest.mark.parametrize("role", [role for role in Role if role in table()["records.sales:view"]])
def test_a_record_tells_its_number_to_whom_the_table_says(here: Dealership, prospect: Any, role: Role) -> None:
    api, address = api_of(person(role, here)), f"/api/v1/dgi/prospect/{prospect.pk}/"
    [version] = api.get(f"{address}history/").json()["results"]
    [listed] = api.get("/api/v1/dgi/prospect/").json()["results"]
    [same] = [api.get(address).json()]
    if role in SEES:
        assert listed["no_ktp"] == same["no_ktp"] == NUMBER
        assert version["raw"] == RAW
    else:
        assert listed["no_ktp"] == same["no_ktp"] == "••••8901"
        assert NUMBER not in version["raw"]
        assert "0811" in version["raw"]


@pytest.mark.parametrize(("role", "sees"), [(Role.OWNER, True), (Role.VIEWER, False)])
@pytest.mark.parametrize(("job", "array", "column"), EVERY, ids=str)
def test_every_number_is_told_to_the_same_people_on_page_api_and_admin(
    here: Dealership, job: JobType, array: str, column: str, role: Role, sees: bool
) -> None:
    record = record_of(job, here)
    rows = getattr(record, array).all() if array else job.record.objects.filter(pk=record.pk)
    rows.update(**{column: NUMBER})
    search.write(job, [record.pk])
    user = person(role, here)
    client = Client()
    client.force_login(user)
    name = job.record._meta.model_name
    for answer in (
        api_of(user).get(f"/api/v1/dgi/{job.code}/"),
        api_of(user).get(f"/api/v1/dgi/{job.code}/{record.pk}/"),
        client.get(f"/records/{job.code}/{record.pk}/"),
        client.get(reverse(f"admin:ingestion_{name}_change", args=[record.pk])),
    ):
        assert answer.status_code == 200
        assert (NUMBER in answer.content.decode()) == sees, answer.request["PATH_INFO"]
        assert "8901" in answer.content.decode(), answer.request["PATH_INFO"]
    found = api_of(user).get(f"/api/v1/dgi/{job.code}/", {"search": NUMBER}).json()["results"]
    assert found == [], "no search tells a number"


def test_a_key_is_hidden_unless_it_is_something_else_there() -> None:
    raw = json.dumps({"idCustomer": NUMBER})
    assert NUMBER not in identity.hidden_in(raw, "dphlo_read")
    assert NUMBER not in identity.hidden_in(raw, "pkb"), "nobody knows what it is"
    assert identity.hidden_in(raw, "inv1_read") == raw


def test_who_may_not_see_a_number_cannot_ask_for_it_either(here: Dealership, prospect: Any) -> None:
    for role, found in ((Role.OWNER, [prospect.pk]), (Role.VIEWER, [])):
        api = api_of(person(role, here))
        rows = api.get("/api/v1/dgi/prospect/", {"no_ktp": NUMBER}).json()["results"]
        assert [row["id"] for row in rows] == found
        assert api.get("/api/v1/dgi/prospect/", {"ordering": "no_ktp"}).status_code == 400
        assert api.get("/api/v1/dgi/prospect/", {"search": NUMBER[:10]}).json()["results"] == []


@pytest.mark.parametrize(("role", "sees"), [(Role.OWNER, True), (Role.VIEWER, False)])
def test_the_admin_tells_it_to_the_same_people(here: Dealership, prospect: Any, role: Role, sees: bool) -> None:
    entry = QuarantineFactory(dealership=here, job_type="prospect", raw=RAW)
    client = Client()
    client.force_login(person(role, here))
    for address in (
        reverse("admin:ingestion_prospect_change", args=[prospect.pk]),
        reverse("admin:ingestion_prospect_history", args=[prospect.pk]),
        reverse("admin:ingestion_quarantinedrecord_change", args=[entry.pk]),
    ):
        page = client.get(address)
        assert page.status_code == 200
        assert (NUMBER in page.text) == sees, address
        assert "8901" in page.text
    listed = client.get(reverse("admin:ingestion_prospect_changelist"), {"q": NUMBER})
    assert NUMBER not in listed.text.replace(f'value="{NUMBER}"', "").replace(f"q={NUMBER}", "")


@pytest.mark.parametrize(("role", "sees"), [(Role.OWNER, True), (Role.VIEWER, False)])
def test_quarantine_tells_it_to_the_same_people(here: Dealership, role: Role, sees: bool) -> None:
    QuarantineFactory(dealership=here, job_type="prospect", raw=RAW)
    [entry] = api_of(person(role, here)).get("/api/v1/dgi/quarantine/").json()["results"]
    assert (NUMBER in entry["raw"]) == sees


@pytest.mark.parametrize("raw", ["", "{", '{"noKTP": "' + NUMBER, "[" * 5000])
def test_what_is_no_json_is_hidden_whole(raw: str) -> None:
    assert identity.hidden_in(raw, "prospect") == "••••"


def test_a_short_number_is_hidden_whole() -> None:
    assert (identity.masked("1234567"), identity.masked("12345678")) == ("••••", "••••5678")
