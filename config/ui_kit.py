"""Every component in every state on one page, for platform staff and for the browser's tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from config.backoffice.cells import Cell, cell


class Example(forms.Form):
    """A field of each kind."""

    text = forms.CharField(label=_("Text"), help_text=_("What to write here."))
    choice = forms.ChoiceField(label=_("Choice"), choices=[("a", _("One")), ("b", _("Another"))])
    several = forms.MultipleChoiceField(
        label=_("Several"),
        choices=[("a", _("One")), ("b", _("Another"))],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    day = forms.DateField(label=_("Day"), widget=forms.DateInput(attrs={"type": "date"}), required=False)
    words = forms.CharField(label=_("Several lines"), widget=forms.Textarea(attrs={"rows": 3}), required=False)
    agreed = forms.BooleanField(label=_("Agreed"), required=False)


@dataclass(frozen=True)
class Figure:
    label: Any
    words: str
    hint: Any = ""


TAGS = [
    ("", _("Queued"), ""),
    ("info", _("Running"), "refresh"),
    ("ok", _("Succeeded"), "check"),
    ("warn", _("Late"), "clock"),
    ("bad", _("Failed"), "alert-triangle"),
]


@login_required
def ui_kit(request: HttpRequest) -> HttpResponse:
    if not request.user.is_superuser:
        raise PermissionDenied
    context = {
        "form": Example(prefix="right"),
        "wrong": Example({"wrong-choice": "c"}, prefix="wrong"),
        "figures": [Figure(_("Work orders"), "1,240", _("all dealerships")), Figure(_("Revenue"), "Rp 12.500.000")],
        "tags": TAGS,
        "pairs": [
            (_("frame number"), Cell("MH1JM0110NK000001", address="#")),
            (_("received"), cell(datetime(2026, 11, 20, 8, 30, tzinfo=UTC))),
            (_("state"), Cell(str(_("Late")), tag="warn")),
            (_("nothing said"), Cell()),
            (_("searched"), Cell("Amir Nasution", words=("amir",))),
        ],
        "crumbs": [("#", _("Records")), ("#", _("Work orders"))],
    }
    return render(request, "ui/kit.html", context)
