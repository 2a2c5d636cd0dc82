"""dgi_connect and dgi_check."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from dealers.models import Dealership
from ingestion.models import Connection, Feed
from ingestion.sandbox.config import DEMO_API_KEY, DEMO_SECRET_KEY, SandboxConfig
from ingestion.sandbox.gateway import Gateway
from ingestion.sandbox.server import running
from tests.factories import ConnectionFactory
from tests.ingestion.commands import called, connect, refusal

URL = "https://gateway.example/dgi-api/v1.3"
REQUIRED = ("--main-dealer", "H2Z", "--base-url", URL, "--dealer", "08138")

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def sandbox() -> Iterator[tuple[str, Gateway]]:
    with running(SandboxConfig(volume=1)) as started:
        yield started


@pytest.fixture
def base_url(sandbox: tuple[str, Gateway]) -> Iterator[str]:
    address, gateway = sandbox
    yield address
    gateway.faults.by_dealer.clear()


@pytest.fixture(autouse=True)
def _credential(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DGI_API_KEY", f" {DEMO_API_KEY}\n")
    monkeypatch.setenv("DGI_SECRET_KEY", DEMO_SECRET_KEY)


def test_connect_stores_a_connection_and_its_dealerships() -> None:
    line = connect(URL, "08138", "08139", joiner=":", time_zone="Asia/Makassar", window_days="3", days_back="20")
    assert line == {"main_dealer": "H2Z", "base_url": URL, "dealers": ["08138", "08139"]}
    made = Connection.objects.get()
    assert (made.joiner, made.time_zone, made.window_days, made.days_back) == (":", "Asia/Makassar", 3, 20)
    assert (made.api_key.reveal(), made.secret_key.reveal()) == (DEMO_API_KEY, DEMO_SECRET_KEY)
    assert set(Dealership.objects.values_list("code", flat=True)) == {"08138", "08139"}
    assert Feed.objects.count() == 30


def test_connect_may_be_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    connect(URL, joiner=":")
    monkeypatch.setenv("DGI_SECRET_KEY", "renewed")
    connect(f"{URL}/")
    made = Connection.objects.get()
    assert (made.base_url, made.secret_key.reveal(), made.joiner) == (URL, "renewed", ":")
    connect(URL, joiner="")
    assert Connection.objects.get().joiner == ""
    assert Feed.objects.count() == 15


def test_connect_tells_people_what_to_do_next() -> None:
    status, [line] = called("dgi_connect", *REQUIRED, as_json=False)
    assert status == 0
    assert line == "H2Z: 1 dealerships, 14 job types each. Next: manage.py dgi_check"


@pytest.mark.parametrize("name", ["DGI_API_KEY", "DGI_SECRET_KEY"])
@pytest.mark.parametrize("value", [None, "", "  "])
def test_connect_needs_the_credential_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str | None
) -> None:
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value)
    assert refusal("dgi_connect", *REQUIRED).startswith(f"{name} is not set")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--base-url", "https://elsewhere.example/"), "base_url: elsewhere.example is not among DGI_ALLOWED_HOSTS"),
        (("--base-url", "http://gateway.example/"), "base_url: A gateway is called by https"),
        (("--time-zone", "Jakarta"), "time_zone: Jakarta is no time zone"),
        (("--main-dealer", " "), "main_dealer: This field cannot be blank"),
        (("--dealer", " "), "code: This field cannot be blank"),
        (("--window-days", "0"), "window_days: "),
        (("--window-days", "many"), "invalid int value: 'many'"),
    ],
)
def test_connect_refuses_what_it_cannot_use_in_words(arguments: tuple[str, str], words: str) -> None:
    assert words in refusal("dgi_connect", *REQUIRED, *arguments)
    assert not Connection.objects.exists()


@pytest.mark.parametrize("missing", [0, 2, 4])
def test_connect_names_an_argument_that_is_missing(missing: int) -> None:
    assert REQUIRED[missing] in refusal("dgi_connect", *REQUIRED[:missing], *REQUIRED[missing + 2 :])


def test_check_tells_reachable_clock_and_credential(base_url: str) -> None:
    connect(base_url)
    status, [line] = called("dgi_check")
    assert list(line) == ["main_dealer", "reachable", "clock_skew", "credential_accepted", "error"]
    assert status == 0
    assert abs(line.pop("clock_skew")) < 5
    assert line == {"main_dealer": "H2Z", "reachable": True, "credential_accepted": True, "error": ""}


def test_check_tells_a_refused_credential(base_url: str) -> None:
    connect(base_url, joiner=":")
    status, [line] = called("dgi_check")
    assert status == 1
    assert (line["reachable"], line["credential_accepted"]) == (True, False)
    assert line["error"] == "the gateway refused our credential: DGI-API-Token is not valid"


def test_check_tells_a_clock_that_is_apart() -> None:
    late = SandboxConfig(volume=1, now=lambda: datetime.now(UTC) - timedelta(minutes=2))
    with running(late) as (base_url, _):
        connect(base_url)
        status, [line] = called("dgi_check")
        _, [words] = called("dgi_check", as_json=False)
    assert status == 1
    assert line["clock_skew"] == pytest.approx(-120, abs=5)
    assert "(too far apart)" in words


def test_check_tells_a_gateway_that_is_not_there_and_goes_on(base_url: str) -> None:
    connect("http://127.0.0.1:9/dgi-api/v1.3", "09999", main_dealer="A0A")
    connect(base_url)
    status, lines = called("dgi_check")
    assert status == 1
    assert [(line["main_dealer"], line["reachable"]) for line in lines] == [("A0A", False), ("H2Z", True)]
    assert lines[0]["error"].startswith("no connection to the gateway")
    assert lines[0]["clock_skew"] is None
    assert called("dgi_check", "--main-dealer", "H2Z")[0] == 0


def test_check_reports_a_connection_without_dealerships_and_goes_on(base_url: str) -> None:
    ConnectionFactory(main_dealer="A0A", base_url=base_url)
    connect(base_url)
    status, lines = called("dgi_check")
    assert status == 1
    assert [(line["main_dealer"], line["credential_accepted"]) for line in lines] == [("A0A", False), ("H2Z", True)]
    assert "dgi_connect" in lines[0]["error"]


def test_check_makes_one_call(base_url: str, sandbox: tuple[str, Gateway]) -> None:
    connect(base_url)
    sandbox[1].faults.switch(None, "error500")
    before = sandbox[1].stats.calls.total()
    status, [line] = called("dgi_check")
    assert (status, line["reachable"], line["credential_accepted"]) == (1, True, False)
    assert sandbox[1].stats.calls.total() == before + 1


def test_check_leaves_inactive_connections_out_unless_they_are_named(base_url: str) -> None:
    connect(base_url)
    Connection.objects.update(is_active=False)
    assert "dgi_connect" in refusal("dgi_check")
    assert called("dgi_check", "--main-dealer", "H2Z")[0] == 0
    assert "no such connection" in refusal("dgi_check", "--main-dealer", "X")
