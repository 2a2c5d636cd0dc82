"""Faults of a whole answer: what it says, or how it is told, instead of what was asked."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime

from aiohttp import web

from ingestion.sandbox.answers import json_answer
from ingestion.sandbox.config import SandboxConfig
from ingestion.sandbox.quirks_of_documents import hits

PAGE = """<!DOCTYPE html>
<html><head><title>{title}</title></head><body><h1>Sistem sedang dalam perbaikan</h1></body></html>
"""
LEVELS = 100_000
PADDING = 21 * 2**20
"""Bytes: more than any reader of such answers should take."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """A call that a fault befalls."""

    request: web.Request
    config: SandboxConfig
    module: str
    turn: int
    """Which call of its dealer and module it is under this fault, from 1."""
    answer: Callable[[], Awaitable[web.Response]]
    """Gives the answer that would have been."""

    async def body(self) -> bytes:
        content = (await self.answer()).body
        return content if isinstance(content, bytes) else b""


async def html(_: Occasion) -> web.Response:
    return web.Response(text=PAGE.format(title="Maintenance"), content_type="text/html")


async def bad_gateway(_: Occasion) -> web.Response:
    return web.Response(status=502, text=PAGE.format(title="502 Bad Gateway"), content_type="text/html")


async def truncated(occasion: Occasion) -> web.Response:
    whole = await occasion.body()
    return web.Response(body=whole[: len(whole) // 2], content_type="application/json")


async def empty(_: Occasion) -> web.Response:
    return web.Response(body=b"", content_type="application/json")


async def nothing(_: Occasion) -> web.Response:
    return json_answer({"status": 1, "message": None, "data": []})


async def server_error(_: Occasion) -> web.Response:
    return web.Response(status=500, text="Internal Server Error")


async def every_second_call(occasion: Occasion) -> web.Response:
    return await (server_error(occasion) if occasion.turn % 2 else occasion.answer())


async def busy(occasion: Occasion) -> web.Response:
    return _too_many_requests(str(occasion.config.retry_after))


async def busy_until(occasion: Occasion) -> web.Response:
    until = occasion.config.now() + timedelta(seconds=occasion.config.retry_after)
    return _too_many_requests(format_datetime(until, usegmt=True))


def _too_many_requests(retry_after: str) -> web.Response:
    headers = {"Retry-After": retry_after}
    return json_answer({"http_status_code": 429, "message": "Too Many Requests"}, 429, **headers)


async def unauthorized(_: Occasion) -> web.Response:
    return json_answer({"error": "invalid_token", "error_description": "credential is not valid"}, 401)


async def expired_token(_: Occasion) -> web.Response:
    return json_answer({"status": 0, "message": {"message1": "Invalid token: token is expired"}, "data": None})


async def redirect(_: Occasion) -> web.Response:
    return web.Response(status=302, headers={"Location": "http://169.254.169.254/"})


async def wrong_type(occasion: Occasion) -> web.Response:
    """One module's answers always have the same type."""
    kind = "text/plain" if hits(occasion.module, 2) else "application/octet-stream"
    return web.Response(body=await occasion.body(), content_type=kind)


async def deep(_: Occasion) -> web.Response:
    levels = b"[" * LEVELS + b"]" * LEVELS
    return web.Response(
        body=b'{"status": 1, "message": null, "data": [{"levels": %s}]}' % levels, content_type="application/json"
    )


async def too_large(occasion: Occasion) -> web.Response:
    whole = await occasion.body()
    return web.Response(body=b" " * PADDING + whole, content_type="application/json")
