"""Asks a virus scanner (clamd) about a file, by its own protocol: https://docs.clamav.net/manual/Usage/Scanning.html."""

from __future__ import annotations

import socket
import struct

from django.conf import settings

NONE = "none"
"""CLAMD_ADDRESS of an installation that does without: what is uploaded is handed out as not scanned."""
CHUNK = 256 * 1024
LONGEST_ANSWER = 4096
SECONDS = 30
"""That clamd may take for each step."""


class Unavailable(Exception):
    """There is no scanner, or it does not answer: nobody knows about the file."""


def scans() -> bool:
    """Whether files are scanned at all."""
    return bool(settings.CLAMD_ADDRESS != NONE)


def found_in(content: bytes) -> str:
    """The name of what clamd found, blank for nothing. Raises Unavailable."""
    try:
        with connected(settings.CLAMD_ADDRESS) as clamd:
            clamd.sendall(b"zINSTREAM\0")
            for start in range(0, len(content), CHUNK):
                chunk = content[start : start + CHUNK]
                clamd.sendall(struct.pack("!L", len(chunk)) + chunk)
            clamd.sendall(struct.pack("!L", 0))
            answer = read(clamd)
    except OSError as error:
        raise Unavailable(f"clamd at {settings.CLAMD_ADDRESS or '(no CLAMD_ADDRESS)'}: {error}") from error
    return meant(answer)


def connected(address: str) -> socket.socket:
    """`host:port`, or the path of a Unix socket."""
    if address.startswith("/"):
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.settimeout(SECONDS)
        try:
            made.connect(address)
        except OSError:
            made.close()
            raise
        return made
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal():
        raise OSError("write host:port, or the path of a socket")
    return socket.create_connection((host.strip("[]"), int(port)), SECONDS)


def read(clamd: socket.socket) -> str:
    """Up to the NUL that ends an answer."""
    answer = b""
    while not answer.endswith(b"\0") and len(answer) < LONGEST_ANSWER:
        if not (more := clamd.recv(LONGEST_ANSWER)):
            break
        answer += more
    return answer.rstrip(b"\0").decode(errors="replace")


def meant(answer: str) -> str:
    """Of `stream: OK` nothing, of `stream: Eicar-Signature FOUND` the name; of anything else nobody knows."""
    told = answer.removeprefix("stream: ")
    if told == "OK":
        return ""
    if told.endswith(" FOUND"):
        return told.removesuffix(" FOUND")[:200] or "?"
    raise Unavailable(f"clamd answered: {answer or 'nothing'}")
