"""A worker that is killed with SIGKILL at any point of its way, and what it leaves behind."""

from __future__ import annotations

import json
import os
import signal
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.db import connection, models
from django.db.models.functions import Now

from ingestion import claims, desk
from ingestion.export import exported
from ingestion.models import Feed, QuarantinedRecord, Run

OF_THE_MOMENT = {"id", "history_id", "history_date", "history_user_id", "history_change_reason", "run_id"}
OF_A_RUN = ("state", "error", "flag", "reached", "unknown_fields")


def kill_this_process() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Points:
    """Numbers the points of a worker's way, and ends it at one of them."""

    def __init__(self, last: int | None, end: Callable[[], None] = kill_this_process) -> None:
        self.last = last
        self.end = end
        self.passed: list[str] = []

    def reach(self, name: str) -> None:
        self.passed.append(name)
        if len(self.passed) == self.last:
            self.end()

    def statement(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if "SAVEPOINT" not in sql:  # it stands for a commit where a test is a transaction by itself
            self.reach("statement")
        return execute(sql, *rest)

    def around(self, commit: Callable[[], None]) -> Callable[[], None]:
        def committing() -> None:
            self.reach("commit")
            commit()
            self.reach("commit")

        return committing


def work(points: Points, serve: Callable[[], Any]) -> None:
    """Do what a worker does; this process is its own and ends afterwards."""
    desk.TICK = 60.0  # it waits for what it has asked for, and does not look at the queue by the clock
    connection._commit = points.around(connection._commit)  # type: ignore[attr-defined]
    with connection.execute_wrapper(points.statement):
        serve()


def forked(serve: Callable[[], Any], last: int | None = None) -> list[str]:
    """A worker in a process of its own, killed at point number `last` if there is one; the points that it passed."""
    connection.close()
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the sandbox's thread sleeps meanwhile
        child = os.fork()
    if not child:
        with suppress(BaseException):
            points = Points(last)
            work(points, serve)
            os.write(writing, json.dumps(points.passed).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        passed = told.read()
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    assert killed == (last is not None), f"the worker ended by itself (status {status}), after {passed or 'an error'}"
    return json.loads(passed) if passed else []


def spread(points: list[str], number: int) -> list[int]:
    """So many points from all over: a third commits as far as there are so many, else statements."""
    chosen: list[int] = []
    for name, share in (("commit", number // 3), ("statement", number)):
        there = [index for index, point in enumerate(points, 1) if point == name]
        take = min(share, number - len(chosen), len(there))
        chosen += [there[index * len(there) // take] for index in range(take)]
    assert len(chosen) == number
    return sorted(chosen)


def recover(run: Run, serve: Callable[[], Any]) -> Run:
    """What another worker makes of the run of a dead one, whose lease has ended by now."""
    unfinished = Run.objects.unfinished().filter(pk=run.pk)
    while unfinished.exists():  # the server takes a moment to see that the dead one's transaction has no end
        unfinished.filter(state=Run.State.RUNNING).update(leased_until=Now() - claims.LEASE)
        claims.take_over()
        serve()
    run.refresh_from_db()
    return run


def outcome(feed: Feed, run: Run) -> dict[str, Any]:
    """Everything that the feed has come to, without ids and times."""
    kind = feed.kind
    run.refresh_from_db()
    feed.refresh_from_db()
    waiting = QuarantinedRecord.objects.filter(job_type=feed.job_type)
    return {
        "records": list(exported(kind, kind.record.objects.all())),
        "history": [
            {name: value for name, value in version.items() if name not in OF_THE_MOMENT}
            | {"by this run": version["run_id"] == run.pk}
            for version in kind.record.history.order_by("dealership", kind.key, "history_id").values()
        ],
        "quarantine": list(waiting.order_by("raw").values("natural_key", "field", "reason", "raw", "state")),
        "feed": (feed.cursor, feed.failures, feed.filled),
        "run": {
            name: getattr(run, name) for name in ("state", "error", "flag", "reached", "unknown_fields", *run.COUNTS)
        },
    }


class Snapshot:
    """The rows of some tables, to be brought back as often as one likes."""

    def __init__(self, *tables: type[models.Model]) -> None:
        self.tables = [connection.ops.quote_name(model._meta.db_table) for model in tables]
        self.rows = {}
        with connection.cursor() as cursor:
            for table in self.tables:
                cursor.execute(f"SELECT row::text FROM {table} AS row")
                self.rows[table] = [row for (row,) in cursor.fetchall()]

    def bring_back(self) -> None:
        """Tables are given with those first that others point at."""
        with connection.cursor() as cursor:
            for table in reversed(self.tables):
                cursor.execute(f"DELETE FROM {table}")
            for table in self.tables:
                cursor.execute(
                    f"INSERT INTO {table} SELECT * FROM unnest(%s::text[]::{table}[])",
                    [self.rows[table]],
                )
