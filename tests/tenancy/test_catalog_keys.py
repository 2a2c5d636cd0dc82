"""Keys cannot lead from one dealership's row to another's, and no unique column tells what a neighbour has."""

from __future__ import annotations

import json
from itertools import count
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db.models import ForeignKey

from dealers.fences import APPEND_ONLY, OWNER, OwnKey, constraint, own_keys, owner_column
from tests.tenancy.catalog import as_owner, as_web, asked
from tests.tenancy.world import World, fenced_models, personal_models

pytestmark = pytest.mark.django_db(transaction=True)

KEYS = [(model, key) for model in fenced_models() for key in own_keys(model)]
OF_A_NEIGHBOURS_RUN = "the answer to a neighbour's run may bring the record, and the run stays the neighbour's"
NO_OWN_KEY = {
    "quarantinedrecord.run": OF_A_NEIGHBOURS_RUN,
    "historical….run": OF_A_NEIGHBOURS_RUN,
    "transfer.origin": "it came from another dealership of the group",
    "transfer.destination": "and may have gone on to a third one",
}
UNIQUE_EVERYWHERE = {
    ("sales_offerlink", "token_hash"): "looked up by a secret before anybody's dealership is known",
    ("dealers_dealership", "code"): "the manufacturer gives each dealership its own",
    ("dealers_invitation", "token_hash"): "the hash of a random secret, looked up before anybody's dealership is known",
    ("dealers_servicetoken", "token_hash"): "likewise",
}
BESIDE = {"ingestion.alert": {"state": "stuck"}}
BEYOND = count(1_000_000_000)
"""No row has numbers as high."""
AT_THE_END = {"position": 999}
"""Where no uniqueness stands in the way of a row: of lines, as no other has a position."""
INDEXES = """
    SELECT t.relname AS table, i.relname AS name, x.indisprimary AS is_primary,
           a.attname AS first, format_type(a.atttypid, a.atttypmod) AS type
    FROM pg_index x
    JOIN pg_class t ON t.oid = x.indrelid AND t.relnamespace = 'public'::regnamespace AND t.relrowsecurity
    JOIN pg_class i ON i.oid = x.indexrelid
    LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.indkey[0]
    WHERE x.indisunique
"""


def spelled(model: Any, key: Any) -> str:
    name = str(model._meta.model_name)
    return f"{'historical…' if name.startswith('historical') else name}.{key.name}"


def test_a_key_between_two_fenced_models_is_an_own_key_or_has_a_reason() -> None:
    others = set()
    for model in fenced_models():
        for key in model._meta.concrete_fields:
            if not isinstance(key, ForeignKey) or isinstance(key, OwnKey) or not owner_column(key.related_model):
                continue
            if key.related_model._meta.label_lower == OWNER and key.column == owner_column(model):
                continue
            assert not key.db_constraint, f"{model._meta.label}.{key.name}: a constraint would tell of another's row"
            others.add(spelled(model, key))
    assert others == set(NO_OWN_KEY)


def test_every_own_key_is_kept_by_a_composite_foreign_key() -> None:
    rows = asked(
        "SELECT conname AS name, conrelid::regclass::text AS table, confrelid::regclass::text AS target, convalidated,"
        " (SELECT array_agg(attname::text ORDER BY ord) FROM unnest(conkey) WITH ORDINALITY k(num, ord)"
        "  JOIN pg_attribute ON attrelid = conrelid AND attnum = num) AS columns FROM pg_constraint WHERE contype = 'f'"
    )
    found = {(each.table, each.name): each for each in rows}
    assert KEYS
    for model, key in KEYS:
        kept = found[model._meta.db_table, constraint(model, key)]
        assert kept.columns == [owner_column(model), key.column]
        assert (kept.target, kept.convalidated) == (key.related_model._meta.db_table, True)


def test_a_unique_column_of_a_fenced_table_is_unique_within_a_dealership() -> None:
    own = {model._meta.db_table: {key.column for key in own_keys(model)} for model in fenced_models()}
    own |= {model._meta.db_table: {"user_id", "export_id"} for model in personal_models()}
    wider = {
        (each.table, each.first)
        for each in asked(INDEXES)
        if not each.is_primary and each.type != "uuid" and each.first not in {"dealership_id", *own[each.table]}
    }
    assert wider == set(UNIQUE_EVERYWHERE)


def replaced(connection: psycopg.Connection, model: Any, pk: Any, **columns: Any) -> None:
    """Put a row in the place of an own one, raw, and have its foreign keys looked at at once."""
    table = model._meta.db_table
    [row] = connection.execute(f"SELECT to_jsonb(t) FROM {table} t WHERE {model._meta.pk.column} = %s", [pk]).fetchone()
    connection.execute("SET CONSTRAINTS ALL DEFERRED")
    if model._meta.label_lower in APPEND_ONLY:
        row["id"] = next(BEYOND) if isinstance(row["id"], int) else str(uuid4())  # beside it: nobody deletes one
    else:
        connection.execute(f"DELETE FROM {table} WHERE {model._meta.pk.column} = %s", [pk])
    row = json.dumps({**row, **columns})
    connection.execute(f"INSERT INTO {table} SELECT * FROM jsonb_populate_record(null::{table}, %s)", [row])


@pytest.mark.parametrize("role", ["none", "forecourt_platform", "owner"])
def test_a_row_cannot_name_another_dealerships_row(world: World, role: str) -> None:
    ours = world.own.dealership.pk
    for model, key in KEYS:
        label, target = model._meta.label_lower, key.related_model
        pk, foreign = with_a_value(model, key, ours), world.other.rows[target._meta.label_lower]
        table = model._meta.db_table
        name = constraint(model, key)
        connect = as_owner(table, target._meta.db_table) if role == "owner" else as_web(ours, role=role)
        with connect as connection:
            replaced(connection, model, pk)
            connection.execute(f'SET CONSTRAINTS "{name}" IMMEDIATE')  # the same row is welcome
            connection.execute("SET CONSTRAINTS ALL DEFERRED")
            replaced(connection, model, pk, **{key.column: foreign}, **BESIDE.get(label, AT_THE_END))
            with pytest.raises(psycopg.errors.ForeignKeyViolation, match=name):
                connection.execute(f'SET CONSTRAINTS "{name}" IMMEDIATE')


def with_a_value(model: Any, key: OwnKey, dealership: int) -> Any:
    """A row of the dealership whose key is set: the run of a backfill."""
    rows = model._default_manager.filter(dealership=dealership).exclude(**{key.name: None})
    return rows.order_by("pk").values_list("pk", flat=True)[0]


def test_a_row_cannot_be_written_for_another_dealership(world: World) -> None:
    """Not even with keys that fit it."""
    ours, theirs = world.own.dealership.pk, world.other.dealership.pk
    for model in fenced_models():
        owner = str(owner_column(model))
        if owner == "id":
            continue
        pk = world.own.rows[model._meta.label_lower]
        with as_web(ours) as web, pytest.raises(psycopg.errors.InsufficientPrivilege):
            replaced(web, model, pk, **{owner: theirs})
