"""`manage.py dgi_sandbox`: a DGI gateway to try things on."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from ingestion.console import DGICommand
from ingestion.sandbox.config import DEFAULT_PORT, SandboxConfig
from ingestion.sandbox.faults import FAULTS
from ingestion.sandbox.quirks import QUIRKS
from ingestion.sandbox.server import run


class Command(DGICommand):
    """Needs neither database nor broker: it is a process of its own that happens to start here."""

    help = "Serve a DGI gateway with made-up documents until it is stopped."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        defaults = SandboxConfig()
        parser.add_argument("--port", type=int, default=DEFAULT_PORT)
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--latency", type=int, default=0, metavar="MS", help="wait so long before each answer")
        parser.add_argument("--seed", type=int, default=defaults.seed, help="another seed, other documents")
        parser.add_argument("--volume", type=int, default=defaults.volume, help="prospects per dealer and day")
        parser.add_argument("--main-dealer", default=defaults.main_dealer, metavar="CODE")
        parser.add_argument("--dealer", action="append", metavar="CODE", help="a dealer's code; may be repeated")
        parser.add_argument(
            "--quirk", action="append", default=[], choices=QUIRKS, metavar="Q", help="switch on, as Q11; repeatable"
        )
        parser.add_argument("--fault", choices=FAULTS, help=f"for every dealer: {', '.join(FAULTS)}")

    def handle(self, *args: Any, **options: Any) -> None:
        defaults = SandboxConfig()
        config = SandboxConfig(
            main_dealer=options["main_dealer"],
            dealers=tuple(options["dealer"] or defaults.dealers),
            seed=options["seed"],
            volume=options["volume"],
            latency_ms=options["latency"],
            quirks=defaults.quirks | set(options["quirk"]),
            faults=((None, options["fault"]),) if options["fault"] else (),
        )
        try:
            run(config, port=options["port"], host=options["host"], say=self.say)
        except OSError as error:
            message = f"Cannot serve on {options['host']}:{options['port']}: {error.strerror or error}. Try --port."
            raise CommandError(message) from error

    def say(self, event: dict[str, object], line: str) -> None:
        self.show(event, line)
        self.stdout.flush()
