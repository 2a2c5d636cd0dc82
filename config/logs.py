"""What a line of the log looks like: an object of JSON, or words for a terminal; without secrets and personal data.

Whatever is logged passes `scrubbed` as the text it has become, arguments and tracebacks included.
"""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

from django.utils.functional import LazyObject, empty

from config.backoffice import trace
from dealers import tenancy

HIDDEN = "•••"
LONGEST = 32_000
"""Characters of a message or a traceback; what is longer is cut."""

_QUOTED = r"""b?"(?:[^"\\]|\\.)*+"|b?'(?:[^'\\]|\\.)*+'"""
_LISTED = rf"""[\[(](?:\s*(?:{_QUOTED})\s*,?)++\s*[\])]"""
_NAMED = r"""(?:password|passwd|pwd|secret|token|api[_-]?key|private[_-]?key|otp|csrf|session_?id)[\w-]{0,40}+"""
_HEADER = r"""(?:authorization|cookie)[\w-]{0,40}+"""
_IS = r"""["']?\s{0,5}[=:]\s{0,5}"""

# Each begins with something definite or looks behind itself, so that none takes more than one pass over a long text.
PATTERNS = [
    # Lines in which PostgreSQL quotes the row that it refuses.
    (re.compile(r"(DETAIL:)[^\n]*(?:\n(?!\s*\n|Traceback|[A-Z]+: )[^\n]*)*+"), rf"\1 {HIDDEN}"),
    (re.compile(rf"(?is)({_NAMED}{_IS}|{_HEADER}{_IS})(?:{_LISTED}|{_QUOTED})"), rf"\1{HIDDEN}"),
    (re.compile(rf"(?i)({_HEADER}{_IS})[^\n]+"), rf"\1{HIDDEN}"),
    (re.compile(rf"(?i)({_NAMED}{_IS})[^\s,;&{{}}()\[\]\"']+"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)\b(bearer|basic)\s{1,5}[\w.~+/=-]+"), rf"\1 {HIDDEN}"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*|\bfct_[\w-]+"), HIDDEN),
    (re.compile(r"(://)[^/\s@:]*:[^/\s@]*@"), rf"\1{HIDDEN}@"),  # user and password in an address
    (re.compile(r"(/invitations/|/reset/key/)[^/\s\"']+"), rf"\1{HIDDEN}"),
    (re.compile(r"(?<![\w.%+-])[\w.%+-]++(?<!%40)@[\w-]+(?:\.[\w-]+)+"), HIDDEN),
    (re.compile(r"(?i)(?<![\w.+-])[\w.+-]++%40[\w-]+(?:\.[\w-]+)+"), HIDDEN),  # an e-mail address in an address
    (re.compile(r"(?<!\d)(?:\d{16}|\d{6}[ .-]\d{6}[ .-]\d{4}|\d{4}(?:[ .-]\d{4}){3})(?!\d)"), HIDDEN),  # NIK
    (re.compile(r"\+62(?:[\s.()-]{0,2}\d){7,13}"), HIDDEN),
    (re.compile(r"(?<![\w.-])(?:62|0)8\d(?:[\s.-]?\d){6,10}(?!\d)"), HIDDEN),
]


def scrubbed(text: str) -> str:
    """Without passwords, tokens, keys and cookies, e-mail addresses, telephone numbers and identity numbers."""
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}…"
    for pattern, instead in PATTERNS:
        text = pattern.sub(instead, text)
    return text


class Plain(logging.Formatter):
    """Words for whoever watches a terminal."""

    def __init__(self) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        try:
            return scrubbed(super().format(record))
        except (TypeError, ValueError):
            return scrubbed(f"{record.levelname} {record.name}: {said(record)}")


class Lines(logging.Formatter):
    """An object a line: when and what, in which request, by whom, for which dealership."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": scrubbed(said(record)),
        }
        line |= {name: value for name, value in place_of(record).items() if value}
        line |= {name: value for name, value in getattr(record, "event", {}).items() if value}
        if record.exc_info:
            line["exception"] = scrubbed(self.formatException(record.exc_info))
        return json.dumps(line)


def said(record: logging.LogRecord) -> str:
    """The message; where arguments do not fit, without them: logging itself would print them as they are."""
    try:
        return record.getMessage()
    except (TypeError, ValueError):
        return f"{record.msg} (its arguments do not fit)"


def place_of(record: logging.LogRecord) -> dict[str, Any]:
    """What the work is part of; Django's own lines about a request come when its work is over, with the request."""
    work, request = trace.now.get(), getattr(record, "request", None)
    dealerships = tenancy.scope.get().dealerships
    own = dealerships[0] if len(dealerships) == 1 else None
    return {
        "request_id": work.request_id or getattr(request, "id", ""),
        "user_id": work.user_id or getattr(known(getattr(request, "user", None)), "pk", None),
        "dealership_id": own or getattr(request, "dealership_id", None),
    }


def known(user: Any) -> Any:
    """Whoever is signed in, if somebody has asked for them: a line of the log asks no database, which may be away."""
    return None if isinstance(user, LazyObject) and vars(user).get("_wrapped", empty) is empty else user
