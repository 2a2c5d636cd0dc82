"""Choosing one row among very many: a combobox whose options its resource's page finds, and never a list of all.

A field of a form that chooses among rows of a model with a registered `Lookup` gets the box from the kit
(`Resource.form_for`, `verb_form`). The box sends its words as `<name>-words`: what was chosen with its number
(“Budi Santoso #12”), or, without scripts, what somebody typed: a number such as #12, or something by which exactly one
row is known. Programs send the id as `<name>`, as to any other field. Whatever comes, the field's own rows decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Model, QuerySet
from django.http import QueryDict
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from config.backoffice.patience import TooSlow, patience

WORDS = "-words"
MOST = 20
"""Options that are shown at once."""
LONGEST = 200
"""Letters of what is looked for."""
NUMBERED = re.compile(r"(?:^|\s)#\s?([0-9]{1,18})\s*$")
NUMBER = re.compile(r"[0-9]{1,18}")
UNFOUND = _(
    "“%(value)s” is none of these, or more than one. Choose one from the list, or write its number such as #12."
)
UNFOUND_PK = _(
    "“%(pk)s” is none of these, or more than one. Choose one from the list, or write its number such as #12."
)


@dataclass(frozen=True)
class Lookup:
    """How rows of a model are looked for."""

    resource: Any
    """A Resource with a filter `search`."""
    few: int = 0
    """So many rows at most stand in a plain list, where a glance is quicker than typing."""


LOOKUPS: dict[type[Model], Lookup] = {}


def register(resource: Any, few: int = 0) -> None:
    LOOKUPS[resource.model] = Lookup(resource, few)


class Typed:
    """Words that name no row: never taken for an id, however much they look like one."""

    def __init__(self, words: str) -> None:
        self.words = words

    def __str__(self) -> str:
        return self.words


def searched(
    resource: Any, rows: QuerySet[Any], words: str, asked: Mapping[str, Any] | None = None, most: int = MOST
) -> list[Any]:
    """The first `most` of `rows` that the resource's search finds for words; of all without words. Raises TooSlow."""
    query = QueryDict(urlencode({**(asked or {}), **({"search": words} if words else {})}, doseq=True))
    filterset = resource.filterset(query, resource.lookup_listing(rows))
    if not filterset.is_valid():
        return []
    with patience():
        return list(filterset.qs.order_by(*resource.lookup_order)[:most])


def told(resource: Any, row: Any) -> str:
    """A row as the box holds it once it is chosen."""
    return f"{resource.lookup_label(row)} #{row.pk}"


class LookupInput(forms.TextInput):
    """The box for one row. Django gives it the field's rows as `choices`."""

    template = "ui/lookup.html"
    several = False
    choices: Any = ()

    def __init__(self, lookup: Lookup) -> None:
        super().__init__()
        self.lookup = lookup

    def __deepcopy__(self, memo: Any) -> LookupInput:
        made: LookupInput = super().__deepcopy__(memo)
        made.choices = self.choices
        return made

    @property
    def rows(self) -> QuerySet[Any]:
        found: QuerySet[Any] = self.choices.queryset.all()
        return found

    def inputs(self, name: str) -> list[str]:
        """What else it sends beside `name`."""
        return [f"{name}{WORDS}"]

    # -- what was sent

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        words = data.get(f"{name}{WORDS}")
        return data.get(name) if words is None else self.meant(str(words))

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return name not in data and f"{name}{WORDS}" not in data

    def meant(self, words: str) -> Any:
        """The id of the row that words name; None for none, and for what names no row the words themselves.

        Of more rows than are shown at once, none is meant by its name: one that was not read may have the same.
        """
        words = " ".join(words.split())[:LONGEST]
        if not words:
            return None
        if numbered := NUMBERED.search(words):
            return numbered[1]
        resource = self.lookup.resource
        try:
            found = searched(resource, self.rows, words, most=MOST + 1)
        except TooSlow:
            return Typed(words)
        sought = words.casefold()
        exact = {row.pk for row in found if sought in {str(each).casefold() for each in resource.known_as(row)}}
        return str(exact.pop()) if len(exact) == 1 and len(found) <= MOST else Typed(words)

    # -- what is shown

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> Any:
        most = 0 if self.several else self.lookup.few
        if most and len(few := list(self.rows[: most + 1])) <= most:
            return self.plain_list(few).render(name, value, attrs, renderer)
        return render_to_string(self.template, self.context_of(name, value, self.build_attrs(self.attrs, attrs)))

    def plain_list(self, rows: list[Any]) -> Any:
        labels = [(row.pk, self.choices.field.label_from_instance(row)) for row in rows]
        blank = [("", self.choices.field.empty_label)] if self.choices.field.empty_label is not None else []
        return forms.Select(choices=[*blank, *labels])

    def context_of(self, name: str, value: Any, attrs: dict[str, Any]) -> dict[str, Any]:
        identifier = attrs.pop("id", None) or f"id_{name}"
        return {
            "name": f"{name}{WORDS}",
            "id": identifier,
            "attrs": attrs,
            "words": self.words_of(value),
            "label": self.lookup.resource.label,
            "address": self.address,
        }

    @property
    def address(self) -> str:
        """Where its options are; with filters that the field names as `asked`, such as a status."""
        there, asked = reverse(f"{self.lookup.resource.name}-lookup"), getattr(self.choices.field, "asked", None)
        return f"{there}?{urlencode(asked, doseq=True)}" if asked else there

    def words_of(self, value: Any) -> str:
        """The chosen row if it may be chosen; else as it was typed."""
        if value in (None, ""):
            return ""
        row = next(self.chosen([value]), None)
        return str(value) if row is None else told(self.lookup.resource, row)

    def chosen(self, values: Any) -> Iterator[Any]:
        ids = [int(str(each)) for each in values if not isinstance(each, Typed) and NUMBER.fullmatch(str(each))]
        yield from self.rows.filter(pk__in=ids) if ids else ()


class LookupSeveral(LookupInput):
    """The box for several rows: those chosen as ticked boxes, and a place to look for one more."""

    template = "ui/lookup_several.html"
    several = True
    use_fieldset = True

    def use_required_attribute(self, initial: Any) -> bool:
        """The place for one more may stay empty."""
        return False

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        values = list(data.getlist(name) if hasattr(data, "getlist") else data.get(name) or [])
        one_more = self.meant(str(data.get(f"{name}{WORDS}") or ""))
        return [*values, one_more] if one_more is not None and one_more not in values else values

    def context_of(self, name: str, value: Any, attrs: dict[str, Any]) -> dict[str, Any]:
        values = value if isinstance(value, list | tuple) else [value] if value else []
        typed = next((str(each) for each in values if isinstance(each, Typed)), "")
        picked = [(row.pk, self.lookup.resource.lookup_label(row)) for row in self.chosen(values)]
        return {**super().context_of(name, None, attrs), "words": typed, "of": name, "picked": picked}


def install(form: Any) -> Any:
    """Give each field of a form that chooses among rows with a lookup its box."""
    for field in form.fields.values():
        if not isinstance(field, forms.ModelChoiceField) or field.widget.is_hidden:
            continue
        rows: Any = field.queryset
        lookup = LOOKUPS.get(rows.model)
        if lookup is None or isinstance(field.widget, LookupInput):
            continue
        several = isinstance(field, forms.ModelMultipleChoiceField)
        field.widget = (LookupSeveral if several else LookupInput)(lookup)
        field.widget.is_required = field.required
        field.widget.choices = field.choices
        field.error_messages = {**field.error_messages, "invalid_choice": UNFOUND, "invalid_pk_value": UNFOUND_PK}
    return form
