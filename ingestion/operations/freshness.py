"""The matrix: dealership by job type, each with how fresh it is and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
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
from ingestion.models import Connection, Feed, QuarantinedRecord
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


@dataclass(frozen=True)
class Mark:
    """A feed in the matrix."""

    job: str
    label: str
    state: str = ""
    """Blank: there is no such feed."""
    word: str = ""
    address: str = ""
    title: str = ""
    busy: bool = False


@dataclass
class Row:
    """A dealership with a mark for each job type."""

    dealership: Dealership
    main_dealers: list[str] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
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
    feeds = Feed.objects.with_freshness().visible_to(user).filter(job_type__in=JOB_TYPES)
    asked = MatrixFilters(query, feeds, request=request)
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
            "totals": totals(query, feeds, request),
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
    now, runs = timezone.now(), reverse("runs")
    labels = {code: shown.job_label(code) for code in JOB_TYPES}
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
    made = []
    for dealership in dealerships:
        feeds, zone = found[dealership.pk], dealership.zone
        of_dealership = urlencode({"dealer": dealership.code})
        marks = [
            mark(feeds[code], label, f"{runs}?{of_dealership}", zone, now) if code in feeds else Mark(code, label)
            for code, label in labels.items()
        ]
        main_dealers = sorted({feed.main_dealer for feed in feeds.values()})
        made.append(Row(dealership, main_dealers, marks, waiting.get(dealership.pk, 0)))
    return made, any(each.busy for row in made for each in row.marks)


def mark(feed: Any, label: str, runs: str, zone: ZoneInfo, now: datetime) -> Mark:
    """The feed's state, with the reason, the lag and the last success, and the way to its runs."""
    words = freshness.words_of(feed, now)
    if feed.lag is not None:
        words += " " + _("Fetched up to %(lag)s ago.") % {"lag": freshness.length(feed.lag)}
    if feed.succeeded_at is not None:
        words += " " + _("Last success: %(at)s.") % {"at": f"{feed.succeeded_at.astimezone(zone):%Y-%m-%d %H:%M:%S}"}
    return Mark(
        job=feed.job_type,
        label=label,
        state=feed.freshness,
        word=str(Feed.State(feed.freshness).label),
        address=f"{runs}&job={feed.job_type}",
        title=f"{label}: {words}",
        busy=feed.unfinished_id is not None,
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
    open_ones = Feed.objects.with_freshness().live().visible_to(user).filter(connection__gate__opened_at__isnull=False)
    one_each = open_ones.order_by("connection_id").distinct("connection_id")
    return sorted(words for feed in one_each if (words := freshness.breaker_words(feed)))
