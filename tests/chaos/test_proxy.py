"""The proxy spoils connections the way it is told, and only then."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.chaos.proxy import Blackhole, Pass, Proxy, Refuse, Reset, Slow, proxied, unanswered_port

ROOT = Path(__file__).parents[2]


def echo(listener: socket.socket) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=repeat, args=(connection,), daemon=True).start()


def repeat(connection: socket.socket) -> None:
    with connection:
        try:
            while data := connection.recv(65536):
                connection.sendall(data)
        except OSError:
            pass


@contextmanager
def echoing(listener: socket.socket) -> Iterator[None]:
    listener.listen()
    thread = threading.Thread(target=echo, args=(listener,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """In front of a server that says everything again."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    with echoing(listener), proxied(listener.getsockname()) as started:
        yield started


@contextmanager
def connected(proxy: Proxy) -> Iterator[socket.socket]:
    with socket.create_connection(proxy.address, timeout=10) as connection:
        yield connection


def said(connection: socket.socket, data: bytes) -> bytes:
    """What comes back, as much as was sent."""
    connection.sendall(data)
    return received(connection, len(data))


def received(connection: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count and (more := connection.recv(65536)):
        found += more
    return found


def test_everything_goes_through_until_it_is_told_otherwise(proxy: Proxy) -> None:
    data = os.urandom(300_000)
    with connected(proxy) as connection:
        assert said(connection, data) == data
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(10) == b""
    assert proxy.relay.accepted == 1


def test_a_blackhole_accepts_and_never_answers(proxy: Proxy) -> None:
    with connected(proxy) as before:
        assert said(before, b"hello") == b"hello"
        proxy.switch(Blackhole())
        with connected(proxy) as later:
            for connection in (before, later):
                connection.settimeout(0.1)
                connection.sendall(b"hello")
                with pytest.raises(TimeoutError):
                    connection.recv(10)
        proxy.switch(Pass())
        before.settimeout(10)
        assert said(before, b"again") == b"again"


def test_a_refusing_proxy_leaves_open_connections_and_comes_back_to_its_port(proxy: Proxy) -> None:
    address = proxy.address
    with connected(proxy) as before:
        assert said(before, b"hello") == b"hello"
        proxy.switch(Refuse())
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address, timeout=10)
        assert said(before, b"still") == b"still"
    proxy.switch(Pass())
    assert proxy.address == address
    with connected(proxy) as connection:
        assert said(connection, b"hello") == b"hello"


def until_reset(connection: socket.socket) -> bytes:
    """What comes before the reset that has to come."""
    found = b""
    try:
        while more := connection.recv(65536):
            found += more
    except ConnectionResetError:
        return found
    raise AssertionError("the connection ended without a reset")


def test_a_reset_comes_after_so_many_bytes(proxy: Proxy) -> None:
    proxy.switch(Reset(after=1000))
    with connected(proxy) as connection:
        assert said(connection, b"x" * 600) == b"x" * 600
        connection.sendall(b"y" * 600)
        assert until_reset(connection) in (b"y" * 400, b"")  # a reset may overtake what was not read yet


def test_a_slow_connection_says_little_at_a_time_until_it_is_told_to_hurry(proxy: Proxy) -> None:
    data = os.urandom(100_000)
    proxy.switch(Slow(rate=100))
    with connected(proxy) as connection:
        connection.sendall(data)
        found = connection.recv(65536)
        assert 0 < len(found) < 1000
        proxy.switch(Pass())
        assert found + received(connection, len(data) - len(found)) == data


def test_a_cut_ends_the_present_connections_and_no_later_one(proxy: Proxy) -> None:
    with connected(proxy) as before:
        assert said(before, b"hello") == b"hello"
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            before.recv(10)
    with connected(proxy) as later:
        assert said(later, b"hello") == b"hello"


def test_a_target_that_is_gone_resets(proxy: Proxy) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        proxy.relay.target = free.getsockname()
    with pytest.raises(ConnectionResetError), connected(proxy) as connection:
        connection.recv(10)


def test_unix_sockets_on_both_sides(tmp_path: Path) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "target"))
    with echoing(listener), proxied(str(tmp_path / "target"), str(tmp_path / "proxy")) as proxy:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(proxy.address)
            connection.settimeout(10)
            assert said(connection, b"hello") == b"hello"
            proxy.cut()
            assert connection.recv(10) == b""  # a unix socket knows no reset
        proxy.switch(Refuse())
        with socket.socket(socket.AF_UNIX) as connection, pytest.raises(OSError, match=r"refused|No such file"):
            connection.connect(proxy.address)
        proxy.switch(Pass())
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(proxy.address)
            connection.settimeout(10)
            assert said(connection, b"hello") == b"hello"


def test_nobody_answers_at_a_port_whose_queue_is_full() -> None:
    with unanswered_port() as port, pytest.raises(TimeoutError):
        socket.create_connection(("127.0.0.1", port), timeout=0.2)


def test_as_a_process_it_is_told_by_lines() -> None:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    target = f"127.0.0.1:{listener.getsockname()[1]}"
    with (
        echoing(listener),
        subprocess.Popen(
            [sys.executable, "-m", "tests.chaos", "127.0.0.1:0", target],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        port = int(process.stdout.readline().strip(" ()\n").split(",")[1])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            assert said(connection, b"hello") == b"hello"
            process.stdin.write("reset 3\n")
            process.stdin.flush()
            assert process.stdout.readline() == "reset 3\n"
            connection.sendall(b"hello")
            assert b"hello".startswith(until_reset(connection))
        process.stdin.close()
        assert process.wait(10) == 0
