"""Admin pages whose changes are written to the audit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse

from dealers import audit
from dealers.models import Event

MOST = 100
"""Entries that a timeline shows."""


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


class Timeline(admin.ModelAdmin):
    """One page of all that became of a row: events of the audit, for those who may read it, and stored versions."""

    object_history_template = "admin/dealers/timeline.html"

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        found = [*self.events(request, object_id), *self.versions(request, object_id)]
        found.sort(key=lambda entry: entry.at, reverse=True)
        context = {"entries": found[:MOST], "most": MOST, **(extra_context or {})}
        return super().history_view(request, object_id, context)

    def events(self, request: HttpRequest, object_id: str) -> Iterator[Entry]:
        of_row = Event.objects.visible_to(request.user).filter(
            object_type=self.model._meta.label_lower, object_id=object_id
        )
        for event in of_row.select_related("acting_as").order_by("-at")[:MOST]:
            yield Entry(event.at, event.verb, event.who, event.acting_as, event.changes, event.reason)

    def versions(self, request: HttpRequest, object_id: str) -> Iterable[Entry]:
        """Stored versions of the row, where the model keeps some."""
        return ()


class Audited(Timeline):
    """Who added, changed or deleted a row, and which fields, in the same transaction."""

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        given = form.cleaned_data
        changes = {name: [form.initial.get(name), given.get(name)] for name in form.changed_data if name in given}
        audit.record(f"{obj._meta.model_name}.{'changed' if change else 'added'}", obj, changes=changes)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        super().save_formset(request, form, formset, change)
        for obj, names in formset.changed_objects:
            audit.record(f"{obj._meta.model_name}.changed", obj, changes={name: getattr(obj, name) for name in names})
        for obj in formset.new_objects:
            audit.record(f"{obj._meta.model_name}.added", obj)
        for obj in formset.deleted_objects:
            audit.record(f"{obj._meta.model_name}.deleted", obj)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        audit.record(f"{obj._meta.model_name}.deleted", obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for obj in queryset:
            audit.record(f"{obj._meta.model_name}.deleted", obj)
        super().delete_queryset(request, queryset)
