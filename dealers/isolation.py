"""How the database keeps dealerships apart, by its own catalogue: for the start-up check, the report and the tests."""

from __future__ import annotations

from dataclasses import dataclass

from django.apps import apps
from django.db import connection

from dealers.fences import PERSONAL, owner_column

TABLES = """
    SELECT relname, relrowsecurity AND relforcerowsecurity,
           ARRAY(SELECT polname || ' (' || CASE polcmd WHEN '*' THEN 'all' WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert'
                                                WHEN 'w' THEN 'update' ELSE 'delete' END || ')'
                 FROM pg_policy WHERE polrelid = class.oid ORDER BY polname),
           ARRAY(SELECT pg_get_constraintdef(oid) FROM pg_constraint
                 WHERE conrelid = class.oid AND contype = 'f' AND cardinality(conkey) > 1 ORDER BY conname),
           ARRAY(SELECT replace(rolname, 'forecourt_', '') || ':' || concat(
                     CASE WHEN has_table_privilege(role.oid, class.oid, 'SELECT') THEN 'r' END,
                     CASE WHEN has_table_privilege(role.oid, class.oid, 'INSERT') THEN 'a' END,
                     CASE WHEN has_table_privilege(role.oid, class.oid, 'UPDATE') THEN 'w' END,
                     CASE WHEN has_table_privilege(role.oid, class.oid, 'DELETE') THEN 'd' END,
                     CASE WHEN has_table_privilege(role.oid, class.oid, 'TRUNCATE') THEN 't' END)
                 FROM pg_roles AS role WHERE rolname LIKE 'forecourt\\_%' AND rolname <> 'forecourt_owner' ORDER BY 1)
    FROM pg_class AS class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY relname
"""


@dataclass(frozen=True)
class Table:
    """A table as the database has it."""

    name: str
    fenced: bool
    """Whether row-level security is on, for the owner as well."""
    policies: list[str]
    own_keys: list[str]
    """Foreign keys that hold the dealership too."""
    grants: list[str]
    """Each role with r(ead), a(ppend), w(rite), d(elete), t(runcate)."""


def tables() -> list[Table]:
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        return [Table(*row) for row in cursor.fetchall()]


def to_be_fenced() -> set[str]:
    """The tables whose rows belong to a dealership, or to a person alone."""
    found = apps.get_models(include_auto_created=True)
    return {each._meta.db_table for each in found if owner_column(each) or each._meta.label_lower in PERSONAL}


def without_fence() -> list[str]:
    """Those of them that the database does not fence."""
    fenced = {table.name for table in tables() if table.fenced and table.policies}
    return sorted(to_be_fenced() - fenced)
