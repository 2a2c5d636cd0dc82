"""Forecourt as a process of its own: granian, the web's role, hashed and compressed static files, every header."""

from __future__ import annotations

import fcntl
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from config.local import account, process
from tests.chaos.stage import free_port

ROOT = Path(__file__).resolve().parents[2]
OTHERS = ("admin", "rest_framework", "drf_spectacular_sidecar")
"""Static files of pages that are not ours; compressing them takes a minute."""
PATIENCE = 60
"""Seconds for the server to start."""


def collect(directory: Path, env: Mapping[str, str]) -> None:
    """Static files under hashed names, with brotli; once for all processes that ask for the same directory."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory.parent / f"{directory.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (directory / "staticfiles.json").exists():
            ignored = [word for name in OTHERS for word in ("--ignore", name)]
            command = ["manage.py", "collectstatic", "--no-input", "--verbosity", "0", *ignored]
            subprocess.run([sys.executable, *command], cwd=ROOT, env=dict(env), check=True)


@contextmanager
def serving(env: Mapping[str, str], log: Path) -> Iterator[str]:
    """The address of a server with this environment, for as long as it is needed; `log` gets what it says.

    Raises RuntimeError with the log's end if it does not start.
    """
    port = free_port()
    listening = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--no-ws"]
    workers = ["--workers", "1", "--blocking-threads", "4", "--workers-kill-timeout", "5"]
    with log.open("ab") as output:
        server = process.spawn(
            [sys.executable, "-m", "granian", *listening, *workers, "config.wsgi:application"],
            env=env,
            cwd=ROOT,
            account=account.current(),
            output=output,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        if not process.wait_until(lambda: server.poll() is not None or answers(f"{address}/livez"), PATIENCE):
            raise RuntimeError(f"the server does not answer\n{tail(log)}")
        if server.poll() is not None:
            raise RuntimeError(f"the server does not start\n{tail(log)}")
        yield address
    finally:
        server.send_signal(signal.SIGTERM)
        process.wait_until(lambda: server.poll() is not None, 10)
        process.signal_group(server, signal.SIGKILL)
        server.wait()


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def tail(log: Path, lines: int = 30) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
