"""No spelling and no name leads a call into our own network: a private target sees no connection at all."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import aiohappyeyeballs
import pytest

from ingestion import client
from ingestion.addresses import kind_of
from ingestion.answer import GatewayError, NotCalled, Refused, Unreachable
from ingestion.client import Fetcher
from tests.ingestion.scripted import RECORDS, Script, http, scripted
from tests.ingestion.test_client import CALL, gateway

PUBLIC = "93.184.216.34"
METADATA = "169.254.169.254"
LITERALS = [
    "https://169.254.169.254",
    "https://169.254.169.254/latest/meta-data",
    "http://169.254.169.254",
    "https://127.0.0.1",
    "https://10.0.0.5",
    "https://172.16.0.1",
    "https://192.168.1.1",
    "https://100.64.0.1",
    "https://0.0.0.0",
    "https://0",
    "https://2130706433",
    "https://0x7f000001",
    "https://0x7f.1",
    "https://0177.0.0.1",
    "https://127.1",
    "https://127.0.1",
    "https://127.0.0.01",
    "https://[::1]",
    "https://[::]",
    "https://[::ffff:169.254.169.254]",
    "https://[::ffff:7f00:1]",
    "https://[::127.0.0.1]",
    "https://[64:ff9b::a9fe:a9fe]",
    "https://[2002:7f00:1::]",
    "https://[2001:0:7f00:1::1]",
    "https://[fd00:ec2::254]",
    "https://[fe80::1]",
    "https://[ff02::1]",
    "https://[1:2:3]",
    "https://224.0.0.1",
    "https://240.0.0.1",
    "https://255.255.255.255",
    "https://198.18.0.1",
]
SPELLINGS = [
    "http://gateway.example",
    "http://127.0.0.1",
    "http://localhost",
    "https://localhost",
    "https://localhost.",
    "https://LOCALHOST",
    "https://gateway.example@127.0.0.1",
    "https://127.0.0.1@gateway.example",
    "https://gateway.example:x@127.0.0.1",
    "https://gateway.example\\@127.0.0.1",
    "https://gateway.example#@127.0.0.1",
    "https://gateway.example?@127.0.0.1",
    "https://127.0.0.1\t",
    " https://127.0.0.1",
    "https://gateway.example\r\nHost: 127.0.0.1",
    "https://gateway.example%0d%0aHost:127.0.0.1",
    "https://%31%32%37.0.0.1",
    "https://１２７.0.0.1",
    "https://127。0。0。1",
    "https://①②⑦.⓪.⓪.①",
    "https://gateway。example",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "ftp://127.0.0.1",
    "unix:///var/run/docker.sock",
    "//127.0.0.1",
    "127.0.0.1",
]
NAMES = {
    "https://gateway.example": "127.0.0.1",
    "https://GATEWAY.example": "169.254.169.254",
    "https://127.0.0.1.nip.dealers.example": "127.0.0.1",
    "https://a9fea9fe.nip.dealers.example": METADATA,
    "https://a.dealers.example": "10.1.2.3",
    "https://b.dealers.example": "172.31.255.254",
    "https://c.dealers.example": "192.168.0.10",
    "https://d.dealers.example": "100.64.1.1",
    "https://e.dealers.example": "0.0.0.0",
    "https://f.dealers.example": "::1",
    "https://g.dealers.example": "::ffff:169.254.169.254",
    "https://h.dealers.example": "64:ff9b::7f00:1",
    "https://i.dealers.example": "2002:a9fe:a9fe::1",
    "https://j.dealers.example": "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "https://k.dealers.example": "fd12::1",
    "https://l.dealers.example": "fe80::1",
    "https://m.dealers.example": "ff02::1",
    "https://n.dealers.example": "224.0.0.1",
    "https://o.dealers.example": "::",
    "https://p.dealers.example": "::7f00:1",
    "https://q.dealers.example": "255.255.255.255",
    "https://r.dealers.example": "198.51.100.7",
}


@dataclass
class Network:
    """A network whose every address is the private target: whatever is dialled arrives there."""

    target: Script
    dialled: list[str] = field(default_factory=list)
    lookups: list[str] = field(default_factory=list)
    answers: list[list[str]] = field(default_factory=lambda: [["127.0.0.1"]])
    """What the name service says, in turn, the last again and again."""

    def getaddrinfo(self, host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        self.lookups.append(host)
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (each, port, 0, 0))
            if ":" in each
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port))
            for each in found
        ]

    async def dial(self, addr_infos: list[Any], **_: Any) -> socket.socket:
        self.dialled += [address[0] for *_, address in addr_infos]
        made = socket.socket()
        made.connect(("127.0.0.1", int(self.target.base_url.split(":")[2].split("/")[0])))
        made.setblocking(False)
        return made


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[Network]:
    settings.DGI_ALLOW_LOOPBACK = False
    settings.DGI_ALLOWED_HOSTS = ["gateway.example", ".dealers.example", "localhost", "127.0.0.1"]
    monkeypatch.setattr(client, "CONNECT_SECONDS", 0.5)  # the target never shakes hands
    with scripted(RECORDS) as target:
        made = Network(target)
        monkeypatch.setattr(socket, "getaddrinfo", made.getaddrinfo)
        monkeypatch.setattr(aiohappyeyeballs, "start_connection", made.dial)
        yield made


def told(base_url: str, **changes: Any) -> GatewayError:
    with Fetcher() as fetcher, pytest.raises(GatewayError) as caught:
        fetcher.submit(gateway(Script([], base_url), **{"tries": 1, **changes}), CALL).result(30)
    return caught.value


def refused(network: Network, base_url: str) -> NotCalled:
    """The refusal of `base_url`, without a connection."""
    error = told(base_url, tries=5)
    assert (network.dialled, network.target.connections) == ([], 0)
    assert isinstance(error, NotCalled)
    assert error.calls == 0
    return error


def test_the_private_target_is_within_reach_of_a_call_that_nobody_refuses(network: Network) -> None:
    network.answers = [[PUBLIC]]
    assert isinstance(told("https://gateway.example"), Unreachable), "it speaks no TLS"
    assert network.dialled == [PUBLIC]
    assert network.target.connections == 1


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("url", LITERALS)
def test_an_address_that_is_not_public_is_refused_even_if_it_is_listed(
    network: Network, settings: Any, url: str, listed: bool
) -> None:
    if listed:
        settings.DGI_ALLOWED_HOSTS = [url.split("/")[2].strip("[]")]
    refused(network, url)


@pytest.mark.parametrize("url", SPELLINGS)
def test_no_spelling_leads_to_the_private_target(network: Network, url: str) -> None:
    for each in {url, f"{url}/dgi-api/v1.3", unquote(url)}:
        refused(network, each)


@pytest.mark.parametrize("url", NAMES)
def test_a_name_that_leads_to_an_address_that_is_not_public_is_refused(network: Network, url: str) -> None:
    for answers in ([NAMES[url]], [PUBLIC, NAMES[url]], [NAMES[url], PUBLIC]):
        network.answers = [answers]
        error = refused(network, url)
        assert f" leads to {NAMES[url]} ({kind_of(NAMES[url])})" in str(error)
        assert url.split("/")[2].lower() in str(error)
    assert len(network.lookups) == 3


def test_the_switch_for_this_machine_is_not_for_other_names(network: Network, settings: Any) -> None:
    settings.DGI_ALLOW_LOOPBACK = True
    assert "gateway.example leads to 127.0.0.1 (loopback)" in str(refused(network, "https://gateway.example"))


@pytest.mark.parametrize("address", ["10.0.0.5", METADATA, PUBLIC, "::ffff:127.0.0.1"])
def test_localhost_is_loopback_or_nothing(network: Network, settings: Any, address: str) -> None:
    settings.DGI_ALLOW_LOOPBACK = True
    network.answers = [[address]]
    assert f"localhost leads to {address}" in str(refused(network, "http://localhost"))


def test_a_name_that_leads_elsewhere_at_the_second_look_is_refused_then(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingestion.client.FIRST_PAUSE", 0.001)
    network.answers = [[PUBLIC], [METADATA]]
    error = told("https://gateway.example", tries=5)
    assert network.dialled == [PUBLIC], "the second answer was not dialled"
    assert isinstance(error, NotCalled)
    assert f"gateway.example leads to {METADATA} (cloud metadata)" in str(error)
    assert error.calls == 1


def test_what_was_checked_is_what_is_dialled(network: Network) -> None:
    network.answers = [[PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c"], ["127.0.0.1"]]
    told("https://gateway.example")
    assert network.dialled == [PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c"]
    assert network.lookups == ["gateway.example"]


def test_localhost_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    lookups, real = [], socket.getaddrinfo

    def watched(host: Any, *args: Any, **options: Any) -> Any:
        lookups.append(host)
        return real(host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", watched)
    with scripted(RECORDS) as script, Fetcher() as fetcher:
        script.base_url = script.base_url.replace("127.0.0.1", "localhost")
        assert len(fetcher.submit(gateway(script), CALL).result(30).records) == 1
    assert lookups == ["localhost"]


@pytest.mark.parametrize("url", ["https://a..dealers.example", f"https://{'a' * 64}.dealers.example"])
def test_what_is_no_host_name_is_refused(network: Network, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.undo()
    assert "no host name" in str(told(url))


def test_a_name_without_an_address_is_no_connection(network: Network) -> None:
    network.answers = [[]]
    error = told("https://gateway.example")
    assert isinstance(error, Unreachable)
    assert "gateway.example has no address" in str(error)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_into_our_network_is_not_followed(status: int) -> None:
    with scripted(RECORDS) as target, scripted(http(status, Location=target.base_url)) as script:
        assert type(told(script.base_url)) is Refused
        assert (script.connections, target.connections) == (1, 0)
