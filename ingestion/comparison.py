"""Comparison (reconciliation): what a gateway gives for a window beside what is stored.

Nothing is stored but the differences: of a record that was sent, that it is missing or that it is stored otherwise
(different); of one that is stored and was not sent though it changed within the window, that it is surplus.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from itertools import islice
from typing import Any

import msgspec
from django.db.models import Model, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ingestion.contents import unlike
from ingestion.documents import Document, Shape, shape, sort_out
from ingestion.intake import Reader, known_dealerships, lock, ours_and_strangers
from ingestion.models import Feed, Run

MOST = 1000
"""Natural keys listed of each kind of difference."""
AT_ONCE = 500
"""Documents compared at a time."""
KINDS = ("missing", "different", "surplus")

Place = tuple[int, str]
"""A dealership and a natural key."""


@dataclass
class Found:
    """What one answer brought to light."""

    compared: int = 0
    unreadable: int = 0
    """Sent but fit for quarantine only."""
    later: int = 0
    """Changed after the window, and after what the live runs have fetched: they will bring it."""
    places: dict[str, list[Place]] = field(default_factory=lambda: {kind: [] for kind in KINDS})


def compare(raws: Iterable[msgspec.Raw], *, run: Run, window: tuple[datetime, datetime]) -> None:
    """Add the differences of one answer to `run.differences`, and flag the run if there are any."""
    feed = run.feed
    form, dealerships = shape(feed.kind, run.connection.zone), known_dealerships(feed)
    answer = sort_out(form, raws, feed.dealership.code)
    ours, strangers = ours_and_strangers(answer.groups, dealerships)
    sent = {(dealerships[dealer], key) for dealer, key in ours}
    lock(feed, {feed.dealership.code, *(dealer for dealer, _key in ours)})  # nothing changes meanwhile
    reader, found = Reader(form, dealerships, answer.rejects + strangers), Found()
    documents = (document for _identity, document in reader.documents(ours))
    while batch := list(islice(documents, AT_ONCE)):
        beside_the_stored(form, batch, run, found)
    found.compared, found.unreadable = reader.count, len(reader.rejects)
    if not feed.kind.vanishes:
        found.places["surplus"] = list(surplus(run, window, sent))
    run.differences = added(run.differences, found, run.dealership_id)
    run.flag = flag(run.differences)


# -- what was sent


def beside_the_stored(form: Shape, documents: list[Document], run: Run, found: Found) -> None:
    fetched = Feed.objects.values_list("cursor", flat=True).get(pk=run.feed_id)
    due = max(run.until, fetched or run.until)
    stored = stored_under(form, documents)
    alike: dict[int, Document] = {}
    for document in documents:
        place = (document.dealership_id, document.key)
        if place not in stored:
            found.places["missing"].append(place)
            continue
        pk, content_hash, changed_at = stored[place]
        said_at = datetime.fromisoformat(document.version) if document.version else None
        if said_at and changed_at and said_at < changed_at:
            continue  # an older version is passed over: what is stored is right
        if said_at and said_at > due and said_at != changed_at:
            found.later += 1
        elif content_hash != document.content_hash:
            found.places["different"].append(place)
        else:
            alike[pk] = document
    wrong = unlike(form, alike)
    found.places["different"] += [(each.dealership_id, each.key) for pk, each in alike.items() if pk in wrong]


def stored_under(form: Shape, documents: Iterable[Document]) -> dict[Place, tuple[int, str, datetime | None]]:
    """Id, content hash and last change of what is stored under the identities of `documents`."""
    places = {(document.dealership_id, document.key) for document in documents}
    key = form.job_type.key
    rows = of_dealerships(form.job_type.record, {dealership for dealership, _key in places})
    rows = rows.filter(**{f"{key}__in": [key for _dealership, key in places]})
    columns = rows.values_list("dealership_id", key, "pk", "content_hash", "changed_at")
    return {(dealership, key): (pk, content.hex, changed_at) for dealership, key, pk, content, changed_at in columns}


def of_dealerships(record: type[Model], dealerships: Iterable[int]) -> QuerySet[Any]:
    """The records of dealerships with the time of their last change, `changed_at`."""
    rows = record._default_manager.filter(dealership__in=dealerships).order_by()
    return rows.annotate(changed_at=Coalesce("modified_time", "created_time"))


# -- what was not sent


def surplus(run: Run, window: tuple[datetime, datetime], sent: set[Place]) -> Iterator[Place]:
    """Records that changed within the window, its end left out, and were not sent.

    What came with a neighbour's answer is sent with that one again, and so is no surplus here.
    """
    kind, zone = run.feed.kind, run.connection.zone
    within = of_dealerships(kind.record, [run.dealership_id])
    within = within.filter(changed_at__gte=window[0], changed_at__lt=window[1])
    unsent = {
        pk: key
        for pk, key, changed_at in within.values_list("pk", kind.key, "changed_at")
        if (run.dealership_id, key) not in sent and not ends_beyond(changed_at.astimezone(zone), window[1])
    }
    versions = kind.record.history.filter(id__in=unsent).order_by("id", "-history_id").distinct("id")
    brought_by = dict(versions.values_list("id", "run__dealership"))
    for pk, key in unsent.items():
        if brought_by.get(pk) in (None, run.dealership_id):
            yield run.dealership_id, key


def ends_beyond(changed_at: datetime, end: datetime) -> bool:
    """Whether a change is dated by its day alone, as midnight, and may have been after `end` of the window."""
    return changed_at.time() == time() and changed_at + timedelta(days=1) > end


# -- what is told


def added(so_far: dict[str, Any] | None, found: Found, dealership: int) -> dict[str, Any]:
    """The figures of the windows before and of this one; natural keys of the run's own dealership, each once.

    A record that was created in one window and changed in another is sent in both.
    """
    told: dict[str, Any] = so_far or dict.fromkeys(("compared", *KINDS, "unreadable", "later", "elsewhere"), 0)
    keys = told.setdefault("keys", {kind: [] for kind in KINDS})
    for name in ("compared", "unreadable", "later"):
        told[name] += getattr(found, name)
    for kind, places in found.places.items():
        listed = set(keys[kind])
        own = sorted({key for of, key in places if of == dealership} - listed)
        elsewhere = sum(of != dealership for of, _key in places)
        told[kind] += len(own) + elsewhere
        told["elsewhere"] += elsewhere
        keys[kind] = [*keys[kind], *own][:MOST]
    return told


def count(differences: dict[str, Any] | None) -> int:
    """How many there are of every kind together."""
    return sum((differences or {}).get(kind, 0) for kind in KINDS)


def flag(differences: dict[str, Any]) -> str:
    """The differences in a sentence; blank if there are none."""
    words = {
        "missing": ngettext("%d record sent is not stored", "%d records sent are not stored", differences["missing"]),
        "different": ngettext("%d is stored otherwise", "%d are stored otherwise", differences["different"]),
        "surplus": ngettext("%d is stored but was not sent", "%d are stored but were not sent", differences["surplus"]),
    }
    told = [words[kind] % differences[kind] for kind in KINDS if differences[kind]]
    return _("The comparison found differences: %(list)s.") % {"list": "; ".join(told)} if told else ""
