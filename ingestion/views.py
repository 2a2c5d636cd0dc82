"""What runs: every dealership's feeds, how fresh they are, with their last run; and the metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from dealers.models import Dealership, User
from dealers.tenancy import platform
from ingestion.freshness import breaker_words, last_run_of_feed, words_of
from ingestion.job_types import JOB_TYPES, JobType
from ingestion.metrics import REGISTRY
from ingestion.models import Feed, QuarantinedRecord, Run


@dataclass(frozen=True)
class Row:
    """A feed with its freshness, its last live run and what waits in quarantine."""

    feed: Feed
    job: JobType
    run: Run | None
    quarantined: int

    @property
    def state(self) -> str:
        """How fresh it is."""
        return str(self.feed.freshness)  # type: ignore[attr-defined]

    @property
    def words(self) -> str:
        """Why."""
        return words_of(self.feed)


@dataclass
class Board:
    """A dealership's rows in the order of the job types."""

    dealership: Dealership
    rows: list[Row] = field(default_factory=list)

    @property
    def breakers(self) -> list[str]:
        """Which of its connections are left alone, and why."""
        return sorted({words for row in self.rows if (words := breaker_words(row.feed))})


def last_runs(feeds: Iterable[Feed]) -> dict[int, Run]:
    """The last run of each feed by its id: one step into an index for each, however many runs there are."""
    return Run.objects.in_bulk([feed.last_run for feed in feeds if feed.last_run])  # type: ignore[attr-defined]


def boards(user: User | AnonymousUser) -> list[Board]:
    """What `user` may see, in three queries however many feeds there are."""
    feeds = list(
        Feed.objects.with_freshness()
        .visible_to(user)
        .filter(job_type__in=JOB_TYPES)
        .select_related("dealership")
        .annotate(last_run=Subquery(last_run_of_feed().values("pk")[:1]))
        .order_by("dealership__code")
    )
    runs = last_runs(feeds)
    counted = QuarantinedRecord.objects.waiting().visible_to(user).order_by().values_list("dealership_id", "job_type")
    waiting = {(dealership, job): count for dealership, job, count in counted.annotate(Count("id"))}
    place = {code: index for index, code in enumerate(JOB_TYPES)}
    rows = [
        Row(
            feed, JOB_TYPES[feed.job_type], runs.get(feed.last_run), waiting.get((feed.dealership_id, feed.job_type), 0)
        )
        for feed in sorted(feeds, key=lambda each: (each.dealership.code, place[each.job_type]))
    ]
    return [Board(dealership, list(group)) for dealership, group in groupby(rows, key=lambda row: row.feed.dealership)]


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Dealership by job type, each with its freshness and its last run."""
    found = boards(request.user)
    states = Counter(row.state for board in found for row in board.rows)
    context = {
        "boards": found,
        "now": timezone.now(),
        "totals": [(state, states[state]) for state in Feed.State if states[state]],
        "quarantined": sum(row.quarantined for board in found for row in board.rows),
    }
    return render(request, "ingestion/home.html", context)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """What Prometheus reads, for whoever sends METRICS_TOKEN as a bearer; without such a token there is no page."""
    if not settings.METRICS_TOKEN:
        raise Http404
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not constant_time_compare(token.strip(), settings.METRICS_TOKEN):
        return HttpResponse("METRICS_TOKEN is asked for\n", "text/plain", 401, headers={"WWW-Authenticate": "Bearer"})
    with platform("metrics"):
        return HttpResponse(generate_latest(REGISTRY), CONTENT_TYPE_LATEST)
