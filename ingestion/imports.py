"""Imports: a saved answer, or a bare list of its records, takes the road of every answer.

A gateway's answer is kept small; a file may be as large as the memory is, and is stored in batches. Neither the feed's
cursor nor what is remembered of its habits changes.
"""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec
from django.db import transaction

from ingestion import answer, errands, intake
from ingestion.documents import Sorted
from ingestion.models import Feed, Run
from ingestion.replays import no_step

AT_ONCE = 1000
"""Documents in a transaction."""
GZIP = b"\x1f\x8b"


@dataclass
class Imported:
    """The run, and how many of its records went to quarantine by field and cause."""

    run: Run
    causes: Counter[tuple[str, str]] = field(default_factory=Counter)


def records_of(body: bytes) -> list[msgspec.Raw]:
    """The raw records of a saved answer, or of a bare list. Raises GatewayError, as an answer does."""
    return answer.records(in_envelope(body))


def records_of_file(content: bytes) -> list[msgspec.Raw]:
    """The same of a file, compressed or not, and beyond the size that a gateway's answer may have."""
    body = in_envelope(unpacked(content))
    try:
        return answer.records(body)
    except answer.TooLarge:
        return all_records(body)


def unpacked(content: bytes) -> bytes:
    if not content.startswith(GZIP):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise answer.UnreadableAnswer(f"what is compressed cannot be unpacked: {error}") from None


def in_envelope(body: bytes) -> bytes:
    """A bare list as the answer that it would have come in."""
    body = body.removeprefix(b"\xef\xbb\xbf").strip()
    return b'{"status":1,"data":%s}' % body if body.startswith(b"[") else body


def all_records(body: bytes) -> list[msgspec.Raw]:
    """Every record of an answer, however many; what it says beside them is heard as an answer's is."""
    for text in (body, answer.mended(body)):
        with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            envelope = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
            data = next((key for key in envelope if key.strip().lower() == "data"), "data")
            found = msgspec.json.decode(envelope.get(data, b"[]"), type=list[msgspec.Raw])
            answer.records(msgspec.json.encode({**envelope, data: found[:1]}))
            return found
    raise answer.UnreadableAnswer("this is no complete JSON with a list of records")


def take_in(
    found: Sorted,
    *,
    feed: Feed,
    by: str,
    dry_run: bool = False,
    step: Callable[[int], None] = no_step,
) -> Imported:
    """Store the records of a saved answer, sorted, for `feed`; with `dry_run` nothing stays, only the counts are told.

    `step` is told how many records each batch was.
    """
    if not dry_run:
        return stored(found, feed=feed, by=by, step=step)
    with transaction.atomic():
        imported = stored(found, feed=feed, by=by, step=step)
        transaction.set_rollback(True)
    imported.run.pk = None
    return imported


def dealers_in(found: Sorted) -> set[str]:
    """The dealer codes that the records bear, or are taken to."""
    return {dealer for dealer, _ in found.groups} | {each.dealer for each in found.rejects if each.dealer}


def stored(found: Sorted, *, feed: Feed, by: str, step: Callable[[int], None]) -> Imported:
    imported = Imported(errands.begin(feed, Run.Kind.IMPORT, by=by))
    run, batches = imported.run, list(in_batches(found))
    for number, batch in enumerate(batches, 1):
        with transaction.atomic():
            if run.pk is None:
                run.save()
            counts, rejects = intake.take_sorted(batch, run=run, feed=feed)
            errands.book(run, counts, ends=number == len(batches))
        imported.causes.update((reject.field, reject.cause) for reject in rejects)
        step(size(batch))
    return imported


def size(found: Sorted) -> int:
    """How many records they are."""
    return len(found.rejects) + sum(map(len, found.groups.values()))


def in_batches(found: Sorted) -> Iterator[Sorted]:
    """A document is whole in one batch, whatever the number of elements it came in; nothing at all is a batch too."""
    groups, rejects = list(found.groups.items()), found.rejects
    for start in range(0, max(len(groups), len(rejects), 1), AT_ONCE):
        yield Sorted(dict(groups[start : start + AT_ONCE]), rejects[start : start + AT_ONCE])
