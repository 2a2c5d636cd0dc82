"""Everything that happened between a customer and the dealership, and what else stands on the customer's page.

    SOURCES["appointments"] = Source(_("appointments"), "service.appointment:view", read)
    PANELS.append(panel)

An app above registers what it knows in its AppConfig.ready; crm knows none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.models import Consent, Customer, Merge, Note, Ownership
from dealers.models import Event

PAGE = 30
"""Entries that are shown at once."""
SPARE = 20
"""Entries of one moment that may stand at the end of a page beyond it."""


@dataclass(frozen=True)
class Entry:
    """Something that happened."""

    at: datetime
    title: str
    text: str = ""
    who: str = ""
    address: str = ""
    """Where it leads."""
    icon: str = "activity"
    source: str = ""
    """The name of its source, set by `entries`."""


Read = Callable[[Any, Customer, datetime | None, int], Iterable[Entry]]
"""Called with the user, the customer, a moment (or None) and a limit: the newest entries before that moment."""


@dataclass(frozen=True)
class Source:
    """A kind of things that happen, which people choose by its label."""

    label: str | Promise
    permission: str
    read: Read
    narrows: bool = False
    """Whether another source reads the same and more: it is asked only where it was chosen."""


SOURCES: dict[str, Source] = {}
PANELS: list[Callable[[Any, Customer], Any]] = []
"""Called with the user and the customer: a config.backoffice.resources.Panel, or None."""


def open_to(user: Any, customer: Customer) -> dict[str, Source]:
    return {name: each for name, each in SOURCES.items() if user.has_perm(each.permission, customer)}


@dataclass(frozen=True)
class Page:
    """Entries by day, the newest first, and the moment before which the next page begins."""

    days: list[tuple[Any, list[Entry]]]
    older: datetime | None


def page(user: Any, customer: Customer, kind: str = "", before: datetime | None = None, most: int = PAGE) -> Page:
    """A page of what `user` may know; of one source, or of all."""
    found: list[Entry] = []
    for name, source in open_to(user, customer).items():
        if kind == name or (kind == "" and not source.narrows):
            read = source.read(user, customer, before, most + SPARE + 1)
            found += [Entry(**{**vars(each), "source": name}) for each in read]
    found.sort(key=lambda each: each.at, reverse=True)
    end = most
    while 0 < end < len(found) and end < most + SPARE and found[end].at == found[end - 1].at:
        end += 1  # what is of one moment stands on one page: the next one begins before it
    shown, zone = found[:end], customer.dealership.zone
    days = [(day, list(each)) for day, each in groupby(shown, key=lambda entry: entry.at.astimezone(zone).date())]
    return Page(days, shown[-1].at if len(found) > end else None)


def until(rows: Any, before: datetime | None, most: int, column: str = "at") -> Any:
    """The newest rows before a moment."""
    if before is not None:
        rows = rows.filter(**{f"{column}__lt": before})
    return rows.order_by(f"-{column}", "-pk")[:most]


NOTE_ICONS = {Note.Kind.CALL: "phone", Note.Kind.EMAIL: "mail", Note.Kind.MEETING: "users", Note.Kind.NOTE: "notes"}


def notes(*kinds: str) -> Read:
    def read(user: Any, customer: Customer, before: datetime | None, most: int) -> Iterator[Entry]:
        for note in until(Note.objects.filter(customer=customer, kind__in=kinds), before, most):
            yield Entry(note.at, note.get_kind_display(), note.text, note.written_by, icon=NOTE_ICONS[note.kind])

    return read


def consents(user: Any, customer: Customer, before: datetime | None, most: int) -> Iterator[Entry]:
    for each in until(Consent.objects.filter(customer__in=customer.family()), before, most):
        words = f"{each.get_source_display()}, {each.wording_version}"
        yield Entry(each.at, str(each), words, each.who, icon="circle-check" if each.is_given else "circle-x")


def ownerships(user: Any, customer: Customer, before: datetime | None, most: int) -> Iterator[Entry]:
    zone = customer.dealership.zone
    for each in Ownership.objects.filter(customer=customer).select_related("vehicle"):
        for day, words in ((each.since, _("Became owner")), (each.until, _("Is owner no more"))):
            if day is not None:
                at = datetime(day.year, day.month, day.day, tzinfo=zone)
                if before is None or at < before:
                    yield Entry(at, words, str(each), icon="motorbike")


def merges(user: Any, customer: Customer, before: datetime | None, most: int) -> Iterator[Entry]:
    for each in until(Merge.objects.filter(winner=customer).select_related("loser"), before, most):
        words = _("Taken in: %(name)s") % {"name": each.loser.name}
        yield Entry(each.at, words, _("undone") if each.undone_at else "", each.who, icon="arrow-merge")


WORDS = {
    "customer.added": gettext_lazy("Written down"),
    "customer.changed": gettext_lazy("Changed"),
    "customer.exported": gettext_lazy("Exported"),
    "customer.unmerged": gettext_lazy("Merge undone"),
    "customer.identity_number_read": gettext_lazy("Identity number read"),
}


def changes(user: Any, customer: Customer, before: datetime | None, most: int) -> Iterator[Entry]:
    rows = Event.objects.filter(
        dealership_id=customer.dealership_id, object_type="crm.customer", object_id=str(customer.pk), verb__in=WORDS
    )
    for each in until(rows, before, most):
        names = [str(label_of(name)) for name in each.changes or ()] if each.verb == "customer.changed" else []
        yield Entry(each.at, str(WORDS[each.verb]), ", ".join(names), each.who, icon="edit")


def label_of(name: str) -> Any:
    field = next((each for each in Customer._meta.get_fields() if each.name == name), None)
    return getattr(field, "verbose_name", name.replace("_", " "))


def connect() -> None:
    """The sources of crm itself."""
    SOURCES["notes"] = Source(gettext_lazy("notes"), "crm.note:view", notes(*Note.Kind))
    for kind in (Note.Kind.CALL, Note.Kind.EMAIL, Note.Kind.MEETING):
        SOURCES[kind.value] = Source(kind.label, "crm.note:view", notes(kind), narrows=True)
    SOURCES["consent"] = Source(gettext_lazy("consent"), "crm.customer:view", consents)
    SOURCES["ownership"] = Source(gettext_lazy("ownership"), "crm.ownership:view", ownerships)
    SOURCES["merge"] = Source(gettext_lazy("merge"), "crm.customer:merge", merges)
    SOURCES["change"] = Source(gettext_lazy("change"), "crm.customer:view", changes)
