"""What clamd says of a file is understood, and whatever else happens means that nobody knows."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from config.backoffice import antivirus
from tests import clamd


@pytest.fixture
def scanner(settings: Any) -> Iterator[None]:
    with clamd.running() as address:
        settings.CLAMD_ADDRESS = address
        yield


@pytest.mark.usefixtures("scanner")
def test_a_file_of_several_chunks_is_clean_or_has_something_found_in_it() -> None:
    harmless = b"a" * (2 * antivirus.CHUNK + 7)
    assert antivirus.found_in(harmless) == ""
    assert antivirus.found_in(harmless + clamd.EICAR) == "Eicar-Test-Signature"


@pytest.mark.usefixtures("scanner")
def test_what_is_too_long_for_the_scanner_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clamd, "MOST", 10)
    with pytest.raises(antivirus.Unavailable, match=r"size limit exceeded|reset|Broken pipe"):
        antivirus.found_in(b"a" * 11)


@pytest.mark.parametrize("address", ["", "nowhere", "127.0.0.1:1", "/there/is/no/such.socket", "clamd:http"])
def test_without_a_scanner_nobody_knows(settings: Any, address: str) -> None:
    settings.CLAMD_ADDRESS = address
    with pytest.raises(antivirus.Unavailable, match="clamd at"):
        antivirus.found_in(b"a")


@pytest.mark.parametrize("answer", [b"", b"stream: OK FOUND BY SOMEBODY\0", b"UNKNOWN COMMAND\0", b"\xff" * 5000])
def test_an_answer_that_is_none_means_that_nobody_knows(settings: Any, answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answering() -> None:
            client, _address = server.accept()
            with client:
                client.recv(100)
                client.sendall(answer)

        thread = threading.Thread(target=answering)
        thread.start()
        settings.CLAMD_ADDRESS = "{}:{}".format(*server.getsockname())
        with pytest.raises(antivirus.Unavailable):
            antivirus.found_in(b"")
        thread.join()


def test_an_installation_says_that_it_does_without(settings: Any) -> None:
    settings.CLAMD_ADDRESS = "none"
    assert not antivirus.scans()
    settings.CLAMD_ADDRESS = ""
    assert antivirus.scans(), "what nobody said is no consent"
