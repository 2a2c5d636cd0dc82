"""Refusals are events of the log: who asked for what, and how it was refused."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable

import pytest
from django.test import Client

from config.logs import Lines
from dealers.models import Dealership, User
from dealers.roles import Role
from tests.people import api_of, with_role

pytestmark = pytest.mark.django_db


def told(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    return [json.loads(Lines().format(each)) for each in caplog.records if each.name == "forecourt.security"]


@pytest.fixture(autouse=True)
def _listening(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def test_a_row_of_another_dealership_that_somebody_asks_for_is_an_event(
    client_for: Callable[[User], Client], alice: User, dealership_b: Dealership, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client_for(alice).get(f"/dealerships/{dealership_b.pk}/logo.png")
    assert answer.status_code == 404
    [event] = told(caplog)
    assert (event["event"], event["status"], event["user_id"]) == ("no_such_row", 404, alice.pk)
    assert (event["ids"], event["request_id"]) == ({"dealership": str(dealership_b.pk)}, answer["X-Request-ID"])


def test_what_a_role_may_not_do_is_an_event(alice: User, caplog: pytest.LogCaptureFixture) -> None:
    assert api_of(with_role(alice, Role.VIEWER)).post("/api/v1/service-tokens/", {}).status_code == 403
    [event] = told(caplog)
    assert (event["event"], event["level"], event["user_id"]) == ("access_refused", "WARNING", alice.pk)
    assert "service-tokens" in str(event["message"])


def test_input_that_the_api_refuses_is_an_event_without_what_was_sent(
    alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    answer = api_of(with_role(alice, Role.OWNER)).get("/api/v1/dgi/runs/?state=qzsecret")
    assert answer.status_code == 400
    [event] = told(caplog)
    assert event["event"] == "input_refused"
    assert "qzsecret" not in json.dumps(event)


def test_who_is_not_signed_in_and_asks_the_api_is_an_event(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    assert client.get("/api/v1/events/").status_code == 401
    assert [each["event"] for each in told(caplog)] == ["not_signed_in"]


def test_an_address_that_leads_nowhere_and_what_is_answered_are_none(
    client_for: Callable[[User], Client], alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    client = client_for(alice)
    client.get("/")
    client.get("/no/such/page")
    client.get("/invitations/some-secret-token/")
    assert told(caplog) == []
