"""Calls of a sandbox as a client makes them, byte by byte, at a moment that stands still."""

import json
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from ingestion.sandbox.admission import token
from ingestion.sandbox.config import SandboxConfig
from ingestion.sandbox.gateway import Gateway

NOW = datetime(2025, 11, 20, 7, 30, tzinfo=UTC)
LOCAL_NOW = datetime(2025, 11, 20, 14, 30)  # in Jakarta
CONFIG = SandboxConfig(now=lambda: NOW, stall_seconds=0.3)

Sandbox = tuple[str, Gateway]


def body(**fields: Any) -> dict[str, Any]:
    return {"fromTime": text(LOCAL_NOW - timedelta(days=1)), "dealerId": "08138"} | fields


def text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def headers(
    changed: dict[str, str] | None = None, config: SandboxConfig = CONFIG, sent_at: int = int(NOW.timestamp())
) -> dict[str, str]:
    usual = {"Content-Type": "application/json", "X-Request-Time": str(sent_at), "DGI-API-Key": config.api_key}
    return usual | {"DGI-API-Token": token(config, str(sent_at))} | (changed or {})


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """Takes a redirect for an answer."""

    def redirect_request(self, *_: Any) -> None:
        return None


opener = urllib.request.build_opener(NoRedirects)


def send(url: str, content: bytes | None, sent: dict[str, str] | None = None) -> tuple[int, Any, bytes]:
    """Status, headers and body of the answer."""
    request = urllib.request.Request(url, content, sent or {})
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def call(sandbox: Sandbox, module: str, content: dict[str, Any], **changed: str) -> dict[str, Any]:
    status, _, answer = send(f"{sandbox[0]}/{module}/read", json.dumps(content).encode(), headers(changed))
    assert status == HTTPStatus.OK
    return dict(json.loads(answer))


def switch(sandbox: Sandbox, what: str, content: object) -> tuple[int, bytes]:
    url = sandbox[0].replace("/dgi-api/v1.3", f"/sandbox/{what}")
    status, _, answer = send(url, json.dumps(content).encode(), {"Content-Type": "application/json"})
    return status, answer
