"""`make bench`: the road against the limit (COPY of the same ready rows) and against one query per record.

All three load the same work orders into the same tables of an embedded PostgreSQL with default durability, in turn, in
one session; what is printed are medians, as the table of docs/performance.md wants them.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

RECORDS = 100_000
ROUNDS = 5
PER_RECORD = 1_000
"""Records of the one-by-one way in a round: its time per record does not depend on how many follow."""


def prepare(stack: Any) -> None:
    """A database of our own and Django set up on it, as the application's role."""
    from config.local import postgres as roles
    from config.local.servers import temporary

    postgres, valkey = stack.enter_context(temporary(durable=True))
    os.environ.update(
        SECRET_KEY="bench-only-" + "k" * 50,
        FIELD_KEYS="dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk=",
        VALKEY_URL=valkey.url(),
        DGI_ALLOW_LOOPBACK="1",
        DATABASE_URL=postgres.url(roles.OWNER),
        DATABASE_OWNER_URL=postgres.url(roles.OWNER),
        DJANGO_SETTINGS_MODULE="config.settings",
    )
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], check=True)
    os.environ["DATABASE_URL"] = postgres.url(roles.APP)
    import django

    django.setup()


def seconds(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench BENCH_ARGS=…", description=__doc__)
    parser.add_argument("--records", type=int, default=RECORDS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    from contextlib import ExitStack

    with ExitStack() as stack:
        prepare(stack)
        from tests.bench.loading import Loading

        loading = Loading(options.records, PER_RECORD)
        rounds = [loading.round(seconds) for _ in range(options.rounds)]
    medians = {name: statistics.median(found[name] for found in rounds) for name in rounds[0]}
    report(medians, options)


def report(rate: dict[str, float], options: argparse.Namespace) -> None:
    """The table, rates in records per second."""
    rows = [
        ("COPY of the ready rows, the limit", rate["copy"], 1.0, rate["copy"] / rate["one"]),
        ("first load", rate["first"], rate["first"] / rate["copy"], rate["first"] / rate["one"]),
        ("re-sync, 90 % unchanged", rate["again"], rate["again"] / rate["copy"], rate["again"] / rate["one"]),
        ("one by one, first load", rate["one"], rate["one"] / rate["copy"], 1.0),
    ]
    print(f"{options.records:,} work orders, medians of {options.rounds} rounds\n")  # noqa: T201
    print("| way | records/s | of COPY | of one by one |\n|---|---|---|---|")  # noqa: T201
    for way, found, of_copy, of_one in rows:
        print(f"| {way} | {found:,.0f} | {of_copy:.0%} | {of_one:,.1f} × |")  # noqa: T201


if __name__ == "__main__":
    main()
