"""The cast: alice belongs to dealership A, charlie to dealership B, admin_user to all."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

import pytest
from django.db import connection
from django.test import Client, TransactionTestCase
from django.utils import translation

from dealers import tenancy
from dealers.models import Dealership, User
from dealers.roles import Role
from tests import tables
from tests.factories import DealershipFactory, MembershipFactory, UserFactory
from tests.people import with_role


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: Any) -> Iterator[None]:
    """The database is there already, migrated and owned by another role (tests/environment.py).

    After a test that commits, its tables hold again what they held before.
    """
    migrated = tables.kept()
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("SELECT session_user::text, rolsuper FROM pg_roles WHERE rolname = session_user")
        assert cursor.fetchone() == ("forecourt_web", False), "tests run as the application's own role"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda self: tables.put_back(migrated))
        yield
    connection.close()
    tables.superuser().close()


@pytest.fixture(autouse=True, scope="session")
def _tests_see_everything() -> Iterator[None]:
    """What a test itself asks, in any thread, it asks as the platform; requests and tasks have scopes of their own."""
    platform = tenancy.Scope(purpose="tests")
    everything = ContextVar("scope", default=platform)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tenancy, "scope", everything)
        yield


def owner_conninfo() -> str:
    """How the owner role reaches this process's database."""
    return os.environ["DATABASE_OWNER_URL"]


def pytest_collection_finish() -> None:
    """What is imported by now stays to the end: not to be looked through for garbage again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """How many surfaces the tests of the isolation have looked at, and how many showed another dealership's words."""
    reports = [each for found in terminalreporter.stats.values() for each in found if hasattr(each, "user_properties")]
    told = [each for report in reports if getattr(report, "when", "") == "call" for each in report.user_properties]
    surfaces, leaks = (sum(count for name, count in told if name == wanted) for wanted in ("surfaces", "leaks"))
    if surfaces:
        terminalreporter.write_line(f"{surfaces} surfaces, {leaks} leaks")


@pytest.fixture(autouse=True)
def _plain_static_files(settings: Any) -> None:
    """Pages are tried without a collectstatic before."""
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture(autouse=True)
def _language_stays_with_its_test() -> Iterator[None]:
    """A request leaves its thread in its language until the next one comes; the next test begins in English."""
    with translation.override("en"):
        yield


@pytest.fixture
def dealership_a(db: None) -> Dealership:
    return DealershipFactory(code="08138", name="Cahaya Motor Kemayoran")


@pytest.fixture
def dealership_b(db: None) -> Dealership:
    return DealershipFactory(code="09999", name="Sinar Motor Bandung")


@pytest.fixture
def alice(dealership_a: Dealership) -> User:
    """A person of dealership A."""
    return MembershipFactory(user=UserFactory(email="alice@dealer.example"), dealership=dealership_a).user


@pytest.fixture
def owner(alice: User, client: Client) -> User:
    """Alice as the owner of dealership A, signed in on the web."""
    found = with_role(alice, Role.OWNER)
    client.force_login(found)
    return found


@pytest.fixture
def charlie(dealership_b: Dealership) -> User:
    """A person of dealership B."""
    return MembershipFactory(user=UserFactory(email="charlie@dealer.example"), dealership=dealership_b).user


@pytest.fixture
def admin_user(db: None) -> User:
    """The platform administrator."""
    return UserFactory(email="admin@forecourt.example", is_staff=True, is_superuser=True)


@pytest.fixture
def client_for() -> Callable[[User], Client]:
    """A browser that somebody is signed in with."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in
