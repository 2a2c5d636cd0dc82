"""`make bench`: everything docs/performance.md has figures of, in one session on servers of its own.

`make bench BENCH_ARGS="--only fleet --only stall"` measures less, and the sizes can be had smaller for a quick look.
"""

from __future__ import annotations

import argparse
import sys
import time
from importlib import import_module

from tests.bench.frame import Options, session

MEASUREMENTS = ("loading", "jobs", "fleet", "stall", "memory", "lists", "dashboard", "selling", "many")
"""Modules of this package, each with `measure(session) -> Table`; the one that fills the disk comes last."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench BENCH_ARGS=…", description=__doc__)
    parser.add_argument("--only", action="append", choices=MEASUREMENTS, help="measure this; repeatable")
    parser.add_argument("--rounds", type=int, default=5, help="of which medians are taken")
    parser.add_argument("--records", type=int, default=100_000, help="work orders that are loaded (loading)")
    parser.add_argument("--dealerships", type=int, default=1_000, help="on ten main dealers (fleet, stall)")
    parser.add_argument("--stored", type=int, default=10_000_000, help="records that are there before (many)")
    options = vars(parser.parse_args())
    chosen = options.pop("only") or MEASUREMENTS
    with session(Options(**options)) as found:
        for name in MEASUREMENTS:
            if name in chosen:
                started = time.monotonic()
                table = import_module(f"tests.bench.{name}").measure(found)
                sys.stdout.write(f"\n## {name} ({time.monotonic() - started:.0f} s)\n\n{table}")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
