"""`manage.py dgi_sandbox`: a DGI gateway to try things on."""

from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import CommandError, DjangoHelpFormatter

from ingestion.console import DGICommand
from ingestion.sandbox.config import DEFAULT_PORT, SandboxConfig, numbered_dealers
from ingestion.sandbox.faults import FAULTS, chosen
from ingestion.sandbox.quirks import QUIRKS
from ingestion.sandbox.server import run


class Formatter(DjangoHelpFormatter, RawDescriptionHelpFormatter):
    """Leaves the list of faults one a line."""


def fault(text: str) -> tuple[str | None, str]:
    try:
        return chosen(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is no number from 1")
    return int(text)


class Command(DGICommand):
    """Needs neither database nor broker: it is a process of its own that happens to start here."""

    help = "Serve a DGI gateway with made-up documents until it is stopped."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.formatter_class = Formatter
        parser.epilog = "faults:\n" + "\n".join(f"  {each.name:<20}{each.about}" for each in FAULTS.values())
        defaults = SandboxConfig()
        parser.add_argument("--port", type=int, default=DEFAULT_PORT)
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--latency", type=int, default=0, metavar="MS", help="wait so long before each answer")
        parser.add_argument("--seed", type=int, default=defaults.seed, help="another seed, other documents")
        parser.add_argument("--main-dealer", default=defaults.main_dealer, metavar="CODE")
        dealers = parser.add_mutually_exclusive_group()
        dealers.add_argument("--dealer", action="append", metavar="CODE", help="a dealer's code; may be repeated")
        dealers.add_argument("--dealers", type=at_least_one, metavar="N", help="so many dealers, from 20000")
        amount = parser.add_mutually_exclusive_group()
        amount.add_argument("--volume", type=int, default=defaults.volume, help="prospects per dealer and day")
        amount.add_argument(
            "--records",
            type=at_least_one,
            metavar="N",
            help="so many records in every answer, always the same ones, whatever the window; for measurements",
        )
        parser.add_argument(
            "--quirk", action="append", default=[], choices=QUIRKS, metavar="Q", help="switch on, as Q11; repeatable"
        )
        parser.add_argument(
            "--fault",
            action="append",
            default=[],
            type=fault,
            metavar="NAME[:DEALER]",
            help="what goes wrong for every dealer, or for one; repeatable, one for each dealer",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        defaults = SandboxConfig()
        dealers = numbered_dealers(options["dealers"]) if options["dealers"] else tuple(options["dealer"] or ())
        config = SandboxConfig(
            main_dealer=options["main_dealer"],
            dealers=dealers or defaults.dealers,
            seed=options["seed"],
            volume=options["volume"],
            records=options["records"],
            latency_ms=options["latency"],
            quirks=defaults.quirks | set(options["quirk"]),
            faults=tuple(options["fault"]),
        )
        try:
            run(config, port=options["port"], host=options["host"], say=self.say)
        except OSError as error:
            message = f"Cannot serve on {options['host']}:{options['port']}: {error.strerror or error}. Try --port."
            raise CommandError(message) from error

    def say(self, event: dict[str, object], line: str) -> None:
        self.show(event, line)
        self.stdout.flush()
