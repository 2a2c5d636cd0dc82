"""Exports in the admin: that there are some, for the platform; not what is in them, nor what was asked for."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from config.backoffice.admin import BigTableAdmin, ReadOnly
from dealers.audited import Audited
from dealers.models import Export


@admin.register(Export)
class ExportAdmin(ReadOnly, Audited, BigTableAdmin):
    list_display = ("made_at", "user", "title", "format", "state", "rows_done", "size", "expires_at")
    list_filter = ("state", "format")
    list_select_related = ("user",)
    search_fields = ("user__email", "resource", "request_id")
    fields = readonly_fields = (
        *("made_at", "user", "impersonator", "chosen", "dealerships", "resource", "title", "format", "state"),
        *("rows_done", "rows_expected", "error", "attempt", "size", "request_id", "finished_at", "expires_at"),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """A file that should not be about; and whoever deletes a person deletes theirs."""
        return bool(request.user.is_superuser)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Export]:
        """No role sees them; of those who get here, the database shows the platform all and others their own."""
        return Export.objects.all()
