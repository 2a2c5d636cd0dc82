"""What every answer tells the browser."""

from __future__ import annotations

import gzip
import json

import pytest
from django.test import Client

from dealers.models import User
from tests.people import api_of

pytestmark = pytest.mark.django_db
PAGES = ["/", "/admin/", "/admin/login/", "/api/v1/", "/api/docs/", "/api/schema/", "/livez", "/nothing-here"]


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize("signed_in", [True, False])
def test_every_answer_says_what_its_page_may_load(
    client: Client, admin_user: User, address: str, signed_in: bool
) -> None:
    if signed_in:
        client.force_login(admin_user)
    headers = client.get(address).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["form-action"] == "'self'"
    assert ("unsafe" in headers["Content-Security-Policy"]) == (address == "/api/docs/")
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "geolocation=()" in headers["Permissions-Policy"]


@pytest.mark.parametrize("address", ["/", "/admin/", "/nothing-here"])
def test_nobody_keeps_what_somebody_signed_in_has_seen(client: Client, admin_user: User, address: str) -> None:
    client.force_login(admin_user)
    assert {"no-store", "private"} <= set(client.get(address).headers["Cache-Control"].split(", "))


def test_nobody_keeps_what_the_api_answered(alice: User) -> None:
    assert "no-store" in api_of(alice).get("/api/v1/dgi/runs/").headers["Cache-Control"]


def test_a_browsers_report_is_logged_without_queries(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    report = {"csp-report": {"document-uri": "https://x.example/a?token=1", "blocked-uri": "inline", "other": "y"}}
    answer = client.post("/csp-report", json.dumps(report), "application/csp-report")
    assert answer.status_code == 204
    assert "https://x.example/a" in caplog.text
    assert "token" not in caplog.text


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"csp-report": 1}', "nonsense"])
def test_what_is_no_report_is_refused(client: Client, body: str) -> None:
    assert client.post("/csp-report", body, "application/csp-report").status_code == 400


def test_a_large_report_is_refused(client: Client) -> None:
    assert client.post("/csp-report", "x" * 9_000, "application/csp-report").status_code == 413


def test_pages_go_over_the_wire_packed_and_files_and_answers_of_the_api_as_they_are(client: Client) -> None:
    taken = {"Accept-Encoding": "gzip"}
    page = client.get("/accounts/login/", headers=taken)
    assert page.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in page.headers["Vary"]
    assert b"<html" in gzip.decompress(page.content)
    assert "Content-Encoding" not in client.get("/accounts/login/").headers
    for path in ("/manifest.webmanifest", "/sw.js", "/api/v1/"):
        assert "Content-Encoding" not in client.get(path, headers=taken).headers
