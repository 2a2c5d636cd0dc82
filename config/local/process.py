"""Child processes that end with their parent, and those that an earlier start left behind."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from config.local.account import Account

PR_SET_PDEATHSIG = 1
MARK = "FORECOURT_PART_OF"
"""Environment variable by which the parts of an instance, and what they forked, are found again."""

Process = subprocess.Popen[bytes]
Output = int | IO[bytes]


def spawn(  # noqa: PLR0913  all but the first by name
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    cwd: Path,
    account: Account,
    death_signal: signal.Signals = signal.SIGTERM,
    output: Output = subprocess.DEVNULL,
) -> Process:
    """Start a process in a session of its own; it receives `death_signal` when the calling thread's process dies."""
    return subprocess.Popen(  # noqa: S603
        [str(word) for word in argv],
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C in the terminal reaches the supervisor alone
        preexec_fn=_dying_with_parent(death_signal),  # noqa: PLW1509  the launcher has one thread
        **account.popen_options(),
    )


def _dying_with_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def ask_kernel() -> None:
        # After setuid, which would clear it.
        prctl(PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != parent:
            os._exit(1)

    return ask_kernel


def signal_group(process: Process, number: signal.Signals) -> None:
    """Send a signal to a process that `spawn` started and to everything in its session's group."""
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return


def wait_until(condition: Callable[[], Any], patience: float, pause: float = 0.02) -> bool:
    """Whether `condition` came true within `patience` seconds."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def working_in(directory: Path, programs: Sequence[str]) -> list[int]:
    """Processes of these programs whose working directory is `directory`, as all of a database server's is."""
    wanted = directory.resolve()
    return [
        pid for pid in _processes() if _program(pid).startswith(tuple(programs)) and _working_directory(pid) == wanted
    ]


def marked(mark: str) -> list[int]:
    """Processes that were started with the environment variable `MARK` set to `mark`, and their offspring."""
    entry = f"{MARK}={mark}".encode()
    return [pid for pid in _processes() if entry in _environment(pid)]


def end_marked(mark: str, patience: float = 5) -> list[int]:
    """Kill what an instance left behind when its supervisor was killed; returns what was found."""
    found = marked(mark)
    for pid in found:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not marked(mark), patience)
    return found


def _program(pid: int) -> str:
    return str(_quietly(lambda: Path(f"/proc/{pid}/comm").read_text()) or "")


def _working_directory(pid: int) -> Path | None:
    link = _quietly(lambda: os.readlink(f"/proc/{pid}/cwd"))
    return Path(link) if link else None


def _environment(pid: int) -> list[bytes]:
    content = _quietly(lambda: Path(f"/proc/{pid}/environ").read_bytes())
    return content.split(b"\0") if isinstance(content, bytes) else []


def _processes() -> Iterator[int]:
    proc = Path("/proc")
    if proc.is_dir():
        own = os.getpid()
        yield from (int(entry.name) for entry in proc.iterdir() if entry.name.isdigit() and int(entry.name) != own)


def _quietly(call: Callable[[], Any]) -> Any:
    """The result of `call`, or None for a process that is gone or somebody else's."""
    try:
        return call()
    except OSError:
        return None
