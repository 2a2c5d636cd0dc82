"""One readable stream of what all parts say."""

import os
import selectors
import sys
from typing import IO, BinaryIO

WIDTH = 9
COLOURS = {"forecourt": 1, "web": 36, "worker": 32, "beat": 33, "sandbox": 35}
LONGEST_LINE = 65536


class Output:
    """Reads the pipes of parts and writes whole lines, each behind the name of its part."""

    def __init__(self, stream: BinaryIO | None = None) -> None:
        self.stream = stream or sys.stdout.buffer
        self.coloured = self.stream.isatty() and "NO_COLOR" not in os.environ
        self._pipes = selectors.DefaultSelector()
        self._unfinished: dict[IO[bytes], bytes] = {}

    def say(self, text: str, name: str = "forecourt") -> None:
        """Write lines of the launcher itself."""
        for line in text.splitlines():
            self._write(name, line.encode())

    def follow(self, name: str, pipe: IO[bytes]) -> None:
        """Relay what comes through `pipe` from now on."""
        os.set_blocking(pipe.fileno(), False)
        self._pipes.register(pipe, selectors.EVENT_READ, name)
        self._unfinished[pipe] = b""

    def pump(self, patience: float) -> None:
        """Relay what is there, waiting at most `patience` seconds for something."""
        for key, _ in self._pipes.select(patience):
            pipe: IO[bytes] = key.fileobj  # type: ignore[assignment]
            self._relay(key.data, pipe, os.read(pipe.fileno(), LONGEST_LINE))

    def drain(self) -> None:
        """Relay the rest of what has been said already."""
        while self._pipes.get_map() and (ready := self._pipes.select(0)):
            for key, _ in ready:
                pipe: IO[bytes] = key.fileobj  # type: ignore[assignment]
                self._relay(key.data, pipe, os.read(pipe.fileno(), LONGEST_LINE))

    def _relay(self, name: str, pipe: IO[bytes], content: bytes) -> None:
        *lines, rest = (self._unfinished[pipe] + content).split(b"\n")
        if rest and (not content or len(rest) > LONGEST_LINE):
            lines, rest = [*lines, rest], b""
        self._unfinished[pipe] = rest
        for line in filter(bytes.strip, lines):
            self._write(name, line)
        if not content:
            self._pipes.unregister(pipe)
            del self._unfinished[pipe]
            pipe.close()

    def _write(self, name: str, line: bytes) -> None:
        prefix = f"{name:<{WIDTH}} |"
        if self.coloured:
            prefix = f"\x1b[{COLOURS.get(name, 34)}m{prefix}\x1b[0m"
        try:
            self.stream.write(prefix.encode() + b" " + line.rstrip(b"\r") + b"\n")
            self.stream.flush()
        except BrokenPipeError:  # nobody listens any more: that is no reason to stop the work
            self.stream = open(os.devnull, "wb")  # noqa: SIM115
