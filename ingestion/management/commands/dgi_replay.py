"""Quarantine: try again after a fix, ignore with a reason, or list what waits."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db.models import Q

from ingestion import quarantine, replays
from ingestion.console import DGICommand, dealerships, job_types
from ingestion.models import QuarantinedRecord, Run
from ingestion.models.quarantine import QuarantineQuerySet
from ingestion.replays import Replayed


class Command(DGICommand):
    help = (
        "Try again what waits in quarantine, the way it came: after a fix, or when a dealer code has become known. "
        "What is chosen must meet every option given. Exit status 1 if a record still cannot be read."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--job", action="append", metavar="CODE", help="a job type; repeatable (default: all)")
        parser.add_argument("--dealer", action="append", metavar="CODE", help="a dealership; repeatable (default: all)")
        parser.add_argument("--run", type=int, metavar="ID", help="what this run was the first to meet")
        parser.add_argument("--reason", metavar="TEXT", help="words of the reason")
        parser.add_argument("--field", metavar="NAME", help="the field, as the gateway spells it")
        instead = parser.add_mutually_exclusive_group()
        instead.add_argument("--list", action="store_true", help="only show what waits, grouped by field and cause")
        instead.add_argument("--ignore", metavar="WHY", help="leave it alone from now on, for this reason")

    def handle(self, *args: Any, **options: Any) -> None:
        entries = chosen(options)
        if options["list"]:
            self.list(entries)
        elif options["ignore"] is not None:
            self.ignore(entries, options["ignore"])
        elif self.replay(entries):
            sys.exit(1)

    def list(self, entries: QuarantineQuerySet) -> None:
        for group in quarantine.groups(entries):
            moments = {name: group[name].isoformat() for name in ("since", "last")}
            result = {"job": group.pop("job_type"), **group, **moments}
            place = f"{result['job']:<16} {result['field'] or 'the record'}"
            self.show(result, f"{result['count']:>7}  {place}: {result['cause']}  (such as #{result['example']})")

    def ignore(self, entries: QuarantineQuerySet, why: str) -> None:
        try:
            count = quarantine.ignore(entries, by="command", why=why)
        except quarantine.NoReason:
            raise CommandError('--ignore: say why, such as --ignore "entered by hand".') from None
        self.show({"ignored": count}, f"{count} ignored: {why}")

    def replay(self, entries: QuarantineQuerySet) -> int:
        """How many still wait."""
        progress = self.progress(entries.count())
        stored = waiting = 0
        for replayed in replays.replay(entries, by="command", step=lambda count: progress.step(by=count)):
            progress.end()
            self.report(replayed)
            stored, waiting = stored + replayed.stored, waiting + replayed.waiting
        progress.end()
        if not self.as_json:
            self.stdout.write(f"{stored} stored, {waiting} still waiting" if stored or waiting else "nothing waits")
        return waiting

    def report(self, replayed: Replayed) -> None:
        run = replayed.run
        result = {
            "job": run.job_type,
            "dealer": run.dealership.code,
            "run": run.pk,
            "stored": replayed.stored,
            "waiting": replayed.waiting,
            **{name: getattr(run, name) for name in Run.COUNTS},
            "seconds": round(run.seconds or 0, 3),
        }
        self.show(result, f"{run.dealership.code} {run.job_type:<16} run {run.pk} {run.outcome}")


def chosen(options: dict[str, Any]) -> QuarantineQuerySet:
    """What waits and meets every option."""
    entries = QuarantinedRecord.objects.waiting()
    if options["job"]:
        entries = entries.filter(job_type__in=[job_type.code for job_type in job_types(options["job"])])
    if options["dealer"]:
        entries = entries.filter(dealership__in=dealerships(options["dealer"]))
    if options["run"] is not None:
        entries = entries.filter(run=options["run"])
    if options["field"]:
        entries = entries.filter(field=options["field"])
    if options["reason"]:
        entries = entries.filter(Q(reason__icontains=options["reason"]) | Q(cause__icontains=options["reason"]))
    return entries
