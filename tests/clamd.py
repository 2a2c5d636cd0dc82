"""A clamd of our own for tests: it speaks the protocol and knows one virus, the test file that every scanner knows."""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseRequestHandler, ThreadingTCPServer

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
MOST = 20 * 1024 * 1024


class Scanner(BaseRequestHandler):
    """One scan of a stream: chunks behind their lengths, the last of length 0."""

    def exactly(self, size: int) -> bytes:
        found = b""
        while len(found) < size and (more := self.request.recv(size - len(found))):
            found += more
        return found

    def handle(self) -> None:
        assert self.exactly(len(b"zINSTREAM\0")) == b"zINSTREAM\0"
        content = b""
        while size := struct.unpack("!L", self.exactly(4))[0]:
            content += self.exactly(size)
            if len(content) > MOST:
                self.request.sendall(b"INSTREAM size limit exceeded. ERROR\0")
                return
        found = EICAR in content
        self.request.sendall(b"stream: Eicar-Test-Signature FOUND\0" if found else b"stream: OK\0")


@contextmanager
def running() -> Iterator[str]:
    """Its address."""
    with ThreadingTCPServer(("127.0.0.1", 0), Scanner) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
