"""A value as a page shows it, and the columns that make such values of rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from config.backoffice import formats

THUMB = '<img class="thumb" src="{}" alt="{}" width="64" height="48" loading="lazy" decoding="async">'


@dataclass(frozen=True)
class Cell:
    """A value in words, with what a page makes of it."""

    text: str = ""
    address: str = ""
    """Where it leads."""
    tag: str | None = None
    """ok, warn, bad, info or blank: it is a state; None: it is none."""
    moment: str = ""
    """ISO 8601, of a date or a moment."""
    words: tuple[str, ...] = ()
    """What was searched for: marked wherever it stands."""
    picture: str = ""
    """The address of a small picture; the text says what it shows."""

    @property
    def empty(self) -> bool:
        return not self.text

    @property
    def marked(self) -> SafeString:
        return marked(self.text, self.words)

    def __html__(self) -> SafeString:
        """As people read it; a page has hundreds, and a template for each would take a third of its time."""
        if self.empty:
            return format_html('<span class="none">{}</span>', "–")
        if self.picture:
            return format_html(THUMB, self.picture, self.text)
        if self.address:
            return format_html('<a href="{}">{}</a>', self.address, self.marked)
        if self.tag is not None:
            return format_html('<span class="tag {}">{}</span>', self.tag, self.marked)
        if self.moment:
            return format_html('<time datetime="{}">{}</time>', self.moment, self.text)
        return self.marked

    __str__ = __html__


def marked(text: str, words: Sequence[str]) -> SafeString:
    """`text` with each of `words` in <mark>, whatever its case."""
    if not words:
        return escape(text)
    found = sorted((re.escape(word) for word in words if word), key=len, reverse=True)
    parts = re.split(f"({'|'.join(found)})", text, flags=re.IGNORECASE) if found else [text]
    told = (format_html("<mark>{}</mark>", part) if place % 2 else part for place, part in enumerate(parts))
    return format_html_join("", "{}", ((part,) for part in told))


def cell(value: Any, **more: Any) -> Cell:
    """A plain value by its type: numbers and dates as the reader's language writes them."""
    if isinstance(value, Cell):
        return replace(value, **more) if more else value
    if value is None or value == "":
        return Cell(**more)
    if isinstance(value, date):  # a moment too
        return Cell(words_of_moment(value), moment=value.isoformat(), **more)
    return Cell(words_of(value), **more)


def words_of_moment(value: date) -> str:
    return formats.moment(value) if isinstance(value, datetime) else formats.day(value)


def words_of(value: Any) -> str:
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, time):
        return formats.clock(value)
    if isinstance(value, int | Decimal):
        return formats.number(value)
    return str(value)


@dataclass(frozen=True)
class Column:
    """A column of a list: how it is called, and what it shows of a row."""

    name: str
    label: str | Promise
    read: Callable[[Any], Any]
    sortable: bool = False
    """By the model's column of the same name."""
    numeric: bool = False
    export: Callable[[Any], Any] | None = field(default=None, compare=False)
    """The value in a file, if it is not what `read` gives."""
    permission: str = ""
    """By which its value is told, where seeing the row is not enough. No order and no filter may ask for it then."""

    is_picture: bool = False
    """Of no use in a file."""

    def cell(self, row: Any, words: tuple[str, ...] = ()) -> Cell:
        found = cell(self.read(row))
        return replace(found, words=words) if words else found

    def plain(self, row: Any) -> Any:
        """For a spreadsheet: numbers and dates stay what they are."""
        found = (self.export or self.read)(row)
        return found.text if isinstance(found, Cell) else found

    def told_to(self, user: Any, row: Any = None) -> bool:
        """Whether `user` may know it of `row`, or of any row at all."""
        return not self.permission or bool(user.has_perm(self.permission, row))

    def cell_for(self, user: Any, row: Any, words: tuple[str, ...] = ()) -> Cell:
        """Its cell as `user` may see it: empty where it is not told."""
        return self.cell(row, words) if self.told_to(user, row) else Cell()


def attribute(
    name: str, label: str | Promise, *, sortable: bool = False, numeric: bool = False, permission: str = ""
) -> Column:
    """A column that is an attribute of the row."""
    return Column(name, label, lambda row: getattr(row, name), sortable, numeric, permission=permission)
