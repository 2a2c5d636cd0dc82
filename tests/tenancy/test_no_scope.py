"""Who has no scope sees no row and writes none, whatever the statement and whatever the connection did before."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest
from django.db import ProgrammingError, connection, transaction

from dealers import tenancy
from dealers.fences import APPEND_ONLY, owner_column
from tests.tenancy.world import World, contents, fenced_models

pytestmark = pytest.mark.django_db(transaction=True)


def used() -> None:
    """The connection has worked for a dealership and for the platform just before."""
    with tenancy.acting_for([1, 2]), transaction.atomic():
        assert tenancy.told()[1] == "{1,2}"
    with tenancy.platform("a test"), transaction.atomic():
        assert tenancy.told()[0] == tenancy.PLATFORM_ROLE


def rows_as_json(world: World) -> dict[Any, str]:
    found = {}
    with connection.cursor() as cursor:
        for model in fenced_models():
            table, key = model._meta.db_table, model._meta.pk.column
            cursor.execute(
                f"SELECT to_jsonb(t) FROM {table} t WHERE {key} = %s", [world.own.rows[model._meta.label_lower]]
            )
            found[model] = json.dumps({**json.loads(cursor.fetchone()[0]), key: None})
    return found


@pytest.mark.parametrize("before", ["fresh", "used"])
def test_without_a_scope_there_is_no_row_and_nothing_is_written(world: World, before: str) -> None:
    rows, kept = rows_as_json(world), contents(world.own.dealership)
    if before == "fresh":
        connection.close()
    for model, row in rows.items():
        if before == "used":
            used()
        table, label = model._meta.db_table, model._meta.label_lower
        with tenancy.nobody(), connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {table}")
            assert cursor.fetchone() == (0,), label
            assert not model._default_manager.exists(), label
            if label not in APPEND_ONLY:  # of which nobody may even try
                cursor.execute(f"UPDATE {table} SET {owner_column(model)} = {owner_column(model)}")
                assert cursor.rowcount == 0, label
                cursor.execute(f"DELETE FROM {table}")
                assert cursor.rowcount == 0, label
        with pytest.raises(ProgrammingError, match="row-level security") as caught:
            write(table, row, str(model._meta.pk.column))
        assert isinstance(caught.value.__cause__, psycopg.errors.InsufficientPrivilege), label
    assert contents(world.own.dealership) == kept


def write(table: str, row: str, key: str) -> None:
    """Write a row without a scope."""
    fresh = json.loads(row) | {key: "00000000-0000-4000-8000-000000000001" if table.endswith("event") else 900_001}
    with tenancy.nobody(), connection.cursor() as cursor:
        statement = f"INSERT INTO {table} SELECT * FROM jsonb_populate_record(null::{table}, %s)"
        cursor.execute(statement, [json.dumps(fresh)])


def test_a_scope_of_one_dealership_sees_and_changes_no_row_of_another(world: World) -> None:
    ours, kept = world.own.dealership.pk, contents(world.other.dealership)
    for model in fenced_models():
        owner, table = owner_column(model), model._meta.db_table
        with tenancy.acting_for([ours]), connection.cursor() as cursor:
            cursor.execute(f"SELECT DISTINCT {owner} FROM {table}")
            assert cursor.fetchall() == [(ours,)], table
            if model._meta.label_lower in APPEND_ONLY:
                continue
            cursor.execute(f"UPDATE {table} SET {owner} = {owner} WHERE {owner} <> %s", [ours])
            assert cursor.rowcount == 0, table
            cursor.execute(f"DELETE FROM {table} WHERE {owner} <> %s", [ours])
            assert cursor.rowcount == 0, table
    assert contents(world.other.dealership) == kept
