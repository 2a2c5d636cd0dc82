"""What a backfill would take: its windows, what the gateway does not give, the requests, and how long."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.db.models import Avg, DurationField, ExpressionWrapper, F
from django.utils import timezone
from django.utils.translation import gettext as _

from ingestion.models import Backfill, Connection, Feed, Gate, Run

LONGEST_WINDOW = timedelta(days=7)
SHARE = 30
"""Percent of a connection's requests a day, if nobody says otherwise."""
USUAL_SECONDS = 2.0
"""A window of a feed that was never fetched."""

Windows = list[tuple[datetime, datetime]]


class BadPlan(ValueError):
    """A range or a share that no backfill can have; `field` names which."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field = field


@dataclass(frozen=True)
class Allowance:
    """The requests that backfills may make of a connection; None: any number."""

    per_day: int | None
    left_today: int | None


@dataclass(frozen=True)
class Plan:
    """What a backfill would do."""

    feed: Feed
    since: datetime
    until: datetime
    left_out: str
    """What of the range asked for is not fetched, and why; blank if nothing."""
    windows: Windows
    share: int
    allowance: Allowance
    minutes: float
    """Expected: as long as the feed's last runs took, and the days that it waits for its share."""

    @property
    def calls(self) -> int:
        """Requests, if none has to be made again."""
        return len(self.windows)


def plan(feed: Feed, since: datetime, until: datetime, share: int = SHARE, *, ahead: int = 0) -> Plan:
    """What a backfill from `since` to `until` would do, behind `ahead` other windows. Raises BadPlan."""
    now = timezone.now().replace(microsecond=0)
    connection = feed.connection
    since, until = since.replace(microsecond=0), until.replace(microsecond=0)
    begin, end = within(connection, since, until, now)
    windows = pieces(connection, begin, end)
    if not 1 <= share <= 100:
        raise BadPlan("share", _("the share is a percentage from 1 to 100"))
    allowed = allowance(connection, Gate.objects.filter(pk=connection.pk).first(), share, now)
    if allowed.per_day == 0:
        words = _("%(share)s %% of %(calls)s requests a day is not one; ask for more")
        raise BadPlan("share", words % {"share": share, "calls": connection.calls_per_day})
    seconds = len(windows) * usual_seconds(feed)
    left_out = "\n".join(filter(None, [too_old(connection, since, begin), too_new(connection, end, until)]))
    minutes = expected_minutes(connection, seconds, len(windows) + ahead, allowed, now)
    return Plan(feed, begin, end, left_out, windows, share, allowed, minutes)


def within(connection: Connection, since: datetime, until: datetime, now: datetime) -> tuple[datetime, datetime]:
    """The part of a range that the gateway gives. Raises BadPlan if there is none."""
    oldest = connection.oldest(now).replace(microsecond=0)
    if since >= until:
        words = _("the range is empty: %(first)s is not before %(last)s")
        raise BadPlan("since", words % {"first": shown(since, connection), "last": shown(until, connection)})
    if since >= now:
        words = _("%(moment)s lies in the future; what comes, the live runs fetch")
        raise BadPlan("since", words % {"moment": shown(since, connection)})
    if until <= oldest:
        words = _("the gateway gives the last %(days)s days, from %(oldest)s; all of the range is older")
        raise BadPlan("until", words % {"days": connection.days_back, "oldest": shown(oldest, connection)})
    return max(since, oldest), min(until, now)


def pieces(connection: Connection, since: datetime, until: datetime) -> Windows:
    """`since` to `until` in windows of what the gateway takes, and of 7 days at most."""
    longest = min(timedelta(days=connection.window_days), LONGEST_WINDOW)
    count = math.ceil((until - since) / longest)
    return [(since + number * longest, min(since + (number + 1) * longest, until)) for number in range(count)]


def too_old(connection: Connection, since: datetime, begin: datetime) -> str:
    """What is left out because the gateway gives it no more, in words; blank if that is nothing."""
    if begin <= since:
        return ""
    words = _("%(since)s to %(begin)s: the gateway gives the last %(days)s days")
    told = {"since": shown(since, connection), "begin": shown(begin, connection), "days": connection.days_back}
    return words % told


def too_new(connection: Connection, end: datetime, until: datetime) -> str:
    if until <= end:
        return ""
    words = _("%(end)s to %(until)s: it lies in the future")
    return words % {"end": shown(end, connection), "until": shown(until, connection)}


def shown(moment: datetime, connection: Connection) -> str:
    return f"{moment.astimezone(connection.zone):%Y-%m-%d %H:%M:%S %Z}"


def allowance(connection: Connection, gate: Gate | None, share: int, now: datetime) -> Allowance:
    """What a share of a connection's quota is, and what of it today's calls have left; `gate` is the connection's."""
    if connection.calls_per_day is None:
        return Allowance(None, None)
    per_day = connection.calls_per_day * share // 100
    if gate is None or gate.day != now.astimezone(connection.zone).date():
        return Allowance(per_day, per_day)
    left = max(connection.calls_per_day - gate.calls, 0)
    return Allowance(per_day, max(min(per_day - gate.backfill_calls, left), 0))


def expected_minutes(connection: Connection, seconds: float, calls: int, allowed: Allowance, now: datetime) -> float:
    """How long so many calls take that need so many seconds; a quota that is used up counts anew at midnight."""
    if allowed.per_day is None or allowed.left_today is None or calls <= allowed.left_today:
        return round(seconds / 60, 1)
    days = math.ceil((calls - allowed.left_today) / max(allowed.per_day, 1))
    last_day = now.astimezone(connection.zone).date() + timedelta(days=days)
    wait = datetime.combine(last_day, time(), connection.zone) - now
    return round((wait.total_seconds() + seconds) / 60, 1)


def usual_seconds(feed: Feed) -> float:
    """How long a run of the feed takes: windows of its last backfill if there was one, else live ones."""
    ended = Run.objects.filter(dealership=feed.dealership_id, job_type=feed.job_type, finished_at__isnull=False)
    spent = ExpressionWrapper(F("finished_at") - F("started_at"), DurationField())
    for kind in (Run.Kind.BACKFILL, Run.Kind.LIVE):
        recent = list(ended.filter(kind=kind, error="").values_list("pk", flat=True)[:20])
        usual = Run.objects.filter(pk__in=recent).aggregate(usual=Avg(spent))["usual"]
        if usual is not None:
            return float(usual.total_seconds())
    return USUAL_SECONDS


def windows_waiting(connections: Iterable[int]) -> Counter[int]:
    """How many windows running backfills still have to fetch, by connection."""
    under_way = Backfill.objects.filter(state=Backfill.State.RUNNING, feed__connection__in=set(connections))
    found: Counter[int] = Counter()
    for backfill in under_way.select_related("feed__connection"):
        connection = backfill.feed.connection
        found[connection.pk] += len(pieces(connection, backfill.reached, backfill.until))
    return found
