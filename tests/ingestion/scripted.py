"""A gateway that answers by script, to the byte: what no well-behaved server would send."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Reply:
    """Bytes for the wire after `wait` seconds, and what happens to the connection `linger` seconds afterwards."""

    wire: bytes
    wait: float = 0
    reset: bool = False
    linger: float = 0


def http(status: int, body: bytes | object = b"", **headers: str) -> bytes:
    """A whole HTTP answer; a body that is no bytes goes as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"Content-Length": str(len(content)), "Connection": "close"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    return f"HTTP/1.1 {status} Words\r\n{head}\r\n".encode() + content


RECORDS = http(200, {"status": 1, "data": [{"a": 1}]})


@dataclass(frozen=True)
class Request:
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Script:
    """What is answered, in turn, the last reply again and again; what was asked; how many waited at the same time."""

    replies: list[Reply]
    base_url: str = ""
    requests: list[Request] = field(default_factory=list)
    waiting: int = 0
    most_waiting: int = 0
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            self.requests.append(await read_request(reader))
            reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
            self.waiting += 1
            self.most_waiting = max(self.waiting, self.most_waiting)
            await asyncio.sleep(reply.wait)
            self.waiting -= 1
            writer.write(reply.wire)
            await writer.drain()
            await asyncio.sleep(reply.linger)
            if reply.reset:
                await asyncio.sleep(0.05)  # the bytes are to arrive before the end
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the caller had enough
        finally:
            writer.close()


async def read_request(reader: asyncio.StreamReader) -> Request:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(first.split()[1], headers, json.loads(body) if body else None)


@contextmanager
def scripted(*replies: Reply | bytes, tls: Any = None) -> Iterator[Script]:
    """A server on a free loopback port, in a thread of its own."""
    script = Script([reply if isinstance(reply, Reply) else Reply(reply) for reply in replies])
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def wait_for(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(10)

    server = wait_for(asyncio.start_server(script.serve, "127.0.0.1", 0, ssl=tls))
    port = server.sockets[0].getsockname()[1]
    script.base_url = f"{'https' if tls else 'http'}://127.0.0.1:{port}/dgi-api/v1.3"
    try:
        yield script
    finally:
        wait_for(stop(server))
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def stop(server: asyncio.Server) -> None:
    server.close()
    unanswered = asyncio.all_tasks() - {asyncio.current_task()}
    for task in unanswered:
        task.cancel()
    await asyncio.gather(*unanswered, return_exceptions=True)
