"""How fresh each feed is, or why it is not: the one definition that pages, API, admin, metrics and watchdog share.

A feed is in the first of these states that applies, so that the cause stands before its consequence:

- off: the feed, its connection or its dealership is switched off.
- stuck: a live run is unfinished for longer than an interval, five minutes at least, since it was queued.
- missed: a slot passed two minutes ago and nobody made a run for it: beat or the worker of `rest` is away.
- never: no run has succeeded yet, although the feed is older than two intervals or its first run has ended.
- failing: the last run failed.
- late: the last success is more than two intervals ago.
- empty: no record for twice as long as ever before, a day at least; the runs succeed.
- waiting: it is new, and its first run is still to end.
- fresh: none of these.

The interval of a feed that no schedule has reached yet is taken to be fifteen minutes.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.db.models import (
    Case,
    CharField,
    DateTimeField,
    F,
    FilteredRelation,
    OuterRef,
    Q,
    QuerySet,
    TextField,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Greatest, Now
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from ingestion.models import Feed, Run
from ingestion.models.feed import LIVE
from ingestion.schedules import MINUTES

if TYPE_CHECKING:
    from ingestion.models.feed import FeedQuerySet

USUAL_PERIOD = timedelta(minutes=MINUTES)
SHORTEST_PATIENCE = timedelta(minutes=5)
"""A run may take so long, however short the interval."""
GRACE = timedelta(minutes=2)
"""A slot may be so old before its run is missed."""
SHORTEST_SILENCE = timedelta(days=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

State = Feed.State
BAD = (State.STUCK, State.MISSED, State.NEVER, State.FAILING, State.LATE, State.EMPTY)
"""What somebody should know of, the most telling first."""


def annotated(feeds: FeedQuerySet, now: datetime | None = None) -> FeedQuerySet:
    """`feeds` with `freshness`, `interval`, `lag`, the unfinished live run, and why the connection is left alone."""
    moment: Combinable = Value(now, DateTimeField()) if now else Now()
    unfinished = Q(runs__state__in=Run.UNFINISHED, runs__kind=Run.Kind.LIVE)
    found: FeedQuerySet = feeds.annotate(
        interval=Coalesce("period", Value(USUAL_PERIOD)),
        lag=moment - F("cursor"),
        unfinished=FilteredRelation("runs", condition=unfinished),
        unfinished_id=F("unfinished__pk"),
        unfinished_state=F("unfinished__state"),
        unfinished_since=F("unfinished__queued_at"),
        main_dealer=F("connection__main_dealer"),
        left_alone_since=F("connection__gate__opened_at"),
        left_alone_because=Coalesce("connection__gate__error", Value("", TextField())),
    ).annotate(freshness=state_at(moment))
    return found


def state_at(moment: Any) -> Case:
    """The state as an expression over an annotated feed; the order is that of the module's description."""
    two_intervals_ago = moment - (F("interval") + F("interval"))
    patience = Greatest(F("interval"), Value(SHORTEST_PATIENCE))
    silence = Greatest(F("silence") + F("silence"), Value(SHORTEST_SILENCE))
    idle = Q(unfinished_id=None)
    missed = idle & Q(next_slot__lt=moment - Value(GRACE)) & (Q(slot=None) | Q(slot__lt=F("next_slot")))
    has_ended = Q(failures__gte=1) | (idle & Q(slot__isnull=False))
    return Case(
        When(~LIVE, then=Value(State.OFF)),
        When(unfinished_since__lt=moment - patience, then=Value(State.STUCK)),
        When(missed, then=Value(State.MISSED)),
        When(
            Q(succeeded_at=None) & (has_ended | Q(created_at__lt=two_intervals_ago)),
            then=Value(State.NEVER),
        ),
        When(failures__gte=1, then=Value(State.FAILING)),
        When(succeeded_at__lt=two_intervals_ago, then=Value(State.LATE)),
        When(received_at__lt=moment - silence, then=Value(State.EMPTY)),
        When(succeeded_at=None, then=Value(State.WAITING)),
        default=Value(State.FRESH),
        output_field=CharField(),
    )


def last_run_of_feed() -> QuerySet[Run]:
    """For a subquery over feeds: the live runs of each, the newest first. One step into an index finds it."""
    of_feed = Run.objects.filter(dealership=OuterRef("dealership"), job_type=OuterRef("job_type"))
    return of_feed.filter(kind=Run.Kind.LIVE).order_by("-id")


def words_of(feed: Any, now: datetime | None = None) -> str:
    """Why an annotated feed is in its state, in a sentence."""
    return SENTENCES[feed.freshness](feed, now or timezone.now())


def breaker_words(feed: Any, now: datetime | None = None) -> str:
    """That an annotated feed's connection is left alone, and why; blank if it is not."""
    if feed.left_alone_since is None or feed.freshness == State.OFF:
        return ""
    words = _("Connection %(code)s has been left alone for %(long)s: %(reason)s.")
    reason = feed.left_alone_because.rstrip(".") or "?"
    return words % {
        "code": feed.main_dealer,
        "long": ago(feed.left_alone_since, now or timezone.now()),
        "reason": reason,
    }


def ago(moment: datetime, now: datetime) -> str:
    return length(now - moment)


def length(span: timedelta) -> str:
    return in_minutes(int(span.total_seconds() // 60), get_language())


@lru_cache(1000)
def in_minutes(minutes: int, language: str | None) -> str:
    """So many minutes as a person says it; remembered, since thousands of feeds say the same at once."""
    return timesince(EPOCH, EPOCH + timedelta(minutes=minutes)).replace("\xa0", " ")


def why_off(feed: Any, now: datetime) -> str:
    if not feed.is_enabled:
        return _("The feed is switched off.")
    return _("Its connection or its dealership is switched off.")


def why_stuck(feed: Any, now: datetime) -> str:
    words = _("Run #%(run)d was queued %(long)s ago and is still %(state)s.")
    state = Run.State(feed.unfinished_state).label
    return words % {"run": feed.unfinished_id, "long": ago(feed.unfinished_since, now), "state": state}


def why_missed(feed: Any, now: datetime) -> str:
    words = _("A run was due %(long)s ago and nobody made it: the schedule is not being served.")
    return words % {"long": ago(feed.next_slot, now)}


def why_never(feed: Any, now: datetime) -> str:
    if feed.failures:
        words = ngettext(
            "It has never succeeded; its last run failed.",
            "It has never succeeded; its last %(count)d runs failed.",
            feed.failures,
        )
        return words % {"count": feed.failures}
    return _("It has never succeeded since it was added %(long)s ago.") % {"long": ago(feed.created_at, now)}


def why_failing(feed: Any, now: datetime) -> str:
    words = ngettext(
        "Its last run failed; the last success was %(long)s ago.",
        "Its last %(count)d runs failed; the last success was %(long)s ago.",
        feed.failures,
    )
    return words % {"count": feed.failures, "long": ago(feed.succeeded_at, now)}


def why_late(feed: Any, now: datetime) -> str:
    words = _("The last success was %(long)s ago; it should be fetched every %(interval)s.")
    return words % {"long": ago(feed.succeeded_at, now), "interval": length(feed.interval)}


def why_empty(feed: Any, now: datetime) -> str:
    words = _("Its runs succeed, but the last record came %(long)s ago; its longest silence was %(silence)s.")
    return words % {"long": ago(feed.received_at, now), "silence": length(feed.silence)}


def why_waiting(feed: Any, now: datetime) -> str:
    return _("It is new; its first run is still to end.")


def why_fresh(feed: Any, now: datetime) -> str:
    return _("Fetched %(long)s ago.") % {"long": ago(feed.succeeded_at, now)}


SENTENCES = {
    State.OFF: why_off,
    State.STUCK: why_stuck,
    State.MISSED: why_missed,
    State.NEVER: why_never,
    State.FAILING: why_failing,
    State.LATE: why_late,
    State.EMPTY: why_empty,
    State.WAITING: why_waiting,
    State.FRESH: why_fresh,
}
