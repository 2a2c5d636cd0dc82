"""Reads the body of an answer: within measure, and only one large one at a time, so that the memory suffices."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Self

import aiohttp
import msgspec

from ingestion.answer import TooLarge

LARGEST_ANSWER = 20 * 2**20
"""Bytes, unpacked."""
LARGE_ANSWER = 2**20
"""Bytes from which on an answer has to wait its turn; of a refusal no more than that is read."""


class Turn:
    """Leave to hold a large answer, which one call of a Fetcher has at a time, until it is released.

    While a call waits for it, the gateway's bytes wait in the network and its deadline stands still: the delay is
    ours. aiohttp's time to read stands still by itself as long as its buffer is full.
    """

    def __init__(self, large: asyncio.Lock) -> None:
        self.large, self.taken = large, False
        self.loop = asyncio.get_running_loop()

    async def take(self, timer: asyncio.Timeout) -> None:
        if self.taken:
            return
        end, began = timer.when(), self.loop.time()
        timer.reschedule(None)
        await self.large.acquire()
        self.taken = True
        if end is not None:
            timer.reschedule(end + self.loop.time() - began)

    def release(self) -> None:
        """From any thread, any number of times."""
        if self.taken:
            self.taken = False
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self.loop.call_soon_threadsafe(self.large.release)


@dataclass
class Answer:
    """The raw records of a call. Release it when they are stored: another large answer may wait for that."""

    records: list[msgspec.Raw]
    size: int = 0
    """Bytes, unpacked."""
    turn: Turn | None = field(default=None, repr=False)
    calls: int = 1
    """Requests made, retries included."""

    def release(self) -> None:
        """Let go of the records, and let the next large answer in; from any thread, any number of times."""
        self.records = []
        if self.turn:
            self.turn.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def __del__(self) -> None:
        if self.turn:
            self.turn.release()


async def limited(response: aiohttp.ClientResponse, turn: Turn, timer: asyncio.Timeout) -> bytearray:
    """The unpacked body. Raises TooLarge as soon as it is; aiohttp unpacks no more than we have room for."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) <= LARGE_ANSWER:
            continue
        if not 200 <= response.status < 300:
            break  # its words stand at the beginning
        if len(body) > LARGEST_ANSWER:
            raise TooLarge(f"the answer is larger than {LARGEST_ANSWER // 2**20} MB; ask for shorter windows")
        del chunk
        await turn.take(timer)
    return body
