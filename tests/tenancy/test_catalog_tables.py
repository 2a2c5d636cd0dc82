"""Every table has its fence, or a reason to have none."""

from __future__ import annotations

import re

import pytest

from dealers.fences import owner_column
from tests.tenancy.catalog import asked, relations
from tests.tenancy.world import fenced_models, personal_models

pytestmark = pytest.mark.django_db(transaction=True)

GLOBAL = {
    "account_emailaddress": "a person's addresses, seen by that person alone",
    "account_emailconfirmation": "as account_emailaddress",
    "auth_group": "Django's groups: not used, empty; the table of permissions says who may do what",
    "auth_group_permissions": "as auth_group",
    "auth_permission": "names of models and verbs, the same for all",
    "dealers_group": "owners of several dealerships: kept by platform administrators, shown to nobody else",
    "dealers_user": "a person belongs to no dealership but has places in some; who is shown is asked of the places",
    "dealers_user_groups": "as auth_group",
    "dealers_user_user_permissions": "as auth_group",
    "django_admin_log": "what a person did in the admin, shown to that person, and beside an object they may see",
    "django_celery_beat_clockedschedule": "the schedule of the installation",
    "django_celery_beat_crontabschedule": "the schedule of the installation",
    "django_celery_beat_intervalschedule": "the schedule of the installation",
    "django_celery_beat_periodictask": "the schedule of the installation",
    "django_celery_beat_periodictasks": "the schedule of the installation",
    "django_celery_beat_solarschedule": "the schedule of the installation",
    "django_content_type": "names of models, the same for all",
    "django_migrations": "which migrations there were",
    "django_session": "looked up by a secret key before anybody's dealership is known",
    "ingestion_connection": "a main dealer's gateway serves many dealerships; kept by platform administrators",
    "ingestion_historicalconnection": "likewise, its versions, without the credential",
    "ingestion_gate": "one for each connection, likewise",
    "mfa_authenticator": "a person's second factors, encrypted, used by that person alone",
    "token_blacklist_blacklistedtoken": "tokens that are good no more, by their numbers",
    "token_blacklist_outstandingtoken": "a person's tokens by their numbers, looked up when one is used",
    "usersessions_usersession": "a person's sessions, seen and ended by that person alone",
}
APPEND_ONLY = "dealers_event"
SEARCHED = "ingestion_searchtext"
OF_ALL = {"dealers_flag": "the installation's switches are read by everybody and set by the platform alone"}
WRITERS = {"forecourt_web", "forecourt_worker"}
POLICIES = (
    "SELECT tablename AS table, policyname AS name, permissive, roles::text[] AS roles, cmd, qual, with_check"
    " FROM pg_policies WHERE schemaname = 'public'"
)


def test_every_table_is_fenced_for_its_owner_too_or_has_a_reason_to_be_global() -> None:
    tables = relations("rp")
    assert {each.name for each in tables if not each.fenced} == set(GLOBAL)
    assert [each.name for each in tables if each.fenced and not each.forced] == []


def test_every_model_with_a_dealership_is_fenced_histories_and_lines_included() -> None:
    fenced = {each.name for each in relations("rp") if each.fenced}
    assert {model._meta.db_table for model in (*fenced_models(), *personal_models())} == fenced
    assert {"dealers_event", "ingestion_quarantinedrecord", "ingestion_workorderpart"} <= fenced
    assert len([name for name in fenced if name.startswith("ingestion_historical")]) == 16


def test_a_dealership_is_never_missing_where_it_fences() -> None:
    rows = asked("SELECT attrelid::regclass::text || '.' || attname AS name FROM pg_attribute WHERE attnotnull")
    required = {each.name for each in rows}
    missing = {
        model._meta.db_table
        for model in fenced_models()
        if f"{model._meta.db_table}.{owner_column(model)}" not in required
    }
    # A history's keys may be null, as simple-history makes them; such a row would be the platform's alone.
    assert {name for name in missing if "_historical" not in name} == {APPEND_ONLY, *OF_ALL}


def test_every_policy_says_what_is_seen_and_what_may_be_written() -> None:
    for policy in asked(POLICIES):
        assert policy.permissive == "PERMISSIVE", policy
        if policy.cmd in ("ALL", "UPDATE", "SELECT", "DELETE"):
            assert policy.qual, policy
        if policy.cmd in ("ALL", "UPDATE", "INSERT"):
            assert policy.with_check, policy


def test_every_fenced_table_has_policies_for_every_role_of_the_application() -> None:
    found: dict[str, dict[str, set[str]]] = {}
    for policy in asked(POLICIES):
        for role in policy.roles:
            commands = {"SELECT", "INSERT", "UPDATE", "DELETE"} if policy.cmd == "ALL" else {policy.cmd}
            found.setdefault(policy.table, {}).setdefault(role, set()).update(commands)
    every = {"SELECT", "INSERT", "UPDATE", "DELETE"}
    for model in fenced_models():
        table = model._meta.db_table
        roles = found[table]
        besides = {SEARCHED: {"forecourt_search"}, APPEND_ONLY: {"forecourt_eraser"}}.get(table, set())
        assert set(roles) == {*WRITERS, "forecourt_readonly", "forecourt_platform"} | besides, table
        writing = {"SELECT", "INSERT"} if table == APPEND_ONLY else every
        assert roles["forecourt_platform"] == writing, table
        for role in WRITERS:
            assert roles[role] == ({"SELECT"} if table in OF_ALL else writing), table


def test_rows_of_a_person_are_shown_to_that_person_and_the_platform_and_to_no_reader() -> None:
    found = {
        (each.table, role): (each.cmd, "app.user" in each.qual and "app.user" in each.with_check)
        for each in asked(POLICIES)
        for role in each.roles
        if each.table in {model._meta.db_table for model in personal_models()}
    }
    tables = {model._meta.db_table for model in personal_models()}
    assert len(tables) == 4
    wanted = {(table, role): ("ALL", True) for table in tables for role in WRITERS}
    assert found == wanted | {(table, "forecourt_platform"): ("ALL", False) for table in tables}


def test_only_the_platform_sees_everything_and_the_search_its_words() -> None:
    for policy in asked(POLICIES):
        for text in (policy.qual, policy.with_check):
            if text is None or policy.roles == ["forecourt_platform"]:
                continue
            if policy.roles == ["forecourt_search"]:
                assert (policy.table, policy.cmd) == (SEARCHED, "SELECT")
                continue
            if policy.roles == ["forecourt_eraser"]:
                assert (policy.table, policy.cmd in {"SELECT", "UPDATE"}) == (APPEND_ONLY, True)
                continue
            assert "current_setting('app." in text, policy
            assert re.search(r"\bSELECT\b", text), f"asked once for each row: {policy}"


def test_no_function_of_a_policy_is_worked_out_when_a_plan_is_made() -> None:
    words = " ".join(f"{each.qual} {each.with_check}" for each in asked(POLICIES))
    names = sorted(set(re.findall(r"(\w+)\(", words)))
    assert "current_setting" in names
    assert asked("SELECT proname FROM pg_proc WHERE provolatile = 'i' AND proname = ANY(%s)", names) == []


def test_nobody_reads_around_the_fence_by_a_view() -> None:
    assert relations("m") == [], "a materialized view knows no policies"
    for view in relations("v"):
        assert "security_invoker=true" in (view.options or []), view.name


def test_the_functions_that_act_as_their_owner_look_nowhere_but_where_they_should() -> None:
    found = asked(
        "SELECT c.proname AS name, proconfig AS settings FROM pg_proc c JOIN pg_namespace n ON n.oid = c.pronamespace"
        " WHERE c.prosecdef AND n.nspname = 'public'"
        " AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.objid = c.oid AND e.deptype = 'e') ORDER BY 1"
    )
    assert [(each.name, each.settings) for each in found] == [
        (name, ["search_path=pg_catalog, public, pg_temp"])
        for name in ("forget_in_audit", "records_with_words", "records_with_words_near")
    ]
