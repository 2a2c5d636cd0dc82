"""Faults of the way: connections that break or fall silent, and answers that unpack without end."""

import asyncio
import socket
import struct
import zlib
from functools import cache

from aiohttp import web

from ingestion.sandbox.faults_of_answers import Occasion

BOMB_BLOCKS = 1_000
BOMB_BLOCK = 10_000_000
"""Bytes that a block of the bomb unpacks to: 10 GB in all, from some 10 MB."""
BOMB_START = b'{"status": 1, "message": null, "data": [{"zeros": "'


async def hangup(occasion: Occasion) -> web.StreamResponse:
    if occasion.request.transport:
        occasion.request.transport.close()
    return web.Response()


async def reset(occasion: Occasion) -> web.StreamResponse:
    response, _rest = await _half(occasion)
    transport = occasion.request.transport
    if transport:
        lingering = struct.pack("ii", 1, 0)  # closing sends RST, not FIN
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, lingering)
        transport.abort()
    return response


async def stall(occasion: Occasion) -> web.StreamResponse:
    await asyncio.sleep(occasion.config.stall_seconds)
    return await occasion.answer()


async def drip(occasion: Occasion) -> web.StreamResponse:
    response, rest = await _half(occasion)
    await asyncio.sleep(occasion.config.stall_seconds)
    await response.write(rest)
    return response


async def _half(occasion: Occasion) -> tuple[web.StreamResponse, bytes]:
    """An answer that promises the whole body, the first half of it sent; and the rest."""
    whole = await occasion.body()
    response = web.StreamResponse()
    response.content_type = "application/json"
    response.content_length = len(whole)
    await response.prepare(occasion.request)
    middle = len(whole) // 2
    await response.write(whole[:middle])
    return response, whole[middle:]


async def gzip_bomb(occasion: Occasion) -> web.StreamResponse:
    """Sent block by block: it costs the sandbox neither memory nor time to speak of."""
    response = web.StreamResponse(headers={"Content-Encoding": "gzip"})
    response.content_type = "application/json"
    await response.prepare(occasion.request)
    start, block = _bomb()
    await response.write(start)
    for _ in range(BOMB_BLOCKS):
        await response.write(block)
    return response


@cache
def _bomb() -> tuple[bytes, bytes]:
    """The beginning of a gzip stream, and a block of zeros that may follow it any number of times."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    start = packer.compress(BOMB_START) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b"0" * BOMB_BLOCK) + packer.flush(zlib.Z_FULL_FLUSH)
    return start, block
