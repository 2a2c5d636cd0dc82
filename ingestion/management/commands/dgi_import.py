"""A saved answer, put through the road of every answer."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from ingestion import imports, intake
from ingestion.answer import GatewayError
from ingestion.console import DGICommand, dealerships, job_types
from ingestion.imports import Imported
from ingestion.models import Feed, Run


class Command(DGICommand):
    help = (
        "Store a saved answer of a gateway, or a bare list of its records, as if it had just arrived; plain or "
        "compressed by gzip, of any size. What is fetched next does not change."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--job", required=True, metavar="CODE", help="the job type")
        parser.add_argument("--dealer", required=True, metavar="CODE", help="the dealership that was asked for")
        parser.add_argument("--file", required=True, metavar="NAME", help="the file; - for standard input")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen; nothing is stored")

    def handle(self, *args: Any, **options: Any) -> None:
        feed = feed_of(options["job"], options["dealer"])
        try:
            found = intake.sort(imports.records_of_file(content(options["file"])), feed)
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}") from None
        except GatewayError as error:
            raise CommandError(f"{options['file']}: {error}") from None
        progress = self.progress(imports.size(found))
        imported = imports.take_in(
            found, feed=feed, by="command", dry_run=options["dry_run"], step=lambda count: progress.step(by=count)
        )
        progress.end()
        self.report(imported, dry_run=options["dry_run"])

    def report(self, imported: Imported, *, dry_run: bool) -> None:
        run = imported.run
        causes = [{"field": name, "cause": cause, "count": n} for (name, cause), n in imported.causes.most_common()]
        result = {
            "job": run.job_type,
            "dealer": run.dealership.code,
            "run": run.pk,
            "dry_run": dry_run,
            "state": run.state,
            **{name: getattr(run, name) for name in Run.COUNTS},
            "seconds": round(run.seconds or 0, 3),
            "causes": causes,
        }
        name = "dry run, nothing is stored:" if dry_run else f"run {run.pk}"
        lines = [f"{run.dealership.code} {run.job_type:<16} {name} {run.outcome}"]
        lines += [f"{each['count']:>7}  {each['field'] or 'the record'}: {each['cause']}" for each in causes]
        self.show(result, "\n".join(lines))


def feed_of(job: str, dealer: str) -> Feed:
    [job_type], [dealership] = job_types([job]), dealerships([dealer])
    feed = Feed.objects.filter(dealership=dealership, job_type=job_type.code)
    found = feed.select_related("connection", "dealership").first()
    if found is None:
        raise CommandError(f"There is no feed of {job} for dealer {dealer}; manage.py dgi_connect makes some.")
    return found


def content(name: str) -> bytes:
    return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
