"""`python -m config.local`, the whole of it: up, killed, up again, down."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.local import instance, process
from tests.config.local_places import open_directory

NOT_OURS = ("DATABASE_URL", "DATABASE_OWNER_URL", "VALKEY_URL", "SECRET_KEY", "FIELD_KEYS", "DGI_ALLOWED_HOSTS")


class Run:
    """A launcher in a process of its own, and what it says."""

    def __init__(self, directory: Path, port: int) -> None:
        self.directory, self.port = directory, port
        self.lines: list[str] = []
        command = [sys.executable, "-m", "config.local"]
        self.process = subprocess.Popen(
            command,
            cwd=instance.PROJECT,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
        chosen = {
            "VAR_DIR": str(self.directory),
            "PORT": str(self.port),
            "DGI_SANDBOX": "0",
            "ADMIN_PASSWORD": "a preset one 1",
        }
        return inherited | chosen

    def manage(self, *words: str) -> str:
        command = [sys.executable, "manage.py", *words]
        environment = self.environment()
        return subprocess.run(
            command, cwd=instance.PROJECT, env=environment, check=True, capture_output=True, text=True
        ).stdout

    def wait_until_up(self) -> None:
        assert process.wait_until(lambda: self.says("Forecourt is up") or self.process.poll() is not None, 120)
        assert self.says("Forecourt is up"), "\n".join(self.lines)

    def says(self, text: str) -> bool:
        return any(text in line for line in self.lines)

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        status = self.process.wait(15)
        self.reader.join(15)
        return status

    def _read(self) -> None:
        with self.process.stdout as stream:  # type: ignore[union-attr]
            self.lines.extend(line.rstrip() for line in stream)


@pytest.fixture
def directory() -> Iterator[Path]:
    with open_directory() as place:
        yield place / "var"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def test_an_instance_comes_up_survives_a_kill_and_stops_in_time(directory: Path) -> None:
    port = free_port()
    first = Run(directory, port)
    try:
        first.wait_until_up()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=5) as answer:
            assert answer.status == 200
        role = "from django.db import connection as c; print(c.cursor().execute('SELECT current_user').fetchone())"
        assert "forecourt_worker" in first.manage("shell", "--no-imports", "-c", role)
        identity = instance.read_secrets(directory)["INSTANCE_ID"]
        for pid in process.marked(identity):
            assert b"DATABASE_OWNER_URL" not in Path(f"/proc/{pid}/environ").read_bytes()
        assert process.wait_until(lambda: first.says(" ready."), 30), "the worker has met its broker"
    finally:
        first.end(signal.SIGKILL)
    assert process.wait_until(lambda: process.marked(identity) == [], 10), "nothing outlives a killed supervisor"

    second = Run(directory, port)
    try:
        second.wait_until_up()
        assert not second.says("collecting static files"), "a restart is quick"
        people = "from dealers.models import User; print(User.objects.filter(is_superuser=True).count())"
        assert second.manage("shell", "--no-imports", "-c", people).strip() == "1"
    finally:
        began = time.monotonic()
        status = second.end(signal.SIGTERM)
    assert status == 0
    assert time.monotonic() - began < 10
    assert process.marked(identity) == []
    assert process.working_in(directory / "postgres", ["postgres"]) == []
