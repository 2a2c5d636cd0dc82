"""The matrix: dealership by job type, each with how fresh it is and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import django_filters
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import APIException

from config.backoffice import filter_bar
from config.backoffice.filter_bar import FilterBar
from config.backoffice.pagination import Page
from dealers.models import Dealership
from dealers.permissions import may
from ingestion import freshness
from ingestion.filters import FreshnessFilters
from ingestion.job_types import JOB_TYPES
from ingestion.models import Connection, Feed, Gate, QuarantinedRecord
from ingestion.operations import shown
from ingestion.operations.runs import ADD, QUICK, SLOW

VIEW = "ingestion.feed:view"
PAGE = 50
"""Dealerships on a page."""


class MatrixFilters(FreshnessFilters):
    """Of dealerships by their feeds: those of which any fits are shown."""

    search = django_filters.CharFilter(method="named", label=gettext_lazy("name or dealer code"))

    def named(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(Q(dealership__name__icontains=value) | Q(dealership__code__icontains=value))


@dataclass
class Row:
    """A dealership with a mark for each job type, blank where it has no such feed."""

    dealership: Dealership
    main_dealers: list[str] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    quarantined: int = 0


@dataclass(frozen=True)
class Total:
    """A state with how many feeds are in it, and the address that shows them alone."""

    state: str
    word: str
    count: int
    query: str
    chosen: bool


@login_required
def matrix(request: HttpRequest) -> HttpResponse:
    """A page of dealerships, with totals above; to htmx the rows alone."""
    user = request.user
    if not may(user, VIEW):
        raise PermissionDenied
    query = filter_bar.read(request.GET)
    mine: Any = Feed.objects.visible_to(user)
    feeds = mine.filter(job_type__in=JOB_TYPES)
    asked = MatrixFilters(query, feeds.with_freshness() if "state" in query else feeds, request=request)
    valid = asked.is_valid()
    problems: list[str] = []
    page = page_of(asked.qs if valid else feeds.none(), request.GET.get("cursor"), problems)
    rows, busy = rows_of(page.rows, user)
    context: dict[str, Any] = {
        "rows": rows,
        "page": page,
        "problems": problems,
        "jobs": [(code, shown.job_label(code)) for code in JOB_TYPES],
        "pace": QUICK if busy else SLOW,
        "bar": bar_of(asked, query, user),
    }
    part = getattr(request, "htmx", None) and request.htmx.target == "rows"  # type: ignore[attr-defined]
    if not part:
        context |= {
            "totals": totals(query, feeds.with_freshness(), request),
            "breakers": breakers(user),
            "starts": may(user, ADD),
        }
    template = "operations/matrix.html" if part else "operations/freshness.html"
    return TemplateResponse(request, template, context, status=200 if valid and not problems else 422)


def page_of(feeds: QuerySet[Any], cursor: str | None, problems: list[str]) -> Page:
    """The dealerships of these feeds by code; with a cursor that cannot be read the first of them."""
    found = Dealership.objects.filter(Exists(feeds.order_by().filter(dealership=OuterRef("pk"))))
    try:
        return Page.of(found, "code", cursor, PAGE)
    except APIException as error:
        problems += [str(words) for each in dict(error.detail).values() for words in each]  # type: ignore[arg-type]
        return Page.of(found, "code", None, PAGE)


def rows_of(dealerships: list[Dealership], user: Any) -> tuple[list[Row], bool]:
    """The rows of these dealerships, and whether anything of them is being fetched."""
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    visible = Feed.objects.with_freshness().visible_to(user).filter(dealership__in=dealerships, job_type__in=JOB_TYPES)
    for feed in visible.order_by():
        found[feed.dealership_id][feed.job_type] = feed
    waiting = dict(
        QuarantinedRecord.objects.waiting()
        .visible_to(user)
        .filter(dealership__in=dealerships)
        .order_by()
        .values_list("dealership_id")
        .annotate(Count("pk"))
    )
    marks, made = Marks(reverse("runs")), []
    for dealership in dealerships:
        feeds = found[dealership.pk]
        main_dealers = sorted({feed.main_dealer for feed in feeds.values()})
        row = Row(dealership, main_dealers, marks.of(dealership, feeds), waiting.get(dealership.pk, 0))
        made.append(row)
    return made, any(feed.unfinished_id for feeds in found.values() for feed in feeds.values())


class Marks:
    """Makes the marks of a page, hundreds of them: what they share is asked for and translated once."""

    def __init__(self, runs: str) -> None:
        self.runs, self.now = runs, timezone.now()
        self.labels = {code: shown.job_label(code) for code in JOB_TYPES}
        self.states = {state.value: str(state.label) for state in Feed.State}
        self.fetched, self.succeeded = _("Fetched up to %(lag)s ago."), _("Last success: %(at)s.")

    def of(self, dealership: Dealership, feeds: dict[str, Any]) -> list[str]:
        """One for each job type, in their order."""
        runs = f"{self.runs}?{urlencode({'dealer': dealership.code})}"
        zone = dealership.zone
        return [self.one(feeds[code], runs, zone) if code in feeds else "" for code in self.labels]

    def one(self, feed: Any, runs: str, zone: ZoneInfo) -> str:
        """The feed's state as a link to its runs, which says why, how far behind it is and when it last succeeded."""
        label = self.labels[feed.job_type]
        words = [freshness.words_of(feed, self.now)]
        if feed.lag is not None:
            words.append(self.fetched % {"lag": freshness.length(feed.lag)})
        if feed.succeeded_at is not None:
            words.append(self.succeeded % {"at": f"{feed.succeeded_at.astimezone(zone):%Y-%m-%d %H:%M:%S}"})
        return format_html(
            '<a class="mark {}" href="{}" title="{}" aria-label="{}" data-job="{}"></a>',
            f"{feed.freshness} busy" if feed.unfinished_id else feed.freshness,
            f"{runs}&job={feed.job_type}",
            f"{label}: {' '.join(words)}",
            f"{label}: {self.states[feed.freshness]}",
            label,
        )


def bar_of(asked: Any, query: QueryDict, user: Any) -> FilterBar:
    first = ("search", "main_dealer", "state", "job")
    choices = {"job": shown.choices(user, VIEW)["job"], "main_dealer": main_dealers(user)}
    return FilterBar(asked, query, first, choices, ("id", "dealer"))


def main_dealers(user: Any) -> list[tuple[str, str]]:
    found = Connection.objects.filter(pk__in=Feed.objects.visible_to(user).order_by().values("connection"))
    return [(code, f"{code} {name}".strip()) for code, name in found.values_list("main_dealer", "name")]


def totals(query: QueryDict, feeds: QuerySet[Any], request: HttpRequest) -> list[Total]:
    """How many feeds are in each state, whatever state is asked for."""
    others = query.copy()
    chosen = set(others.pop("state", []))
    others.pop("cursor", None)
    asked = MatrixFilters(others, feeds, request=request)
    if not asked.is_valid():
        return []
    counted = dict(asked.qs.order_by().values_list("freshness").annotate(Count("pk")))
    return [total(state, counted[state], others, chosen) for state in Feed.State if counted.get(state)]


def total(state: Feed.State, count: int, others: QueryDict, chosen: Iterable[str]) -> Total:
    query, is_chosen = others.copy(), state.value in set(chosen)
    if not is_chosen:
        query["state"] = state.value
    return Total(state.value, str(state.label), count, query.urlencode(), is_chosen)


def breakers(user: Any) -> list[str]:
    """Which connections of the person's feeds are left alone, and why."""
    left_alone = list(Gate.objects.filter(opened_at__isnull=False).values_list("pk", flat=True))
    if not left_alone:
        return []
    feeds = Feed.objects.with_freshness().live().visible_to(user).filter(connection__in=left_alone)
    one_each = feeds.order_by("connection_id").distinct("connection_id")
    return sorted(words for feed in one_each if (words := freshness.breaker_words(feed)))
