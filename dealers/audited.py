"""Admin pages whose changes are written to the audit."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from dealers import audit


class Audited(admin.ModelAdmin):
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
