"""Takes the records of one answer in: sorted, read, stored or quarantined, and counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from dealers.models import Dealership
from dealers.tenancy import narrowed
from ingestion import quarantine
from ingestion.documents import (
    Document,
    Element,
    Identity,
    Reject,
    Shape,
    Sorted,
    reject,
    shape,
    sort_out,
    stranger,
)
from ingestion.models import Feed, Run
from ingestion.rows import Misread
from ingestion.store import Known, Stored, fetch, store_of

Groups = dict[Identity, list[Element]]


@dataclass
class Brought:
    """What an answer for a feed brought, its feeds locked: documents by identity, and what cannot be read."""

    feed: Feed
    dealerships: dict[str, int]
    """Those of the feed's connection that the answer concerns, by dealer code."""
    quarantined: set[int]
    """Those among them that the answer concerns and that have something waiting in quarantine."""
    groups: Groups
    rejects: list[Reject]

    def owner(self, dealer: str) -> int:
        """Whose a record with this dealer code is: the dealership's asked for, if no other is known by it."""
        return self.dealerships.get(dealer, self.feed.dealership_id)

    def foreign(self, dealer: str) -> str:
        """The dealer code of an entry as far as it is not its dealership's."""
        return "" if dealer in self.dealerships else dealer[:100]

    def whole(self) -> Groups:
        """The documents that could be read."""
        bad = {(reject.dealer, reject.key) for reject in self.rejects}
        return {identity: group for identity, group in self.groups.items() if identity not in bad}


def sort(raws: Iterable[msgspec.Raw], feed: Feed) -> Sorted:
    """The raw records of an answer by what is to be done with them."""
    return sort_out(shape(feed.kind, feed.connection.zone), raws, feed.dealership.code)


def take_sorted(found: Sorted, *, run: Run, feed: Feed) -> tuple[dict[str, int], list[Reject]]:
    """Store an answer's records within the caller's transaction: the counts by the columns of Run, and rejects.

    A record that cannot be read goes to quarantine alone. received = created + updated + unchanged + quarantined.
    """
    with fenced(found, feed) as brought:
        return take(brought, run=run), brought.rejects


@contextmanager
def fenced(found: Sorted, feed: Feed) -> Iterator[Brought]:
    """What an answer brings, its feeds locked; in the block there are no rows but those of its dealerships."""
    codes = codes_in(found, feed)
    locked = lock(feed, codes)
    with narrowed({feed.dealership_id, *locked}):
        yield assigned(found, feed, codes, locked)


def take(brought: Brought, *, run: Run) -> dict[str, int]:
    """Store what an answer brought; the counts."""
    counts = store(brought, known(brought), run)
    if brought.quarantined:
        quarantine.settle(brought, by=_("run %d") % run.pk)
    quarantine.keep(brought, run)
    return counts


def codes_in(found: Sorted, feed: Feed) -> set[str]:
    """The dealer codes that an answer for `feed` bears."""
    return {feed.dealership.code, *(dealer for dealer, _ in found.groups), *(each.dealer for each in found.rejects)}


def bring(found: Sorted, feed: Feed) -> Brought:
    """Tell ours from strangers, and keep other answers for the same dealerships waiting until this transaction ends."""
    codes = codes_in(found, feed)
    return assigned(found, feed, codes, lock(feed, codes))


def assigned(found: Sorted, feed: Feed, codes: Iterable[str], locked: list[int]) -> Brought:
    """The same, the feeds of the dealerships `locked` being locked already."""
    dealerships, quarantined = look_around(feed, codes, locked)
    groups, strangers = ours_and_strangers(found.groups, dealerships)
    return Brought(feed, dealerships, quarantined, groups, [*strangers, *found.rejects])


# Two statements for every answer, so they are written down instead of being put together each time.
LOCK = """
    SELECT feed.dealership_id FROM ingestion_feed AS feed
    WHERE feed.job_type = %(job_type)s AND feed.dealership_id = ANY(ARRAY(
        SELECT id FROM dealers_dealership WHERE code = ANY(%(codes)s)
        UNION ALL
        SELECT dealership_id FROM ingestion_quarantinedrecord
        WHERE state = 'waiting' AND dealer_code <> '' AND job_type = %(job_type)s AND dealer_code = ANY(%(codes)s)
    )) AND EXISTS (
        SELECT FROM ingestion_feed AS same
        WHERE same.dealership_id = feed.dealership_id AND same.connection_id = %(connection)s
    )
    ORDER BY feed.id FOR NO KEY UPDATE OF feed
"""
LOOK_AROUND = """
    SELECT code, id, id = ANY(%(locked)s::bigint[]) AND EXISTS (
        SELECT FROM ingestion_quarantinedrecord AS entry
        WHERE entry.state = 'waiting' AND entry.dealership_id = dealership.id AND entry.job_type = %(job_type)s
    )
    FROM dealers_dealership AS dealership
    WHERE id = ANY(%(locked)s::bigint[] || ARRAY(SELECT id FROM dealers_dealership WHERE code = ANY(%(codes)s)))
    AND EXISTS (
        SELECT FROM ingestion_feed AS same
        WHERE same.dealership_id = dealership.id AND same.connection_id = %(connection)s
    )
"""


def lock(feed: Feed, codes: Iterable[str]) -> list[int]:
    """Lock the feeds of these dealer codes, and those with an entry in quarantine that bears one of them.

    Their dealerships.
    """
    wanted = {"job_type": feed.job_type, "codes": list(codes), "connection": feed.connection_id}
    return [dealership for (dealership,) in fetch(LOCK, wanted)]


def look_around(feed: Feed, codes: Iterable[str], locked: list[int]) -> tuple[dict[str, int], set[int]]:
    """The dealerships of the feed's connection with these codes or `locked`, by dealer code.

    And those `locked` that have something in quarantine. It is a statement that begins with the locks in hand, so that
    it sees what the answers before this one left.
    """
    wanted = {"job_type": feed.job_type, "codes": list(codes), "connection": feed.connection_id, "locked": locked}
    rows = fetch(LOOK_AROUND, wanted)
    return {code: pk for code, pk, _ in rows}, {pk for _, pk, waits in rows if waits}


def known_dealerships(feed: Feed) -> dict[str, int]:
    """The dealerships of the feed's connection by dealer code."""
    return dict(on_connection(feed).values_list("code", "pk"))


def on_connection(feed: Feed) -> QuerySet[Dealership]:
    return Dealership.objects.filter(pk__in=Feed.objects.filter(connection=feed.connection_id).values("dealership"))


def known(brought: Brought) -> dict[Identity, Known]:
    """What is stored of the documents brought."""
    found = ((brought.dealerships[identity[0]], identity, group) for identity, group in brought.groups.items())
    return store_of(brought.feed.kind).known(found)


def store(brought: Brought, known: dict[Identity, Known], run: Run) -> dict[str, int]:
    """Store what is new or changed; what cannot be read is added to the rejects."""
    feed, groups, rejects = brought.feed, brought.groups, brought.rejects
    changed = {each: group for each, group in groups.items() if each not in known or not known[each].same}
    reader = Reader(shape(feed.kind, feed.connection.zone), brought.dealerships, rejects)
    fresh = sum(identity not in known for identity in changed)
    stored = Stored()
    if changed:
        stored = store_of(feed.kind).take(reader.documents(changed), known, fresh=fresh, run_id=run.pk)
    same = len(groups) - len(changed)
    return {
        "received": same + reader.count + len(rejects),
        "created": stored.created,
        "updated": stored.updated,
        "unchanged": same + stored.unchanged,
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
            rejects.append(reject(group, stranger(dealer), key, dealer))
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
                self.rejects.append(reject(group, error, identity[1], identity[0]))
                continue
            self.count += 1
            self.unknown_fields += document.unknown_fields
            yield identity, document
