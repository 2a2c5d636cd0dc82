"""Work orders as documents and rejects, without a database."""

from __future__ import annotations

import json
from typing import Any

from ingestion import rows
from ingestion.documents import Document, Reject, shape
from tests.ingestion.roads import DEALER, PKB, WIB, Data, documents_of

ORDER: Data = {"noWorkOrder": "WO/1", "dealerId": DEALER, "namaPemilik": "Amir", "totalBiayaService": 5, "parts": []}
LINE: Data = {"idJob": "A", "kuantitas": 1}
KEY = b'{"noWorkOrder":"WO/1","dealerId":"08138",'


def one(*records: object) -> Document:
    """The one document that the records are."""
    found, rejects = documents_of(PKB, *records)
    assert rejects == []
    assert len(found) == 1
    return found[0]


def refused(*records: object) -> Reject:
    """The one reject that the records are."""
    found, rejects = documents_of(PKB, *records)
    assert found == []
    assert len(rejects) == 1
    return rejects[0]


def column(document: Document, name: str) -> str | None:
    text = dict(zip(shape(PKB, WIB).columns, document.row.split(rows.NEXT_COLUMN), strict=True))[name]
    return None if text == rows.NULL else text


def extra(document: Document) -> Any:
    text = column(document, "extra")
    return None if text is None else json.loads(text)
