"""What the launchers of PostgreSQL and Valkey have in common."""

import contextlib
import hashlib
import os
import signal
import stat
import subprocess
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from config.local import account as accounts
from config.local import process
from config.local.account import Account
from config.local.refusal import Refusal

LONGEST_SOCKET_PATH = 107
BIGGEST_LOG = 10_000_000
SERVER_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


class Server:
    """A server in the foreground of a child process, its data under `root`, reachable by a unix socket only."""

    name: str
    programs: tuple[str, ...]
    socket_name: str
    stop_signal: signal.Signals
    death_signal: signal.Signals
    start_patience = 60.0

    def __init__(self, root: Path, *, account: Account | None = None) -> None:
        self.root = root.resolve()
        self.account = account or accounts.ordinary(self.root)
        self.data = self.root / self.name
        self.log = self.root / f"{self.name}.log"
        self.process: process.Process | None = None
        self.socket_directory = short_socket_directory(self.root, self.socket_name)

    def start(self) -> process.Process:
        """Start and wait until the server answers. What an earlier start left running is stopped first."""
        if not self.account.can_enter(self.root):
            raise Refusal(f"The account {self.account.name} cannot reach {self.root}.")
        self.account.directory(self.data)
        self._make_socket_directory()
        self._end_predecessor()
        self.prepare()
        with self._open_log() as log:
            self.process = process.spawn(
                self.command(),
                env=SERVER_ENVIRONMENT,
                cwd=self.data,
                account=self.account,
                death_signal=self.death_signal,
                output=log,
            )
        self._wait()
        return self.process

    def stop(self, patience: float = 10) -> None:
        """Stop in order; a server that does not, hard. Neither loses what was committed."""
        if self.process is None:
            return
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            process.signal_group(self.process, signal.SIGKILL)
            self.process.wait()
        self.process = None
        if self.socket_directory.parent != self.root:
            with contextlib.suppress(OSError):  # the other server is still in it
                self.socket_directory.rmdir()

    def leader(self) -> int | None:
        """The process that an earlier start left behind and that takes the stop signal; None if it is gone."""
        return next(iter(self.leftovers()), None)

    def leftovers(self) -> list[int]:
        """Processes of this server, whoever started them."""
        return process.working_in(self.data, self.programs)

    def prepare(self) -> None:
        """Whatever has to be on disk before the server starts."""
        raise NotImplementedError

    def command(self) -> list[str | Path]:
        """The command line."""
        raise NotImplementedError

    def answers(self) -> bool:
        """Whether the server takes commands."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _end_predecessor(self) -> None:
        """A server whose supervisor was killed stops by itself; wait for it, and say so again in case it missed it."""
        leader = self.leader()
        if leader in self.leftovers():
            os.kill(leader, self.stop_signal)
        if not process.wait_until(lambda: not self.leftovers(), patience=15):
            raise Refusal(f"An earlier {self.name} still works in {self.data}: processes {self.leftovers()}.")

    def _make_socket_directory(self) -> None:
        path = self.socket_directory
        if path.parent != self.root and os.path.lexists(path):
            found = path.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {0, os.geteuid(), self.account.uid}:
                raise Refusal(f"{path} is somebody else's. Set VAR_DIR to a shorter path.")
        self.account.directory(path)

    def _open_log(self) -> BinaryIO:
        if self.log.exists() and self.log.stat().st_size > BIGGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))
        return os.fdopen(os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")

    def _wait(self) -> None:
        started = self.process
        assert started is not None  # noqa: S101
        process.wait_until(lambda: started.poll() is not None or self.answers(), self.start_patience)
        if started.poll() is None and self.answers():
            return
        self.stop(patience=1)
        tail = self.log.read_text(errors="replace")[-2000:]
        raise Refusal(f"{self.name} did not start; the end of {self.log}:\n{tail}")


def short_socket_directory(root: Path, socket_name: str) -> Path:
    """`root`/run, or a short directory that stands for it where the system could not name the socket."""
    wanted = root / "run"
    if len(str(wanted / socket_name).encode()) <= LONGEST_SOCKET_PATH:
        return wanted
    digest = hashlib.blake2b(str(root).encode(), digest_size=8).hexdigest()
    return Path(f"/tmp/forecourt-{digest}")  # noqa: S108  made 0700 and refused when it is somebody else's
