"""Takes the records of one answer in: sorted, read, stored or quarantined, and counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from dealers.models import Dealership
from ingestion.documents import Document, Element, Identity, Reject, Shape, reject, shape, sort_out, stranger
from ingestion.models import Feed, QuarantinedRecord, Run
from ingestion.rows import Misread
from ingestion.store import Stored, store_of

Groups = dict[Identity, list[Element]]


def take(raws: Iterable[msgspec.Raw], *, run: Run, feed: Feed) -> dict[str, int]:
    """Store the raw records of an answer for `feed` within the caller's transaction; the counts by the columns of Run.

    A record that cannot be read goes to quarantine alone. received = created + updated + unchanged + quarantined.
    """
    form, store = shape(feed.kind, feed.connection.zone), store_of(feed.kind)
    dealerships = known_dealerships(feed)
    found = sort_out(form, raws, feed.dealership.code)
    ours, rejects = ours_and_strangers(found.groups, dealerships)
    rejects += found.rejects
    waiting = lock({run.dealership_id, *(dealerships[dealer] for dealer, _ in ours)}, feed.job_type)
    known = store.known((dealerships[identity[0]], identity, group) for identity, group in ours.items())
    changed = {identity: group for identity, group in ours.items() if identity not in known or not known[identity].same}
    reader = Reader(form, dealerships, rejects)
    fresh = sum(identity not in known for identity in changed)
    stored = store.take(reader.documents(changed), known, fresh=fresh, run_id=run.pk) if changed else Stored()
    if waiting:
        settle(ours, rejects, run)
    quarantine(rejects, run)
    return {
        "received": len(ours) - len(changed) + reader.count + len(rejects),
        "created": stored.created,
        "updated": stored.updated,
        "unchanged": stored.unchanged + len(ours) - len(changed),
        "quarantined": len(rejects),
        "unknown_fields": reader.unknown_fields + sum(each.unknown_fields for each in known.values() if each.same),
    }


def ours_and_strangers(groups: Groups, dealerships: dict[str, int]) -> tuple[Groups, list[Reject]]:
    """The groups of known dealerships, and the others as rejects."""
    ours: Groups = {}
    rejects = []
    for (dealer, key), group in groups.items():
        if dealer in dealerships:
            ours[dealer, key] = group
        else:
            rejects.append(reject(group, stranger(dealer), key))
    return ours, rejects


@dataclass
class Reader:
    """Reads documents one by one, so that the database takes in the last while the next is read."""

    shape: Shape
    dealerships: dict[str, int]
    rejects: list[Reject]
    count: int = 0
    unknown_fields: int = 0

    def documents(self, groups: Groups) -> Iterator[tuple[Identity, Document]]:
        for identity, group in groups.items():
            try:
                document = self.shape.read(self.dealerships[identity[0]], identity[1], group)
            except Misread as error:
                self.rejects.append(reject(group, error, identity[1], self.dealerships[identity[0]]))
                continue
            self.count += 1
            self.unknown_fields += document.unknown_fields
            yield identity, document


def known_dealerships(feed: Feed) -> dict[str, int]:
    """The dealerships of the feed's connection by dealer code."""
    same = Dealership.objects.filter(pk__in=Feed.objects.filter(connection_id=feed.connection_id).values("dealership"))
    return dict(same.values_list("code", "pk"))


def lock(dealerships: set[int], job_type: str) -> bool:
    """Keep other answers for the same dealerships and job type waiting until this transaction ends.

    Whether any of them has something in quarantine.
    """
    feeds = Feed.objects.filter(dealership__in=dealerships, job_type=job_type).order_by("pk")
    waiting = QuarantinedRecord.objects.waiting().filter(dealership=OuterRef("dealership"), job_type=job_type)
    locked = feeds.select_for_update(no_key=True).annotate(waiting=Exists(waiting))
    return any(locked.values_list("waiting", flat=True))


def settle(ours: Groups, rejects: list[Reject], run: Run) -> None:
    """Close what waited for records that have now arrived whole."""
    bad = {reject.key for reject in rejects}
    whole = [key for _, key in ours if key not in bad]
    QuarantinedRecord.objects.waiting().filter(
        dealership__in=known_dealerships(run.feed).values(), job_type=run.job_type, natural_key__in=whole
    ).update(state=QuarantinedRecord.State.STORED, settled_at=timezone.now(), settled_by=_("run %d") % run.pk)


def quarantine(rejects: list[Reject], run: Run) -> None:
    """Keep `rejects` for a person; the same text is the same entry, and waits again unless a person ignores it."""
    if not rejects:
        return
    entries = [
        QuarantinedRecord(
            dealership_id=reject.dealership_id or run.dealership_id,
            run=run,
            job_type=run.job_type,
            natural_key=reject.key,
            field=reject.field,
            reason=reject.reason,
            cause=reject.cause,
            raw=reject.raw,
            raw_hash=reject.raw_hash,
        )
        for reject in {
            (reject.dealership_id or run.dealership_id, reject.raw_hash): reject for reject in rejects
        }.values()
    ]
    QuarantinedRecord.objects.bulk_create(
        entries,
        update_conflicts=True,
        unique_fields=["dealership", "job_type", "raw_hash"],
        update_fields=["natural_key", "field", "reason", "cause"],
    )
    QuarantinedRecord.objects.filter(
        job_type=run.job_type, raw_hash__in=[entry.raw_hash for entry in entries], state=QuarantinedRecord.State.STORED
    ).update(state=QuarantinedRecord.State.WAITING, settled_at=None, settled_by="")
