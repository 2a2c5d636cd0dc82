"""A deployment mistake is named before anybody meets it."""

from __future__ import annotations

import os
from typing import Any

import psycopg
import pytest
from cryptography.fernet import Fernet
from django.core.checks import run_checks
from django.db.backends.postgresql.base import DatabaseWrapper

from config import checks


def ids(messages: list[Any]) -> list[str]:
    return [message.id for message in messages]


def test_missing_field_keys_are_refused(settings: Any) -> None:
    settings.FIELD_KEYS = []
    assert ids(checks.field_keys()) == ["forecourt.E001"]


def test_a_field_key_that_is_no_fernet_key_is_refused_by_its_number_and_not_shown(settings: Any) -> None:
    settings.FIELD_KEYS = [Fernet.generate_key().decode(), "not-a-key"]
    (message,) = checks.field_keys()
    assert message.id == "forecourt.E002"
    assert "key 2" in message.msg
    assert "not-a-key" not in message.msg


def test_the_secret_key_is_no_field_key(settings: Any) -> None:
    settings.FIELD_KEYS = [settings.SECRET_KEY]
    assert ids(checks.field_keys_are_their_own()) == ["forecourt.E003"]


def test_loopback_gateways_are_a_deployment_warning(settings: Any) -> None:
    settings.DGI_ALLOW_LOOPBACK = True
    assert ids(checks.loopback_gateways()) == ["forecourt.W001"]
    settings.DGI_ALLOW_LOOPBACK = False
    assert checks.loopback_gateways() == []


def test_an_empty_list_of_gateways_is_a_deployment_warning(settings: Any) -> None:
    settings.DGI_ALLOWED_HOSTS = []
    assert ids(checks.allowed_gateways()) == ["forecourt.W002"]


def test_no_virus_scanner_is_a_deployment_warning_unless_it_is_meant(settings: Any) -> None:
    settings.CLAMD_ADDRESS = ""
    assert ids(checks.virus_scanner()) == ["forecourt.W003"]
    for address in ("none", "clamd:3310"):
        settings.CLAMD_ADDRESS = address
        assert checks.virus_scanner() == []


def test_any_host_header_is_refused(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    assert ids(checks.hosts_are_named()) == ["forecourt.E004"]


@pytest.mark.django_db
def test_the_applications_role_passes() -> None:
    assert checks.application_role(databases=["default"]) == []


@pytest.mark.django_db
def test_a_role_that_owns_tables_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as owner:
        monkeypatch.setattr(DatabaseWrapper, "cursor", lambda _self: owner.cursor())
        found = ids(checks.application_role(databases=["default"]))
    assert found == ["forecourt.W003", "forecourt.E012"]  # the owner's statements may take their time


def test_the_database_is_asked_only_when_a_check_may() -> None:
    assert checks.application_role(databases=None) == []


def test_the_project_passes_its_own_checks() -> None:
    assert run_checks(include_deployment_checks=False) == []
