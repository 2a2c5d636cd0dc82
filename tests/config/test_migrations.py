"""Migrations lead back as well as forward, and leave the schema that the models declare."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = """
    SELECT table_name::text, column_name::text, data_type::text, is_nullable::text
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT conrelid::regclass::text, conname::text, pg_get_constraintdef(oid), ''
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT tablename::text, indexname::text, indexdef, '' FROM pg_indexes WHERE schemaname = 'public'
    ORDER BY 1, 2, 3
"""


def migrate(*words: str) -> None:
    """As an operator does, under the owner role."""
    owner = os.environ["DATABASE_OWNER_URL"]
    outcome = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0", *words],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": owner},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr


def schema() -> list[tuple[str, ...]]:
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as owner:
        return owner.execute(SCHEMA).fetchall()


@pytest.mark.django_db(transaction=True)
def test_every_migration_of_ours_leads_back_and_forward_to_the_same_schema() -> None:
    connection.close()
    before = schema()
    migrate("dealers", "zero")
    tables = {row[0] for row in schema()}
    assert not any(table.startswith(("ingestion_", "dealers_")) for table in tables)
    migrate()
    assert schema() == before


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)
