"""Service tokens in the admin: made, shown once, revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from config.backoffice.admin import BigTableAdmin
from dealers import service_tokens
from dealers.models import Dealership, ServiceToken
from dealers.models.service_token import GRANTED
from dealers.permissions import may
from dealers.stepup import Confirmed

USUAL = timedelta(days=90)


class ServiceTokenForm(forms.ModelForm):
    permissions = forms.MultipleChoiceField(
        label=pgettext_lazy("permission", "May"), choices=GRANTED, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = ServiceToken
        fields = ("dealership", "name", "permissions", "expires_at")

    by: Any
    """Who makes it."""

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if {"dealership", "permissions", "expires_at"} <= given.keys():
            service_tokens.check(given["dealership"], given["permissions"], given["expires_at"], self.by)
        return given


@admin.register(ServiceToken)
class ServiceTokenAdmin(Confirmed, BigTableAdmin):
    """To add one is to have it made; what was made is not changed but revoked."""

    form = ServiceTokenForm
    list_display = (
        *("name", "dealership", "prefix", "created_by", "created_at", "expires_at", "last_used_at", "revoked_at"),
    )
    list_select_related = ("dealership", "created_by")
    search_fields = ("name", "prefix")
    fields = (
        *("dealership", "name", "permissions", "expires_at"),
        *("prefix", "created_by", "created_at", "last_used_at", "revoked_at"),
    )
    readonly_fields = fields[4:]
    actions = ("revoke",)
    acts_with = "dealers.servicetoken:delete"

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return self.fields if obj else self.fields[:4]

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """That there was one is kept."""
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return may(request.user, self.acts_with)

    @admin.action(description=_("Revoke"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ServiceToken]) -> None:
        count = service_tokens.revoke(queryset)
        words = ngettext("%(count)d service token was revoked.", "%(count)d service tokens were revoked.", count)
        self.message_user(request, words % {"count": count})

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        form = super().get_form(request, obj, change, **options)
        return type(form.__name__, (form,), {"by": request.user})

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"expires_at": timezone.now() + USUAL, **super().get_changeform_initial_data(request)}

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name == "dealership":
            options["queryset"] = Dealership.objects.visible_to(request.user, "dealers.servicetoken:add")
        return super().formfield_for_foreignkey(db_field, request, **options)

    def save_model(self, request: Any, obj: ServiceToken, form: Any, change: bool) -> None:
        service_tokens.make(obj, request.user)

    def response_add(self, request: HttpRequest, obj: ServiceToken, post_url_continue: Any = None) -> HttpResponse:
        """The token stands in this one answer: a message would be kept in the session, an address in a history."""
        facts = {**self.admin_site.each_context(request), "opts": self.opts, "token": obj, "title": _("Service token")}
        return TemplateResponse(request, "admin/dealers/service_token_made.html", facts)
