"""Fetch an old range in the background: start, follow, pause, resume and cancel backfills."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, BooleanOptionalAction
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError

from ingestion import backfills
from ingestion.backfills import BackfillUnderWay, NotPossible
from ingestion.console import DGICommand, end, feeds, moment
from ingestion.following import Follower, duration, line, outcome
from ingestion.models import Backfill, Feed
from ingestion.plans import SHARE, BadPlan, Plan, plan, windows_waiting
from ingestion.progress import figures

LISTED = 20
VERBS = {
    "resume": "go on with what is paused, and follow it",
    "pause": "take no further window",
    "cancel": "end it",
}
BY = "command"


class Command(DGICommand):
    help = (
        "Fetch an old range, window by window, beside the live runs; one backfill for each feed. Workers carry it out; "
        "the command shows how far it is until it has ended, and leaves it running when it is stopped itself. "
        "Exit status 1 unless all of the range is fetched."
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
            help='on the main dealer\'s clock: "YYYY-MM-DD", its start, or "YYYY-MM-DD HH:MM:SS"',
        )
        parser.add_argument("--to", metavar="DATE", help="likewise, but a date alone means to its end (default: now)")
        parser.add_argument(
            "--share", type=int, default=SHARE, metavar="PERCENT", help="of the requests a day (default: %(default)s)"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="only say what it would do: windows, calls, quota and minutes"
        )
        verbs = parser.add_mutually_exclusive_group()
        for verb, words in VERBS.items():
            verbs.add_argument(f"--{verb}", nargs="+", type=int, metavar="ID", help=words)
        verbs.add_argument("--list", action="store_true", help=f"what is unfinished, and the last {LISTED} others")
        parser.add_argument(
            "--wait", action=BooleanOptionalAction, default=True, help="show how far it is until it has ended"
        )
        parser.add_argument("--here", action="store_true", help="carry it out in this process, where no worker runs")

    def handle(self, *args: Any, **options: Any) -> None:
        verb = next((verb for verb in (*VERBS, "list") if options[verb]), None)
        if verb and any(options[name] for name in ("job", "dealer", "from", "to", "dry_run")):
            raise CommandError(f"What describes a new backfill, or only rehearses it, does not go with --{verb}.")
        if options["list"]:
            self.list_all()
        elif options["resume"]:
            self.follow([self.resumed(each).pk for each in found(options["resume"])], options)
        elif verb:
            self.end_or_pause(options)
        elif options["dry_run"]:
            self.rehearse(options)
        else:
            self.start(options)

    # -- a new one

    def start(self, options: dict[str, Any]) -> None:
        started, refused = [], 0
        for feed, since, until in self.ranges(options):
            try:
                made = backfills.start(feed=feed, since=since, until=until, by=BY, share=options["share"])
                started.append(made.pk)
            except (BadPlan, BackfillUnderWay) as error:
                refused += 1
                self.refuse(feed, str(error))
        if started:
            self.follow(started, options, refused=refused)
        elif refused:
            sys.exit(1)

    def rehearse(self, options: dict[str, Any]) -> None:
        """Say what would happen, and write nothing."""
        ranges = self.ranges(options)
        ahead = windows_waiting({feed.connection_id for feed, _, _ in ranges})
        planned, refused = [], 0
        for feed, since, until in ranges:
            try:
                one = plan(feed, since, until, options["share"], ahead=ahead[feed.connection_id])
            except BadPlan as error:
                refused += 1
                self.refuse(feed, str(error))
                continue
            planned.append(one)
            ahead[feed.connection_id] += one.calls
            self.show(as_json(one), as_words(one))
        if len(planned) > 1 and not self.as_json:
            calls, minutes = sum(one.calls for one in planned), max(one.minutes for one in planned)
            self.stdout.write(f"Together: {len(planned)} backfills, {calls} calls, {duration(minutes)}.")
        if refused:
            sys.exit(1)

    def ranges(self, options: dict[str, Any]) -> list[tuple[Feed, datetime, datetime]]:
        """Each feed with the range on its main dealer's clock."""
        asked = []
        for feed in feeds(options["job"], options["dealer"]):
            zone = feed.connection.zone
            since, until = moment(options["from"], "--from", zone), end(options["to"], "--to", zone)
            if since is None:
                raise CommandError(
                    "Say from when: --from YYYY-MM-DD. --list shows the backfills that there are;"
                    " --resume, --pause and --cancel take their numbers."
                )
            asked.append((feed, since, until or datetime.now(zone)))
        return asked

    def refuse(self, feed: Feed, words: str) -> None:
        result = {"job": feed.job_type, "dealer": feed.dealership.code, "state": "refused", "error": words}
        self.show(result, f"{feed}: not started: {words}")

    # -- those that there are

    def list_all(self) -> None:
        rows = Backfill.objects.select_related("feed__connection", "dealership")
        unfinished = list(rows.unfinished())
        others = list(rows.exclude(pk__in=[each.pk for each in unfinished])[:LISTED])
        told = figures([*unfinished, *others])
        for each in [*unfinished, *others]:
            self.show(line(each, told[each.pk]), outcome(each, told[each.pk]))
        if not told and not self.as_json:
            self.stdout.write("There is none.")

    def end_or_pause(self, options: dict[str, Any]) -> None:
        for each in found(options["pause"] or options["cancel"]):
            try:
                backfills.pause(each) if options["pause"] else backfills.cancel(each, by=BY)
            except NotPossible as error:
                raise CommandError(f"{error}.") from None
            each.refresh_from_db()
            told = figures([each])[each.pk]
            self.show(line(each, told), outcome(each, told))

    def resumed(self, backfill: Backfill) -> Backfill:
        """Going on; one that does so already is followed only."""
        try:
            return backfills.resume(backfill)
        except NotPossible as error:
            if backfill.state != Backfill.State.RUNNING:
                raise CommandError(f"{error}; only what is paused can be resumed.") from None
            return backfill

    def follow(self, ids: list[int], options: dict[str, Any], *, refused: int = 0) -> None:
        """Show how far they are until they have ended, and how they ended."""
        follower = Follower(ids, self.progress(0), self.stderr.write, here=options["here"])
        if options["wait"] and not follower.follow():
            numbers = " ".join(map(str, ids))
            goes_on = "It stands still unless a worker runs" if options["here"] else "It goes on by itself"
            self.stderr.write(f"{goes_on}. To see it again: --resume {numbers}; to end it: --cancel {numbers}")
            sys.exit(130)
        for each, told in follower.look():
            self.show(line(each, told), outcome(each, told))
        if refused or (options["wait"] and follower.incomplete()):
            sys.exit(1)


def found(ids: list[int]) -> list[Backfill]:
    """The backfills of these numbers. Raises CommandError for an unknown one."""
    rows = Backfill.objects.select_related("feed__connection", "dealership").in_bulk(ids)
    if unknown := [str(number) for number in ids if number not in rows]:
        raise CommandError(f"There is no backfill {', '.join(unknown)}; --list shows those that there are.")
    return [rows[number] for number in ids]


def as_json(planned: Plan) -> dict[str, Any]:
    zone = planned.feed.connection.zone
    return {
        "job": planned.feed.job_type,
        "dealer": planned.feed.dealership.code,
        "since": planned.since.astimezone(zone).isoformat(),
        "until": planned.until.astimezone(zone).isoformat(),
        "windows": len(planned.windows),
        "calls": planned.calls,
        "share": planned.share,
        "calls_per_day": planned.allowance.per_day,
        "left_today": planned.allowance.left_today,
        "minutes": planned.minutes,
        "left_out": planned.left_out,
    }


def as_words(planned: Plan) -> str:
    allowed, zone = planned.allowance, planned.feed.connection.zone
    since, until = (f"{at.astimezone(zone):%Y-%m-%d %H:%M}" for at in (planned.since, planned.until))
    quota = "any number a day"
    if allowed.per_day is not None:
        quota = f"{planned.share} % of the quota are {allowed.per_day} a day, {allowed.left_today} are left today"
    windows = "1 window" if planned.calls == 1 else f"{planned.calls} windows"
    words = f"{planned.feed}: {since} to {until}: {windows}, as many calls; {quota}; "
    left_out = "".join(f"\n  left out: {text}" for text in planned.left_out.splitlines())
    return f"{words}{duration(planned.minutes)}{left_out}"
