"""Quarantine: what could not be stored is kept, closed once it has arrived whole, or left alone with a reason.

An entry changes only under the lock of its feed, as the records do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from dealers import audit
from ingestion.documents import Identity
from ingestion.job_types import JOB_TYPES
from ingestion.models import Feed, QuarantinedRecord, Run
from ingestion.models.quarantine import QuarantineQuerySet

if TYPE_CHECKING:
    from ingestion.intake import Brought

State = QuarantinedRecord.State


class NoReason(ValueError):
    """Nothing is ignored without saying why."""


# -- what answers do


def settle(
    brought: Brought, *, by: str, arrived: Mapping[Identity, datetime] | None = None, spared: Collection[int] = ()
) -> None:
    """Close what waited for documents that have now arrived whole, but for the ids `spared`.

    With `arrived`, when each of them was received, only what had been received before it.
    """
    whole = brought.whole()
    bearer = {element.raw_hash: identity for identity, group in whole.items() for element in group}
    code = {pk: dealer for dealer, pk in brought.dealerships.items()}
    keys = {key for _, key in whole}
    entries = (
        QuarantinedRecord.objects.waiting()
        .filter(
            Q(natural_key__in=keys) | Q(natural_key="", raw_hash__in=bearer),
            dealership__in=brought.quarantined,
            job_type=brought.feed.job_type,
        )
        .exclude(pk__in=spared)
    )
    columns = ("pk", "dealership_id", "dealer_code", "natural_key", "raw_hash", "received_at")
    closed = []
    for pk, dealership, dealer, key, raw_hash, received_at in entries.values_list(*columns):
        identity = (dealer or code[dealership], key) if key else bearer[raw_hash.hex]
        ours = identity in whole and identity[0] == (dealer or code[dealership])
        if ours and (arrived is None or received_at <= arrived[identity]):
            closed.append(pk)
    if closed:
        close(QuarantinedRecord.objects.filter(pk__in=closed), by=by)


def close(entries: QuerySet[QuarantinedRecord], *, by: str) -> None:
    """Note that what the entries say is stored, or overtaken by what is."""
    entries.update(state=QuarantinedRecord.State.STORED, settled_at=timezone.now(), settled_by=by)


def keep(brought: Brought, run: Run) -> None:
    """Keep the rejects for a person; the same text is the same entry, and waits again unless a person ignores it."""
    if not brought.rejects:
        return
    now = timezone.now()
    found = {(brought.owner(reject.dealer), reject.raw_hash): reject for reject in brought.rejects}
    entries = QuarantinedRecord.objects.bulk_create(
        [
            QuarantinedRecord(
                dealership_id=owner,
                run=run,
                job_type=run.job_type,
                natural_key=reject.key,
                dealer_code=brought.foreign(reject.dealer),
                field=reject.field,
                reason=reject.reason,
                cause=reject.cause,
                raw=reject.raw,
                raw_hash=reject.raw_hash,
                quarantined_at=now,
                received_at=now,
            )
            for (owner, _), reject in found.items()
        ],
        batch_size=1000,
        update_conflicts=True,
        unique_fields=["dealership", "job_type", "raw_hash"],
        update_fields=["natural_key", "dealer_code", "field", "reason", "cause", "received_at"],
    )
    QuarantinedRecord.objects.filter(
        pk__in=[entry.pk for entry in entries], state=QuarantinedRecord.State.STORED
    ).update(state=QuarantinedRecord.State.WAITING, settled_at=None, settled_by="")


# -- what people do


def ignore(entries: QuarantineQuerySet, *, by: str, why: str) -> int:
    """Leave alone what waits among `entries`, the same text arriving again included; how many. Raises NoReason."""
    why = why.strip()
    if not why:
        raise NoReason(_("Say why."))
    settled = {"state": State.IGNORED, "settled_at": timezone.now(), "settled_by": by, "why_ignored": why}
    return changed(entries.waiting(), "quarantine.ignored", why, **settled)


def wait_again(entries: QuarantineQuerySet) -> int:
    """Undo that the ignored among `entries` are ignored; how many."""
    ignored = entries.filter(state=State.IGNORED)
    return changed(
        ignored, "quarantine.waits_again", state=State.WAITING, settled_at=None, settled_by="", why_ignored=""
    )


def changed(entries: QuerySet[QuarantinedRecord], verb: str, reason: str = "", **columns: Any) -> int:
    count = 0
    for feed in feeds_of(entries):
        with locked(feed):
            here = entries.filter(dealership=feed.dealership_id, job_type=feed.job_type).update(**columns)
            audit.record(verb, feed, changes={"entries": here}, reason=reason)
            count += here
    return count


@contextmanager
def locked(feed: Feed) -> Iterator[None]:
    with transaction.atomic():
        Feed.objects.select_for_update(no_key=True).get(pk=feed.pk)
        yield


def feeds_of(entries: QuerySet[QuarantinedRecord]) -> list[Feed]:
    """The feeds that `entries` belong to."""
    own = entries.order_by().filter(dealership=OuterRef("dealership"), job_type=OuterRef("job_type"))
    feeds = Feed.objects.filter(Exists(own), job_type__in=JOB_TYPES)
    return list(feeds.select_related("connection", "dealership"))


def groups(entries: QuerySet[QuarantinedRecord]) -> list[dict[str, Any]]:
    """`entries` counted by job type, field and cause, the most first, each group with the newest as an example."""
    counted = entries.order_by().values("job_type", "field", "cause")
    counted = counted.annotate(
        count=Count("pk"), example=Max("pk"), since=Min("quarantined_at"), last=Max("received_at")
    )
    return [dict(group) for group in counted.order_by("-count", "job_type", "field", "cause")]
