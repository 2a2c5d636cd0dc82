"""What the application's roles are not able to do, whatever a statement says."""

from __future__ import annotations

import psycopg
import pytest

from tests.tenancy.catalog import APP_ROLES, ROLES, as_web, asked
from tests.tenancy.world import fenced_models

pytestmark = pytest.mark.django_db(transaction=True)
SEARCH, ERASER = "forecourt_search", "forecourt_eraser"
OWNED = """
    SELECT 'relation' AS kind, relname AS name, relowner::regrole::text AS owner FROM pg_class
    UNION ALL SELECT 'function', proname, proowner::regrole::text FROM pg_proc
    UNION ALL SELECT 'schema', nspname, nspowner::regrole::text FROM pg_namespace
    UNION ALL SELECT 'type', typname, typowner::regrole::text FROM pg_type
    UNION ALL SELECT 'database', datname, datdba::regrole::text FROM pg_database
"""


def test_the_roles_of_the_application_own_nothing() -> None:
    owned = [each for each in asked(OWNED) if each.owner in (*APP_ROLES, "forecourt_backup")]
    assert owned == []


def test_the_role_of_the_search_owns_its_functions_and_reads_one_table() -> None:
    owned = [(each.kind, each.name) for each in asked(OWNED) if each.owner == SEARCH]
    assert owned == [("function", "records_with_words"), ("function", "records_with_words_near")]
    may = asked(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        " AND has_table_privilege(%s, oid, 'SELECT, INSERT, UPDATE, DELETE')",
        SEARCH,
    )
    assert [each.relname for each in may] == ["ingestion_searchtext"]


def test_the_role_of_the_eraser_owns_its_function_and_blanks_a_few_columns_of_the_audit() -> None:
    assert [(each.kind, each.name) for each in asked(OWNED) if each.owner == ERASER] == [
        ("function", "forget_in_audit")
    ]
    may = asked(
        "SELECT relname AS table, attname AS column, privilege FROM pg_class"
        " JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped"
        " CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) privilege"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        " AND has_column_privilege(%s, pg_class.oid, attnum, privilege) ORDER BY 3, 2",
        ERASER,
    )
    assert [(each.table, each.column, each.privilege) for each in may] == [
        *(
            ("dealers_event", name, "SELECT")
            for name in ("address", "dealership_id", "object_id", "object_type", "user_id")
        ),
        *(("dealers_event", name, "UPDATE") for name in ("address", "changes", "object_text", "reason")),
    ]


def test_no_role_is_a_superuser_and_only_the_backup_reads_around_policies() -> None:
    roles = {each.rolname: each for each in asked("SELECT * FROM pg_roles WHERE rolname LIKE 'forecourt\\_%'")}
    assert set(roles) == {*ROLES, SEARCH, ERASER}
    for name, role in roles.items():
        assert [role.rolsuper, role.rolcreaterole, role.rolcreatedb, role.rolreplication] == [False] * 4, name
        assert role.rolbypassrls == (name == "forecourt_backup"), name
        assert role.rolinherit is False, name
    assert not roles["forecourt_platform"].rolcanlogin
    assert not roles[SEARCH].rolcanlogin
    assert not roles[ERASER].rolcanlogin


def test_a_role_takes_on_the_platform_and_no_other() -> None:
    rows = asked(
        "SELECT member::regrole::text AS member, roleid::regrole::text AS role, admin_option FROM pg_auth_members"
        " WHERE member::regrole::text LIKE 'forecourt\\_%'",
    )
    assert {(each.member, each.role, each.admin_option) for each in rows} == {
        ("forecourt_web", "forecourt_platform", False),
        ("forecourt_worker", "forecourt_platform", False),
        ("forecourt_owner", SEARCH, False),  # to hand the function over
        ("forecourt_owner", ERASER, False),  # likewise
    }


@pytest.mark.parametrize("role", [*APP_ROLES, "forecourt_backup", SEARCH, ERASER])
def test_a_role_may_neither_empty_tables_nor_hang_anything_on_them(role: str) -> None:
    may = asked(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        " AND has_table_privilege(%s, oid, 'TRUNCATE, TRIGGER, REFERENCES, MAINTAIN')",
        role,
    )
    assert may == []


@pytest.mark.parametrize("role", [*APP_ROLES, "forecourt_backup", SEARCH, ERASER])
def test_a_role_may_create_nothing(role: str) -> None:
    [found] = asked(
        "SELECT has_schema_privilege(%s, 'public', 'CREATE') AS tables,"
        " has_database_privilege(%s, current_database(), 'CREATE') AS schemas",
        role,
        role,
    )
    assert (found.tables, found.schemas) == (False, False)


@pytest.mark.parametrize("role", ["forecourt_readonly", "forecourt_backup", SEARCH, ERASER])
def test_who_reads_writes_nothing(role: str) -> None:
    may = asked(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        " AND has_table_privilege(%s, oid, 'INSERT, UPDATE, DELETE')",
        role,
    )
    assert may == []


def test_who_reads_sees_tables_of_dealerships_and_no_sessions_factors_tokens_or_credentials() -> None:
    seen = asked(
        "SELECT relname, relrowsecurity AS fenced FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind IN ('r', 'p') AND has_table_privilege('forecourt_readonly', oid, 'SELECT')"
    )
    assert {each.relname for each in seen} == {model._meta.db_table for model in fenced_models()}


@pytest.mark.parametrize("role", ["forecourt_web", "forecourt_worker", "forecourt_platform"])
def test_nobody_changes_what_the_audit_says(role: str) -> None:
    may = asked("SELECT has_table_privilege(%s, 'dealers_event', 'UPDATE, DELETE, TRUNCATE') AS may", role)
    assert [each.may for each in may] == [False]


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE dealers_holiday",
        "ALTER TABLE dealers_holiday DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE dealers_holiday NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY of_the_dealerships_in_scope ON dealers_holiday",
        "CREATE TABLE mine (id int)",
        "SET ROLE forecourt_owner",
        "SET ROLE forecourt_backup",
        "SET SESSION AUTHORIZATION forecourt_owner",
        "ALTER ROLE forecourt_web BYPASSRLS",
    ],
)
def test_the_application_cannot_take_the_fence_down(statement: str) -> None:
    with as_web() as web, pytest.raises(psycopg.errors.InsufficientPrivilege):
        web.execute(statement)


def test_a_statement_cannot_look_behind_the_fence_by_switching_it_off() -> None:
    with as_web() as web:
        web.execute("SET LOCAL row_security = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            web.execute("SELECT * FROM dealers_holiday")
