"""The API does what its description says, whatever it is sent, for whoever asks: schemathesis, with all its checks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connections
from hypothesis import strategies as st
from rest_framework_simplejwt.tokens import RefreshToken
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder

from config.api import router
from dealers.models import User
from ingestion.job_types import JOB_TYPES
from tests.tenancy.world import World, build

pytestmark = pytest.mark.django_db
schemathesis.openapi.format("cursor", st.just(""))  # the one that nobody has to be given by an answer
EXAMPLES = {"owner": 3, "technician": 2, "anonymous": 2}
"""Of each operation, drawn by chance; those besides that its description suggests one by one: for the owner of all, for
the others of what changes something, where they are refused before anybody looks at what they sent. What they read is
filtered by the same code."""
READS = ["GET", "HEAD", "OPTIONS"]
OF_RESOURCES = [prefix for prefix, view, _name in router.registry if hasattr(view, "resource")]
MADE_ALIKE = (
    rf"^/api/v1/(dgi/({'|'.join(JOB_TYPES)}|freshness|backfills/$|quarantine/(replay|wait-again)?/?$)"
    rf"|(?!holidays/)({'|'.join(OF_RESOURCES)})/)"
)
"""Asked by chance alone, and not besides with each boundary of each of their filters or members, which would take
minutes: that is done with the list of runs, with holidays, and with what ignores entries of the quarantine, made of
the same parts."""
MEASURED_BY_MORE = (
    r"^/api/v1/(dgi/(imports|runs|backfills|quarantine/(replay|ignore|wait-again))|service-tokens|exports)/$"
    rf"|^/api/v1/({'|'.join(OF_RESOURCES)}|vehicle-images|deal-files)/"
)
"""Bodies that fit their schema and may be refused with 400 even so: moments by today's clock, a saved answer by whether
it is one of this gateway, ids by whether there is such an entry, filters by their list, what a form asks for by its own
rules; no schema says it."""
ACCEPTED = ["2xx", "3xx", "401", "403", "404", "409", "410", "412", "429", "5xx"]


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Nothing: what fails is told by the test."""


@contextmanager
def served() -> Iterator[str]:
    """The address of the application, on a free loopback port."""
    with make_server("127.0.0.1", 0, on_our_connection(), handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def on_our_connection() -> Callable[..., Iterable[bytes]]:
    """The application, in the server's thread, inside of the test's transaction."""
    handler, ours = WSGIHandler(), connections["default"]
    with ours.cursor() as cursor:
        # The application has a minute; schemathesis may think longer between two requests.
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    ours.inc_thread_sharing()

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        connections["default"] = ours
        return handler(environ, start_response)

    return application


def failures(user: User | None, examples: int, *, of_reads: bool) -> tuple[int, list[str]]:
    """How many answers were looked at, and what was otherwise than described, asked as `user`.

    Boundaries are tried of what changes something, and if wanted `of_reads`.
    """
    by_operation: list[dict[str, Any]] = [
        {
            "include-path-regex": MEASURED_BY_MORE,
            "checks": {"positive_data_acceptance": {"expected-statuses": [*ACCEPTED, "400"]}},
        },
        {"include-path-regex": MADE_ALIKE, "phases": {"coverage": {"enabled": False}}},
    ]
    if not of_reads:
        by_operation.append({"include-method": READS, "phases": {"coverage": {"enabled": False}}})
    config = SchemathesisConfig.from_dict(
        {
            "workers": 1,
            "checks": {"positive_data_acceptance": {"expected-statuses": ACCEPTED}},
            "continue-on-failure": True,
            "headers": headers_of(user),
            "generation": {"max-examples": examples, "deterministic": True, "no-shrink": True},
            "operations": by_operation,
        }
    )
    seen, found = 0, dict[str, str]()
    with served() as address:
        schema = schemathesis.openapi.from_url(f"{address}/api/schema/?format=json", config=config)
        for event in from_schema(schema).execute():
            if isinstance(event, events.NonFatalError | events.FatalError):
                found[repr(event)] = repr(event)
            if isinstance(event, events.ScenarioFinished):
                seen += len(event.recorder.checks)
                found |= told(event.recorder)
    return seen, sorted(found.values())


def told(recorder: ScenarioRecorder) -> dict[str, str]:
    """The first of each kind of failure of an operation, with what was asked and answered."""
    found = {}
    for case, checks in recorder.checks.items():
        for check in (each for each in checks if each.failure_info):
            asked = recorder.interactions[case]
            words = f"{check.name}: {check.failure_info.failure}\n{asked.request.method} {asked.request.uri}"
            answer = asked.response.content[:500] if asked.response else None
            found[f"{recorder.label} {check.name}"] = f"{words}\n{asked.request.body}\n{answer}"
    return found


def headers_of(user: User | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {RefreshToken.for_user(user).access_token}"} if user else {}


@pytest.fixture(autouse=True)
def _no_request_closes_the_connection() -> Iterator[None]:
    """As Django's own test client sees to it."""
    signals = (request_started, request_finished)
    for each in signals:
        each.disconnect(close_old_connections)
    yield
    for each in signals:
        each.connect(close_old_connections)


@pytest.fixture
def world(db: None) -> World:
    return build()


@pytest.mark.parametrize("who", EXAMPLES)
def test_the_api_does_what_its_description_says(world: World, who: str) -> None:
    seen, found = failures(world.own.people.get(who), EXAMPLES[who], of_reads=who == "owner")
    assert found == []
    assert seen > 100
