"""What runs: every dealership's feeds with their last run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from dealers.models import Dealership, User
from ingestion.job_types import JOB_TYPES, JobType
from ingestion.models import Feed, QuarantinedRecord, Run


@dataclass(frozen=True)
class Row:
    """A feed with its last run and what waits in quarantine."""

    feed: Feed
    job: JobType
    run: Run | None
    quarantined: int

    @property
    def state(self) -> str:
        """The run's state; of a feed that has none: waiting, or off."""
        if self.run is not None:
            return self.run.state
        return "waiting" if self.feed.is_enabled else "off"


@dataclass
class Board:
    """A dealership's rows in the order of the job types."""

    dealership: Dealership
    rows: list[Row] = field(default_factory=list)


def last_runs(feeds: Iterable[Feed]) -> dict[int, Run]:
    """The newest run of each feed by its id: one step into an index for each, however many runs there are."""
    return Run.objects.in_bulk([feed.last_run for feed in feeds if feed.last_run])  # type: ignore[attr-defined]


def boards(user: User | AnonymousUser) -> list[Board]:
    """What `user` may see, in three queries however many feeds there are."""
    of_feed = Run.objects.filter(dealership=OuterRef("dealership"), job_type=OuterRef("job_type")).order_by("-id")
    feeds = list(
        Feed.objects.visible_to(user)
        .filter(job_type__in=JOB_TYPES)
        .select_related("dealership")
        .annotate(last_run=Subquery(of_feed.values("pk")[:1]))
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
    """Dealership by job type, each with its last run."""
    found = boards(request.user)
    states = Counter(row.state for board in found for row in board.rows)
    context = {
        "boards": found,
        "now": timezone.now(),
        "totals": [(state, states.get(state, 0)) for state in (*Run.State, "waiting", "off") if states.get(state)],
        "quarantined": sum(row.quarantined for board in found for row in board.rows),
    }
    return render(request, "ingestion/home.html", context)
