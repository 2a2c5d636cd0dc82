"""Charts as data: what is drawn, the finding that its title says, and the table behind it.

They know no model and no request. `config.backoffice.drawings` places them, `{% chart %}` writes them as SVG.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from config.backoffice.scales import Number

MOST_BARS = 8
"""A breakdown has no more: the rest are one."""
COLUMNS_UP_TO = 40
"""More points than that are a line."""


class Kind(StrEnum):
    """How a chart is drawn: each has a template, `ui/chart_….html`."""

    COLUMNS = "columns"
    LINE = "line"
    BARS = "bars"
    SPARKLINE = "sparkline"


class Bucket(StrEnum):
    """What the days of a trend are gathered by."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    def of(self, day: date) -> date:
        """The first day of the bucket that a day lies in; weeks begin on Monday."""
        if self is Bucket.WEEK:
            return day - timedelta(days=day.weekday())
        return day.replace(day=1) if self is Bucket.MONTH else day

    def after(self, begin: date) -> date:
        """Where the next bucket begins."""
        return self.of(begin + timedelta(days={"day": 1, "week": 7, "month": 31}[self.value]))

    @classmethod
    def for_span(cls, first: date, last: date) -> Bucket:
        """The finest one that leaves a trend readable."""
        days = (last - first).days
        return cls.DAY if days <= 45 else cls.WEEK if days <= 280 else cls.MONTH


@dataclass(frozen=True)
class Point:
    """A value and what it is of: `label` where there is little room, `name` in full."""

    label: str
    name: str
    value: Number

    @property
    def told(self) -> str:
        return number(self.value)


@dataclass(frozen=True)
class Chart:
    """What is drawn. A chart without points says so by its finding."""

    kind: Kind
    finding: str
    """A whole sentence in the reader's language: what one would see."""
    points: tuple[Point, ...] = ()
    heads: tuple[str, str] = ("", "")
    """The columns of the table behind it."""
    note: str = ""
    """What the chart leaves out."""


def number(value: Number) -> str:
    """A number as the reader's language writes it; without decimals that mean nothing."""
    places = 0 if value == int(value) else 2
    return number_format(value, places, use_l10n=True, force_grouping=True)


def share(value: Number, total: Number) -> int:
    """Per cent of a total, rounded; 0 of nothing."""
    return round(100 * value / total) if total else 0


def trend(
    what: str, by_day: Mapping[date, Number], bucket: Bucket | None = None, *, measure: str = "", note: str = ""
) -> Chart:
    """`what` over time: the days of `by_day` gathered in buckets, those between them that have nothing as well.

    `what` begins the finding and so begins with a capital; `measure` is the table's head, by default the same.
    """
    if not by_day:
        finding = _("%(what)s: nothing in this period.") % {"what": what}
        return Chart(Kind.COLUMNS, finding, note=note)
    first, last = min(by_day), max(by_day)
    bucket = bucket or Bucket.for_span(first, last)
    gathered: dict[date, Number] = {}
    begin = bucket.of(first)
    while begin <= last:
        gathered[begin] = 0
        begin = bucket.after(begin)
    for day, value in by_day.items():
        gathered[bucket.of(day)] += value
    points = tuple(Point(short_day(bucket, begin), long_day(bucket, begin), value) for begin, value in gathered.items())
    return Chart(
        Kind.COLUMNS if len(points) <= COLUMNS_UP_TO else Kind.LINE,
        trend_finding(what, bucket, first, last, points),
        points,
        (head_of(bucket), measure or what),
        note,
    )


def trend_finding(what: str, bucket: Bucket, first: date, last: date, points: Sequence[Point]) -> str:
    """When it was most, and what the least was."""
    low, high = min(points, key=lambda each: each.value), max(points, key=lambda each: each.value)
    told = {
        "what": what,
        "first": day_of(first, year=first.year != last.year),
        "last": day_of(last, year=True),
        "day": day_of(last, year=True),
        "low": low.told,
        "high": high.told,
        "peak": high.name,
    }
    if first == last:
        return _("%(what)s on %(day)s: %(high)s.") % told
    sentences = {
        Bucket.DAY: _("%(what)s per day, %(first)s – %(last)s: lowest %(low)s, highest %(high)s (%(peak)s)."),
        Bucket.WEEK: _("%(what)s per week, %(first)s – %(last)s: lowest %(low)s, highest %(high)s (%(peak)s)."),
        Bucket.MONTH: _("%(what)s per month, %(first)s – %(last)s: lowest %(low)s, highest %(high)s (%(peak)s)."),
    }
    return sentences[bucket] % told


def head_of(bucket: Bucket) -> str:
    return {Bucket.DAY: _("Day"), Bucket.WEEK: _("Week"), Bucket.MONTH: _("Month")}[bucket]


def day_of(day: date, *, year: bool) -> str:
    return date_format(day, "j M Y" if year else "j M")


def short_day(bucket: Bucket, begin: date) -> str:
    return date_format(begin, "M Y" if bucket is Bucket.MONTH else "j M")


def long_day(bucket: Bucket, begin: date) -> str:
    if bucket is Bucket.WEEK:
        return _("week of %(day)s") % {"day": day_of(begin, year=True)}
    return date_format(begin, "F Y" if bucket is Bucket.MONTH else "j M Y")


def breakdown(what: str, by: str, parts: Iterable[tuple[str, Number]], *, note: str = "") -> Chart:
    """`what` by the values of a column, called `by`: the most first, those beyond `MOST_BARS` as one."""
    ordered = sorted(((label, value) for label, value in parts if value), key=lambda part: (-part[1], part[0]))
    told = {"what": what, "by": by}
    if not ordered:
        return Chart(Kind.BARS, _("%(what)s by %(by)s: nothing in this period.") % told, note=note)
    total = sum((value for _label, value in ordered), Decimal(0))
    first, most = ordered[0]
    told |= {"total": number(total), "first": first, "share": str(share(most, total))}
    if len(ordered) > MOST_BARS:
        rest = ordered[MOST_BARS - 1 :]
        others = sum((value for _label, value in rest), Decimal(0))
        ordered = [*ordered[: MOST_BARS - 1], (_("%(count)d others") % {"count": len(rest)}, others)]
    points = tuple(Point(shortened(label), label, value) for label, value in ordered)
    finding = _("%(what)s by %(by)s: “%(first)s” comes first with %(share)s %% of %(total)s.") % told
    return Chart(Kind.BARS, finding, points, (by, what), note)


def shortened(label: str, most: int = 32) -> str:
    """So much of it as stands beside a value on a phone."""
    return label if len(label) <= most else f"{label[: most - 1].rstrip()}…"


def sparkline(what: str, by_day: Mapping[date, Number], bucket: Bucket = Bucket.DAY) -> Chart:
    """A trend as small as a word: its finding and its line, without a table."""
    found = trend(what, by_day, bucket)
    return Chart(Kind.SPARKLINE, found.finding, found.points)
