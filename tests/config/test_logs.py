"""A line of the log is one object that says whose work it was, and tells no secret and nobody's address or number."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from celery import shared_task
from celery.signals import before_task_publish
from django.db import OperationalError
from django.test import Client, RequestFactory
from django.utils.functional import SimpleLazyObject
from hypothesis import given
from hypothesis import strategies as st

from config.backoffice import trace
from config.celery import REQUEST_ID
from config.logs import LONGEST, Lines, Plain, scrubbed
from dealers import audit, tenancy
from dealers.models import Event, User
from tests.logged import logged

ROOT = Path(__file__).resolve().parents[2]
MARK = "Zq7Zq7Zq7"
log = logging.getLogger("tests.logs")


def line_of(*args: Any, **options: Any) -> dict[str, Any]:
    with logged() as lines:
        log.warning(*args, **options)
    [line] = lines
    return line


# -- lines


def test_a_line_says_when_what_and_of_which_work() -> None:
    with trace.traced("request-0001", 7), tenancy.acting_for([3]):
        line = line_of("%d runs\nwith a break\u2028and another", 2)
    moment = datetime.fromisoformat(line.pop("time"))
    assert moment.tzinfo is not None
    assert line == {
        "level": "WARNING",
        "logger": "tests.logs",
        "message": "2 runs\nwith a break\u2028and another",
        "request_id": "request-0001",
        "user_id": 7,
        "dealership_id": 3,
    }


@pytest.mark.parametrize("sign", ["\n", "\r\n", "\u2028", "\x85", "\x1b[2K", "\0"])
def test_nobody_writes_a_line_of_their_own_into_the_log(sign: str) -> None:
    forged = f'Not Found: /x{sign}{{"level": "INFO", "message": "admin signed in"}}'
    record = logging.LogRecord("django.request", logging.WARNING, __file__, 1, "%s", (forged,), None)
    text = Lines().format(record)
    assert text.splitlines() == [text]
    assert text.isprintable()
    assert json.loads(text)["level"] == "WARNING"


def test_what_is_not_known_is_not_in_a_line() -> None:
    assert set(line_of("words")) == {"time", "level", "logger", "message"}


def test_an_exception_stands_in_its_line_without_the_secrets_in_it() -> None:
    try:
        raise ValueError("password='hunter2 hunter2' of alice@dealer.example")
    except ValueError:
        line = line_of("it broke", exc_info=True)
    assert "Traceback" in line["exception"]
    assert "ValueError" in line["exception"]
    assert "hunter2" not in line["exception"].partition("raise ValueError")[2].partition("\n")[2]
    assert "alice" not in line["exception"]


def test_arguments_that_do_not_fit_are_not_shown() -> None:
    for formatter in (Lines(), Plain()):
        record = logging.LogRecord("x", logging.INFO, "f", 1, "%d and %d", ({"password": MARK}, 1, 2), None)
        shown = formatter.format(record)
        assert "do not fit" in shown
        assert MARK not in shown


def test_a_very_long_text_is_cut_and_takes_no_longer_than_its_length() -> None:
    for piece in ("a", "token", "a.", "0", "8 ", "@", '"', "cookie=", "DETAIL:\n", "+62", "('", "%40"):
        assert len(scrubbed(piece * (200_000 // len(piece)))) <= LONGEST + 1


@pytest.mark.django_db
def test_a_request_s_own_lines_bear_its_id_even_when_its_work_is_over(client: Client, alice: User) -> None:
    client.force_login(alice)
    with logged() as lines:
        answer = client.get("/no/such/page/", headers={"X-Request-ID": "from-the-proxy"})
    [line] = [each for each in lines if each["logger"] == "django.request"]
    assert answer.headers["X-Request-ID"] == line["request_id"] == "from-the-proxy"
    assert line["user_id"] == alice.pk


def test_a_line_asks_nobody_who_is_signed_in(rf: RequestFactory) -> None:
    def away() -> User:
        raise OperationalError("the database is away")

    request: Any = rf.get("/")
    request.user = SimpleLazyObject(away)
    assert line_of("it broke", extra={"request": request})["message"] == "it broke"


# -- scrubbing


@pytest.mark.parametrize(
    "text",
    [
        f"password={MARK}",
        f"Password: {MARK}, and more",
        f"{{'new_password1': '{MARK} {MARK}'}}",
        f'{{"api_key": "{MARK}\\"{MARK}"}}',
        f"<QueryDict: {{'password': ['{MARK}', \"it's {MARK}\"], 'next': ['/']}}>",
        f"{{'secret_key': b'{MARK}'}}",
        f"GET /x?token={MARK}&page=2",
        f"Authorization: Bearer {MARK}",
        f"Authorization: Digest username={MARK}, response={MARK}",
        f"{{'HTTP_AUTHORIZATION': 'Basic {MARK}=='}}",
        f"{{'Cookie': 'sessionid={MARK}; csrftoken={MARK}'}}",
        f"Set-Cookie: a={MARK}; b={MARK}\nnext line",
        f"sent with bearer {MARK}.{MARK}",
        f"DGI-API-Key: {MARK}",
        f"DGI-API-Token={MARK}",
        f"fct_{MARK}",
        f"eyJ{MARK}.eyJ{MARK}.{MARK}",
        f"redis://:{MARK}@valkey:6379/1",
        f"postgres://forecourt_web:{MARK}@host/forecourt",
        f"Not Found: /invitations/{MARK}/",
        f"Not Found: /accounts/password/reset/key/1-{MARK}/",
        f"{MARK}@dealer.example",
        f"first.{MARK}+more@mail.dealer.co.id said",
        f"/search?q={MARK}%40dealer.example",
        f"DETAIL:  Failing row contains (1, {MARK}, Jalan {MARK}\n{MARK}).",
        f"DETAIL:  Key (email)=({MARK}) already exists.",
    ],
)
def test_a_secret_is_hidden(text: str) -> None:
    assert MARK not in scrubbed(text)
    assert "•••" in scrubbed(text)


@pytest.mark.parametrize(
    "number",
    [
        *("+6281234567890", "+62 812-3456-7890", "+62 (21) 555 1234", "081234567890", "0812 3456 7890", "0812-345-678"),
        *("6281234567890", "3273012501900001", "327301 250190 0001", "3273-0125-0190-0001", "NIK3273012501900001"),
    ],
)
def test_a_persons_number_is_hidden(number: str) -> None:
    assert not any(digit in scrubbed(f"called {number} about it") for digit in "0123456789")
    assert scrubbed(f"called {number} about it").endswith("about it")


@pytest.mark.parametrize(
    "text",
    [
        "08138 pkb succeeded: 50 received, 50 unchanged",
        "12 sessions and 3 tokens that are over forgotten",
        "run #1234567 of 0907060: the window 2026-01-14T00:00:00+07:00 to 2026-01-15 00:00:00.123456",
        "WO/08138/2026/000123 and 20260114-000812345",
        "https://gateway.example/dgi-api/v1.3/pkb/read",
        "user 12: a refresh token came twice; all of theirs are revoked",
        "chassis MH1KC9110FK000123, engine KC91E1000123, 18181.5",
        "DETAIL is a word",
    ],
)
def test_what_is_nobodys_stays(text: str) -> None:
    assert scrubbed(text) == text


SECRETS = st.text(max_size=20).map(lambda text: f"{MARK}{text}{MARK}")
KEYS = st.sampled_from(
    ["password", "old_password", "token", "refresh_token", "secret", "secretKey", "api_key", "apikey", "API-Key", "otp"]
)


@given(KEYS, SECRETS)
def test_no_value_of_a_secret_s_key_survives_in_a_mapping(key: str, secret: str) -> None:
    for text in (f"{ {key: secret} }", json.dumps({key: secret}), f"{ {key: [secret, secret], 'next': 1} }"):
        assert MARK not in scrubbed(text), text
        assert MARK not in scrubbed(f"before {text} after")


@given(
    st.from_regex(r"\A[a-z0-9._%+-]{1,30}\Z"),
    st.from_regex(r"\A[a-z0-9-]{1,20}(\.[a-z]{2,6}){1,3}\Z"),
    st.sampled_from(["", "<", "'", " ", "(", "=", "/", ":"]),
)
def test_no_address_survives(name: str, domain: str, before: str) -> None:
    assert f"{name}@{domain}" not in scrubbed(f"to {before}{name}@{domain}, at once")


# -- one id


@shared_task(name="tests.logs.told")
def told(fails: bool = False) -> str:
    log.info("at work")
    audit.record("tests.told")
    if fails:
        raise RuntimeError("broken")
    return trace.current_id()


@pytest.mark.django_db
def test_a_task_logs_and_is_audited_under_the_id_that_its_message_brings() -> None:
    with logged() as lines:
        assert told.apply(headers={REQUEST_ID: "from-a-request"}).get() == "from-a-request"
        told.apply(kwargs={"fails": True}, headers={REQUEST_ID: "from-a-request"})
    assert {each["request_id"] for each in lines} == {"from-a-request"}
    assert {"tests.logs", "celery.app.trace"} <= {each["logger"] for each in lines}, "the line of the failure as well"
    assert set(Event.objects.filter(verb="tests.told").values_list("request_id", flat=True)) == {"from-a-request"}


@pytest.mark.django_db
def test_tasks_that_nobody_asked_for_have_ids_of_their_own() -> None:
    first, second = told.apply().get(), told.apply().get()
    assert len(first) == len(second) == 32
    assert first != second
    assert trace.current_id() == ""


def test_a_message_says_who_asks() -> None:
    headers: dict[str, Any] = {}
    with trace.traced("from-a-request"):
        before_task_publish.send(sender="tests", headers=headers, body=None)
    assert headers == {REQUEST_ID: "from-a-request"}


# -- the setting


def started(words: str = "logging.getLogger('x').error('of alice@dealer.example')", **given: str) -> str:
    """The last line that a process with these settings writes to its log."""
    outcome = subprocess.run(
        [sys.executable, "-c", f"import django, logging; django.setup(); {words}"],
        cwd=ROOT,
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        check=False,
    )
    return outcome.stderr.strip().splitlines()[-1]


def test_production_logs_json_and_debugging_words() -> None:
    env = {"DJANGO_SETTINGS_MODULE": "config.settings", "LOG_FORMAT": ""}
    assert json.loads(started(**env))["message"] == "of •••"
    assert started(DJANGO_SETTINGS_MODULE="config.settings", LOG_FORMAT="plain") == "ERROR x: of •••"
    assert started(DJANGO_SETTINGS_MODULE="config.settings", DEBUG="1") == "ERROR x: of •••"


def test_the_level_holds_for_djangos_own_lines() -> None:
    words = "log = logging.getLogger('django.request'); log.error('wrong'); log.warning('not found')"
    env = {"DJANGO_SETTINGS_MODULE": "config.settings", "LOG_FORMAT": "plain"}
    assert started(words, LOG_LEVEL="WARNING", **env) == "WARNING django.request: not found"
    assert started(words, LOG_LEVEL="ERROR", **env) == "ERROR django.request: wrong"


def test_a_format_that_there_is_not_is_refused_by_the_settings_name() -> None:
    refusal = started(DJANGO_SETTINGS_MODULE="config.settings", LOG_FORMAT="xml")
    assert refusal.endswith("LOG_FORMAT: 'xml' is no format; write json or plain")


def test_a_command_has_an_id_of_its_own() -> None:
    words = (
        "import sys; sys.argv = ['manage.py', 'shell', '-v', '0', '-c',"
        " 'from config.backoffice import trace; print(trace.current_id())'];"
        "import manage; manage.main()"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", words], cwd=ROOT, env=os.environ.copy(), capture_output=True, text=True, check=True
    )
    assert len(outcome.stdout.strip()) == 32
