"""Where a word stands: in which tables, past every fence, and in which files."""

from __future__ import annotations

import io
from pathlib import Path

import psycopg
import pypdf
from django.conf import settings
from django.db import models

from tests.environment import superuser_conninfo
from tests.tenancy.world import fenced_models


def standing(*words: str) -> dict[str, set[str]]:
    """The tables in which a word stands, in any row and any column, asked past every fence."""
    found: dict[str, set[str]] = {}
    with psycopg.connect(superuser_conninfo()) as everything:
        tables = everything.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        ).fetchall()
        for (table,) in tables:
            for word in words:
                asked = f'SELECT count(*) FROM "{table}" t WHERE t::text ILIKE %s'
                if everything.execute(asked, [f"%{word}%"]).fetchone()[0]:  # type: ignore[index, call-overload]
                    found.setdefault(word, set()).add(table)
    return found


def in_files(word: str) -> list[str]:
    """Columns of bytes and stored files in which a word stands, as text or as the text of a PDF."""
    found = []
    with psycopg.connect(superuser_conninfo()) as everything:
        for model in fenced_models():
            for column in model._meta.concrete_fields:
                if isinstance(column, models.BinaryField):
                    asked = f'SELECT "{column.column}" FROM "{model._meta.db_table}"'
                    contents = [row[0] for row in everything.execute(asked)]  # type: ignore[call-overload]
                    found += [f"{model._meta.label}.{column.name}" for each in contents if word in read(each or b"")]
    folder = Path(settings.STORAGES["photos"]["OPTIONS"]["location"])
    return found + [str(each) for each in folder.rglob("*") if each.is_file() and word in read(each.read_bytes())]


def read(content: bytes) -> str:
    if content.startswith(b"%PDF"):
        return " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)
    return content.decode(errors="ignore")
