"""What `make run` is told by the environment."""

import errno
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from config.local import instance
from config.local.refusal import Refusal

SANDBOX_DISTANCE = 14
"""From the web's port to the sandbox's, so that two instances with ports of their own do not meet."""


@dataclass(frozen=True)
class Options:
    """The variables, read and checked."""

    directory: Path
    host: str
    port: int
    sandbox_port: int | None
    database_url: str
    worker_url: str
    owner_url: str
    valkey_url: str

    @property
    def address(self) -> str:
        """Where a browser finds us."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}.get(self.host, self.host)  # noqa: S104
        return f"http://{host}:{self.port}/"


def read(environ: Mapping[str, str]) -> Options:
    """The options, or a refusal that names the variable."""
    port = _port(environ, "PORT", 8000)
    wants_sandbox = _switch(environ, "DGI_SANDBOX", default=True)
    database_url = environ.get("DATABASE_URL", "")
    return Options(
        directory=instance.var_directory(environ),
        host=environ.get("HOST") or "127.0.0.1",
        port=port,
        sandbox_port=_port(environ, "DGI_SANDBOX_PORT", port + SANDBOX_DISTANCE) if wants_sandbox else None,
        database_url=database_url,
        worker_url=environ.get("WORKER_DATABASE_URL") or database_url,
        owner_url=environ.get("DATABASE_OWNER_URL") or database_url,
        valkey_url=environ.get("VALKEY_URL", ""),
    )


def refuse_taken_ports(options: Options) -> None:
    """Say which port is taken before anything starts."""
    _refuse_taken(options.host, options.port, f"make run PORT={options.port + 1}")
    if options.sandbox_port:
        _refuse_taken("127.0.0.1", options.sandbox_port, f"make run DGI_SANDBOX_PORT={options.sandbox_port + 1}")


def _refuse_taken(host: str, port: int, remedy: str) -> None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Refusal(f"Port {port} is taken. Choose another one: {remedy}") from None
        raise Refusal(f"Nothing can listen on {host}, port {port}: {error.strerror}. Change HOST or PORT.") from None


def _port(environ: Mapping[str, str], name: str, default: int) -> int:
    value = environ.get(name) or str(default)
    if not value.isdecimal() or not 0 < int(value) < 65536:
        raise Refusal(f"{name}: {value!r} is no port; a port is a number from 1 to 65535.")
    return int(value)


def _switch(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    value = environ.get(name) or ("1" if default else "0")
    if value not in {"0", "1"}:
        raise Refusal(f"{name}: {value!r} is neither 1 nor 0.")
    return value == "1"
