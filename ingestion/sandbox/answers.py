"""How the gateway speaks: the envelope of an answer and the shapes of a refusal."""

import json
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from aiohttp import web

from ingestion.sandbox.admission import Query, RefusalError
from ingestion.sandbox.config import ErrorShape, SandboxConfig
from ingestion.sandbox.documents import Document, Record, copied
from ingestion.sandbox.modules import Module
from ingestion.sandbox.quirks import quirky_envelope, quirky_records
from ingestion.sandbox.quirks_of_spelling import live_id
from ingestion.sandbox.world import World


def json_answer(content: object, status: int = 200, **headers: str) -> web.Response:
    return ready_answer(msgspec.json.encode(content), status, **headers)


def ready_answer(body: bytes, status: int = 200, **headers: str) -> web.Response:
    return web.Response(body=body, status=status, content_type="application/json", charset="utf-8", headers=headers)


def records_for(query: Query, world: World, config: SandboxConfig, active: frozenset[str]) -> list[Record]:
    """What the query matches, with the active quirks."""
    return told(matching(query, world, active), query.module, config, active)


def matching(query: Query, world: World, active: frozenset[str]) -> list[tuple[Document, int]]:
    """The documents of the window that pass the filters, each with the version shown now."""
    respell = live_id if "Q17" in active else str
    found = world.documents(query.module.name, query.dealers, query.since, query.until)
    return [(document, version) for document, version in found if _passes(query, document, version, respell)]


def told(
    documents: Iterable[tuple[Document, int]], module: Module, config: SandboxConfig, active: frozenset[str]
) -> list[Record]:
    """The records of documents, with the active quirks; whoever gets them may change them."""
    records = [copied(document.record(version)) for document, version in documents]
    return quirky_records(records, module, config, active)


def _passes(query: Query, document: Document, version: int, respell: Callable[[str], str]) -> bool:
    if not query.filters:
        return True
    record = document.record(version)
    return all(
        any(value in (found, respell(found)) for found in _values(document, record, field))
        for field, value in query.filters.items()
    )


def _values(document: Document, record: Record, field: str) -> list[str]:
    """The field's values in the record, in its lines, and those the record does not show."""
    holders: list[Any] = [document.references, record]
    for value in record.values():
        if isinstance(value, list):
            holders.extend(value)
    return [holder[field] for holder in holders if field in holder]


def success(records: list[Record], active: frozenset[str]) -> web.Response:
    """No match is a success with no data, unless a quirk says otherwise."""
    return ready_answer(in_envelope(records, active))


def in_envelope(records: list[Record] | msgspec.Raw, active: frozenset[str]) -> bytes:
    return msgspec.json.encode(quirky_envelope({"status": 1, "message": None, "data": records}, active))


def refused(refusal: RefusalError, shape: ErrorShape, active: frozenset[str]) -> web.Response:
    return REFUSALS[shape](refusal, active)


def _as_object(refusal: RefusalError, active: frozenset[str]) -> web.Response:
    envelope = {"status": 0, "message": {"message1": refusal.text}, "data": None}
    return json_answer(quirky_envelope(envelope, active))


def _as_text(refusal: RefusalError, active: frozenset[str]) -> web.Response:
    envelope = {"status": 0, "message": json.dumps({"message1": refusal.text}), "data": None}
    return json_answer(quirky_envelope(envelope, active))


def _as_problem(refusal: RefusalError, _: frozenset[str]) -> web.Response:
    content = {"status": refusal.status, "title": refusal.text, "errors": {"request": [refusal.text]}}
    return json_answer(content, refusal.status)


def _as_code(refusal: RefusalError, _: frozenset[str]) -> web.Response:
    return json_answer({"http_status_code": refusal.status, "message": refusal.text}, refusal.status)


def _as_oauth(refusal: RefusalError, _: frozenset[str]) -> web.Response:
    error = "invalid_token" if refusal.status == 401 else "invalid_request"
    return json_answer({"error": error, "error_description": refusal.text}, refusal.status)


REFUSALS: dict[ErrorShape, Callable[[RefusalError, frozenset[str]], web.Response]] = {
    "object": _as_object,
    "text": _as_text,
    "problem": _as_problem,
    "code": _as_code,
    "oauth": _as_oauth,
}
