"""Exports: asked for, fetched, cancelled. Up to EXPORT_AT_ONCE rows are a file at once, more go to the background.

Only rows of dealerships in which the person may export, and see the list, get into a file; whoever fetches one must be
able to do both there still. Every file leaves an event in the audit of each dealership that it has rows of.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from config import celery
from config.backoffice.exports import FORMATS, Exportable, by_name, file_name, write
from config.backoffice.trace import current_id
from dealers import audit, tenancy
from dealers.export_facts import Asked, facts, place_of, tell
from dealers.models import Export, User
from dealers.permissions import dealerships_of, may
from dealers.tenancy import Scope, acting

PERMISSION = "records.export:add"
TASK = "dealers.export"
MOST = 20
"""Exports of a person that wait, are being made or can be fetched."""
IN_MEMORY = 1 << 20
"""Bytes from which on a file made at once is kept on disk."""


class Over(Exception):
    """The file is no more."""


class NotReady(Exception):
    """There is no file yet, or there will be none."""


@dataclass
class Download:
    """A file to hand out."""

    name: str
    content_type: str
    content: Iterable[bytes]
    size: int


def scope_of(user: Any, exportable: Exportable) -> Scope:
    """The scope of now without the dealerships in which the person may not export these rows.

    Raises PermissionDenied if none is left.
    """
    here, within = tenancy.scope.get(), None
    for permission in (PERMISSION, exportable.permission):
        if not may(user, permission):
            raise PermissionDenied(_("You may not export these rows."))
        found = dealerships_of(user, permission)
        within = found if within is None else within if found is None else within & found
    if here.purpose:
        return here
    left = here.dealerships if within is None else tuple(sorted(within.intersection(here.dealerships)))
    if not left:
        raise PermissionDenied(_("You may not export these rows."))
    return replace(here, dealerships=left)


def is_offered(user: Any, exportable: Exportable) -> bool:
    """Whether the person, where they work now, may have these rows as a file: else there is no button."""
    try:
        return bool(scope_of(user, exportable))
    except PermissionDenied:
        return False


def ask(user: Any, asked: Asked, chosen: int | None = None) -> Download | Export:
    """The file, or what is queued because there are too many rows to wait for.

    `chosen` is the dealership that the person works in, if one. Raises LookupError for a list that nobody exports,
    PermissionDenied, and ValidationError for filters, columns or a format that there are none of.
    """
    exportable, within, rows = looked_at(user, asked)
    if rows <= settings.EXPORT_AT_ONCE:
        return at_once(user, asked, exportable, within)
    return queued(user, asked, chosen, exportable, rows)


def looked_at(user: Any, asked: Asked) -> tuple[Exportable, Scope, int]:
    """What is asked for, in which scope, and how many rows it has, no further than `counted` counts."""
    if asked.format not in FORMATS:
        raise ValidationError({"format": _("Write one of these: %(names)s.") % {"names": ", ".join(FORMATS)}})
    exportable = by_name(asked.resource)
    within = scope_of(user, exportable)
    with acting(within):
        return exportable, within, exportable.estimate(user, QueryDict(asked.query))


@transaction.atomic
def at_once(user: Any, asked: Asked, exportable: Exportable, within: Scope) -> Download:
    """Made whole before any of it is sent: no transaction waits for whoever fetches it, and the audit has the rows."""
    with acting(within), ExitStack() as opened:
        file: IO[bytes] = opened.enter_context(SpooledTemporaryFile(max_size=IN_MEMORY))
        place, zone = place_of(within.dealerships)
        with timezone.override(zone):
            sheet = exportable.sheet(user, QueryDict(asked.query), asked.columns)
            rows = write(sheet, asked.format, file)
            name = file_name(sheet.title, place, timezone.localdate(), asked.format)
        tell("export.made", within, facts(asked, exportable, rows))
        opened.pop_all()  # it is closed by whoever hands it out
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return Download(name, FORMATS[asked.format], Chunks(file), size)


class Chunks:
    """What is in a file, which whoever hands it out closes."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.close = file, file.close

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.file.read(64 * 1024), b"")


def queue(user: User, asked: Asked, chosen: int | None) -> Export:
    """Have it made in the background, however few rows. Raises as `ask` does."""
    exportable, _within, rows = looked_at(user, asked)
    return queued(user, asked, chosen, exportable, rows)


@transaction.atomic
def queued(user: User, asked: Asked, chosen: int | None, exportable: Exportable, rows: int) -> Export:
    """Raises ValidationError for too many of a person's."""
    kept = Export.objects.of(user).exclude(state__in=("failed", "cancelled", "expired"))
    if kept[:MOST].count() >= MOST:
        raise ValidationError(_("You have %(most)s exports: cancel one, or wait until one expires.") % {"most": MOST})
    now = audit.now.get()
    export = Export(
        user=user,
        impersonator=now.user if now.acting_as else None,
        chosen_id=chosen,
        resource=asked.resource,
        title=str(exportable.title)[:200],
        query=asked.query,
        columns=asked.columns,
        format=asked.format,
        language=get_language() or "",
        rows_expected=rows if rows <= settings.EXPORT_AT_ONCE else None,
        request_id=current_id(),
    )
    given = {"resource", "query", "columns", "format"}
    export.clean_fields(exclude={each.name for each in Export._meta.fields} - given)
    export.save(force_insert=True)
    transaction.on_commit(lambda: nudge([user.pk]))
    return export


def nudge(people: Iterable[int]) -> None:
    """Tell a worker that exports of theirs wait."""
    for user_id in people:
        celery.nudge(TASK, user_id=user_id)


@transaction.atomic
def cancel(export: Export) -> bool:
    """Whether there was anything to cancel."""
    if not export.cancel():
        return False
    audit.record("export.cancelled", export)
    return True


# -- a file that is ready


@transaction.atomic
def fetch(user: Any, export: Export) -> Download:
    """Raises Over, NotReady, and PermissionDenied for whoever could not make it like this today."""
    if export.is_over:
        raise Over
    if not export.is_open:
        raise NotReady
    try:
        exportable = by_name(export.resource)
    except LookupError:
        raise Over from None
    within = scope_of(user, exportable)
    if not within.purpose and not (export.dealerships and set(export.dealerships) <= set(within.dealerships)):
        words = _(
            "It has rows of dealerships that you do not work in now, or in which you may not export them any more."
        )
        raise PermissionDenied(words)
    asked = Asked(export.resource, export.query, export.columns, export.format)
    tell("export.downloaded", within_of(export, within), facts(asked, exportable, export.rows_done), export)
    place, zone = place_of(export.dealerships)
    day = timezone.localdate(export.finished_at, zone)
    name = file_name(export.title, place, day, export.format)
    return Download(name, FORMATS[export.format], parts_of(export), export.size or 0)


def parts_of(export: Export) -> Iterator[bytes]:
    """The file, a part in memory at a time."""
    for content in export.parts.order_by("position").values_list("content", flat=True).iterator(chunk_size=1):
        yield bytes(content)


def within_of(export: Export, here: Scope) -> Scope:
    """The dealerships that the export has rows of."""
    return here if export.dealerships is None else replace(here, dealerships=tuple(export.dealerships))
