"""Two people change one row: what only one of them touched is kept, what both did is asked.

A form is sent with the version of the row that it was filled with, and with every value as it was then (Django's
`show_hidden_initial`). The version is PostgreSQL's `xmin`: whatever writes the row changes it.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.db.models.expressions import RawSQL
from django.forms import FileField
from django.utils.translation import gettext as _

from config.backoffice.lookups import LookupInput

VERSION = "version"
"""The hidden input, and the attribute of rows read `with_version`."""


def with_version(rows: QuerySet[Any]) -> QuerySet[Any]:
    """`rows` with the attribute `row_version`."""
    of_row = f'"{rows.model._meta.db_table}".xmin::text'
    return rows.annotate(row_version=RawSQL(of_row, ()))  # noqa: S611 - a model's table


def version_of(row: Model) -> str:
    """The version of a row as it is now, in the transaction of now."""
    rows = with_version(type(row)._base_manager.filter(pk=row.pk))
    return str(rows.values_list("row_version", flat=True).get())


def remember(form: Any) -> Any:
    """Let a form send along what it was filled with."""
    for field in form.fields.values():
        field.show_hidden_initial = not (field.disabled or isinstance(field, FileField))
    return form


def merged(fresh: Any, typed: Any) -> tuple[Any, dict[str, str]]:
    """The data of a form whose row somebody changed meanwhile, and by field what both changed, in words.

    `fresh` is an unbound form of the row as it is now, `typed` what was sent. Fields that only the other one changed
    take their value; those that both did keep what was typed.
    """
    data, both = typed.copy(), dict[str, str]()
    for bound in fresh:
        field, now = bound.field, bound.value()
        before = field.widget.value_from_datadict(typed, {}, bound.html_initial_name)
        mine = field.widget.value_from_datadict(typed, {}, bound.html_name)
        if bound.html_initial_name not in typed or not field.has_changed(now, before):
            continue
        as_sent = sent(now)
        data.setlist(bound.html_initial_name, as_sent)
        if not touched(field, before, mine):
            data.setlist(bound.html_name, as_sent)
            if isinstance(field.widget, LookupInput):
                for name in field.widget.inputs(bound.html_name):
                    data.pop(name, None)
        elif field.has_changed(now, mine):
            both[bound.name] = _("Somebody has written “%(value)s” here meanwhile. Saving replaces it.") % {
                "value": shown(field, now)
            }
    return data, both


def touched(field: Any, before: Any, mine: Any) -> bool:
    """Whether somebody wrote another value; what was there is compared as it was sent if it is no value any more."""
    try:
        return bool(field.has_changed(field.to_python(before), mine))
    except ValidationError:
        return bool(before != mine)


def sent(value: Any) -> list[str]:
    """A form's value as a browser sends it."""
    if isinstance(value, list | tuple):
        return [str(each) for each in value]
    return [] if value is False else [str("" if value is None else value)]


def shown(field: Any, value: Any) -> str:
    """A form's value in words: the label of a choice rather than its code."""
    if isinstance(field.widget, LookupInput):  # of so many rows, one is asked for
        values = value if isinstance(value, list | tuple) else [value]
        return ", ".join(map(field.label_from_instance, field.widget.chosen(values)))
    choices = dict(getattr(field, "choices", ()) or ())
    return str(choices.get(value, "" if value is None else value))
