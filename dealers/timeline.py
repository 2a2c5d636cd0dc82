"""One page in the admin of all that became of a row: events of the audit and versions, the newest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from dealers import audit
from dealers.fences import owner_column
from dealers.models import Event
from dealers.permissions import dealerships_of, to_see
from dealers.versions import Change

MOST = 100
"""Entries that a timeline shows."""
KINDS = {"+": _("created"), "~": _("changed"), "-": _("deleted")}


@dataclass
class Entry:
    """Something that became of a row."""

    at: datetime
    what: Any
    who: str = ""
    acting_as: Any = None
    changes: dict[str, Any] | None = None
    reason: str = ""
    run: int | None = None
    """That brought it."""
    received: str = ""
    """The row as it came."""
    request_id: str = ""
    number: int | None = None
    """Of the version."""


class Timeline(admin.ModelAdmin):
    """Shows events to those who may read the audit, versions to those who may see the rows.

    An event and the version of the row that the same request made are one entry.
    """

    object_history_template = "admin/dealers/timeline.html"
    beside: ClassVar[Sequence[tuple[type[Model], str]]] = ()
    """Models whose rows have no page of their own, and the column that names the row whose page this is."""

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        events = list(self.events(request, object_id))
        of_request = {event.request_id: event for event in reversed(events) if event.request_id and event.changes}
        found = list(events)
        for version in self.versions(request, object_id):
            event = of_request.get(version.request_id)
            if event is None:
                found.append(version)
            else:
                event.number = version.number
        for model, column in self.beside:
            found += versions_of(request, model, column, object_id)
        found.sort(key=lambda entry: entry.at, reverse=True)
        context = {"entries": found[:MOST], "most": MOST, **(extra_context or {})}
        return super().history_view(request, object_id, context)

    def events(self, request: HttpRequest, object_id: str) -> Iterator[Entry]:
        of_row = Event.objects.visible_to(request.user).filter(
            object_type=self.model._meta.label_lower, object_id=object_id
        )
        for event in of_row.select_related("acting_as").order_by("-at")[:MOST]:
            yield Entry(
                *(event.at, event.verb, event.who, event.acting_as, event.changes, event.reason),
                request_id=event.request_id,
            )

    def versions(self, request: HttpRequest, object_id: str) -> Iterable[Entry]:
        """Stored versions of the row, where the model keeps some."""
        return versions_of(request, self.model, self.model._meta.pk.name, object_id)


def versions_of(request: HttpRequest, model: Any, column: str, value: str) -> Iterator[Entry]:
    """What the versions of rows of a model say of people's changes, of those rows that the person may see."""
    history: Any = model.history.model if hasattr(model, "history") else None
    if history is None or not issubclass(history, Change) or not value.isdecimal():
        return
    rows = history.objects.filter(**{column: int(value)})
    owner, found = owner_column(history), dealerships_of(request.user, to_see(model))
    if owner and found is not None:
        rows = rows.filter(**{f"{owner}__in": found})
    key = model._meta.pk.attname
    newest = list(rows.select_related("acting_as").order_by(key, "-history_id")[: MOST + 1])
    # Of each row the newest version first: the one behind it is what it was before.
    for version, before in pairwise([*newest[:MOST], *(newest[MOST:] or [None])]):
        earlier = before if before is not None and getattr(before, key) == getattr(version, key) else None
        what = f"{model._meta.verbose_name} {getattr(version, key)}: {KINDS[version.history_type]}"
        yield Entry(
            *(version.history_date, what, version.who, version.acting_as, changed(version, earlier)),
            reason=version.history_change_reason or "",
            request_id=version.request_id,
            number=version.history_id,
        )


def changed(version: Any, earlier: Any) -> dict[str, Any] | None:
    """The columns by which a version differs from the one before it; of the first, those that say something."""
    names = [field.attname for field in version.tracked_fields if not field.primary_key]
    pairs = {name: [getattr(earlier, name, None), getattr(version, name)] for name in names}
    return audit.plain({name: pair for name, pair in pairs.items() if pair[0] != pair[1] and pair[1:] != [""]}) or None
