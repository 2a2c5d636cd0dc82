"""What a supervisor asks."""

import pytest
from django.db import OperationalError

from config import health

READY = {"database": "ok", "migrations": "ok", "broker": "ok"}


def test_a_process_lives_without_asking_anyone(client):
    assert client.get("/livez").status_code == 200


@pytest.mark.django_db
def test_a_process_is_ready_when_every_part_answers(client):
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == (200, READY)


@pytest.mark.django_db
def test_a_broker_that_is_away_is_named(client, settings):
    settings.VALKEY_URL = "redis://127.0.0.1:1/0"
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == (503, {**READY, "broker": "unreachable"})


@pytest.mark.django_db
def test_a_migration_that_waits_is_named(client, monkeypatch):
    known = health.known_migrations()
    monkeypatch.setattr(health, "known_migrations", lambda: known | {("ingestion", "9999_later")})
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == (503, {**READY, "migrations": "1 not applied"})


@pytest.mark.django_db
def test_a_database_that_is_away_is_named_without_its_address(client, monkeypatch):
    def away():
        raise OperationalError("connection to 10.0.0.1 refused")

    monkeypatch.setitem(health.PARTS, "database", away)
    response = client.get("/readyz")
    assert (response.status_code, response.json()["database"]) == (503, "unreachable")
