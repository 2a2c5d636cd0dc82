"""Fetch now, in this process."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from ingestion import desk, services
from ingestion.console import DGICommand, feeds, moment
from ingestion.models import Feed, Run


class Command(DGICommand):
    help = (
        "Fetch now, in this process. Without --since each feed goes on where it stands. Exit status 1 if a run failed. "
        "A job type that is named is fetched even where its feed is switched off."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--job", action="append", metavar="CODE", help="a job type; repeatable (default: all that are enabled)"
        )
        parser.add_argument("--dealer", action="append", metavar="CODE", help="a dealership; repeatable (default: all)")
        parser.add_argument("--since", metavar='"YYYY-MM-DD HH:MM:SS"', help="in the main dealer's time")
        parser.add_argument("--until", metavar='"YYYY-MM-DD HH:MM:SS"', help="in the main dealer's time (default: now)")

    def handle(self, *args: Any, **options: Any) -> None:
        runs, refused = self.open_runs(feeds(options["job"], options["dealer"]), options)
        progress = self.progress(len(runs))
        failed = refused
        for run in self.outcomes([run.pk for run in runs]):
            progress.end()
            self.report(run)
            failed += bool(run.error)
            progress.step(str(run.job_type))
        progress.end()
        if failed:
            sys.exit(1)

    def open_runs(self, chosen: list[Feed], options: dict[str, Any]) -> tuple[list[Run], int]:
        """A queued run for each feed; what cannot be queued is reported and counted."""
        runs, refused = [], 0
        for feed in chosen:
            since, until = (moment(options[name], f"--{name}", feed.connection.zone) for name in ("since", "until"))
            try:
                runs.append(services.open_run(feed=feed, by="command", since=since, until=until))
            except (services.AlreadyRunning, services.BadWindow) as error:
                refused += 1
                self.refuse(feed, str(error))
        return runs, refused

    def outcomes(self, run_ids: list[int]) -> Iterator[Run]:
        """Each run as it ends, then those that a worker took over as they are."""
        ours = set()
        for run in desk.carry_out_all(run_ids):
            ours.add(run.pk)
            yield run
        others = Run.objects.filter(pk__in=set(run_ids) - ours)
        yield from others.select_related("feed__connection", "feed__dealership")

    def refuse(self, feed: Feed, words: str) -> None:
        counts = dict.fromkeys(Run.COUNTS, 0)
        result = {"job": feed.job_type, "dealer": feed.dealership.code, "since": None, "until": None, "state": "failed"}
        self.show({**result, **counts, "seconds": 0, "error": words}, f"{feed}: not started: {words}")

    def report(self, run: Run) -> None:
        zone = run.feed.connection.zone
        counts = {name: getattr(run, name) for name in Run.COUNTS}
        result = {
            "job": run.job_type,
            "dealer": run.feed.dealership.code,
            "since": run.since.astimezone(zone).isoformat(),
            "until": run.until.astimezone(zone).isoformat(),
            "state": run.state,
            **counts,
            "seconds": round(run.seconds or 0, 3),
            "error": run.error,
        }
        self.show(result, f"{run.feed.dealership.code} {run.job_type:<16} {run.outcome}")
