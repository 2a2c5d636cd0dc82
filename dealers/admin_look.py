"""A dealership's own look in the admin: its colour and its logo, where the feature is switched on."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from dealers import logos
from dealers.flags import is_on
from dealers.models import Dealership, Logo

FEATURE = "branding"


class LookForm(forms.ModelForm):
    """What is sent as a logo is read with the form, so that what is wrong with it stands beside the field."""

    new_logo = forms.FileField(
        label=_("New logo"),
        required=False,
        help_text=_("PNG, JPEG or WebP, at most 2 MB and 4096 × 4096 pixels; it is made small and stored as a PNG."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
    )
    remove_logo = forms.BooleanField(label=_("Remove the logo"), required=False)

    picture: logos.Picture | None = None

    class Meta:
        model = Dealership
        fields = ("brand_colour",)

    def clean_new_logo(self) -> Any:
        given = self.cleaned_data["new_logo"]
        if given:
            self.picture = logos.read(given)
        return given


class Look(admin.ModelAdmin):
    """The fieldset of a look, for those who change the dealership; without the feature, none of it."""

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        if is_on(FEATURE, obj.pk if obj else None):
            options["form"] = LookForm
        return super().get_form(request, obj, change=change, **options)

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        found = super().get_fieldsets(request, obj)
        if not is_on(FEATURE, obj.pk if obj else None):
            return found
        sends = ("new_logo", "remove_logo") if self.has_change_permission(request, obj) or obj is None else ()
        return [*found, (_("Look"), {"fields": ("brand_colour", *(("logo_shown",) if obj else ()), *sends)})]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return (*super().get_readonly_fields(request, obj), "logo_shown")

    @admin.display(description=_("logo"))
    def logo_shown(self, dealership: Dealership) -> str:
        logo = Logo.objects.filter(dealership=dealership).only("width", "height").first()
        if logo is None:
            return str(admin.site.empty_value_display)
        return format_html(
            '<img src="{}" width="{}" height="{}" alt="{}">',
            *(reverse("dealership_logo", args=[dealership.pk]), logo.width, logo.height, _("The dealership's logo")),
        )

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if getattr(form, "picture", None):
            logos.store(form.instance, form.picture)  # type: ignore[attr-defined]
        elif form.cleaned_data.get("remove_logo"):
            logos.remove(form.instance)
