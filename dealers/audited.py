"""Admin pages whose changes are written to the audit, with a reason if whoever changes something gives one."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.admin.utils import flatten_fieldsets
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from dealers import audit
from dealers.timeline import Timeline

REASON = "change_reason"
"""The name of the field, which is no column of the row."""


class Reasoned(admin.ModelAdmin):
    """A form that changes a row asks for a reason, which may stay blank; it stands with every event and version."""

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        asked = REASON in (options.get("fields") or ())
        if asked:
            options["fields"] = [name for name in options["fields"] if name != REASON]
        form: Any = super().get_form(request, obj, change=change, **options)
        return type(form.__name__, (form,), {REASON: ReasonField()}) if asked else form

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        found = super().get_fieldsets(request, obj)
        if obj is None or not self.has_change_permission(request, obj) or REASON in flatten_fieldsets(found):
            return found
        return [*found, (None, {"fields": (REASON,)})]

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        with audit.because(request.POST.get(REASON, "")):
            return super().changeform_view(request, object_id, form_url, extra_context)


def signed(request: Any, action: int, message: Any) -> Any:
    """A message of Django's log of the admin, which names the person alone: in words, with who stands in for them."""
    administrator = getattr(request, "impersonator", None)
    if administrator is None:
        return message
    text = message if isinstance(message, str) else json.dumps(message)
    words = LogEntry(action_flag=action, change_message=text).get_change_message()
    return _("%(administrator)s, standing in: %(words)s") % {"administrator": administrator, "words": words}


class ReasonField(forms.CharField):
    def __init__(self) -> None:
        words = _("Why; it stands in the audit and with the version.")
        super().__init__(label=_("Reason"), required=False, max_length=audit.LONGEST_REASON, help_text=words)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """It is nothing of the row."""
        return False


class Audited(Reasoned, Timeline):
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

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        return super().log_change(request, obj, signed(request, CHANGE, message))

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        return super().log_addition(request, obj, signed(request, ADDITION, message))

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Django's own has no room for words."""
        user_id: Any = request.user.pk
        words = signed(request, DELETION, "")
        return LogEntry.objects.log_actions(user_id, queryset, DELETION, words)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        audit.record(f"{obj._meta.model_name}.deleted", obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for obj in queryset:
            audit.record(f"{obj._meta.model_name}.deleted", obj)
        super().delete_queryset(request, queryset)
