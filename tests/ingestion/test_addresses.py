"""Which addresses a connection may have."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from ingestion.addresses import kind_of, validate_base_url
from tests.factories import ConnectionFactory

ADDRESSES = ["93.184.216.34", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "10.0.0.5"]


@pytest.fixture(autouse=True)
def _allowed(settings: Any) -> None:
    settings.DGI_ALLOWED_HOSTS = ["gateway.example", ".dealers.example", "Capital.Example", *ADDRESSES]
    settings.DGI_ALLOW_LOOPBACK = False


def refusal(url: str) -> str:
    with pytest.raises(ValidationError) as caught:
        validate_base_url(url)
    return " ".join(caught.value.messages)


@pytest.mark.parametrize(
    "url",
    [
        "https://gateway.example/dgi-api/v1.3",
        "https://gateway.example:8443/dgi-api/v1.3/",
        "HTTPS://GATEWAY.Example/dgi-api",
        "https://a.dealers.example",
        "https://b.a.dealers.example/",
        "https://capital.example",
        "https://93.184.216.34/dgi",
        "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/dgi",
    ],
)
def test_https_to_a_host_of_the_list_is_allowed(url: str) -> None:
    validate_base_url(url)


@pytest.mark.parametrize(
    "host",
    [
        "elsewhere.example",
        "gateway.example.elsewhere.example",
        "evilgateway.example",
        "a.gateway.example",
        "dealers.example",
        "evildealers.example",
        "gateway.example.",
        "127.0.0.1",
        "localhost",
        "[::1]",
        "10.0.0.05",
        "10.5",
    ],
)
def test_any_other_host_is_refused_with_the_settings_name(host: str) -> None:
    assert "DGI_ALLOWED_HOSTS" in refusal(f"https://{host}/dgi-api/v1.3")


def test_an_empty_list_allows_nothing(settings: Any) -> None:
    settings.DGI_ALLOWED_HOSTS = []
    assert "not among DGI_ALLOWED_HOSTS" in refusal("https://gateway.example/")


LOOPBACK = ["http://127.0.0.1:8014/dgi-api/v1.3", "http://localhost:8014", "http://[::1]:8014/x", "http://127.8.9.1/"]


@pytest.mark.parametrize("url", LOOPBACK)
def test_plain_http_to_this_machine_needs_the_switch(url: str, settings: Any) -> None:
    assert "DGI_ALLOW_LOOPBACK=1" in refusal(url)
    settings.DGI_ALLOW_LOOPBACK = True
    validate_base_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://gateway.example/",
        "http://127.0.0.1.elsewhere.example/",
        "http://localhost.elsewhere.example/",
        "http://0.0.0.0:8014/",
        "http://127.1:8014/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://169.254.169.254/",
        "ftp://gateway.example/",
        "file://gateway.example/etc/passwd",
        "//gateway.example/",
    ],
)
def test_anything_but_https_is_refused_away_from_this_machine(url: str, settings: Any) -> None:
    settings.DGI_ALLOW_LOOPBACK = True
    assert "https" in refusal(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "gateway.example",
        "https://",
        "https:///dgi-api",
        "https://user@gateway.example/",
        "https://user:word@gateway.example/",
        "https://:word@gateway.example/",
        "https://@gateway.example/",
        "https://gateway.example@elsewhere.example/",
        "https://gateway.example/?a=b",
        "https://gateway.example/?",
        "https://gateway.example/#part",
        "https://gateway.example#",
        "https://gateway.example:port/",
        "https://gateway.example:99999/",
        "https://[gateway.example/",
        "https://gate\nway.example/",
        "https://gateway.example/dgi api",
        " https://gateway.example/",
        "https://gateway.example/\t",
        "https://elsewhere.example\\.dealers.example/",
        "https://elsewhere.example\\@gateway.example/",
        "https://gateway.example\\@elsewhere.example/",
        "https://elsewhere.example%2f.dealers.example/",
        "https://elsewhere.example%00.dealers.example/",
        "https://elsewhere.example;.dealers.example/",
        "https://.dealers.example/",
        "https://gаteway.example/",  # a Cyrillic а
        "https://ｇateway.example/",
        "javascript:alert(1)",
    ],
)
def test_odd_spellings_are_refused(url: str) -> None:
    assert refusal(url)


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("93.184.216.34", ""),
        ("172.15.255.255", ""),
        ("172.16.0.0", "private"),
        ("172.32.0.0", ""),
        ("100.63.255.255", ""),
        ("100.64.0.0", "carrier-grade NAT"),
        ("100.128.0.0", ""),
        ("100.100.100.200", "cloud metadata"),
        ("168.63.129.16", "cloud metadata"),
        ("169.254.0.1", "link-local"),
        ("223.255.255.255", ""),
        ("239.255.255.255", "multicast"),
        ("255.255.255.255", "reserved"),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", ""),
        ("2003::", ""),
        ("2001:db8::1", "documentation"),
        ("4000::", "reserved"),
        ("100::1", "reserved"),
        ("fe80::1%eth0", "link-local"),
        ("fec0::1", "unique-local"),
        ("::ffff:0:127.0.0.1", "IPv4-mapped"),
        ("64:ff9b:1::a00:1", "NAT64"),
    ],
)
def test_an_address_is_public_or_of_a_kind_that_is_not(address: str, kind: str) -> None:
    assert kind_of(address) == kind


def test_an_address_of_this_machine_on_the_list_needs_the_switch_too(settings: Any) -> None:
    settings.DGI_ALLOWED_HOSTS = ["127.0.0.1", "::1"]
    assert "127.0.0.1 is no public address (loopback)" in refusal("https://127.0.0.1/")
    settings.DGI_ALLOW_LOOPBACK = True
    validate_base_url("https://127.0.0.1/")
    validate_base_url("https://[::1]/")


def test_an_address_of_our_network_on_the_list_is_refused_with_its_kind() -> None:
    assert refusal("https://10.0.0.5/") == "10.0.0.5 is no public address (private); only public ones are called."


@given(st.text(st.characters(codec="utf-8", max_codepoint=0x2FF), max_size=30))
def test_any_text_is_judged_without_a_crash(text: str) -> None:
    for url in (text, f"https://{text}", f"https://{text}.dealers.example/", f"https://gateway.example{text}"):
        try:
            validate_base_url(url)
        except ValidationError:
            continue
        assert re.fullmatch(r"https://(gateway\.example|[a-z0-9._-]+\.dealers\.example)(:[0-9]+)?(/.*)?", url.lower())


def test_a_connection_is_checked_when_it_is_cleaned(db: None) -> None:
    with pytest.raises(ValidationError) as caught:
        ConnectionFactory.build(base_url="https://elsewhere.example/").full_clean()
    assert list(caught.value.message_dict) == ["base_url"]
