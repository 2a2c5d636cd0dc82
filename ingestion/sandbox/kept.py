"""Answers that are made once: bytes ready for the wire, each kept for as long as it stays true."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Protocol

import msgspec

from ingestion.sandbox.admission import Query
from ingestion.sandbox.answers import in_envelope, matching, records_for, told
from ingestion.sandbox.config import SandboxConfig
from ingestion.sandbox.documents import Document, Record
from ingestion.sandbox.modules import Module
from ingestion.sandbox.world import STORIES, World

ROOM = 64 * 2**20
"""Bytes of the answers kept."""
STAND_IN = "STANDIN"
"""A dealer code that is no part of any other text of a document."""
FARTHEST = 1_000
"""Days that are looked through for documents."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer."""

    body: bytes
    records: int


class Answers(Protocol):
    """Where a gateway's successful answers come from."""

    def answer(self, query: Query, active: frozenset[str]) -> Answer: ...

    def records(self, query: Query, active: frozenset[str]) -> list[Record]:
        """The same records, for somebody who changes them."""
        ...


class WorldlyAnswers:
    """What the window holds. The same window again costs nothing until one of its documents changes."""

    def __init__(self, config: SandboxConfig) -> None:
        self.config = config
        self.world = World(config)
        self.kept: OrderedDict[object, tuple[Answer, datetime | None]] = OrderedDict()
        self.size = 0

    def records(self, query: Query, active: frozenset[str]) -> list[Record]:
        return records_for(query, self.world, self.config, active)

    def answer(self, query: Query, active: frozenset[str]) -> Answer:
        now = self.config.local_now()
        key = (query.module.name, query.dealers, query.since, query.until, *sorted(query.filters.items()), active)
        if key in self.kept:
            answer, until = self.kept[key]
            if until is None or now < until:
                self.kept.move_to_end(key)
                return answer
        documents = matching(query, self.world, active)
        records = told(documents, query.module, self.config, active)
        answer = Answer(in_envelope(records, active), len(records))
        if query.until <= now:  # a later window grows by documents that nobody has seen yet
            changes = (change for document, _ in documents for change in document.changes_after(now))
            self.keep(key, answer, min(changes, default=None))
        return answer

    def keep(self, key: object, answer: Answer, until: datetime | None) -> None:
        """Keep the answer until that moment, and let the one go that was not asked for the longest."""
        if key in self.kept:
            self.size -= len(self.kept[key][0].body)
        self.kept[key] = (answer, until)
        self.kept.move_to_end(key)
        self.size += len(answer.body)
        while self.size > ROOM:
            _, (oldest, _until) = self.kept.popitem(last=False)
            self.size -= len(oldest.body)


class FixedAnswers:
    """The same records in every answer, for measurements: the newest documents that were settled before today.

    Every dealer has the same ones but for its code, so that a thousand dealers cost no more than one.
    """

    def __init__(self, config: SandboxConfig, count: int) -> None:
        start = config.now()
        self.config = replace(config, dealers=(STAND_IN,), now=lambda: start)
        self.count = count
        self.today = config.local_now().date()
        self.world = World(self.config)
        self.made: dict[tuple[str, frozenset[str]], bytes] = {}

    def records(self, query: Query, active: frozenset[str]) -> list[Record]:
        found: list[Record] = msgspec.json.decode(self.data(query, active))
        return found

    def answer(self, query: Query, active: frozenset[str]) -> Answer:
        body = in_envelope(msgspec.Raw(self.data(query, active)), active)
        return Answer(body, self.count * len(query.dealers))

    def data(self, query: Query, active: frozenset[str]) -> bytes:
        """The list of records in JSON."""
        key = (query.module.name, active)
        if key not in self.made:
            documents = islice(self.documents(query.module), self.count)
            records = told(documents, query.module, self.config, active)[: self.count]
            self.made[key] = msgspec.json.encode(records)[1:-1]
        records_of = partial(self.made[key].replace, STAND_IN.encode())
        return b"[%s]" % b",".join(records_of(msgspec.json.encode(dealer)[1:-1]) for dealer in query.dealers)

    def documents(self, module: Module) -> Iterator[tuple[Document, int]]:
        """Documents in their last version, from the newest day backwards."""
        for days in range(1, FARTHEST):
            shelf = self.world.shelf(STORIES[module.name], STAND_IN, self.today - timedelta(days=days))
            for document in shelf.get(module.name, ()):
                if document.last.date() < self.today:
                    yield document, len(document.changes)
