"""Create or update a main dealer's connection and its dealerships."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from ingestion import services
from ingestion.console import DGICommand
from ingestion.job_types import JOB_TYPES

KEPT = ("joiner", "time_zone", "window_days", "days_back")
"""What an existing connection keeps unless it is given anew."""


class Command(DGICommand):
    help = (
        "Create or update the connection to a main dealer's gateway, its dealerships and a feed of every job type. "
        "The credential comes from DGI_API_KEY and DGI_SECRET_KEY and is stored encrypted."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--main-dealer", required=True, metavar="CODE", help="such as H2Z")
        parser.add_argument(
            "--base-url", required=True, metavar="URL", help="up to and with the version: https://host/dgi-api/v1.3"
        )
        parser.add_argument(
            "--dealer", action="append", required=True, metavar="CODE", help="a dealership's code; repeatable"
        )
        parser.add_argument(
            "--joiner", metavar="TEXT", help="between the parts of the token's text (at first: nothing)"
        )
        parser.add_argument("--time-zone", metavar="ZONE", help="of the gateway's times (at first: Asia/Jakarta)")
        parser.add_argument("--window-days", type=int, metavar="N", help="longest window (at first: 7)")
        parser.add_argument("--days-back", type=int, metavar="N", help="oldest day it gives (at first: 30)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            connection = services.connect(
                main_dealer=options["main_dealer"].strip(),
                base_url=options["base_url"].strip(),
                dealers=[code.strip() for code in options["dealer"]],
                api_key=from_environment("DGI_API_KEY"),
                secret_key=from_environment("DGI_SECRET_KEY"),
                **{name: options[name] for name in KEPT if options[name] is not None},
            )
        except ValidationError as error:
            raise CommandError(
                "; ".join(f"{field}: {' '.join(words)}" for field, words in error.message_dict.items())
            ) from None
        result = {"main_dealer": connection.main_dealer, "base_url": connection.base_url, "dealers": options["dealer"]}
        enabled = sum(job_type.enabled for job_type in JOB_TYPES.values())
        self.show(
            result,
            f"{connection}: {len(options['dealer'])} dealerships, {enabled} job types each. Next: manage.py dgi_check",
        )


def from_environment(name: str) -> str:
    value = os.environ.get(name, "").strip()
    if not value:
        raise CommandError(f"{name} is not set; the credential is read from DGI_API_KEY and DGI_SECRET_KEY.")
    return value
