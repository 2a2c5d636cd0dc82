"""A document of the gateway: what it says at which moment."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

Record = dict[str, Any]
Build = Callable[[int], Record]


def day_text(day: date | None) -> str:
    return f"{day:%d/%m/%Y}" if day else ""


def moment_text(moment: datetime | None) -> str:
    return f"{moment:%d/%m/%Y %H:%M:%S}" if moment else ""


def clock_text(moment: datetime | None) -> str:
    return f"{moment:%H:%M}" if moment else ""


def number_of(kind: str, dealer: str, day: date, number: int) -> str:
    """A document number as the specification's samples have them: WO/08138/18/12/123."""
    return f"{kind}/{dealer}/{day:%y/%m/%d}{number:03d}"


def once(happened: bool, value: str) -> str:
    return value if happened else ""


@dataclass(slots=True)
class Document:
    """One document through time: created, changed at later moments, perhaps gone at the end.

    `build(version)` makes the record's body; the moments are stamped here, on the record and on its lines.
    """

    module: str
    created: datetime
    build: Build
    changes: tuple[datetime, ...] = ()
    gone: datetime | None = None
    references: Mapping[str, str] = field(default_factory=dict)
    """Values that a filter knows although the record does not show them."""
    _shown: tuple[int, Record] | None = None

    @property
    def last(self) -> datetime:
        return self.changes[-1] if self.changes else self.created

    def version_at(self, moment: datetime) -> int | None:
        """The number of the version that the gateway shows at that moment, if it shows any."""
        if self.created > moment or (self.gone is not None and self.gone <= moment):
            return None
        return sum(change <= moment for change in self.changes)

    def matches(self, version: int, since: datetime, until: datetime) -> bool:
        """Whether the version was created or modified in the window."""
        if since <= self.created <= until:
            return True
        return version > 0 and since <= self.changes[version - 1] <= until

    def changes_after(self, moment: datetime) -> Iterator[datetime]:
        """The moments at which the document will say something else."""
        for change in (*self.changes, self.gone):
            if change is not None and change > moment:
                yield change

    def record(self, version: int) -> Record:
        """The version's record. It is kept: whoever changes it takes a copy."""
        if self._shown is None or self._shown[0] != version:
            self._shown = (version, self._stamped(version))
        return self._shown[1]

    def _stamped(self, version: int) -> Record:
        modified = self.changes[version - 1] if version else None
        stamps = {"createdTime": moment_text(self.created), "modifiedTime": moment_text(modified)}
        header: Record = {}
        lines: Record = {}
        for name, value in self.build(version).items():
            if isinstance(value, list):
                lines[name] = [line | stamps for line in value]
            else:
                header[name] = value
        return header | stamps | lines


def copied(record: Record) -> Record:
    """The record with lines of its own."""
    return {
        name: [dict(line) for line in value] if isinstance(value, list) else value for name, value in record.items()
    }
