"""A proxy in front of a TCP port or a unix socket that spoils connections, switched while it runs.

In a test: `with proxied(address) as proxy: proxy.switch(Reset(after=1000))`. As a process of its own, which lines on
standard input tell what to do: `python -m tests.chaos 127.0.0.1:9000 /run/postgres.sock`, then `reset 1000`.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

Address = tuple[str, int] | str
"""Host and port, or the path of a unix socket."""
CHUNK = 65536
TICK = 0.05
"""Seconds between two portions of a slow connection."""


@dataclass(frozen=True)
class Pass:
    """Everything goes through."""


@dataclass(frozen=True)
class Blackhole:
    """Connections are accepted, and nothing of what they send is answered, also on those open already."""


@dataclass(frozen=True)
class Refuse:
    """Nobody listens; connections that are open stay."""


@dataclass(frozen=True)
class Reset:
    """A connection is reset once so many bytes of the target's have gone through it, counted from the switch on."""

    after: int = 0


@dataclass(frozen=True)
class Slow:
    """Both ways take so many bytes per second."""

    rate: int


Mode = Pass | Blackhole | Refuse | Reset | Slow
MODES: dict[str, type[Mode]] = {"pass": Pass, "blackhole": Blackhole, "refuse": Refuse, "reset": Reset, "slow": Slow}


@dataclass(eq=False)
class Link:
    """One connection through the proxy."""

    client: asyncio.StreamWriter
    target: asyncio.StreamWriter
    answered: int = 0
    """Bytes from the target since the last switch."""

    def reset(self) -> None:
        for writer in (self.client, self.target):
            reset(writer)


def reset(writer: asyncio.StreamWriter) -> None:
    """Close at once; the other end of a TCP connection gets RST instead of an end."""
    with suppress(OSError):
        lingering = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, lingering)
    writer.transport.abort()


@dataclass
class Relay:
    """The proxy inside its event loop."""

    target: Address
    listen: Address = ("127.0.0.1", 0)
    mode: Mode = field(default_factory=Pass)
    links: set[Link] = field(default_factory=set)
    accepted: int = 0
    """Connections so far."""
    server: asyncio.Server | None = None

    async def open(self) -> None:
        if isinstance(self.listen, str):
            self.server = await asyncio.start_unix_server(self.serve, self.listen)
        else:
            self.server = await asyncio.start_server(self.serve, *self.listen)
            self.listen = self.server.sockets[0].getsockname()[:2]  # the same port again after a refusal

    async def switch(self, mode: Mode) -> None:
        if isinstance(mode, Refuse) and self.server:
            self.server.close()
            self.server = None
        elif not isinstance(mode, Refuse) and not self.server:
            await self.open()
        for link in self.links:
            link.answered = 0
        self.mode = mode

    async def cut(self) -> None:
        """Reset every connection that there is; new ones are served as before."""
        for link in list(self.links):
            link.reset()

    async def close(self) -> None:
        if self.server:
            self.server.close()
        await self.cut()
        ours = asyncio.all_tasks() - {asyncio.current_task()}
        for task in ours:
            task.cancel()
        await asyncio.gather(*ours, return_exceptions=True)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        try:
            theirs, target = await self.reach()
        except OSError:
            reset(writer)
            return
        link = Link(writer, target)
        self.links.add(link)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self.carry(reader, target, None))
                both.create_task(self.carry(theirs, writer, link))
        except* (OSError, asyncio.CancelledError):
            link.reset()
        finally:
            self.links.discard(link)
            writer.close()
            target.close()

    async def reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self.target, str):
            return await asyncio.open_unix_connection(self.target)
        return await asyncio.open_connection(*self.target)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, link: Link | None) -> None:
        """One way of a connection until its end; the way of the answers has the link."""
        while data := await reader.read(CHUNK):
            await self.pass_on(data, writer, link)
        if writer.can_write_eof():
            writer.write_eof()

    async def pass_on(self, data: bytes, writer: asyncio.StreamWriter, link: Link | None) -> None:
        """All of `data`, as the mode of each moment wants it."""
        while data:
            mode = self.mode
            if isinstance(mode, Blackhole):
                return
            room = len(data)
            if isinstance(mode, Slow):
                room = max(1, round(mode.rate * TICK))
            elif isinstance(mode, Reset) and link:
                room = max(0, mode.after - link.answered)
            writer.write(data[:room])
            await writer.drain()
            if link:
                link.answered += len(data[:room])
                if isinstance(mode, Reset) and link.answered >= mode.after:
                    link.reset()
                    return
            data = data[room:]
            if isinstance(mode, Slow):
                await asyncio.sleep(TICK)


class Proxy:
    """A relay on a thread of its own."""

    def __init__(self, relay: Relay, loop: asyncio.AbstractEventLoop) -> None:
        self.relay, self.loop = relay, loop

    @property
    def address(self) -> Any:
        """Where to connect to."""
        return self.relay.listen

    def switch(self, mode: Mode) -> None:
        self.wait(self.relay.switch(mode))

    def cut(self) -> None:
        self.wait(self.relay.cut())

    def wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)


@contextmanager
def proxied(target: Address, listen: Address = ("127.0.0.1", 0)) -> Iterator[Proxy]:
    """A proxy in front of `target`, on a free loopback port unless told otherwise."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="chaos-proxy", daemon=True)
    thread.start()
    proxy = Proxy(Relay(target, listen), loop)
    try:
        proxy.wait(proxy.relay.open())
        yield proxy
    finally:
        proxy.wait(proxy.relay.close())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@contextmanager
def unanswered_port() -> Iterator[int]:
    """A loopback port where connections are neither accepted nor refused: its queue is full."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
