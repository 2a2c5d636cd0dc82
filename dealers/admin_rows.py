"""Rows of a dealership in the admin, from the declaration of their pages: what is told to whom is said once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from config.backoffice.admin import BigTableAdmin, ReadOnly
from dealers.admin import DealershipFilter
from dealers.audited import Audited
from dealers.fences import own_keys
from dealers.models import Dealership


class RowAdmin(Audited, BigTableAdmin):
    """A model with a dealership, which is chosen once; keys of other rows are looked up among those one may see."""

    list_filter = (DealershipFilter,)
    list_select_related = ("dealership",)
    secrets: ClassVar[Mapping[str, str]] = {}
    """Columns told by a permission of their own."""

    def get_autocomplete_fields(self, request: HttpRequest) -> list[str]:
        return [key.name for key in own_keys(self.model) if key.related_model in self.admin_site._registry]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name == "dealership":
            permission = f"{self.opts.app_label}.{self.opts.model_name}:add"
            options["queryset"] = Dealership.objects.visible_to(request.user, permission)
        elif hasattr(db_field.related_model._default_manager, "visible_to"):
            options["queryset"] = db_field.related_model._default_manager.visible_to(request.user)
        return super().formfield_for_foreignkey(db_field, request, **options)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[Any, ...]:
        return (*super().get_readonly_fields(request, obj), *(("dealership",) if obj else ()))

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        user: Any = request.user
        names: list[Any] = list(super().get_fields(request, obj))
        return [name for name in names if name not in self.secrets or user.has_perm(self.secrets[name], obj)]


class LookedAtAdmin(ReadOnly, RowAdmin):
    """Rows that are looked at here, and worked on at their pages alone, where each change has its verb."""


def register(resource: Any, base: type[RowAdmin] = RowAdmin, **declared: Any) -> None:
    """Register a resource's model: its columns as a list, its texts to search, and what `declared` says besides."""
    model = resource.model
    secrets = {column.name: column.permission for column in resource.columns if column.permission}
    names = {field.name for field in model._meta.concrete_fields}
    usual = {
        "list_display": [
            column.name for column in resource.columns if column.name in names and column.name not in secrets
        ],
        "secrets": secrets,
    }
    made = type(f"{model.__name__}Admin", (base,), {**usual, **declared, "__module__": resource.__module__})
    admin.site.register(model, made)
