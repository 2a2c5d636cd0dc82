"""The audit by the API: those who may read it see their dealership's events, and nobody writes one."""

from __future__ import annotations

from uuid import uuid4

import pytest

from dealers import audit
from dealers.models import Dealership
from dealers.roles import Role
from tests.factories import DealershipFactory, MembershipFactory, UserFactory
from tests.people import api_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> Dealership:
    return DealershipFactory(code="08138")


def somebody(here: Dealership, role: Role):
    return api_of(MembershipFactory(dealership=here, role=role, user=UserFactory()).user)


def test_an_owner_reads_the_events_of_their_dealership_the_newest_first(here: Dealership) -> None:
    audit.record("dealership.changed", here, changes={"name": ["A", "B"]})
    audit.record("dealership.changed", DealershipFactory(), changes={"name": ["C", "D"]})
    audit.record("holiday.added", here)
    api = somebody(here, Role.OWNER)
    rows = api.get("/api/v1/events/").json()["results"]
    assert [(row["verb"], row["dealer"]) for row in rows] == [
        ("holiday.added", "08138"),
        ("dealership.changed", "08138"),
    ]
    assert rows[1]["changes"] == {"name": ["A", "B"]}
    [one] = api.get("/api/v1/events/", {"verb": "holiday.added"}).json()["results"]
    assert api.get(f"/api/v1/events/{one['id']}/").json() == one
    assert api.get(f"/api/v1/events/{uuid4()}/").status_code == 404


def test_who_may_not_read_the_audit_sees_none_of_it(here: Dealership) -> None:
    audit.record("holiday.added", here)
    assert somebody(here, Role.VIEWER).get("/api/v1/events/").json()["results"] == []


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nobody_writes_an_event(here: Dealership, method: str) -> None:
    audit.record("holiday.added", here)
    api = somebody(here, Role.OWNER)
    [one] = api.get("/api/v1/events/").json()["results"]
    for address in ("/api/v1/events/", f"/api/v1/events/{one['id']}/"):
        assert getattr(api, method)(address, {}, format="json").status_code == 405
