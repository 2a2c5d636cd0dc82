"""What docs/security/asvs.toml asks of the house as a whole and no other test shows."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from allauth.account.adapter import get_adapter
from django.contrib.auth.hashers import identify_hasher
from django.core import mail
from django.test import Client
from django.urls import include, path
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import AccessToken

from dealers.models import Dealership, User
from dealers.tokens import Refresh
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[2]
OURS = ("config", "dealers", "inventory", "crm", "sales", "service", "billing", "ingestion")
ME = "/api/v1/auth/me/"
INSIDE = re.compile(r"Traceback|File \"|Django|Python|psycopg|granian|SELECT |tests/|\d+\.\d+\.\d+", re.IGNORECASE)
"""What tells how it is made."""


def breaks(request: Any) -> None:
    raise RuntimeError("SELECT secret FROM psycopg")


urlpatterns = [path("breaks", breaks), path("api/breaks", breaks), path("", include("config.urls"))]
handler404 = "config.backoffice.errors.page_not_found"
handler500 = "config.backoffice.errors.server_error"


def over_https(script: str) -> list[str]:
    """The lines that a process prints that has been told HTTPS=1."""
    setup = "import django; django.setup(); from django.test import Client; client = Client()\n"
    outcome = subprocess.run(
        [sys.executable, "-c", setup + script],
        cwd=ROOT,
        env={**os.environ, "HTTPS": "1", "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        check=True,
    )
    return outcome.stdout.splitlines()


def calls(names: set[str]) -> list[str]:
    """Where a module of ours calls, imports or reads something of these names."""
    found = []
    for module in (each for place in OURS for each in (ROOT / place).rglob("*.py") if "migrations" not in each.parts):
        for node in ast.walk(ast.parse(module.read_text())):
            said = set()
            if isinstance(node, ast.Call):
                said = {getattr(node.func, "id", ""), f".{getattr(node.func, 'attr', '')}"}
                said |= {f"{key.arg}={getattr(key.value, 'value', '')}" for key in node.keywords}
            elif isinstance(node, ast.Import | ast.ImportFrom):
                said = {alias.name for alias in node.names} | {getattr(node, "module", None) or ""}
            if said & names:
                found.append(f"{module.relative_to(ROOT)}:{node.lineno}")
    return found


def test_no_module_runs_text_or_a_shell() -> None:
    assert calls({"eval", "exec", "shell=True", ".from_string", ".system", ".popen", "mark_safe"}) == []


def test_no_module_unpickles() -> None:
    assert calls({"pickle", "marshal", "shelve", "dill", "yaml", ".unpickle"}) == []


def test_what_somebody_wrote_stands_in_a_page_as_text(client: Client, admin_user: User) -> None:
    Dealership.objects.create(code="1", name='<script>alert("1")</script>')
    client.force_login(admin_user)
    page = client.get("/admin/dealers/dealership/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(&quot;1&quot;)" in page


def test_no_line_of_a_mails_head_is_made_of_an_address(client: Client) -> None:
    answer = client.post("/accounts/password/reset/", {"email": "a@x.example\r\nBcc: everybody@x.example"})
    assert answer.status_code == 200
    assert mail.outbox == []


def test_cookies_of_a_sign_in_are_for_http_alone_and_for_our_own_pages(client: Client, alice: User) -> None:
    client.get("/accounts/login/")
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    assert {"sessionid", "device", "csrftoken"} <= set(client.cookies)
    assert {each["samesite"] for each in client.cookies.values()} == {"Lax"}
    assert client.cookies["sessionid"]["httponly"]
    assert client.cookies["device"]["httponly"]


def test_https_is_asked_for_a_year_and_http_leads_to_it() -> None:
    script = (
        "answer = client.get('/livez', secure=True, headers={'host': 'localhost'})\n"
        "print(answer.headers['Strict-Transport-Security'])\n"
        "print(client.get('/accounts/login/', headers={'host': 'localhost'}).headers['Location'])\n"
    )
    assert over_https(script) == ["max-age=31536000; includeSubDomains; preload", "https://localhost/accounts/login/"]


def test_the_api_leads_no_program_from_http_to_https_but_says_what_is_wrong() -> None:
    script = (
        "answer = client.get('/api/v1/auth/me', headers={'host': 'localhost', 'authorization': 'Bearer x'})\n"
        "print(answer.status_code)\nprint(answer.json()['type'])\nprint('Location' in answer.headers)\n"
    )
    assert over_https(script) == ["403", "https_required", "False"]


@pytest.mark.parametrize("address", ["/", "/livez", ME, "/accounts/login/", "/api/schema/"])
@pytest.mark.parametrize("method", ["get", "options"])
def test_a_page_of_another_origin_reads_nothing(client: Client, address: str, method: str) -> None:
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"}
    answer = getattr(client, method)(address, headers=asked)
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


@pytest.mark.parametrize("address", ["/accounts/login/", "/accounts/password/change/", "/admin/dealers/user/add/"])
def test_without_its_token_no_form_is_taken(admin_user: User, address: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)
    assert client.post(address, {"login": "a", "password": "b"}).status_code == 403


def test_the_api_takes_no_session_without_a_token(admin_user: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)
    assert client.post("/api/v1/dgi/runs/", {}).status_code == 403


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("/accounts/login/", "text/html; charset=utf-8"),
        ("/nothing-here", "text/html; charset=utf-8"),
        ("/api/nothing-here", "application/json"),
        (ME, "application/json"),
    ],
)
def test_an_answer_says_what_it_is_and_in_which_letters(client: Client, address: str, kind: str) -> None:
    assert client.get(address).headers["Content-Type"] == kind


def test_a_new_password_takes_the_present_one(client: Client, alice: User) -> None:
    client.force_login(alice)
    new = "a new password of mine"
    answer = client.post("/accounts/password/change/", {"oldpassword": "x", "password1": new, "password2": new})
    assert answer.status_code == 200
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_a_password_is_hidden_and_may_be_pasted(client: Client) -> None:
    page = client.get("/accounts/login/").content.decode()
    [field] = re.findall(r'<input[^>]*name="password"[^>]*>', page)
    assert 'type="password"' in field
    assert 'autocomplete="current-password"' in field
    assert "onpaste" not in page


@pytest.mark.parametrize("typed", [PASSWORD.upper(), PASSWORD + " ", PASSWORD[:-1], "é" * 11 + "e\u0301"])
def test_a_password_counts_to_the_last_letter(client: Client, alice: User, typed: str) -> None:
    if typed.startswith("é"):
        alice.set_password("é" * 12)
        alice.save()
    client.post("/accounts/login/", {"login": alice.email, "password": typed})
    assert "_auth_user_id" not in client.session


def test_nobody_is_there_before_somebody_makes_them() -> None:
    assert not User.objects.exists()


def test_a_mailed_code_has_twenty_bits_or_more() -> None:
    letters = set("".join(get_adapter().generate_login_code() for _ in range(500))) - {"-"}
    length = min(len(get_adapter().generate_login_code().replace("-", "")) for _ in range(50))
    assert len(letters) ** length > 2**20


def test_a_session_is_known_by_a_key_that_nobody_guesses(client: Client, alice: User) -> None:
    keys = set()
    for _ in range(5):
        client.force_login(alice)
        keys.add(client.session.session_key)
        client.logout()
    assert len(keys) == 5
    assert {len(key or "") for key in keys} == {32}, "each letter is one of 36: 165 bits"


def test_a_session_that_was_left_opens_nothing(client: Client, alice: User) -> None:
    client.force_login(alice)
    kept = client.cookies["sessionid"].value
    client.post("/accounts/logout/")
    client.cookies["sessionid"] = kept
    assert client.get("/").status_code == 302


@pytest.mark.parametrize("address", ["/", "/accounts/sessions/", "/admin/"])
def test_every_page_of_a_person_leads_out(client: Client, admin_user: User, address: str) -> None:
    client.force_login(admin_user)
    page = client.get(address)
    assert page.status_code == 200
    assert re.search(r"/(accounts|admin)/logout/", page.content.decode())


def answered(token: str) -> int:
    return int(Client().get(ME, headers={"Authorization": f"Bearer {token}"}).status_code)


def claims(user: User) -> dict[str, Any]:
    return {**AccessToken.for_user(user).payload, "aud": api_settings.AUDIENCE, "iss": api_settings.ISSUER}


def test_a_token_that_somebody_else_signed_is_refused(alice: User) -> None:
    assert answered(jwt.encode(claims(alice), api_settings.SIGNING_KEY, "HS256")) == 200
    assert answered(jwt.encode(claims(alice), "another key of thirty-two letters", "HS256")) == 401
    head, body, mac = str(AccessToken.for_user(alice)).split(".")
    assert answered(f"{head}.{body}.{mac[:-2]}") == 401


@pytest.mark.parametrize("algorithm", ["none", "HS384", "HS512"])
def test_a_token_of_another_algorithm_is_refused(alice: User, algorithm: str) -> None:
    key = None if algorithm == "none" else api_settings.SIGNING_KEY
    assert answered(jwt.encode(claims(alice), key, algorithm)) == 401


def test_a_token_that_brings_its_own_key_is_refused(alice: User) -> None:
    own = "a key of thirty-two letters of mine"
    bring = {"jwk": {"kty": "oct", "k": own}, "jku": "https://elsewhere.example/keys", "kid": "1"}
    assert answered(jwt.encode(claims(alice), own, "HS256", headers=bring)) == 401


OF_ANOTHER = [{"aud": "another-service"}, {"iss": "another-house"}, {"aud": None}, {"iss": None}]


@pytest.mark.parametrize("changed", OF_ANOTHER)
def test_a_token_for_another_service_or_of_another_house_is_refused(alice: User, changed: dict[str, Any]) -> None:
    given = {name: value for name, value in (claims(alice) | changed).items() if value is not None}
    assert answered(jwt.encode(given, api_settings.SIGNING_KEY, "HS256")) == 401


def test_a_refresh_token_opens_nothing(alice: User) -> None:
    assert answered(str(Refresh.for_user(alice))) == 401


def test_a_password_is_kept_as_argon2id_at_owasps_cost() -> None:
    kept = UserFactory().password
    assert identify_hasher(kept).algorithm == "argon2"
    [memory, passes, lanes] = map(int, re.findall(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$", kept)[0])
    assert (memory >= 19_456, passes >= 2, lanes) == (True, True, 1)


def test_debugging_is_off_unless_somebody_asks_for_it() -> None:
    without = {name: value for name, value in os.environ.items() if name != "DEBUG"}
    command = [sys.executable, "-c", "import config.settings as s; print(s.DEBUG)"]
    outcome = subprocess.run(command, cwd=ROOT, env=without, capture_output=True, text=True, check=True)
    assert outcome.stdout == "False\n"


def test_the_image_holds_what_is_listed_and_no_history() -> None:
    lines = (ROOT / ".dockerignore").read_text().split()
    assert lines[0] == "*"
    taken = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert not taken & {".git", ".env", "tests", "var", "*"}


@pytest.mark.parametrize(
    "address",
    ["/.git/config", "/.env", "/static/", "/static/../config/settings.py", "/static/%2e%2e/manage.py", "/manage.py"],
)
def test_no_file_but_the_static_ones_is_served(client: Client, admin_user: User, address: str) -> None:
    client.force_login(admin_user)
    assert client.get(address).status_code == 404


@pytest.mark.parametrize("address", ["/", "/accounts/login/", ME, "/livez"])
def test_trace_repeats_nothing(client: Client, address: str) -> None:
    answer = client.generic("TRACE", address, headers={"X-Mine": "qzsecret", "Cookie": "a=qzsecret"})
    assert "qzsecret" not in answer.content.decode() + str(answer.headers)


def test_every_package_is_pinned_with_its_hashes() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    packages = re.split(r"^(?=[a-z0-9])", lock, flags=re.MULTILINE | re.IGNORECASE)[1:]
    assert len(packages) > 50
    assert [each.split()[0] for each in packages if "==" not in each.split()[0] or "--hash=sha256:" not in each] == []


@pytest.mark.urls("tests.config.test_hardening")
@pytest.mark.parametrize("address", ["/breaks", "/api/breaks", "/nothing-here", "/api/nothing-here"])
def test_an_error_tells_nothing_of_the_inside(address: str) -> None:
    answer = Client(raise_request_exception=False).get(address)
    assert answer.status_code == (500 if "breaks" in address else 404)
    assert not INSIDE.search(answer.content.decode())
    assert not {"Server", "X-Powered-By"} & set(answer.headers)


def test_a_token_is_over_when_it_says_so(alice: User) -> None:
    assert answered(jwt.encode(claims(alice) | {"exp": int(time.time()) - 1}, api_settings.SIGNING_KEY, "HS256")) == 401
    assert json.loads(Client().get(ME).content)["type"] == "not_authenticated"


def test_a_form_without_its_token_gets_a_page_like_the_others(owner: User, client: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(owner)
    answer = strict.post("/settings/holidays/new/", {"name": "x"})
    text = answer.content.decode()
    assert answer.status_code == 403
    assert "Open the page again" in text
    assert "<style" not in text
    assert answer.headers["X-Request-ID"] in text
