"""Exports made in the background: one at a time for each person, in the dealerships that are theirs today.

The row is the truth, a message only says that there is one. What is read is written to a file of this host first and
stored with the end of the export in one transaction, so that a crash leaves an export without a sign of life and no
part of a file; `look_after` queues it again, and it begins anew.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextvars import copy_context
from dataclasses import replace
from datetime import timedelta
from tempfile import TemporaryFile
from typing import IO, Any, Protocol, TypeVar

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import Error as DatabaseError
from django.db import IntegrityError, connection, transaction
from django.http import QueryDict
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from config.backoffice.exports import by_name, write
from config.backoffice.sheets import TooManyRows
from dealers import audit, choice
from dealers.export_facts import Asked, facts, place_of, tell
from dealers.exports import nudge, scope_of
from dealers.models import Export, ExportPart
from dealers.models.export import LIFE, MOST_ATTEMPTS
from dealers.tenancy import Scope, acting

log = logging.getLogger(__name__)

EVERY = 1.0
"""Seconds between two signs of life."""
DEADLINE = 720.0
"""Seconds that an export may take: less than Celery gives a task."""
KEPT = timedelta(days=7)
"""For which it is known that there was an export."""

Row = TypeVar("Row")


class Gone(Exception):
    """The export is no longer ours to make: cancelled, or taken by another worker."""


class Stopped(Exception):
    """The worker is told to stop."""


class TookTooLong(Exception):
    """The deadline has passed."""


class Living(Protocol):
    """What is made by a worker and has signs of life: an export, an import."""

    pk: Any

    def live(self, rows: int, expected: int | None) -> bool:
        """A sign of life, with progress; False if it is no longer the worker's."""


class Signs:
    """Signs of life from a thread and a connection of its own, while rows are read in one long transaction."""

    def __init__(self, export: Living, stop: Callable[[], bool]) -> None:
        self.export, self.stop = export, stop
        self.rows = 0
        self.expected: int | None = None
        self.over = threading.Event()
        self.reason: type[Exception] | None = None
        """Why to make no more of it."""
        self.thread = threading.Thread(
            target=copy_context().run, args=[self.give], name=f"{type(export).__name__} {export.pk}"
        )

    def __enter__(self) -> Signs:
        self.end = time.monotonic() + DEADLINE
        self.thread.start()
        return self

    def __exit__(self, *_error: Any) -> None:
        self.over.set()
        self.thread.join()

    def give(self) -> None:
        try:
            while self.reason is None and not self.over.wait(EVERY):
                if self.stop():
                    self.reason = Stopped
                elif time.monotonic() > self.end:
                    self.reason = TookTooLong
                elif not self.export.live(self.rows, self.expected):
                    self.reason = Gone
        except DatabaseError as error:
            log.warning("%s: no sign of life (%s)", self.thread.name, error)
            self.reason = Gone
        finally:
            connection.close()

    def watched(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows, until there is a reason to make no more of them."""
        for row in rows:
            if self.reason:
                raise self.reason
            self.rows += 1
            yield row


def claim(user_id: int) -> Export | None:
    """The person's oldest export that waits, unless one of theirs is being made."""
    found = Export.objects.filter(user_id=user_id, state=Export.State.QUEUED).order_by("made_at").first()
    if found is None:
        return None
    try:
        with transaction.atomic():
            return found if found.begin() else None
    except IntegrityError:
        return None


def make_next(user_id: int, stop: Callable[[], bool]) -> Export | None:
    """Make the one that is next, and have a worker told of the following; in the person's own scope."""
    export = claim(user_id)
    if export is None:
        return None
    person, asked_by = export.user, export.impersonator
    who = audit.Circumstances(asked_by or person, acting_as=person if asked_by else None, request_id=export.request_id)
    with audit.circumstances(who), translation.override(export.language or None):
        make(export, stop)
    if Export.objects.of(person).filter(state=Export.State.QUEUED).exists() and not stop():
        nudge([user_id])
    return export


def make(export: Export, stop: Callable[[], bool]) -> None:
    """Whatever comes of it is said by the row."""
    try:
        with TemporaryFile(prefix="forecourt-export-") as file:
            with Signs(export, stop) as signs:
                within = read(export, signs, file)
            store(export, within, file, signs.rows)
    except Gone:
        log.info("export %s is made here no more", export.pk)
    except Stopped:
        export.hand_back()
    except (PermissionDenied, TooManyRows) as error:
        fail(export, str(error))
    except LookupError:
        fail(export, _("There is no such list any more."))
    except ValidationError as error:
        fail(export, " ".join(error.messages))
    except TookTooLong:
        fail(export, _("It took longer than %(minutes)d minutes: narrow the filters.") % {"minutes": DEADLINE // 60})
    except Exception:
        log.exception("export %s failed", export.pk)
        fail(export, _("It went wrong; the log knows why by the id of the request: %s.") % export.request_id)


def fail(export: Export, words: str) -> None:
    export.end(Export.State.FAILED, error=words[:500])


def read(export: Export, signs: Signs, file: IO[bytes]) -> Scope:
    """Write the rows into `file` as the person sees them today; in which scope."""
    exportable = by_name(export.resource)
    with acting(choice.scope_of(export.user, export.chosen_id)):
        within = scope_of(export.user, exportable)
    with acting(within), transaction.atomic():
        _place, zone = place_of(within.dealerships)
        with timezone.override(zone):
            sheet = exportable.sheet(export.user, QueryDict(export.query), export.columns)
            signs.expected = sheet.expected
            write(replace(sheet, rows=signs.watched(sheet.rows)), export.format, file)
    return within


@transaction.atomic
def store(export: Export, within: Scope, file: IO[bytes], rows: int) -> None:
    """The file, the end of the export and its event, or none of them. Raises Gone."""
    now = timezone.now()
    ends = {"rows_done": rows, "rows_expected": rows, "size": file.seek(0, os.SEEK_END), "expires_at": now + LIFE}
    whose = None if within.purpose else list(within.dealerships)
    with acting(within):
        if not export.end(Export.State.DONE, dealerships=whose, **ends):
            raise Gone
        file.seek(0)
        for position, content in enumerate(iter(lambda: file.read(ExportPart.SIZE), b"")):
            ExportPart.objects.create(export=export, position=position, content=content)
        asked = Asked(export.resource, export.query, export.columns, export.format)
        tell("export.made", within, facts(asked, by_name(export.resource), rows), export)


def look_after() -> None:
    """What lost its worker is queued again, whoever waits is told of to a worker, what has expired is forgotten."""
    for export in Export.objects.silent():
        if export.attempt >= MOST_ATTEMPTS:
            with translation.override(export.language or None):
                fail(export, _("Its worker was lost %(count)d times.") % {"count": MOST_ATTEMPTS})
        else:
            again(export)
    waiting = Export.objects.filter(state=Export.State.QUEUED).order_by("user_id").distinct("user_id")
    nudge(waiting.values_list("user_id", flat=True))
    forget()


def again(export: Export) -> None:
    """Queued anew, its attempt counted, unless its worker has given a sign of life meanwhile."""
    Export.objects.silent().filter(pk=export.pk, attempt=export.attempt).update(state=Export.State.QUEUED)


def forget() -> None:
    """Delete the files that have expired, and after a while what is known of exports."""
    over = list(Export.objects.over().values_list("pk", flat=True)[:1000])
    with transaction.atomic():
        for pk in over:
            Export(pk=pk).parts.all().delete()
        Export.objects.filter(pk__in=over).update(state=Export.State.EXPIRED, query="", columns=[])
    Export.objects.exclude(state__in=(*Export.UNFINISHED, Export.State.DONE)).filter(
        finished_at__lt=timezone.now() - KEPT
    ).delete()
