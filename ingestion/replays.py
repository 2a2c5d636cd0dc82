"""Replays: what waits in quarantine takes the road of an answer again, after a fix.

A text counts as received when it was received: a replay neither beats what came later nor closes it, and texts of
different answers never become one document.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from django.db import transaction
from django.db.models import Case, F, Max, TextField, Value, When
from django.db.models.functions import Length
from django.utils.translation import gettext as _

from ingestion import errands, intake
from ingestion.documents import Document, Identity, Reject, digest, shape
from ingestion.intake import Brought
from ingestion.models import Feed, QuarantinedRecord, Run
from ingestion.models.quarantine import QuarantineQuerySet
from ingestion.quarantine import close, feeds_of, settle
from ingestion.store import Known

MOST_TEXTS, MOST_CHARACTERS = 500, 8_000_000
"""In memory, and in a transaction, at a time; a single text may be larger."""
MOST_AT_REQUEST = 10_000
"""Entries that are tried again while somebody waits for the answer."""


class TooMany(ValueError):
    """More entries than a request is to wait for."""


@dataclass(slots=True)
class Arrival:
    """What one answer brought under one identity: a document, as far as we know."""

    identity: Identity | None
    received_at: datetime
    entries: list[int] = field(default_factory=list)
    characters: int = 0


@dataclass
class Replayed:
    """What became of a feed's entries."""

    run: Run
    stored: int = 0
    """Entries that are closed: what they say is stored, or overtaken by what is."""
    waiting: int = 0
    """Entries that still cannot be read."""


def no_step(count: int) -> None:
    """Nobody watches."""


def replay(entries: QuarantineQuerySet, *, by: str, step: Callable[[int], None] = no_step) -> Iterator[Replayed]:
    """Try again what waits among `entries`: a run for each feed, yielded as it ends.

    `step` is told how many entries each batch was. An entry that is settled meanwhile is passed over.
    """
    for feed in feeds_of(entries.waiting()):
        mine = entries.waiting().filter(dealership=feed.dealership_id, job_type=feed.job_type)
        replayed = Replayed(errands.begin(feed, Run.Kind.REPLAY, by=by))
        batches = list(in_batches(arrivals(feed, mine)))
        for number, batch in enumerate(batches, 1):
            replay_batch(replayed, batch, ends=number == len(batches))
            step(sum(len(arrival.entries) for arrival in batch))
        if batches:
            yield replayed


def replay_at_request(entries: QuarantineQuerySet, *, by: str) -> list[Replayed]:
    """The same at once, for somebody who waits for the answer. Raises TooMany."""
    if entries.waiting()[: MOST_AT_REQUEST + 1].count() > MOST_AT_REQUEST:
        words = _("More than %(most)d records wait here; choose fewer, or call manage.py dgi_replay.")
        raise TooMany(words % {"most": MOST_AT_REQUEST})
    return list(replay(entries, by=by))


def arrivals(feed: Feed, entries: QuarantineQuerySet) -> list[Arrival]:
    """The entries of a feed in the order they were received."""
    form = shape(feed.kind, feed.connection.zone)
    found: dict[object, Arrival] = {}
    nameless = Case(When(natural_key="", then=F("raw")), default=Value(""), output_field=TextField())
    rows = entries.order_by("received_at", "pk").annotate(nameless=nameless, characters=Length("raw"))
    columns = ("pk", "natural_key", "dealer_code", "received_at", "characters", "nameless")
    for pk, key, dealer, received_at, characters, raw in rows.values_list(*columns).iterator(chunk_size=100):
        asked = feed.dealership.code
        identity = (dealer or asked, key) if key else form.identity(msgspec.Raw(raw.encode()), asked)
        arrival = found.setdefault((identity, received_at) if identity else pk, Arrival(identity, received_at))
        arrival.entries.append(pk)
        arrival.characters += characters
    return list(found.values())


def in_batches(found: Iterable[Arrival]) -> Iterator[list[Arrival]]:
    batch: list[Arrival] = []
    texts = characters = 0
    for arrival in found:
        texts, characters = texts + len(arrival.entries), characters + arrival.characters
        if batch and (texts > MOST_TEXTS or characters > MOST_CHARACTERS):
            yield batch
            batch, texts, characters = [], len(arrival.entries), arrival.characters
        batch.append(arrival)
    if batch:
        yield batch


def in_rounds(batch: Iterable[Arrival]) -> list[list[Arrival]]:
    """Documents of one identity one after the other; the others side by side."""
    turns: Counter[Identity] = Counter()
    rounds: dict[int, list[Arrival]] = defaultdict(list)
    for arrival in batch:
        turn = turns[arrival.identity] if arrival.identity else 0
        rounds[turn].append(arrival)
        if arrival.identity:
            turns[arrival.identity] += 1
    return [rounds[turn] for turn in sorted(rounds)]


def replay_batch(replayed: Replayed, batch: list[Arrival], *, ends: bool) -> None:
    run, counts = replayed.run, Counter[str]()
    entries = QuarantinedRecord.objects.in_bulk([pk for arrival in batch for pk in arrival.entries])
    with transaction.atomic():
        if run.pk is None:
            run.save()
        intake.bring(intake.sort(raws_of(entries.values()), run.feed), run.feed)  # locks for all rounds at once
        waiting = QuarantinedRecord.objects.waiting().filter(pk__in=entries)
        ours = set(waiting.values_list("pk", flat=True))
        for arrived in in_rounds(batch):
            here = [entries[pk] for arrival in arrived for pk in arrival.entries if pk in ours]
            found, bad = take_again(here, run)
            counts.update(found)
            replayed.waiting += len(bad)
            replayed.stored += len(here) - len(bad)
        errands.book(run, counts, ends=ends)


def take_again(entries: list[QuarantinedRecord], run: Run) -> tuple[dict[str, int], list[QuarantinedRecord]]:
    """Take in the texts of `entries`; the run's counts, and the entries that still cannot be read."""
    brought = intake.bring(intake.sort(raws_of(entries), run.feed), run.feed)
    hashes = {entry.pk: [digest(raw) for raw in raws_of([entry])] for entry in entries}
    received = {each: entry.received_at for entry in entries for each in hashes[entry.pk]}
    arrived = {identity: received[group[0].raw_hash] for identity, group in brought.groups.items()}
    counts = intake.store(brought, by_arrival(brought, arrived), run)
    reasons = {each: reject for reject in brought.rejects for each in reject.hashes}
    good, bad = [], []
    for entry in entries:
        if found := [reasons[each] for each in hashes[entry.pk] if each in reasons]:
            tell(entry, found[0], brought)
            bad.append(entry)
        else:
            good.append(entry.pk)
    QuarantinedRecord.objects.bulk_update(bad, ["natural_key", "dealer_code", "field", "reason", "cause"], 100)
    close(QuarantinedRecord.objects.filter(pk__in=good), by=run.started_by)
    settle(brought, by=run.started_by, arrived=arrived, spared=[entry.pk for entry in bad])
    return counts, bad


def raws_of(entries: Iterable[QuarantinedRecord]) -> Iterator[msgspec.Raw]:
    """The records of `entries` as they were received; what came in several elements stands as an array of them."""
    for entry in entries:
        raw = entry.raw.encode()
        elements: list[msgspec.Raw] = []
        if entry.natural_key and raw.startswith(b"["):
            with suppress(msgspec.DecodeError, RecursionError):  # no array of ours, but a text like any other
                elements = msgspec.json.decode(raw, type=list[msgspec.Raw])
        yield from elements or [msgspec.Raw(raw)]


def tell(entry: QuarantinedRecord, reject: Reject, brought: Brought) -> None:
    """Why the entry still waits."""
    entry.field, entry.reason, entry.cause = reject.field, reject.reason, reject.cause
    entry.natural_key = entry.natural_key or reject.key
    foreign = brought.owner(reject.dealer) != entry.dealership_id
    entry.dealer_code = reject.dealer[:100] if foreign else brought.foreign(reject.dealer)


@dataclass(slots=True)
class Later(Known):
    """Something stored that was received after the text that is replayed: only a later version beats it."""

    def gives_way_to(self, document: Document) -> bool:
        if self.version is None or not document.version:
            return False
        return datetime.fromisoformat(document.version) > self.version


def by_arrival(brought: Brought, arrived: dict[Identity, datetime]) -> dict[Identity, Known]:
    """What is stored of the documents brought, with what was received later marked as such."""
    known = intake.known(brought)
    if not (read := {each.record_id for each in known.values() if not each.same}):
        return known
    versions = brought.feed.kind.record.history.filter(id__in=read).exclude(run__kind=Run.Kind.REPLAY).order_by()
    newest = dict(versions.values_list("id").annotate(Max("history_date")))
    for identity, each in known.items():
        if each.record_id in newest and newest[each.record_id] > arrived[identity]:
            known[identity] = Later(each.record_id, each.same, each.unknown_fields, each.content_hash, each.version)
    return known
