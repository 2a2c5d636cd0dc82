"""Who may ask what: the checks that a gateway makes before it answers."""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from ingestion.sandbox.config import SandboxConfig
from ingestion.sandbox.modules import MODULES, Module

TIME_FORMAT = "%Y-%m-%d %H:%M:%S"


class RefusalError(Exception):
    """The gateway will not answer. `status` is the HTTP status that fits; whether it is used depends on the shape."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


@dataclass(frozen=True, slots=True)
class Query:
    """A request that passed: a module's documents of some dealers in a window, perhaps filtered."""

    module: Module
    dealers: tuple[str, ...]
    since: datetime
    until: datetime
    filters: dict[str, str]
    """Values by the name of the field that they are compared with."""


def admit(config: SandboxConfig, method: str, path: tuple[str, str], headers: Mapping[str, str], body: bytes) -> Query:
    """The query that the request asks, or a RefusalError. `path` is (module, operation)."""
    name, operation = path
    module = MODULES.get(name)
    if module is None or operation != "read":
        raise RefusalError(404, f"Unknown endpoint /{name}/{operation}")
    if method != "POST":
        raise RefusalError(405, "Method must be POST")
    check_headers(config, headers)
    return read_query(config, module, read_body(body))


def check_headers(config: SandboxConfig, headers: Mapping[str, str]) -> None:
    if headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
        raise RefusalError(415, "Content-Type must be application/json")
    sent_at = headers.get("X-Request-Time", "")
    if not (sent_at.isascii() and sent_at.isdigit()):
        raise RefusalError(400, "X-Request-Time must be Unix time in seconds")
    skew = abs(config.now().timestamp() - int(sent_at))
    if skew > config.clock_tolerance.total_seconds():
        raise RefusalError(401, f"X-Request-Time differs by {skew:.0f} seconds")
    if not _same(headers.get("DGI-API-Key", ""), config.api_key):
        raise RefusalError(401, "DGI-API-Key is not valid")
    if not _same(headers.get("DGI-API-Token", ""), token(config, sent_at)):
        raise RefusalError(401, "DGI-API-Token is not valid")


def token(config: SandboxConfig, sent_at: str) -> str:
    text = config.joiner.join((config.api_key, config.secret_key, sent_at))
    return sha256(text.encode()).hexdigest()


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode())


def read_body(body: bytes) -> dict[str, Any]:
    """The body's keys and values; blanks around keys do not matter (Q3)."""
    try:
        content = json.loads(body)
    except ValueError:
        raise RefusalError(400, "Body must be JSON") from None
    if not isinstance(content, dict):
        raise RefusalError(400, "Body must be a JSON object")
    return {key.strip(): value for key, value in content.items()}


def read_query(config: SandboxConfig, module: Module, body: Mapping[str, Any]) -> Query:
    since, until = read_window(config, body)
    filters = {field: _text(body, name) for name, field in module.filters.items() if _text(body, name)}
    return Query(module, read_dealers(config, body), since, until, filters)


def read_window(config: SandboxConfig, body: Mapping[str, Any]) -> tuple[datetime, datetime]:
    now = config.local_now()
    if not _text(body, "fromTime"):
        raise RefusalError(400, "fromTime is mandatory")
    since = _moment(body, "fromTime")
    open_end = not _text(body, "toTime")
    until = now if open_end else _moment(body, "toTime")
    if until < since:
        raise RefusalError(400, "toTime is before fromTime")
    # An open end is later than the client's "now" by the way the request took.
    if until - since > config.max_window + (config.clock_tolerance if open_end else timedelta(0)):
        raise RefusalError(400, f"Range of fromTime and toTime is over {config.max_window.days} days")
    if since < now - config.max_age - config.age_grace:
        raise RefusalError(400, f"fromTime is over {config.max_age.days} days ago")
    return since, until


def read_dealers(config: SandboxConfig, body: Mapping[str, Any]) -> tuple[str, ...]:
    """The dealer asked for; without one, every dealer of the credential."""
    dealer = _text(body, "dealerId")
    if not dealer:
        return config.dealers
    if dealer not in config.dealers:
        raise RefusalError(403, f"dealerId {dealer} does not belong to this credential")
    return (dealer,)


def _moment(body: Mapping[str, Any], name: str) -> datetime:
    try:
        return datetime.strptime(_text(body, name), TIME_FORMAT)  # noqa: DTZ007 - the main dealer's wall clock
    except ValueError:
        raise RefusalError(400, f"{name} must be YYYY-MM-DD HH:MM:SS") from None


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise RefusalError(400, f"{name} must be text")
    return value.strip()
