"""Alerts of feeds: opened while a feed is in a bad state, resolved when it is well again, and what there is to tell.

Everything is judged by the database in a few statements, however many feeds there are. An alert stays open while its
feed is in any bad state: a gateway that is away makes feeds failing and stuck by turns, and is to be told of once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ingestion import freshness
from ingestion.models import Alert, Feed
from ingestion.models.feed import LIVE

State = Feed.State
WELL = (State.FRESH, State.WAITING, State.OFF)
FAILURES = 2
"""A run that fails alone is nothing to tell; the next one mostly makes it good."""
MOST = 50
"""Alerts that a message lists; the rest are counted."""
LONGEST_WORDS = 1000
NAMESPACE = UUID("5f0a9c1e-6f3e-4b0e-9d7e-1d1c8a6d4f10")


def forget_slots_of_feeds_that_are_off() -> None:
    """A feed switched on again is due when its schedule says so next, not since it was switched off."""
    Feed.objects.filter(~LIVE, next_slot__isnull=False).update(next_slot=None)


def resolve(patience: timedelta = timedelta(0)) -> None:
    """Close the alerts of feeds that are well again; what was over before its time to be told leaves no trace."""
    judged = Feed.objects.with_freshness().order_by()
    over = Q(feed__in=judged.filter(freshness__in=WELL).values("pk")) | (
        ~Q(state=State.EMPTY) & Q(feed__in=judged.filter(freshness=State.EMPTY).values("pk"))
    )
    found = Alert.objects.unresolved().filter(over).order_by()
    if patience:
        found.filter(told_at=None, opened_at__gt=Now() - patience).delete()
    found.update(resolved_at=Now())


def open_new() -> None:
    """An alert for every feed in a bad state that has none of that state; a run under way may still make it good."""
    known = Alert.objects.unresolved().filter(feed=OuterRef("pk"), state=OuterRef("freshness"))
    bad = (
        Feed.objects.with_freshness()
        .filter(freshness__in=freshness.BAD)
        .exclude(freshness=State.FAILING, failures__lt=FAILURES)
        .exclude(freshness__in=[State.LATE, State.NEVER], unfinished_id__isnull=False)
        .exclude(Exists(known))
        .annotate(error=Subquery(freshness.last_run_of_feed().values("error")[:1]))
        .order_by("pk")
    )
    new = [(row.pk, row.dealership_id, row.freshness, words(row)) for row in bad.values_list(*NEEDED, named=True)]
    if new:
        insert(new)


def insert(new: list[tuple[int, int, str, str]]) -> None:
    """In one statement of four arrays: all of 14,000 feeds may go bad at once, and an ORM's row costs too much then."""
    insertion = """
        INSERT INTO ingestion_alert (feed_id, dealership_id, state, words, opened_at)
        SELECT feed, dealership, state, words, statement_timestamp()
        FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[]) AS new(feed, dealership, state, words)
        ON CONFLICT DO NOTHING
    """
    with connection.cursor() as cursor:
        cursor.execute(insertion, [list(column) for column in zip(*new, strict=True)])


NEEDED = (
    *("pk", "dealership_id", "is_enabled", "freshness", "failures", "created_at", "succeeded_at", "received_at"),
    *("next_slot", "silence", "interval", "unfinished_id", "unfinished_state", "unfinished_since"),
    *("main_dealer", "left_alone_since", "left_alone_because", "error"),
)


def words(row: Any) -> str:
    """The sentence of its state, what the last run said if it failed, and whether the connection is left alone."""
    failed = row.error if row.freshness in (State.FAILING, State.NEVER) else ""
    return " ".join(filter(None, [freshness.words_of(row), failed, freshness.breaker_words(row)]))


@dataclass
class News:
    """Alerts to tell of, as one message: ids of all that began and ended, and the first of each as they were."""

    opened: list[int]
    resolved: list[int]
    first_opened: list[dict[str, Any]]
    first_resolved: list[dict[str, Any]]
    unresolved: dict[str, int]
    """How many are open now, by state."""
    told: set[str] = field(default_factory=set)
    """The ways by which it was told already."""

    @property
    def id(self) -> str:
        """The same for the same alerts: who is told twice can notice."""
        return str(uuid5(NAMESPACE, f"opened {self.opened} resolved {self.resolved}"))

    @property
    def summary(self) -> str:
        opened = ngettext("%(count)d alert opened", "%(count)d alerts opened", len(self.opened))
        resolved = ngettext("%(count)d resolved", "%(count)d resolved", len(self.resolved))
        parts = [opened % {"count": len(self.opened)}] if self.opened else []
        parts += [resolved % {"count": len(self.resolved)}] if self.resolved else []
        return ", ".join(parts)

    @property
    def lines(self) -> list[str]:
        """A line for each alert listed, then how many are left out."""
        opened = [f"{each['dealer']} {each['job']} {each['state']}: {each['words']}" for each in self.first_opened]
        over = _("%(feed)s is no longer %(state)s")
        resolved = [
            over % {"feed": f"{each['dealer']} {each['job']}", "state": each["state"]} for each in self.first_resolved
        ]
        left_out = len(self.opened) + len(self.resolved) - len(opened) - len(resolved)
        rest = [_("and %(count)d more: the admin lists them all") % {"count": left_out}] if left_out else []
        return opened + resolved + rest

    @property
    def body(self) -> dict[str, Any]:
        """The message of a webhook."""
        totals = {"opened": len(self.opened), "resolved": len(self.resolved), "unresolved": self.unresolved}
        lists = {"opened": self.first_opened, "resolved": self.first_resolved}
        return {"id": self.id, "text": self.summary, "totals": totals, **lists}


def news(patience: timedelta = timedelta(0)) -> News | None:
    """What nobody was told of yet; None if that is nothing. An alert is told of when it has lasted for `patience`."""
    untold = Alert.objects.untold()
    opened = untold.filter(told_at=None, opened_at__lte=Now() - patience)
    resolved = untold.filter(resolved_at__isnull=False, told_resolved_at=None)
    began, ended = ids(opened), ids(resolved)
    if not began and not ended:
        return None
    counted = Alert.objects.unresolved().order_by().values_list("state").annotate(Count("pk"))
    return News(began, ended, described(began[:MOST]), described(ended[:MOST]), dict(counted))


def ids(alerts: QuerySet[Alert]) -> list[int]:
    return list(alerts.order_by("pk").values_list("pk", flat=True))


def described(alert_ids: Sequence[int]) -> list[dict[str, Any]]:
    rows = Alert.objects.filter(pk__in=alert_ids).select_related("feed", "dealership").order_by("pk")
    return [
        {
            "alert": row.pk,
            "dealer": row.dealership.code,
            "job": row.feed.job_type,
            "state": row.state,
            "words": row.words[:LONGEST_WORDS],
            "opened_at": row.opened_at.isoformat(),
            "resolved_at": row.resolved_at.isoformat() if row.resolved_at else None,
        }
        for row in rows
    ]


def note_told(told: News) -> None:
    """These alerts are told of: never again."""
    Alert.objects.filter(pk__in=told.opened, told_at=None).update(told_at=Now())
    Alert.objects.filter(pk__in=told.resolved, told_resolved_at=None).update(told_resolved_at=Now())
