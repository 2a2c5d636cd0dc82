"""Stored records as JSON lines."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from django.db import transaction

from ingestion.console import DGICommand, dealerships, job_types, json_line
from ingestion.export import exported


class Command(DGICommand):
    help = (
        "Write stored records as JSON lines: dealer, every column by its name, lines nested in order under their array."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--job", action="append", required=True, metavar="CODE", help="a job type; repeatable")
        parser.add_argument("--dealer", action="append", metavar="CODE", help="a dealership; repeatable (default: all)")

    def handle(self, *args: Any, **options: Any) -> None:
        chosen = dealerships(options["dealer"])
        for job_type in job_types(options["job"]):
            records = job_type.record._default_manager.filter(dealership__in=chosen)
            progress = self.progress(records.count() if self.stderr.isatty() else 0)
            self.write(exported(job_type, records), progress)

    @transaction.atomic  # a cursor of the server's lives in a transaction, also behind a pooler
    def write(self, rows: Iterable[dict[str, Any]], progress: Any) -> None:
        for row in rows:
            self.stdout.write(json_line(row))
            progress.step()
        progress.end()
