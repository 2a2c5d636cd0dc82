"""The house as real processes: database and broker, workers, beats, a sandbox, and a proxy in front of it."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from config.local import account as accounts
from config.local import process
from config.local.postgres import OWNER, WEB, Postgres
from config.local.servers import temporary
from config.local.valkey import Valkey

ROOT = Path(__file__).resolve().parents[2]
BASE_PATH = "/dgi-api/v1.3"
RESTART_AFTER = 1.0
"""Seconds after which a part that ended is started again, as whoever supervises it would."""
CELERY = ("-m", "celery", "--quiet", "--app", "config")
WORKER = (*CELERY, "worker", "--loglevel", "INFO", "--without-gossip", "--without-mingle")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


@dataclass
class Part:
    """A process that is started again whenever it ends."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    log: Path
    process: process.Process | None = None
    due: float = 0.0
    frozen: bool = False

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = process.spawn(
                [sys.executable, *self.argv],
                env=self.env,
                cwd=ROOT,
                account=accounts.current(),
                death_signal=signal.SIGKILL,
                output=output,
            )

    def watch(self) -> None:
        """Note its end, and start it again when it is time."""
        if self.process and self.process.poll() is not None:
            process.signal_group(self.process, signal.SIGKILL)
            self.process, self.due = None, time.monotonic() + RESTART_AFTER
        if self.process is None and time.monotonic() >= self.due:
            self.start()

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to the process alone: what becomes of its children is its matter."""
        if self.process:
            self.process.send_signal(number)

    def freeze(self, asleep: bool) -> None:
        """Stop it with all its children, or let them go on."""
        self.frozen = asleep
        if self.process:
            process.signal_group(self.process, signal.SIGSTOP if asleep else signal.SIGCONT)

    def ended_within(self, patience: float) -> bool:
        return self.process is None or process.wait_until(lambda: self.process.poll() is not None, patience)  # type: ignore[union-attr]

    def remove(self) -> None:
        """End it for good."""
        if self.process:
            process.signal_group(self.process, signal.SIGKILL)
            self.process.wait()
            self.process = None
        self.due = float("inf")

    def tail(self, lines: int) -> list[str]:
        return self.log.read_text(errors="replace").splitlines()[-lines:] if self.log.exists() else []


class Proxy(Part):
    """A part of which lines on its standard input tell how it spoils connections."""

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, *self.argv],
                env=dict(self.env),
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def tell(self, line: str) -> None:
        assert self.process
        assert self.process.stdin
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()


@dataclass
class Stage:
    """Everything that runs, by name."""

    postgres: Postgres
    valkey: Valkey
    env: dict[str, str]
    directory: Path
    sandbox_port: int
    proxy_ports: dict[str, int]
    parts: dict[str, Part] = field(default_factory=dict)

    def add(self, name: str, *argv: str, kind: type[Part] = Part) -> None:
        self.parts[name] = kind(name, argv, self.env, self.directory / f"{name}.log")
        self.parts[name].start()

    def named(self, prefix: str) -> list[Part]:
        return [part for name, part in self.parts.items() if name.startswith(prefix)]

    def sleeps(self) -> bool:
        """Whether a part of it is stopped where it stood."""
        return any(part.frozen for part in self.parts.values())

    def watch(self) -> None:
        for part in self.parts.values():
            part.watch()

    def proxy(self, name: str) -> Proxy:
        found = self.parts[name]
        assert isinstance(found, Proxy)
        return found

    def base_url(self, proxy: str) -> str:
        return f"http://127.0.0.1:{self.proxy_ports[proxy]}{BASE_PATH}"

    def direct_url(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}{BASE_PATH}"

    def sandbox_lives(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.sandbox_port}/livez", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def restart(self, server: Postgres | Valkey, number: signal.Signals) -> None:
        """End a server by a signal, and start it again."""
        assert server.process
        server.process.send_signal(number)
        try:
            server.process.wait(20)
        except subprocess.TimeoutExpired:
            process.signal_group(server.process, signal.SIGKILL)
            server.process.wait()
        server.start()

    def logs(self, lines: int) -> str:
        found = [(part.name, part.tail(lines)) for part in self.parts.values()]
        for server in (self.postgres, self.valkey):
            found.append((server.name, server.log.read_text(errors="replace").splitlines()[-lines:]))
        return "\n".join(f"--- {name}\n" + "\n".join(tail) for name, tail in found)


def environment(postgres: Postgres, valkey: Valkey, directory: Path) -> dict[str, str]:
    """The settings of a small production on loopback."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return inherited | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "FIELD_KEYS": urlsafe_b64encode(os.urandom(32)).decode(),
        "DATABASE_URL": postgres.url(WEB),
        "VALKEY_URL": valkey.url(),
        "STATIC_ROOT": str(directory / "static"),
        "PHOTOS_ROOT": str(directory / "photos"),
        "HTTPS": "0",
        "DGI_ALLOW_LOOPBACK": "1",
        "DGI_ALLOWED_HOSTS": "",
        "DGI_RUN_DEADLINE": "20",
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "ignore:You're running the worker",
    }


@contextlib.contextmanager
def set_up(dealers: list[str], seed: int) -> Iterator[Stage]:
    """Servers with an empty, migrated database and a sandbox behind two proxies. Nobody works yet."""
    with temporary(durable=True) as (postgres, valkey), tempfile.TemporaryDirectory(prefix="forecourt-chaos-") as place:
        directory = Path(place)
        env = environment(postgres, valkey, directory)
        owner = {"DATABASE_URL": postgres.url(OWNER), "DATABASE_OWNER_URL": postgres.url(OWNER)}
        migrate = [sys.executable, "manage.py", "migrate", "--no-input", "--verbosity", "0"]
        subprocess.run(migrate, cwd=ROOT, env=env | owner, check=True)
        stage = Stage(postgres, valkey, env, directory, free_port(), {"proxy-a": free_port(), "proxy-b": free_port()})
        try:
            named = [word for code in dealers for word in ("--dealer", code)]
            sandbox = ["manage.py", "dgi_sandbox", "--port", str(stage.sandbox_port), "--seed", str(seed), *named]
            stage.add("sandbox", *sandbox)
            target = f"127.0.0.1:{stage.sandbox_port}"
            for name, port in stage.proxy_ports.items():
                stage.add(name, "-m", "tests.chaos", f"127.0.0.1:{port}", target, kind=Proxy)
            if not process.wait_until(stage.sandbox_lives, 60):
                raise RuntimeError(f"the sandbox does not start\n{stage.logs(20)}")
            yield stage
        finally:
            for part in stage.parts.values():
                part.remove()


def open_doors(stage: Stage) -> None:
    """Two workers for live runs, one for backfills, one for the rest, and two beats."""
    for number in (1, 2):
        host = ("--hostname", f"live-{number}@chaos")
        stage.add(f"worker-live-{number}", *WORKER, "--queues", "live", "--concurrency", "2", *host)
        stage.add(f"beat-{number}", *CELERY, "beat", "--loglevel", "INFO")
    for queue in ("bulk", "rest"):
        stage.add(f"worker-{queue}", *WORKER, "--queues", queue, "--pool", "solo", "--hostname", f"{queue}@chaos")
