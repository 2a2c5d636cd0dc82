"""One connection that serves everybody in turn, as a pool's connections do."""

from __future__ import annotations

from random import Random

import psycopg
import pytest
from django.db import connection, transaction

from dealers import tenancy
from tests.tenancy.asking import Visitor
from tests.tenancy.test_scope_ends import NOTHING, left_behind
from tests.tenancy.world import World

pytestmark = pytest.mark.django_db(transaction=True)

REQUESTS, BY_HTTP = 10_000, 300
SWITCHES = 1_000
PREPARED = "SELECT dealership_id FROM dealers_holiday"


class Broken(Exception):
    """A request that ends badly."""


def owners() -> set[int]:
    """Whose rows are seen now."""
    with connection.cursor() as cursor:
        cursor.execute(PREPARED)
        return {each for (each,) in cursor}


def test_ten_thousand_requests_in_turn_never_see_a_foreign_row(world: World) -> None:
    ours, theirs = world.own.dealership, world.other.dealership
    visitors = {
        ours.code: Visitor(world.own.people["owner"]),
        theirs.code: Visitor(world.other.people["owner"]),
        "": Visitor(None),
    }
    scopes = {ours.code: [ours.pk], theirs.code: [theirs.pk], "": []}
    chance, leaks = Random(20_260_115), []
    pid = connection_id()
    for number in range(REQUESTS):
        code = chance.choice(list(scopes))
        if number % (REQUESTS // BY_HTTP) == 0:
            answer = visitors[code].ask("GET", "/api/v1/auth/me/", bearer=True)
            foreign = {ours.code, theirs.code} - {code}
            if any(f'"{other}"' in answer.body for other in foreign) or (answer.status == 200) != bool(code):
                leaks.append(f"request {number} of {code!r}: {answer.status} {answer.body}")
            continue
        try:
            with tenancy.acting_for(scopes[code]), transaction.atomic():
                found = owners()
                if found != set(scopes[code]):
                    leaks.append(f"request {number} of {code!r}: rows of {found}")
                if number % 17 == 0:
                    raise Broken
        except Broken:
            assert left_behind() == NOTHING
    assert connection_id() == pid, "all of them went through one connection"
    assert left_behind() == NOTHING
    assert leaks == []


def connection_id() -> int:
    connection.ensure_connection()
    return int(connection.connection.info.backend_pid)


def test_plans_that_are_kept_look_at_the_scope_each_time(world: World) -> None:
    ours, theirs = world.own.dealership.pk, world.other.dealership.pk
    turns = [
        (tenancy.Scope((ours,)), {ours}),
        (tenancy.Scope((theirs,)), {theirs}),
        (tenancy.NOBODY, set()),
        (tenancy.Scope(purpose="a test"), {ours, theirs}),
    ]
    connection.ensure_connection()
    kept = connection.connection.prepare_threshold
    connection.connection.prepare_threshold = 0
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET plan_cache_mode = force_generic_plan")
        chance = Random(20_260_115)
        for _ in range(SWITCHES):
            scope, wanted = chance.choice(turns)
            with tenancy.acting(scope), transaction.atomic():
                assert owners_by_a_kept_plan() == wanted
        assert generic_plans() == SWITCHES
    finally:
        connection.close()
        connection.ensure_connection()
        assert connection.connection.prepare_threshold == kept


def owners_by_a_kept_plan() -> set[int]:
    """Whose rows are seen now. Django's own cursors prepare nothing, so past them once they have told the scope."""
    owners()
    with psycopg.Cursor(connection.connection) as cursor:
        return {each for (each,) in cursor.execute(PREPARED, prepare=True)}


def generic_plans() -> int:
    """How many executions of the statement used a plan that was made once for all."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(generic_plans) FROM pg_prepared_statements WHERE statement = %s", [PREPARED])
        return int(cursor.fetchone()[0])
