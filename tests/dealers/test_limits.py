"""Requests to the API: so many a minute for each person, service token and address."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from redis.exceptions import ConnectionError as CacheAway
from rest_framework.test import APIClient

from dealers.models import User
from tests.people import api_of

pytestmark = pytest.mark.django_db
ME = "/api/v1/auth/me"


@pytest.fixture
def three(settings: Any) -> Any:
    """Three requests a minute, beginning half a minute before the clock's next one."""
    settings.API_REQUESTS_PER_MINUTE = 3
    with time_machine.travel("2026-11-21T10:00:30Z", tick=False) as clock:
        yield clock


def statuses(client: APIClient, count: int) -> list[int]:
    return [client.get(ME).status_code for _ in range(count)]


def test_whoever_asks_too_often_is_told_when_to_come_again(alice: User, three: Any) -> None:
    client = api_of(alice)
    assert statuses(client, 3) == [200] * 3
    answer = client.get(ME)
    assert (answer.status_code, answer["Retry-After"]) == (429, "30")
    assert answer.json()["type"] == "throttled"
    assert answer.json()["errors"][0]["field"] is None


def test_the_next_minute_begins_anew(alice: User, three: Any) -> None:
    client = api_of(alice)
    assert statuses(client, 4)[-1] == 429
    three.shift(31)
    assert statuses(client, 1) == [200]


def test_one_person_takes_nothing_from_another(alice: User, charlie: User, three: Any) -> None:
    assert statuses(api_of(alice), 4)[-1] == 429
    assert statuses(api_of(charlie), 1) == [200]


def test_another_token_of_the_same_person_counts_as_theirs(alice: User, three: Any) -> None:
    assert statuses(api_of(alice), 3) == [200] * 3
    assert statuses(api_of(alice), 1) == [429]


def test_who_is_not_signed_in_has_a_tenth_by_address(settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 20
    with time_machine.travel("2026-11-21T10:00:30Z", tick=False):
        client = APIClient()
        assert [client.get("/api/schema/?format=json").status_code for _ in range(3)] == [200, 200, 429]
        elsewhere = APIClient(REMOTE_ADDR="203.0.113.9")
        assert elsewhere.get("/api/schema/?format=json").status_code == 200


def test_without_the_cache_who_is_signed_in_goes_on(alice: User, three: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise CacheAway("away")

    monkeypatch.setattr(type(cache), "add", away, raising=False)
    monkeypatch.setattr("dealers.limits.cache.add", away)
    assert statuses(api_of(alice), 5) == [200] * 5
