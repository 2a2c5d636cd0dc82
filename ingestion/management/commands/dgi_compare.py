"""Compare what the gateway gives with what is stored, and list the differences."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from ingestion import comparison, desk, reconciliation, services
from ingestion.console import DGICommand, end, feeds, moment
from ingestion.models import Feed, Run
from ingestion.services import AlreadyRunning, BadWindow

BY = "command"
FIGURES = ("compared", *comparison.KINDS, "unreadable", "later", "elsewhere")
MEANING = {"missing": "sent but not stored", "different": "stored otherwise", "surplus": "stored but not sent"}


class Command(DGICommand):
    help = (
        "Ask the gateway for a window again, in this process, and list by natural key what is missing (sent but not "
        "stored), different (stored otherwise) and surplus (stored with a change in the window, but not sent). "
        "Nothing is stored. Exit status 1 if there are differences or a comparison failed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--job", action="append", metavar="CODE", help="a job type; repeatable (default: all that are enabled)"
        )
        parser.add_argument("--dealer", action="append", metavar="CODE", help="a dealership; repeatable (default: all)")
        parser.add_argument(
            "--from",
            metavar="DATE",
            help='on the main dealer\'s clock: "YYYY-MM-DD" (its start) or "YYYY-MM-DD HH:MM:SS" (default: yesterday)',
        )
        parser.add_argument(
            "--to", metavar="DATE", help="likewise, but a date alone means to its end (default: the end of yesterday)"
        )
        parser.add_argument(
            "--repair",
            action="store_true",
            help="where there are differences, fetch the window again as a live run and compare once more",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        runs, refused = self.open_runs(feeds(options["job"], options["dealer"]), options)
        ended = self.carry_out(runs)
        for run in ended:
            self.report(run)
        if options["repair"]:
            ended = [self.repaired(run) if comparison.count(run.differences) else run for run in ended]
        if refused or any(run.error or comparison.count(run.differences) for run in ended):
            sys.exit(1)

    def open_runs(self, chosen: list[Feed], options: dict[str, Any]) -> tuple[list[Run], int]:
        """A queued comparison for each feed; what cannot be compared is reported and counted."""
        runs, refused = [], 0
        for feed in chosen:
            zone = feed.connection.zone
            asked = moment(options["from"], "--from", zone), end(options["to"], "--to", zone)
            since, until = reconciliation.window_asked_for(feed.connection, *asked)
            try:
                kind = Run.Kind.COMPARISON
                runs.append(services.open_run(feed=feed, by=BY, since=since, until=until, kind=kind))
            except (AlreadyRunning, BadWindow) as error:
                refused += 1
                self.refuse(feed, str(error))
        return runs, refused

    def carry_out(self, runs: Iterable[Run]) -> list[Run]:
        """The runs as they ended, in their order."""
        ids = [run.pk for run in runs]
        progress = self.progress(len(ids))
        for run in desk.carry_out_all(ids):
            progress.step(str(run.job_type))
        progress.end()
        rows = Run.objects.filter(pk__in=ids).select_related("feed__connection", "feed__dealership")
        return list(rows.order_by("pk"))

    def repaired(self, compared: Run) -> Run:
        """Another comparison after the window was fetched again; the first one's flag is taken down if that helped."""
        try:
            fetched = reconciliation.open_repair(compared, by=BY)
        except (AlreadyRunning, BadWindow) as error:
            self.refuse(compared.feed, f"not repaired: {error}")
            return compared
        [live] = self.carry_out([fetched])
        self.stderr.write(f"{live.feed}: fetched again: {live.outcome}")
        window = {"since": compared.since, "until": compared.until}
        [again] = self.carry_out([services.open_run(feed=compared.feed, by=BY, kind=Run.Kind.COMPARISON, **window)])
        if not again.error and not comparison.count(again.differences):
            services.see_flags([compared], by=f"repaired by run {live.pk}")
        self.report(again)
        return again

    def refuse(self, feed: Feed, words: str) -> None:
        result = {"job": feed.job_type, "dealer": feed.dealership.code, "state": "refused", "error": words}
        self.show(result, f"{feed}: not compared: {words}")

    def report(self, run: Run) -> None:
        zone, found = run.feed.connection.zone, run.differences or {}
        result = {
            "run": run.pk,
            "job": run.job_type,
            "dealer": run.feed.dealership.code,
            "since": run.since.astimezone(zone).isoformat(),
            "until": run.until.astimezone(zone).isoformat(),
            "state": run.state,
            **{name: found.get(name, 0) for name in FIGURES},
            "keys": found.get("keys", {kind: [] for kind in comparison.KINDS}),
            "error": run.error,
        }
        self.show(result, in_words(run, found))


def in_words(run: Run, found: dict[str, Any]) -> str:
    title = f"{run.feed.dealership.code} {run.job_type:<16}"
    if run.error:
        return f"{title} {run.outcome}"
    lines = [f"{title} {found['compared']} compared, {comparison.count(found) or 'no'} differences"]
    for kind in comparison.KINDS:
        keys = found["keys"][kind]
        lines += [f"  {MEANING[kind]}: {key}" for key in keys]
        if more := found[kind] - len(keys):
            lines.append(f"  {MEANING[kind]}: {more} more, of neighbouring dealerships or beyond the list")
    return "\n".join(lines)
