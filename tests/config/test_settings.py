"""Settings come from the environment, and a bad value is refused by its name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def start_with(**given: str | None) -> subprocess.CompletedProcess[str]:
    """Import the settings in a process of its own, with `given` set or, if None, unset."""
    env = {**os.environ, **{name: value for name, value in given.items() if value is not None}}
    for name in (name for name, value in given.items() if value is None):
        env.pop(name, None)
    return subprocess.run(
        [sys.executable, "-c", "import config.settings as s; print(s.DATABASES['default'])"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL", "VALKEY_URL", "FIELD_KEYS"])
def test_a_missing_setting_is_named(name: str) -> None:
    outcome = start_with(**{name: None})
    assert outcome.returncode
    assert f"{name}: it is not set" in outcome.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "maybe"),
        ("HTTPS", "2"),
        ("DGI_ALLOW_LOOPBACK", "y"),
        ("DGI_RUN_DEADLINE", "soon"),
        ("DATABASE_URL", "sqlite:///forecourt.db"),
        ("DATABASE_URL", "not a url"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
        ("VALKEY_URL", "localhost"),
        ("METRICS_TOKEN", "short"),
        ("ALERT_WEBHOOK", "hooks.example/forecourt"),
        ("ALERT_WEBHOOK", "file:///etc/passwd"),
        ("ALERT_EMAIL", "ops@forecourt.example,boss"),
        ("EMAIL_URL", "mail.example"),
        ("EMAIL_URL", "smtp+tls://"),
    ],
)
def test_a_bad_value_is_refused_with_the_variables_name(name: str, value: str) -> None:
    outcome = start_with(**{name: value})
    assert outcome.returncode
    assert f"{name}: " in outcome.stderr.splitlines()[-1]


def test_a_password_is_not_shown_when_the_url_is_refused() -> None:
    outcome = start_with(DATABASE_URL="mysql://me:hush@host/name")
    assert outcome.returncode
    assert "hush" not in outcome.stderr


def test_mail_for_alerts_needs_a_mail_server() -> None:
    outcome = start_with(ALERT_EMAIL="ops@forecourt.example", EMAIL_URL=None)
    assert outcome.stderr.splitlines()[-1].startswith("django.core.exceptions.ImproperlyConfigured: EMAIL_URL: ")
    assert start_with(ALERT_EMAIL="ops@forecourt.example, b@x.example", EMAIL_URL="smtp+tls://me:hush@mail:587").stdout


def test_what_compose_leaves_blank_is_not_set() -> None:
    names = ("METRICS_TOKEN", "ALERT_WEBHOOK", "ALERT_EMAIL", "EMAIL_URL", "EMAIL_FROM")
    assert start_with(**dict.fromkeys(names, "")).returncode == 0


def test_a_socket_directory_keeps_its_case() -> None:
    outcome = start_with(DATABASE_URL="postgres://me:hush@%2Ftmp%2FWithCase:5432/name")
    assert "'HOST': '/tmp/WithCase'" in outcome.stdout
    assert "'PORT': 5432" in outcome.stdout


@pytest.mark.parametrize(("given", "threshold"), [(None, "5"), ("1", "5"), ("0", "None")])
def test_statements_are_prepared_unless_what_is_between_knows_none(given: str | None, threshold: str) -> None:
    assert f"'prepare_threshold': {threshold}" in start_with(DATABASE_PREPARES=given).stdout


@pytest.mark.parametrize(
    ("broker", "cache"),
    [
        ("redis://:secret@valkey:6379/3", "redis://:secret@valkey:6379/4"),
        ("rediss://valkey?ssl_cert_reqs=required", "rediss://valkey/1?ssl_cert_reqs=required"),
        ("redis+socket://:secret@/run/valkey.sock?virtual_host=1", "unix://:secret@/run/valkey.sock?db=2"),
        ("redis+socket:///run/valkey.sock", "unix:///run/valkey.sock?db=1"),
    ],
)
def test_the_cache_is_beside_the_broker(broker: str, cache: str) -> None:
    from config.settings import beside

    assert beside(broker) == cache


def test_a_broker_whose_database_is_no_number_is_refused() -> None:
    outcome = start_with(VALKEY_URL="redis://valkey/one", CACHE_URL=None)
    assert outcome.returncode
    assert "VALKEY_URL: " in outcome.stderr.splitlines()[-1]
