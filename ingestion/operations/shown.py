"""How feeds, runs and the rest look: a colour for each state, moments on the dealership's clock, job types by name."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import TextChoices
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.backoffice import formats
from config.backoffice.cells import Cell, Column
from dealers.models import Dealership
from ingestion.job_types import JOB_TYPES

TAGS = {
    **dict.fromkeys(("stuck", "missed", "never", "failing", "failed"), "bad"),
    **dict.fromkeys(("late", "empty", "partial", "paused"), "warn"),
    **dict.fromkeys(("waiting", "queued", "running"), "info"),
    **dict.fromkeys(("fresh", "succeeded", "stored"), "ok"),
}
"""The colour of a state of a feed, a run, a backfill or an entry of the quarantine; the others have none."""

FEW = 100
"""Dealerships that a list of choices holds; of more of them, the code is written."""


def state_cell(state: TextChoices) -> Cell:
    """A state in its word and colour."""
    return Cell(str(state.label), tag=TAGS.get(state.value, ""))


def at(moment: datetime | None, time_zone: str) -> Cell:
    """A moment on a dealership's, or a main dealer's, clock."""
    return Cell() if moment is None else Cell(formats.moment(moment, time_zone), moment=moment.isoformat())


def window(since: datetime, until: datetime, time_zone: str) -> str:
    """From when to when, the year where it is not this one; the day is said once where both are on the same."""
    begin, end, now = (formats.local(each, time_zone) for each in (since, until, timezone.now()))
    form = "j M, H:i" if begin.year == end.year == now.year else "SHORT_DATETIME_FORMAT"
    last = "TIME_FORMAT" if begin.date() == end.date() else form
    return " – ".join(date_format(*each).replace(" ", formats.NBSP) for each in ((begin, form), (end, last)))


def duration(seconds: float | None) -> Cell:
    """In seconds, from two minutes on in minutes, from two hours on in hours."""
    if seconds is None:
        return Cell()
    for size, unit in ((3600, _("%(n)s h")), (60, _("%(n)s min"))):
        if seconds >= 2 * size:
            return Cell(unit % {"n": formats.number(round(seconds / size, 1))})
    return Cell(_("%(n)s s") % {"n": formats.number(round(seconds, 1))})


def minutes(expected: float) -> str:
    """How long something is expected to take, roughly."""
    if expected < 1:
        return _("less than a minute")
    span = timedelta(minutes=expected)
    if span < timedelta(hours=2):
        return _("about %(n)d min") % {"n": round(expected)}
    if span < timedelta(days=2):
        return _("about %(n)d h") % {"n": round(expected / 60)}
    return _("about %(n)d days") % {"n": round(expected / 60 / 24)}


def job_label(code: str) -> str:
    return capfirst(JOB_TYPES[code].label) if code in JOB_TYPES else code


def short(words: str) -> str:
    """An error as a list shows it."""
    return Truncator(words).chars(90)


def known(pairs: Iterable[tuple[Any, Cell]]) -> list[tuple[Any, Cell]]:
    """Labels with values, those without a value left out."""
    return [(label, value) for label, value in pairs if not value.empty]


DEALERSHIP = Column("dealership", gettext_lazy("dealership"), lambda row: row.dealership.name)
JOB_TYPE = Column("job_type", gettext_lazy("job type"), lambda row: job_label(row.job_type))


def choices(user: Any, permission: str) -> dict[str, list[tuple[str, Any]]]:
    """Of the filters that every list of ours has: job types by name, and the dealerships where there are few."""
    found: dict[str, list[tuple[str, Any]]] = {"job": [(code, job_label(code)) for code in JOB_TYPES]}
    dealers = Dealership.objects.visible_to(user, permission).order_by("name").values_list("code", "name")[: FEW + 1]
    if len(dealers) <= FEW:
        found["dealer"] = list(dealers)
    return found
