"""Keyset pages: any depth costs the same, ties and NULLs included, and nothing is counted."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import F, Model, Q, QuerySet
from django.db.models.expressions import OrderBy
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.utils.urls import remove_query_param, replace_query_param
from rest_framework.views import APIView

EACH_ONCE = r"(?!(?:.*,)?-?(\w+),(?:.*,)?-?\1(?:,|$))"
CURSOR = {"type": "string", "format": "cursor"}


def refuse(parameter: str, message: str) -> NoReturn:
    """Answer 400, naming the query parameter."""
    raise exceptions.ValidationError({parameter: [message]})


@dataclass(frozen=True)
class Step:
    """One column of an ordering. Rows without a value come last, whichever way the column runs."""

    name: str
    descending: bool
    nullable: bool

    def order_by(self, backwards: bool) -> OrderBy:
        """A column that is never null says nothing of NULLs, so that its index can serve."""
        descending = self.descending != backwards
        nulls = {} if not self.nullable else {"nulls_first": True} if backwards else {"nulls_last": True}
        return OrderBy(F(self.name), descending=descending, **nulls)

    def same(self, value: Any) -> Q:
        return Q(**{f"{self.name}__isnull": True}) if value is None else Q(**{self.name: value})

    def beyond(self, value: Any, backwards: bool) -> Q | None:
        """The rows that come after `value` in this direction by this column alone; None if there are none."""
        if value is None:
            return Q(**{f"{self.name}__isnull": False}) if backwards else None
        comparison = "lt" if self.descending != backwards else "gt"
        rows = Q(**{f"{self.name}__{comparison}": value})
        return rows | Q(**{f"{self.name}__isnull": True}) if self.nullable and not backwards else rows


@dataclass(frozen=True)
class Cursor:
    """The row next to which a page begins, and the way it runs from there."""

    values: tuple[Any, ...]
    backwards: bool = False

    def encode(self, ordering: str) -> str:
        values = [None if value is None else str(value) for value in self.values]
        text = json.dumps([ordering, int(self.backwards), values], separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str, ordering: str, fields: Sequence[Any]) -> Cursor:
        try:
            raw = base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4))
            made_for, backwards, values = json.loads(raw)
            read = tuple(_read(field, value) for field, value in zip(fields, values, strict=True))
        except (ValueError, TypeError, binascii.Error, ValidationError, RecursionError):
            refuse("cursor", _("This cursor cannot be read; take the one of “next” or “previous”."))
        if made_for != ordering:
            refuse("cursor", _("This cursor belongs to another ordering; begin at the first page."))
        return cls(read, bool(backwards))


def _read(field: Any, value: Any) -> Any:
    if value is None:
        if not field.null:
            raise ValueError("null in a column that has none")
        return None
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("not a text of ours")
    value.encode()  # half a surrogate pair is no text either
    read = field.to_python(value)
    if read is None:
        raise ValueError("empty")
    field.run_validators(read)
    return read


@dataclass(frozen=True)
class Place:
    """Where in an ordering a page begins."""

    ordering: str
    steps: list[Step]
    cursor: Cursor | None

    @classmethod
    def of(cls, model: type[Model], ordering: str, text: str | None) -> Place:
        """Answers 400 for a cursor that cannot be read."""
        found = steps(model, ordering.split(","))
        fields = [model._meta.get_field(step.name) for step in found]
        return cls(ordering, found, Cursor.decode(text, ordering, fields) if text else None)

    @property
    def backwards(self) -> bool:
        return self.cursor is not None and self.cursor.backwards

    def cursor_at(self, row: Model, backwards: bool) -> str:
        return Cursor(tuple(getattr(row, step.name) for step in self.steps), backwards).encode(self.ordering)


@dataclass(frozen=True)
class Page:
    """Rows of an ordering, and the cursors of the pages beside them: None where none is, blank for the first page."""

    rows: list[Any]
    next_cursor: str | None
    previous_cursor: str | None

    @classmethod
    def of(cls, queryset: QuerySet[Any], ordering: str, cursor: str | None, size: int) -> Page:
        return cls.at(Place.of(queryset.model, ordering, cursor), queryset, size)

    @classmethod
    def at(cls, place: Place, queryset: QuerySet[Any], size: int) -> Page:
        """One row more than the page tells whether another page follows."""
        backwards = place.backwards
        rows = queryset.order_by(*(step.order_by(backwards) for step in place.steps))
        if place.cursor is not None:
            rows = rows.filter(beyond(place.steps, place.cursor))
        read = list(rows[: size + 1])
        more, page = len(read) > size, read[:size]
        if backwards:
            page.reverse()
        follows, precedes = backwards or more, more if backwards else place.cursor is not None
        return cls(
            page,
            place.cursor_at(page[-1], False) if follows and page else None,
            (place.cursor_at(page[0], True) if page else "") if precedes else None,
        )


def checked_ordering(text: str, allowed: Sequence[str]) -> str:
    """`text` if it names up to four of the columns allowed; else answers 400."""
    names = [name.strip() for name in text.split(",")]
    columns = [name.removeprefix("-") for name in names]
    unknown = [name for name in columns if name not in allowed]
    if unknown or len(set(columns)) < len(columns) or len(columns) > 4:
        refuse(
            "ordering",
            _("Order by up to four of these, each once, with “-” for descending: %(names)s.")
            % {"names": ", ".join(allowed)},
        )
    return ",".join(names)


class KeysetPagination(BasePagination):
    """Pages of a view that names `ordering_fields` (columns that `?ordering=` may use) and `ordering` (the default)."""

    page_size_query_param = "page_size"
    max_page_size = 500
    display_page_controls = False
    template = "rest_framework/pagination/previous_and_next.html"

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        self.url = request.build_absolute_uri()
        size, ordering = self.page_size(request), self.ordering_of(request, view)
        place = Place.of(queryset.model, ordering, request.query_params.get("cursor"))
        self.page = Page.at(place, self.near(queryset, place, size), size)
        return self.page.rows

    def near(self, queryset: QuerySet[Any], place: Place, size: int) -> QuerySet[Any]:
        """The rows that hold the page: all, unless somebody knows of fewer."""
        return queryset

    def page_size(self, request: Request) -> int:
        text = request.query_params.get(self.page_size_query_param)
        if text is None:
            return api_settings.PAGE_SIZE or self.max_page_size
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= self.max_page_size):
            refuse(self.page_size_query_param, _("Write a number from 1 to %(max)s.") % {"max": self.max_page_size})
        return int(text)

    def ordering_of(self, request: Request, view: APIView | None) -> str:
        """What `?ordering=` asks for, if every column of it is declared."""
        return checked_ordering(request.query_params.get("ordering") or default_ordering(view), sortable(view))

    def link(self, cursor: str | None) -> str | None:
        if cursor is None:
            return None
        return replace_query_param(self.url, "cursor", cursor) if cursor else remove_query_param(self.url, "cursor")

    def get_next_link(self) -> str | None:
        return self.link(self.page.next_cursor)

    def get_previous_link(self) -> str | None:
        return self.link(self.page.previous_cursor)

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self.get_next_link(), "previous": self.get_previous_link(), "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "nullable": True, "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        columns = sortable(view)
        names, one = ", ".join(columns), f"-?(?:{'|'.join(columns)})"
        ordering = {"type": "string", "pattern": f"^{EACH_ONCE}{one}(?:,{one}){{0,3}}$"}
        size = {"type": "integer", "minimum": 1, "maximum": self.max_page_size, "default": api_settings.PAGE_SIZE}
        return [
            parameter(
                "cursor",
                CURSOR,
                "Where the page begins, from “next” or “previous”; blank: at the first.",
            ),
            parameter("ordering", ordering, f"Up to four of these, “-” for descending: {names}."),
            parameter(self.page_size_query_param, size, "Rows on a page."),
        ]

    def to_html(self) -> str:
        from django.template import loader

        context = {"previous_url": self.get_previous_link(), "next_url": self.get_next_link()}
        return loader.render_to_string(self.template, context)


def default_ordering(view: APIView | None) -> str:
    return getattr(view, "ordering", "-id")


def sortable(view: APIView | None) -> list[str]:
    """The columns that `?ordering=` may use."""
    return sorted({*getattr(view, "ordering_fields", ()), default_ordering(view).removeprefix("-")})


def parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}


def steps(model: type[Model], names: list[str]) -> list[Step]:
    """The columns named, and the primary key to break ties: in the direction of the first."""
    found = [step(model, name) for name in names]
    if not any(each.name == model._meta.pk.name for each in found):
        found.append(Step(model._meta.pk.name, found[0].descending, False))
    return found


def step(model: type[Model], name: str) -> Step:
    column = name.removeprefix("-")
    try:
        field = model._meta.get_field(column)
    except FieldDoesNotExist:
        raise LookupError(f"{model._meta.label} is ordered by {column!r}, which it lacks") from None
    return Step(column, name.startswith("-"), bool(getattr(field, "null", False)))


def beyond(steps: Sequence[Step], cursor: Cursor) -> Q:
    """The rows behind the cursor: beyond it by one column, the same by all columns before that."""
    found = Q(pk__in=[])
    same = Q()
    for each, value in zip(steps, cursor.values, strict=True):
        further = each.beyond(value, cursor.backwards)
        if further is not None:
            found |= same & further
        same &= each.same(value)
    return found
