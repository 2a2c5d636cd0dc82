"""The sandbox as a web server: the gateway's endpoints, and loopback-only switches under /sandbox."""

import asyncio
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from email.utils import format_datetime
from ipaddress import ip_address
from typing import Any

from aiohttp import web

from ingestion.sandbox.answers import json_answer
from ingestion.sandbox.config import BASE_PATH, DEFAULT_PORT, SandboxConfig
from ingestion.sandbox.faults import FAULTS
from ingestion.sandbox.gateway import JUDGED_BY, Gateway, Say, say_nothing
from ingestion.sandbox.quirks import INHERENT, QUIRKS

GATEWAY = web.AppKey("gateway", Gateway)
STOP_SECONDS = 0.5
FEW = 10

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def print_line(_event: dict[str, object], line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def make_app(config: SandboxConfig | None = None, say: Say = say_nothing) -> web.Application:
    """The application of one gateway; `say` gets every call."""
    gateway = Gateway(config or SandboxConfig(), say)
    app = web.Application(middlewares=[switches_only_from_here])
    app[GATEWAY] = gateway
    app.router.add_route("*", f"{BASE_PATH}/{{module}}/{{operation}}", gateway.read)
    app.router.add_get("/livez", _livez)
    app.router.add_get("/sandbox/stats", _stats)
    app.router.add_get("/sandbox/quirks", _show_quirks)
    app.router.add_post("/sandbox/quirks", _switch_quirks)
    app.router.add_get("/sandbox/faults", _show_faults)
    app.router.add_post("/sandbox/faults", _switch_fault)
    app.on_response_prepare.append(_date_by_own_clock)
    return app


def run(
    config: SandboxConfig | None = None, port: int = DEFAULT_PORT, host: str = "127.0.0.1", say: Say = print_line
) -> None:
    """Serves until SIGTERM or SIGINT. Raises OSError when the port is taken."""
    config = config or SandboxConfig()
    app = make_app(config, say)

    def announce(_text: str) -> None:  # aiohttp calls this once the port is open
        dealers = ", ".join(config.dealers) if len(config.dealers) <= FEW else f"{len(config.dealers)} dealers"
        address = f"http://{host}:{port}{BASE_PATH}"
        say(
            {"main_dealer": config.main_dealer, "dealers": config.dealers, "base_url": address},
            f"DGI sandbox of {config.main_dealer} ({dealers}) on {address}",
        )

    web.run_app(
        app,
        host=host,
        port=port,
        print=announce,
        access_log=None,
        shutdown_timeout=STOP_SECONDS,
        handler_cancellation=True,
    )


@contextmanager
def running(config: SandboxConfig | None = None, say: Say = say_nothing) -> Iterator[tuple[str, Gateway]]:
    """A sandbox on a free loopback port in a thread of its own: yields its base URL and its gateway."""
    app = make_app(config, say)
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_SECONDS, handler_cancellation=True)
    thread = threading.Thread(target=loop.run_forever, name="dgi-sandbox", daemon=True)
    thread.start()
    try:
        port = asyncio.run_coroutine_threadsafe(_started(runner), loop).result(10)
        yield f"http://127.0.0.1:{port}{BASE_PATH}", app[GATEWAY]
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _started(runner: web.AppRunner) -> int:
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return int(runner.addresses[0][1])


@web.middleware
async def switches_only_from_here(request: web.Request, handler: Handler) -> web.StreamResponse:
    if request.path.startswith("/sandbox") and not _is_loopback(request.remote):
        raise web.HTTPForbidden(text="only from this machine")
    return await handler(request)


def _is_loopback(address: str | None) -> bool:
    try:
        return ip_address(address or "").is_loopback
    except ValueError:
        return False


async def _date_by_own_clock(request: web.Request, response: web.StreamResponse) -> None:
    """Clients measure the clock skew by this header, so it must be the clock that checks their tokens."""
    config = request.get(JUDGED_BY, request.app[GATEWAY].config)
    response.headers["Date"] = format_datetime(config.now(), usegmt=True)


async def _livez(_request: web.Request) -> web.Response:
    return web.Response(text="ok\n")


async def _stats(request: web.Request) -> web.Response:
    return json_answer(request.app[GATEWAY].stats.as_dict())


async def _show_quirks(request: web.Request) -> web.Response:
    active = request.app[GATEWAY].quirks | INHERENT
    return json_answer(
        [
            {"name": quirk.name, "about": quirk.about, "on": quirk.name in active, "inherent": quirk.inherent}
            for quirk in QUIRKS.values()
        ]
    )


async def _switch_quirks(request: web.Request) -> web.Response:
    wish = await _wish(request)
    try:
        request.app[GATEWAY].switch_quirks(on=wish.get("on") or (), off=wish.get("off") or ())
    except (TypeError, ValueError) as error:
        raise web.HTTPBadRequest(text=str(error)) from None
    return await _show_quirks(request)


async def _show_faults(request: web.Request) -> web.Response:
    known = {fault.name: fault.about for fault in FAULTS.values()}
    on = [{"dealer": dealer, "fault": name} for dealer, name in request.app[GATEWAY].faults.by_dealer.items()]
    return json_answer({"on": on, "known": known})


async def _switch_fault(request: web.Request) -> web.Response:
    wish = await _wish(request)
    try:
        request.app[GATEWAY].faults.switch(wish.get("dealer"), wish.get("fault"))
    except (TypeError, ValueError) as error:
        raise web.HTTPBadRequest(text=str(error)) from None
    return await _show_faults(request)


async def _wish(request: web.Request) -> dict[str, Any]:
    try:
        wish = await request.json()
    except ValueError:
        raise web.HTTPBadRequest(text="the body must be JSON") from None
    if not isinstance(wish, dict):
        raise web.HTTPBadRequest(text="the body must be a JSON object")
    return wish
