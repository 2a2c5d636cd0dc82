"""Filters that a list's page and endpoint share."""

from __future__ import annotations

from functools import partial
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters.rest_framework import DjangoFilterBackend
from django_filters.utils import translate_validation
from drf_spectacular.contrib.django_filters import DjangoFilterExtension
from drf_spectacular.utils import extend_schema_field
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.views import APIView

from config.backoffice.schema import NOT_BLANK

MAY_BE_BLANK = ("cursor", "format")
"""A blank cursor is the first page."""
BLANK = gettext_lazy("Write a value, or leave the parameter out.")
PAGING = {"cursor", "ordering", "page_size", "format"}


class StrictFilterBackend(DjangoFilterBackend):
    """Refuses a parameter that no filter knows: a misspelt filter would show everything."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: APIView) -> QuerySet[Any]:
        filterset = self.get_filterset_class(view, queryset)
        known = PAGING | set(filterset.base_filters if filterset else ())
        unknown = {name: [str(_("There is no such filter."))] for name in request.query_params if name not in known}
        asked = request.query_params.lists()
        blank = {name: [str(BLANK)] for name, given in asked if "" in given and name not in MAY_BE_BLANK}
        if unknown or blank:
            raise exceptions.ValidationError(blank | unknown)
        if filterset is None:
            return queryset
        found = asked_for(filterset, **self.get_filterset_kwargs(request, queryset, view))
        if not found.is_valid():
            raise translate_validation(found.errors)
        filtered: QuerySet[Any] = found.qs
        return filtered


def asked_for(filterset: Any, *, data: Any, **options: Any) -> Any:
    """A filter set with no other filters than those that `data` names.

    To copy and clean all of them takes longer than to read a page: a record has some hundred.
    """
    found = object.__new__(filterset)
    found.base_filters = {name: each for name, each in filterset.base_filters.items() if name in data}
    found.__init__(data=data, **options)
    return found


class StrictFilterExtension(DjangoFilterExtension):
    """`AnyOf` in the OpenAPI: an array, its parameter repeated."""

    target_class = "config.backoffice.filters.StrictFilterBackend"
    priority = 1

    def resolve_filter_field(
        self, auto_schema: Any, model: Any, filterset_class: Any, field_name: str, filter_field: Any
    ) -> list[dict[str, Any]]:
        if not isinstance(filter_field, AnyOf):
            return super().resolve_filter_field(auto_schema, model, filterset_class, field_name, filter_field)
        schema = {"type": "array", "items": filter_field.field_class.json_schema, "minItems": 1}
        found = {"name": field_name, "in": "query", "schema": schema, "explode": True, "style": "form"}
        if filter_field.label:
            found["description"] = str(filter_field.label)
        return [found]


class Repeated(forms.Field):
    """A parameter that may stand several times: a list of texts."""

    widget = forms.SelectMultiple
    hidden_widget = forms.MultipleHiddenInput
    json_schema: dict[str, Any] = {"type": "string", "pattern": NOT_BLANK}
    one: forms.Field = forms.CharField()

    def to_python(self, value: Any) -> list[Any]:
        return [self.one.clean(each) for each in value or ()]


class RepeatedNumber(Repeated):
    json_schema = {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}
    one = forms.IntegerField(min_value=0, max_value=2**63 - 1)


class AnyOf(django_filters.Filter):
    """Rows whose column is one of the values given: `?status=1&status=2`."""

    field_class: type[Repeated] = Repeated

    def filter(self, qs: QuerySet[Any], value: list[Any]) -> QuerySet[Any]:
        return qs.filter(**{f"{self.field_name}__in": value}) if value else qs


class AnyNumberOf(AnyOf):
    field_class = RepeatedNumber


class YesOrNo(forms.Field):
    """`true` or `false`; anything else is refused, not taken for neither."""

    def to_python(self, value: Any) -> bool | None:
        if value in ("true", "false", "True", "False", True, False):
            return str(value).lower() == "true"
        if value in (None, ""):
            return None
        raise ValidationError(_("Write true or false."))


@extend_schema_field({"type": "boolean"})
class YesOrNoFilter(django_filters.Filter):
    field_class = YesOrNo


# -- from and to

ISO_DAY = ["%Y-%m-%d"]
AMOUNT = r"^-?\d{1,20}(\.\d{1,20})?$"
MOST = 2**63 - 1
"""The greatest whole number of a column."""
Bounds = tuple[django_filters.Filter, django_filters.Filter]


def day_bounds(name: str, label: Any) -> Bounds:
    """A filter from, and one up to, a day."""
    made = partial(django_filters.DateFilter, field_name=name, input_formats=ISO_DAY)
    return made(lookup_expr="gte", label=from_(label)), made(lookup_expr="lte", label=to(label))


class AmountFilter(django_filters.NumberFilter):
    """One whose field alone says what is too much."""

    def get_max_validator(self) -> None:
        """None."""


class CountFilter(AmountFilter):
    field_class = forms.IntegerField


def amount_bounds(name: str, label: Any) -> Bounds:
    """A filter from, and one up to, an amount, both included; whoever has no amount is in neither."""
    typed = extend_schema_field({"type": "string", "format": "decimal", "pattern": AMOUNT})
    made = partial(AmountFilter, field_name=name, max_digits=40, decimal_places=20)
    return typed(made(lookup_expr="gte", label=from_(label))), typed(made(lookup_expr="lte", label=to(label)))


def count_bounds(name: str, label: Any) -> Bounds:
    """A filter from, and one up to, a whole number."""
    typed = extend_schema_field({"type": "integer", "minimum": -MOST, "maximum": MOST})
    made = partial(CountFilter, field_name=name, min_value=-MOST, max_value=MOST)
    return typed(made(lookup_expr="gte", label=from_(label))), typed(made(lookup_expr="lte", label=to(label)))


def from_(label: Any) -> Any:
    return format_lazy(gettext_lazy("{label}, from"), label=label)


def to(label: Any) -> Any:
    return format_lazy(gettext_lazy("{label}, to"), label=label)
