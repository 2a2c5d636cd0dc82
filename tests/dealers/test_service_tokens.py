"""Service tokens: shown once, stored as hashes, good for one dealership, some things and some time."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import psycopg
import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from dealers import service_tokens
from dealers.models import Dealership, Event, Membership, ServiceToken, User
from dealers.models.people import hashed
from dealers.models.service_token import GRANTED
from dealers.permissions import may, table
from dealers.roles import Role
from dealers.sealed import SessionStore
from tests.conftest import owner_conninfo
from tests.factories import FeedFactory, RunFactory, UserFactory, record_of
from tests.people import api_of, with_role

pytestmark = pytest.mark.django_db
READS = ["records.service:view", "ingestion.run:view"]
ADDRESS = "/api/v1/service-tokens/"


@pytest.fixture
def owner(alice: User) -> User:
    return with_role(alice, Role.OWNER, staff=True)


def made(by: User, dealership: Dealership, permissions: list[str] = READS, days: float = 30) -> str:
    end = timezone.now() + timedelta(days=days)
    token = ServiceToken(dealership=dealership, name="Accounting", permissions=permissions, expires_at=end)
    return service_tokens.make(token, by)


def program(text: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    return client


@pytest.fixture
def text(owner: User, dealership_a: Dealership) -> str:
    return made(owner, dealership_a)


def refusal(text: str, address: str = "/api/v1/dgi/runs/") -> tuple[int, str]:
    answer = program(text).get(address)
    return answer.status_code, answer.json()["type"]


# -- what it opens


def test_it_reads_its_dealership_s_rows_and_nobody_else_s(
    text: str, dealership_a: Dealership, dealership_b: Dealership
) -> None:
    ours, theirs = (RunFactory(feed=FeedFactory(dealership=each)) for each in (dealership_a, dealership_b))
    answer = program(text).get("/api/v1/dgi/runs/")
    assert [row["id"] for row in answer.json()["results"]] == [ours.pk]
    assert program(text).get(f"/api/v1/dgi/runs/{theirs.pk}/").status_code == 404


def test_it_stays_in_its_dealership_though_its_maker_belongs_to_more(
    owner: User, text: str, dealership_b: Dealership
) -> None:
    Membership.objects.create(user=owner, dealership=dealership_b, role=Role.OWNER)
    run = RunFactory(feed=FeedFactory(dealership=dealership_b))
    assert program(text).get(f"/api/v1/dgi/runs/{run.pk}/").status_code == 404
    assert api_of(owner).get(f"/api/v1/dgi/runs/{run.pk}/").status_code == 200


def test_it_does_what_it_was_given_and_nothing_else(owner: User, dealership_a: Dealership) -> None:
    feed = FeedFactory(dealership=dealership_a)
    sale = record_of_sales(dealership_a)
    asked = {"job": "pkb", "dealer": dealership_a.code}
    reader = program(made(owner, dealership_a, ["records.service:view", "ingestion.run:view"]))
    assert reader.get(f"/api/v1/dgi/spk_read/{sale.pk}/").status_code == 404
    assert reader.post("/api/v1/dgi/runs/", asked, format="json").status_code == 403
    starter = program(made(owner, dealership_a, ["ingestion.run:add"]))
    assert starter.post("/api/v1/dgi/runs/", asked, format="json").status_code == 202
    assert starter.get("/api/v1/dgi/runs/").json()["results"] == []
    assert feed.runs.get().started_by.startswith("service token Accounting (fct_")


def record_of_sales(dealership: Dealership) -> Any:
    from ingestion.job_types import JOB_TYPES

    return record_of(JOB_TYPES["spk_read"], dealership)


@pytest.mark.parametrize("permission", [name for name, _ in GRANTED])
def test_what_can_be_given_stands_in_the_table_of_permissions(
    permission: str, owner: User, dealership_a: Dealership, dealership_b: Dealership
) -> None:
    assert permission in table()
    found = service_tokens.integration(made(owner, dealership_a, [permission]))
    assert [name for name in table() if may(found, name)] == [permission]
    assert may(found, permission, dealership_a.pk)
    assert not may(found, permission, dealership_b.pk)


def test_it_opens_no_page_and_no_admin(text: str) -> None:
    for address in ("/", "/admin/", "/admin/dealers/servicetoken/", "/accounts/sessions/"):
        answer = program(text).get(address)
        assert answer.status_code == 302, address
        assert "login" in answer.headers["Location"]
    assert program(text).get("/api/v1/auth/me").status_code == 403


def test_it_makes_lists_and_revokes_no_tokens(text: str, dealership_a: Dealership) -> None:
    pk = ServiceToken.objects.get().pk
    assert program(text).get(ADDRESS).json()["results"] == []
    assert program(text).post(ADDRESS, asked_for(dealership_a), format="json").status_code == 403
    assert program(text).post(f"{ADDRESS}{pk}/revoke/").status_code == 403


def test_a_session_beside_it_changes_nothing(text: str, charlie: User, client: Client) -> None:
    client.force_login(charlie)
    answer = client.get("/api/v1/dgi/runs/", headers={"Authorization": f"Bearer {text}", "Accept": "text/html"})
    assert answer.headers["Content-Type"] == "application/json"


def test_what_it_does_is_audited_by_its_name(owner: User, dealership_a: Dealership) -> None:
    FeedFactory(dealership=dealership_a)
    text = made(owner, dealership_a, ["ingestion.run:add"])
    program(text).post("/api/v1/dgi/runs/", {"job": "pkb", "dealer": dealership_a.code}, format="json")
    event = Event.objects.get(verb="run.started")
    assert (event.user_id, event.who) == (None, f"service token Accounting ({text[:12]}…)")


# -- what it opens no more


def test_an_unknown_one_is_refused(text: str) -> None:
    assert refusal("fct_" + "x" * 43) == (401, "token_unknown")
    assert refusal(text[:-1]) == (401, "token_unknown")


def test_a_revoked_one_is_refused(text: str) -> None:
    assert service_tokens.revoke(ServiceToken.objects.all()) == 1
    assert service_tokens.revoke(ServiceToken.objects.all()) == 0
    assert refusal(text) == (401, "token_revoked")
    assert Event.objects.get(verb="service_token.revoked").object_text == str(ServiceToken.objects.get())


def test_one_whose_time_is_over_is_refused(text: str) -> None:
    with time_machine.travel(timezone.now() + timedelta(days=30, seconds=1)):
        assert refusal(text) == (401, "token_expired")


def test_one_of_somebody_who_was_made_inactive_is_revoked_for_good(owner: User, text: str) -> None:
    owner.is_active = False
    owner.save()
    assert refusal(text) == (401, "token_revoked")
    owner.is_active = True
    owner.save()
    assert refusal(text) == (401, "token_revoked")


def test_it_never_does_more_than_its_maker_may_today(owner: User, dealership_a: Dealership) -> None:
    text = made(owner, dealership_a, ["ingestion.run:view", "ingestion.run:add"])
    with_role(owner, Role.VIEWER)
    asked = {"job": "pkb", "dealer": dealership_a.code}
    assert program(text).post("/api/v1/dgi/runs/", asked, format="json").status_code == 403
    assert program(text).get("/api/v1/dgi/runs/").status_code == 200
    owner.memberships.all().delete()
    assert refusal(text) == (401, "token_without_rights")


def test_one_whose_maker_is_gone_is_refused(owner: User, text: str) -> None:
    owner.delete()
    assert refusal(text) == (401, "token_without_rights")


def test_one_of_a_dealership_that_is_switched_off_is_refused(text: str, dealership_a: Dealership) -> None:
    Dealership.objects.filter(pk=dealership_a.pk).update(is_active=False)
    assert refusal(text) == (401, "token_unknown")


# -- what is kept


def test_its_last_use_is_noted_once_a_minute(text: str, django_assert_num_queries: Any) -> None:
    now = timezone.now()
    used = [None]
    for seconds in (0, 30, 61):
        with time_machine.travel(now + timedelta(seconds=seconds), tick=False):
            program(text).get("/api/v1/dgi/runs/")
        used.append(ServiceToken.objects.get().last_used_at)
    assert used == [None, now, now, now + timedelta(seconds=61)]


def test_the_database_holds_no_token(owner: User, dealership_a: Dealership, transactional_db: None) -> None:
    """Looked for in every text, array and document of every table, after it was made in each way and used."""
    texts = [made(owner, dealership_a), by_api(owner, dealership_a), by_admin(owner, dealership_a)]
    assert len(set(texts)) == 3
    for text in texts:
        assert program(text).get("/api/v1/dgi/runs/").status_code == 200
        program(text[:-1]).get("/api/v1/dgi/runs/")
    with psycopg.connect(owner_conninfo()) as database:
        tables = database.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        assert len(tables) > 60
        looked = 0
        for (table_name,) in tables:
            database.execute(f"ALTER TABLE {table_name} NO FORCE ROW LEVEL SECURITY")
            looked += database.execute(f"SELECT count(*) FROM {table_name}").fetchone()[0]
            for text in texts:
                for part in (text, text.removeprefix("fct_"), text[12:30]):
                    rows = database.execute(f"SELECT t::text FROM {table_name} t WHERE strpos(t::text, %s) > 0", [part])
                    assert rows.fetchall() == [], table_name
        database.rollback()
    assert looked > 10
    sessions = [str(SessionStore().decode(each.session_data)) for each in Session.objects.all()]
    assert any("_auth_user_id" in each for each in sessions)
    assert not any(text[12:30] in each for text in texts for each in sessions)
    assert set(ServiceToken.objects.values_list("token_hash", flat=True)) == {hashed(text) for text in texts}


# -- made


def asked_for(dealership: Dealership, **more: Any) -> dict[str, Any]:
    end = timezone.now() + timedelta(days=30)
    return {
        "dealer": dealership.code,
        "name": "Accounting",
        "permissions": READS,
        "expires_at": end.isoformat(),
        **more,
    }


def by_api(user: User, dealership: Dealership) -> str:
    answer = api_of(user).post(ADDRESS, asked_for(dealership), format="json")
    assert answer.status_code == 201, answer.content
    return str(answer.json()["token"])


def form(dealership: Dealership, **more: Any) -> dict[str, Any]:
    end = timezone.now() + timedelta(days=30)
    moment = {"expires_at_0": f"{end:%Y-%m-%d}", "expires_at_1": "12:00:00"}
    return {"dealership": dealership.pk, "name": "Accounting", "permissions": READS, **moment, **more}


def by_admin(user: User, dealership: Dealership) -> str:
    client = Client()
    client.force_login(user)
    answer = client.post("/admin/dealers/servicetoken/add/", form(dealership))
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    shown = re.search(r'id="secret">(fct_[\w-]{43})<', answer.content.decode())
    assert shown, answer.content.decode()
    for address in ("/admin/dealers/servicetoken/", f"/admin/dealers/servicetoken/{ServiceToken.objects.first().pk}/"):
        assert shown[1] not in client.get(address, follow=True).content.decode()
    return shown[1]


def test_the_api_shows_it_once(owner: User, dealership_a: Dealership) -> None:
    text = by_api(owner, dealership_a)
    listed = api_of(owner).get(ADDRESS)
    assert text not in listed.content.decode()
    [row] = listed.json()["results"]
    assert row["prefix"] == text[:12]
    assert (row["dealer"], row["created_by"], row["last_used_at"]) == (dealership_a.code, owner.email, None)
    assert program(text).get("/api/v1/dgi/runs/").status_code == 200
    event = Event.objects.get(verb="service_token.made")
    assert (event.user_id, event.dealership_id) == (owner.pk, dealership_a.pk)
    assert event.changes["may"] == sorted(READS)


def test_the_admin_shows_it_once_and_revokes_it(owner: User, dealership_a: Dealership, client: Client) -> None:
    text = by_admin(owner, dealership_a)
    client.force_login(owner)
    chosen = {"action": "revoke", "_selected_action": [ServiceToken.objects.get().pk]}
    client.post("/admin/dealers/servicetoken/", chosen)
    assert refusal(text) == (401, "token_revoked")


def test_the_api_revokes_it(owner: User, text: str) -> None:
    answer = api_of(owner).post(f"{ADDRESS}{ServiceToken.objects.get().pk}/revoke/")
    assert answer.json()["revoked_at"] is not None
    assert refusal(text) == (401, "token_revoked")


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OWNER])
def test_only_a_dealer_admin_makes_and_sees_them(role: Role, text: str, dealership_a: Dealership) -> None:
    person = UserFactory()
    Membership.objects.create(user=person, dealership=dealership_a, role=role)
    api = api_of(person)
    assert api.post(ADDRESS, asked_for(dealership_a), format="json").status_code == 403
    assert api.get(ADDRESS).json()["results"] == []
    assert api.post(f"{ADDRESS}{ServiceToken.objects.get().pk}/revoke/").status_code in {403, 404}


def test_nobody_makes_one_for_another_dealership(owner: User, dealership_b: Dealership, client: Client) -> None:
    assert api_of(owner).post(ADDRESS, asked_for(dealership_b), format="json").status_code == 404
    client.force_login(owner)
    assert "errorlist" in client.post("/admin/dealers/servicetoken/add/", form(dealership_b)).content.decode()
    assert not ServiceToken.objects.exists()


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"permissions": []}, "permissions"),
        ({"permissions": ["dealers.membership:add"]}, "permissions.0"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "2099-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": None}, "expires_at"),
        ({"name": ""}, "name"),
    ],
)
def test_what_it_may_not_be_is_said(owner: User, dealership_a: Dealership, more: dict[str, Any], field: str) -> None:
    answer = api_of(owner).post(ADDRESS, asked_for(dealership_a, **more), format="json")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)


def test_nobody_gives_what_they_do_not_have(alice: User, dealership_a: Dealership) -> None:
    with pytest.raises(ValidationError, match=r"ingestion\.run:add"):
        made(with_role(alice, Role.VIEWER), dealership_a, ["ingestion.run:add"])


@pytest.mark.parametrize("days", [-1, 367])
def test_the_database_keeps_none_that_lasts(owner: User, dealership_a: Dealership, days: int) -> None:
    row = {"dealership": dealership_a, "name": "x", "permissions": READS, "token_hash": "x", "prefix": "x"}
    with pytest.raises(IntegrityError, match="service_token_ends"), transaction.atomic():
        ServiceToken.objects.create(**row, expires_at=timezone.now() + timedelta(days=days))
