"""A thousand dealerships with fourteen job types: 14,000 runs through the sandbox, two workers and everything between.

Their records are stored in a first pass; in those that are measured every record arrives again unchanged.
"""

from __future__ import annotations

import os
import signal
import socket
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db.models import Sum
from django_celery_beat.models import IntervalSchedule

from config.local import account, options, parts
from config.local.output import Output
from config.local.process import Process, signal_group, wait_until
from ingestion import slots, tasks
from ingestion.models import Connection, Run
from ingestion.sandbox.config import BASE_PATH
from tests.bench.dealerships import enrol
from tests.bench.frame import Session, Table
from tests.bench.processes import cpu_seconds, family, peak_megabytes

PER_CALL = 50
"""Records in an answer."""
LATENCY = 100
"""Milliseconds until the gateway answers."""
PASSES = 3
"""Measured ones: one takes minutes."""
WANTED = 180
"""Seconds at most for a pass of unchanged records."""
NUDGE = 10.0
"""Seconds between two words to the workers, as `ingestion.dispatch` gives them."""
TICK = 0.25
"""Seconds between two looks whether all is done: each costs the database something."""


@dataclass
class Parts:
    """The parts of an instance that a fleet keeps busy."""

    session: Session
    output: Output
    worker: Process
    sandbox: Process
    base_url: str

    def pids(self) -> dict[str, int]:
        servers = {"PostgreSQL": self.session.postgres.process, "Valkey": self.session.valkey.process}
        running = {"workers": self.worker, "sandbox": self.sandbox, **servers}
        return {name: process.pid for name, process in running.items() if process}

    def cpu(self) -> dict[str, float]:
        return {name: cpu_seconds(pid) for name, pid in self.pids().items()}

    def worker_memory(self) -> float:
        """The highest peak of all worker processes, in MB."""
        return max(map(peak_megabytes, family(self.worker.pid)))

    def last_words(self) -> str:
        self.output.drain()
        self.output.stream.seek(-min(self.output.stream.tell(), 3_000), os.SEEK_CUR)
        return self.output.stream.read().decode()


@dataclass
class Pass:
    """What it took to carry out the runs of a slot."""

    seconds: float
    runs: int
    records: int
    cpu: dict[str, float] = field(default_factory=dict)
    memory: float = 0.0


@contextmanager
def running(session: Session, *sandbox_options: str) -> Iterator[Parts]:
    """The worker of the live queue as `make run` starts it, and a sandbox."""
    with tempfile.TemporaryDirectory() as directory, open(f"{directory}/log", "w+b") as said:
        environment = {**os.environ, "VAR_DIR": directory}
        output = Output(said)
        launcher = parts.Launcher(account.current(), environment, f"bench {os.getpid()}", output)
        live = next(part for part in parts.parts(options.read(environment), launcher) if part.name == "worker")
        port = free_port()
        sandbox = launcher.spawn("sandbox", ["manage.py", "dgi_sandbox", "--port", str(port), *sandbox_options])
        started = [sandbox]
        try:
            wait_until(lambda: listens(port), patience=30)
            started.append(worker := live.start())
            yield Parts(session, output, worker, sandbox, f"http://127.0.0.1:{port}{BASE_PATH}")
        finally:
            for process in started:
                signal_group(process, signal.SIGKILL)
                process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def every_second() -> None:
    """Let the schedule of the feeds have a slot each second, so that a pass need not wait for the next."""
    IntervalSchedule.objects.filter(period=IntervalSchedule.MINUTES).update(every=1, period=IntervalSchedule.SECONDS)


def carry_out(running: Parts, done: Callable[[], bool]) -> Pass:
    """Fill a slot of every feed, and wait until `done` says that its runs have ended."""
    newest = Run.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    before, started = running.cpu(), time.monotonic()
    slots.fill()
    wait(running, done)
    seconds = time.monotonic() - started
    cpu = {name: after - before[name] for name, after in running.cpu().items()}
    runs = Run.objects.filter(pk__gt=newest, state=Run.State.SUCCEEDED)
    received = runs.aggregate(received=Sum("received"))["received"] or 0
    return Pass(seconds, runs.count(), received, cpu, running.worker_memory())


def wait(running: Parts, done: Callable[[], bool]) -> None:
    """Give the workers word until `done` says that they have done it."""
    nudge = 0.0
    while not done():
        if time.monotonic() >= nudge:
            nudge = time.monotonic() + NUDGE
            tasks.nudge("live")
        look = time.monotonic() + TICK
        while (left := look - time.monotonic()) > 0:
            running.output.pump(left)
        if running.worker.poll() is not None:
            raise RuntimeError(f"the worker ended, saying:\n{running.last_words()}")


def all_ended() -> bool:
    return not Run.objects.unfinished().exists()


@contextmanager
def fleet(session: Session) -> Iterator[tuple[Parts, Pass]]:
    """The dealerships with their records stored, which is done once in a session, and the pass that did it."""
    count = session.options.dealerships
    sandbox_options = ["--dealers", str(count), "--records", str(PER_CALL), "--latency", str(LATENCY)]
    with running(session, *sandbox_options) as found:
        if session.fleet is None:
            session.empty()
            every_second()
            enrol(count, found.base_url)
            session.calm()
            session.fleet = carry_out(found, all_ended)
            session.calm()
        Connection.objects.update(base_url=found.base_url)
        yield found, session.fleet


def measure(session: Session) -> Table:
    with fleet(session) as (found, first):
        passes = [carry_out(found, all_ended) for _ in range(PASSES)]
    return report(session.options.dealerships, first, passes)


def report(dealerships: int, first: Pass, passes: list[Pass]) -> Table:
    table = Table(
        f"{dealerships:,} dealerships on ten main dealers, a run of each job type for each, {LATENCY} ms latency",
        [
            "pass",
            "runs",
            "records",
            "seconds",
            "CPU seconds: workers",
            "PostgreSQL",
            "sandbox",
            "Valkey",
            "worker's peak",
        ],
    )
    for name, each in [("all new", first), *(("unchanged", found) for found in passes)]:
        cpu = [f"{each.cpu[part]:.1f}" for part in ("workers", "PostgreSQL", "sandbox", "Valkey")]
        table.add(name, f"{each.runs:,}", f"{each.records:,}", f"{each.seconds:.1f}", *cpu, f"{each.memory:.0f} MB")
    middle = statistics.median(each.seconds for each in passes)
    table.notes.append(
        f"unchanged, median: {middle:.1f} s (wanted: ≤ {WANTED} s), {passes[0].runs / middle:.0f} runs/s"
    )
    return table
