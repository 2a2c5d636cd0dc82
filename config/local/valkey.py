"""Valkey of our own: a unix socket, a password, the append-only file on."""

import os
import secrets
import signal
import socket
from pathlib import Path

from config.local import programs
from config.local.account import Account
from config.local.server import Server

DATABASE = 1


class Valkey(Server):
    """A Valkey under `root`/valkey."""

    name = "valkey"
    programs = ("valkey", "redis")
    socket_name = "valkey.sock"
    stop_signal = death_signal = signal.SIGTERM

    def __init__(self, root: Path, *, password: str | None = None, account: Account | None = None) -> None:
        super().__init__(root, account=account)
        self.password = password or secrets.token_urlsafe(24)
        self.program = programs.valkey_server(self.account)

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self.socket_directory / self.socket_name

    def url(self, database: int = DATABASE) -> str:
        """The address as Celery speaks it."""
        return f"redis+socket://:{self.password}@{self.socket}?virtual_host={database}"

    def client_url(self, database: int = DATABASE) -> str:
        """The address as the client library speaks it."""
        return f"unix://:{self.password}@{self.socket}?db={database}"

    def prepare(self) -> None:
        """The configuration, in a file because a command line is for everybody to read."""
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "requirepass": self.password,
            "dir": str(self.data),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": '""',
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        path = self.data / "valkey.conf"
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.writelines(f"{name} {_quoted(value)}\n" for name, value in settings.items())
        self.account.own(path)
        self.socket.unlink(missing_ok=True)

    def command(self) -> list[str | Path]:
        """`valkey-server` in the foreground."""
        return [self.program, self.data / "valkey.conf"]

    def answers(self) -> bool:
        """Whether it takes commands: while it reads its file it says -LOADING."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(2)
                connection.connect(str(self.socket))
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2 and (piece := connection.recv(100)):
                    answer += piece
        except OSError:
            return False
        return answer == b"+OK\r\n+PONG\r\n"


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value else value
