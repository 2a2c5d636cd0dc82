"""Every component in every state on one page, for platform staff and for the browser's tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import django_filters
from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from config.backoffice import charts
from config.backoffice.cells import Cell, Column, cell
from config.backoffice.charts import Bucket
from config.backoffice.filter_bar import FilterBar
from config.backoffice.inputs import day_input
from config.backoffice.lookups import LOOKUPS, install
from config.backoffice.pages import table_of
from config.backoffice.pagination import Page
from config.backoffice.resources import REGISTRY, Look, Panel


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
    day = forms.DateField(label=_("Day"), widget=day_input(), required=False)
    words = forms.CharField(label=_("Several lines"), widget=forms.Textarea(attrs={"rows": 3}), required=False)
    agreed = forms.BooleanField(label=_("Agreed"), required=False)


def example_form(prefix: str, data: Any = None) -> forms.Form:
    """With a box that looks one row up, and one that looks up several; there are none to be found."""
    form, looked_up = Example(data, prefix=prefix), next(iter(LOOKUPS.values())).resource
    nobody = looked_up.model._default_manager.none()
    form.fields["row"] = forms.ModelChoiceField(nobody, label=looked_up.label, required=False)
    form.fields["rows"] = forms.ModelMultipleChoiceField(nobody, label=looked_up.label_plural, required=False)
    return install(form)


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


class ExampleFilters(django_filters.FilterSet):
    """A filter of each kind."""

    search = django_filters.CharFilter(label=_("Search"))
    state = django_filters.ChoiceFilter(label=_("State"), choices=[("late", _("Late")), ("failed", _("Failed"))])
    plate = django_filters.CharFilter(label=_("licence plate"))
    amount_from = django_filters.NumberFilter(label=_("Amount"))
    day_from = django_filters.DateFilter(label=_("Day"))

    class Meta:
        model = get_user_model()
        fields = ()


@dataclass(frozen=True)
class ExampleRow:
    """A row of no table: what is done with it is done with nothing."""

    document: str
    state: Cell
    amount: int | None
    pk: int = 0

    def __str__(self) -> str:
        return self.document


COLUMNS = [
    Column("document", _("Document"), lambda row: row.document, sortable=True),
    Column("state", _("State"), lambda row: row.state, sortable=True),
    Column("amount", _("Amount"), lambda row: row.amount, numeric=True),
]


def example_list() -> dict[str, Any]:
    """What `ui/filters.html`, `ui/tools.html` and `ui/rows.html` want: filters in use, one of them not understood; a
    saved view, a table with a search's words marked, verbs for several rows, and pages before and after."""
    asked = QueryDict("search=WO/08138&state=late&amount_from=much")
    bar = FilterBar(ExampleFilters(asked, get_user_model().objects.none()), asked, ("search", "state"))
    rows = [
        ExampleRow("WO/08138/1", Cell(str(_("Succeeded")), tag="ok"), 89_000),
        ExampleRow("WO/08138/2", Cell(str(_("Failed")), tag="bad"), None),
    ]
    several = next(each for each in REGISTRY.values() if any(verb.bulk for verb in each.verbs))
    return {
        "resource": SimpleNamespace(name=several.name, label_plural=_("Work orders")),
        "tools": SimpleNamespace(name="ui-kit", columns=COLUMNS),  # no list's: what is saved of it changes none
        "bulk": [verb for verb in several.verbs if verb.bulk],
        "verbs": [(verb, f"{several.name}-{verb.name}") for verb in several.verbs],
        "row": rows[0],
        "bar": bar,
        "look": Look(views=[SimpleNamespace(pk=0, name=str(_("Late")), query="state=late", is_default=True)]),
        "here": "state=late",
        "exports": True,
        "columns": COLUMNS,
        "ordering": "-document",
        "page": Page(rows, "before", "after"),
        "table": table_of(COLUMNS, rows, None, bar.words),
        "choosable": COLUMNS,
        "found": [(row, "#", [(_("licence plate"), "WO/08138")]) for row in rows],
    }


def example_charts() -> list[charts.Chart]:
    """One of each kind, and one of nothing."""
    days = {date(2026, 1, 1) + timedelta(days=day): (day * 7) % 23 + day // 4 for day in range(60)}
    week = {day: value for day, value in days.items() if day.month == 1}
    what = str(_("Work orders"))
    return [
        charts.trend(what, week, Bucket.DAY),
        charts.trend(what, days, Bucket.DAY),
        charts.breakdown(
            what, str(_("State")), [(str(_("Late")), 120), (str(_("Failed")), 45), (str(_("Queued")), 12)]
        ),
        charts.trend(what, {}),
        charts.sparkline(what, week),
    ]


@login_required
def ui_kit(request: HttpRequest) -> HttpResponse:
    if not request.user.is_superuser:
        raise PermissionDenied
    if request.htmx.target == "rows":  # type: ignore[attr-defined]
        return render(request, "ui/rows.html", example_list())
    context = {
        "form": example_form("right"),
        "wrong": example_form("wrong", {"wrong-choice": "c", "wrong-row-words": "#0"}),
        "looked_up": [(0, "Amir Nasution", "B 1234 XYZ"), (1, "Amir Siregar", "")],
        "resource": next(iter(LOOKUPS.values())).resource,
        "figures": [Figure(_("Work orders"), "1,240", _("all dealerships")), Figure(_("Revenue"), "Rp 12.500.000")],
        "tags": TAGS,
        "toasts": [(_("Moved."), "ok", "#"), (_("Not saved."), "bad", "")],
        "timeline": [
            (datetime(2026, 11, 21, 2, tzinfo=UTC), _("Changed"), [{"label": _("state"), "before": "1", "after": "2"}]),
            (datetime(2026, 11, 20, 1, 30, tzinfo=UTC), _("Created"), []),
        ],
        "pairs": [
            (_("frame number"), Cell("MH1JM0110NK000001", address="#")),
            (_("received"), cell(datetime(2026, 11, 20, 8, 30, tzinfo=UTC))),
            (_("state"), Cell(str(_("Late")), tag="warn")),
            (_("nothing said"), Cell()),
            (_("searched"), Cell("Amir Nasution", words=("amir",))),
        ],
        "crumbs": [("#", _("Records")), ("#", _("Work orders"))],
        "charts": example_charts(),
        "panel": Panel(str(_("State")), [(_("state"), Cell(str(_("Late")), tag="warn"))]),
        "list": example_list(),
    }
    return render(request, "ui/kit.html", context)
