"""Pages about records that are no list and no detail of one job type."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from config.backoffice import filter_bar, formats
from config.backoffice.finding import words_of
from config.backoffice.patience import TooSlow
from dealers.models import Dealership
from dealers.permissions import may
from ingestion import analytics, passport
from ingestion.freshness import BAD
from ingestion.job_types import JOB_TYPES
from ingestion.models import Feed
from ingestion.resources import RECORDS, RecordResource


@login_required
def records(request: HttpRequest) -> HttpResponse:
    """A card for each job type whose records the person may see."""
    cards = analytics.cards(request.user)
    if not cards:
        raise PermissionDenied
    states = feeds_by_state(request.user)
    told = [(card, RECORDS[card.job.code], freshness_of(states[card.job.code])) for card in cards]
    return render(request, "records/index.html", {"cards": told})


def feeds_by_state(user: Any) -> dict[str, dict[str, int]]:
    """How many feeds of each job type are in which state."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    feeds = Feed.objects.with_freshness().visible_to(user).order_by()
    for code, state, count in feeds.values_list("job_type", "freshness").annotate(Count("pk")):
        found[code][state] = count
    return found


@dataclass(frozen=True)
class Freshness:
    """How a job type's feeds stand together: how many of how many are well."""

    well: int
    of: int
    bad: int

    @property
    def kind(self) -> str:
        return "bad" if self.bad else "ok" if self.well else ""


def freshness_of(states: dict[str, int]) -> Freshness:
    return Freshness(states.get(Feed.State.FRESH, 0), sum(states.values()), sum(states.get(state, 0) for state in BAD))


@dataclass(frozen=True)
class Told:
    """A figure in words."""

    label: str
    words: str
    hint: str = ""


@login_required
def summary(request: HttpRequest, resource: RecordResource) -> HttpResponse:
    """The figures and charts of a list's filters, as a part of its page."""
    if not may(request.user, resource.permission):
        raise PermissionDenied
    query = filter_bar.read(request.GET)
    part = query.pop("part", [""])[-1]
    filterset = resource.filtered(request.user, query, request)
    if not filterset.is_valid():
        return render(request, "records/summary.html", {"words": _("These filters cannot be read.")}, status=422)
    job, rows = resource.job, filterset.qs
    part = part if part in job.parts else ""
    try:
        context = {
            "figures": [told(figure, currencies(request.user, resource)) for figure in analytics.figures(job, rows)],
            "trend": analytics.trend(job, rows),
            "breakdown": analytics.breakdown(job, rows, part or None),
        }
    except TooSlow as error:
        return render(request, "records/summary.html", {"words": str(error)})
    context |= {
        "parts": [(name, job.column(name).verbose_name) for name in job.parts],
        "part": part or job.part,
        "kept": [(name, value) for name, values in query.lists() for value in values],
    }
    return render(request, "records/summary.html", context)


def currencies(user: Any, resource: RecordResource) -> list[str]:
    """Of the dealerships whose records may be summed here."""
    seen = Dealership.objects.visible_to(user, resource.permission)
    return sorted(seen.order_by().values_list("currency", flat=True).distinct())


def told(figure: analytics.Figure, currencies: list[str]) -> Told:
    """An amount in the one currency of all dealerships; amounts of several do not add up to anything."""
    if figure.value is None:
        return Told(figure.label, "–")
    if figure.money and len(currencies) > 1:
        return Told(figure.label, "–", _("in several currencies: choose a dealership"))
    exact: Any = round(figure.value, 2) if figure.kind == "average" else figure.value
    words = formats.money(exact, currencies[0]) if figure.money and currencies else formats.number(exact)
    return Told(figure.label, f"≈ {words}" if figure.about else words)


@login_required
def passport_page(request: HttpRequest) -> HttpResponse:
    """Everything that happened to one motorcycle, found by its frame number, engine number or plate."""
    if not any(may(request.user, permission) for permission in {job.seen_with for job in JOB_TYPES.values()}):
        raise PermissionDenied
    words = words_of(request)
    frames = passport.find(request.user, words) if words else []
    frame = frames[0] if len(frames) == 1 else ""
    events = passport.events(request.user, frame) if frame else []
    told = [(event, RECORDS[event.job.code], address_of(event)) for event in events]
    return render(request, "records/passport.html", {"words": words, "frames": frames, "frame": frame, "events": told})


def address_of(event: passport.Event) -> str:
    return reverse(f"{RECORDS[event.job.code].name}-detail", args=[event.record_id])
