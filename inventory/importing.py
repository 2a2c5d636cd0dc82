"""Imports of vehicles: a file is received, its columns are chosen, its rows looked at, and then stored.

Few rows are looked at and stored while the person waits; more of them by a worker, in the name of who asked and with
the rights that they have then. The rows that are good are stored in one transaction, and those that are not are given
back as a file with the reason of each; or, if the person wants it so, all rows or none. Rows are stored once: by its
state the import knows, however often somebody presses the button.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import OperationalError, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from config import celery
from config.backoffice import sheets_read
from config.backoffice.sheets import Sheet
from config.backoffice.sheets_read import Row, Table, Unreadable
from config.backoffice.trace import current_id
from dealers import audit, once
from dealers.export_making import Gone, Signs, Stopped, TookTooLong
from dealers.models import Dealership, User
from dealers.permissions import roles_of
from inventory import import_columns
from inventory.import_rows import ADD, REFUSED, Outcome, Rows
from inventory.models import ImportColumn, VehicleImport
from inventory.resources import VEHICLES

log = logging.getLogger(__name__)

TASK = "inventory.work_on_import"
MOST_ROWS = 5000
AT_ONCE = 200
"""Rows up to which the person waits."""
MOST_ATTEMPTS = 3
KEPT = timedelta(days=7)
"""For which a file is kept; the audit keeps what came of it."""
RESOURCE = "vehicle-imports"
State = VehicleImport.State


class AllOrNone(Exception):
    """A row was refused of a file of which all rows were to be stored, or none."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        self.outcomes = outcomes


def attributes_for(user: Any, dealership: Dealership | None = None) -> list[str]:
    """Those that a column may hold: without those that the person is not told."""
    columns = {column.name: column for column in VEHICLES.columns}
    return [
        name for name in import_columns.ATTRIBUTES if name not in columns or columns[name].told_to(user, dealership)
    ]


# -- a file is received


@transaction.atomic
def receive(dealership: Dealership, name: str, data: bytes, *, by: Any, key: str = "") -> VehicleImport:
    """Keep a file and propose what its columns hold. Raises ValidationError for one that is none, and KeyTaken."""
    try:
        table = sheets_read.read(data, most_rows=MOST_ROWS)
    except Unreadable as error:
        raise ValidationError(str(error))
    if not key:
        return received(dealership, name, data, table, by)
    made: VehicleImport = once.make(
        by,
        key,
        resource=RESOURCE,
        dealership_id=dealership.pk,
        asked=asked_with(dealership, data),
        make_row=lambda: received(dealership, name, data, table, by),
    )
    return made


def received(dealership: Dealership, name: str, data: bytes, table: Table, by: Any) -> VehicleImport:
    remembered = dict(ImportColumn.objects.filter(dealership=dealership).values_list("header", "attribute"))
    made = VehicleImport.objects.create(
        dealership=dealership,
        name="".join(letter for letter in name if letter.isprintable())[-200:] or "vehicles",
        content=data,
        header=list(table.header),
        columns=import_columns.proposed(table.header, remembered, attributes_for(by, dealership)),
        rows=len(table.rows),
        made_by=person_of(by),
    )
    audit.record("vehicleimport.received", made, changes={"rows": made.rows})
    return made


def person_of(by: Any) -> User | None:
    """Who acts; None for a program."""
    return by if isinstance(by, User) else None


def asked_with(dealership: Dealership, data: bytes) -> str:
    """A hash of what a request to receive a file says."""
    return once.hash_of([dealership.pk, hashlib.sha256(data).hexdigest()])


def received_before(user: Any, key: str, dealership: Dealership, data: bytes) -> VehicleImport | None:
    """What was made of this file when it was sent before, told by its one-time key. Raises KeyTaken."""
    found = once.used(user, key, RESOURCE, asked=asked_with(dealership, data)) if key else None
    return VehicleImport.objects.visible_to(user).filter(pk=found.row_id).first() if found else None


# -- its columns are chosen, its rows looked at, and stored


@transaction.atomic
def choose_columns(imported: VehicleImport, columns: Sequence[str], *, by: Any) -> None:
    """Say what each column holds, and have the rows looked at. Raises ValidationError."""
    here = locked(imported)
    if here.state not in (State.RECEIVED, State.CHECKED):
        raise ValidationError(_("This file is %(state)s: its columns cannot be chosen now.") % words_of(here))
    columns = list(columns)
    check_columns(here, columns, attributes_for(by, here.dealership))
    for name, attribute in zip(here.header, columns, strict=True):
        if key := import_columns.key_of(name):
            ImportColumn.objects.update_or_create(
                dealership=here.dealership, header=key, defaults={"attribute": attribute}
            )
    here.columns = columns
    begin(here, State.CHECKING, by)
    imported.refresh_from_db()


def check_columns(imported: VehicleImport, columns: list[str], allowed: Sequence[str]) -> None:
    if len(columns) != len(imported.header):
        raise ValidationError(
            _("The file has %(count)s columns: say of each what it holds.") % {"count": len(imported.header)}
        )
    for name, count in Counter(filter(None, columns)).items():
        if name not in allowed:
            raise ValidationError(_("There is no such attribute of a vehicle: %(name)s.") % {"name": name})
        if count > 1:
            label = import_columns.label_of(name)
            raise ValidationError(_("Two columns hold “%(label)s”: leave one of them out.") % {"label": label})
    if not {"stock_number", "vin"} & set(columns):
        raise ValidationError(
            _("Say which column holds the stock number or the frame number, by which a vehicle is known again.")
        )


@transaction.atomic
def store(imported: VehicleImport, *, by: Any, whole: bool = False) -> None:
    """Store the rows that are good; with `whole`, all of them or none. Raises ValidationError if it is not its time."""
    here = locked(imported)
    if here.state in (State.STORING, State.DONE):
        raise ValidationError(_("This file is %(state)s already.") % words_of(here))
    if here.state != State.CHECKED:
        raise ValidationError(_("This file is %(state)s: its rows cannot be stored now.") % words_of(here))
    here.whole = whole
    begin(here, State.STORING, by)
    imported.refresh_from_db()


def words_of(imported: VehicleImport) -> dict[str, str]:
    return {"state": imported.get_state_display()}


def locked(imported: VehicleImport) -> VehicleImport:
    return VehicleImport.objects.select_for_update(of=("self",)).select_related("dealership").get(pk=imported.pk)


def begin(imported: VehicleImport, state: VehicleImport.State, by: Any) -> None:
    """Do it now if there are few rows, else let a worker do it."""
    now = audit.now.get()
    imported.state, imported.error = state, ""
    imported.rows_done, imported.attempt, imported.sign_of_life_at = 0, 0, None
    imported.asked_by, imported.queued_at = person_of(by), timezone.now()
    imported.stood_in = now.user if now.acting_as else None
    imported.language, imported.request_id = translation.get_language() or "", current_id()
    if imported.rows > AT_ONCE and imported.asked_by is None:
        words = _("A program sends at most %(most)s rows at a time: send the file in parts.")
        raise ValidationError(words % {"most": AT_ONCE})
    imported.save()
    if imported.rows > AT_ONCE:
        transaction.on_commit(lambda: nudge(imported))
        return
    try:
        with transaction.atomic():
            work(imported, by, iter)
    except AllOrNone as error:
        none_stored(imported, error.outcomes)


Watch = Callable[[Sequence[Row]], Iterator[Row]]


def work(imported: VehicleImport, user: Any, watch: Watch) -> None:
    """Look at the rows or store them, as its state says, and end that. Raises AllOrNone, Unreadable, Gone."""
    stores = imported.state == State.STORING
    if not user.has_perm(ADD, imported.dealership):
        raise PermissionDenied(_("You may not import vehicles any more."))
    table = table_of(imported)
    rows = Rows(table, list(imported.columns), imported.dealership, user, stores=stores)
    outcomes = list(rows.outcomes(watch(table.rows)))
    counts = Counter(each.outcome for each in outcomes)
    if stores and imported.whole and counts[REFUSED]:
        raise AllOrNone(outcomes)
    ended = ends(outcomes) | {"state": State.DONE if stores else State.CHECKED}
    if stores:
        ended["finished_at"] = timezone.now()
        audit.record("vehicleimport.stored", imported, changes=dict(counts))
    mine = VehicleImport.objects.filter(pk=imported.pk, state=imported.state, attempt=imported.attempt)
    if not mine.update(**ended):
        raise Gone


def ends(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    counts = Counter(each.outcome for each in outcomes)
    return {
        "report": {"rows": [each.plain() for each in outcomes]},
        "rows_done": len(outcomes),
        "added": counts["new"],
        "changed": counts["changed"],
        "same": counts["same"],
        "refused": counts[REFUSED],
        "sign_of_life_at": None,
    }


def table_of(imported: VehicleImport) -> Table:
    return sheets_read.read(bytes(imported.content), most_rows=MOST_ROWS)


def none_stored(imported: VehicleImport, outcomes: Sequence[Outcome]) -> None:
    """Back to where its rows are looked at, which say why."""
    words = _("Nothing was stored, since not every row is good.")
    mine = VehicleImport.objects.filter(pk=imported.pk, state=State.STORING, attempt=imported.attempt)
    mine.update(**ends([each.not_stored() for each in outcomes]), state=State.CHECKED, error=words)


# -- in the background


def nudge(imported: VehicleImport) -> None:
    """Tell a worker that it waits."""
    celery.nudge(TASK, dealership_id=imported.dealership_id, pk=imported.pk)


def carry_out(pk: int, stop: Callable[[], bool]) -> None:
    """Whatever comes of it is said by the row. In the scope of its dealership, in no transaction."""
    imported = VehicleImport.objects.select_related("dealership", "asked_by", "stood_in").filter(pk=pk).first()
    if imported is None or not imported.begin():
        return
    with translation.override(imported.language or None):
        if imported.asked_by is None:
            fail(imported, _("Whoever sent this is here no more: send the file again."))
        else:
            carry_out_for(imported, imported.asked_by, stop)


def carry_out_for(imported: VehicleImport, user: Any, stop: Callable[[], bool]) -> None:
    """In the name of who asked for it, with the rights that they have now."""
    other = imported.stood_in
    if not user.is_superuser:
        user.known_roles = roles_of(user)  # asked of the database once for all rows
    who = audit.Circumstances(other or user, acting_as=user if other else None, request_id=imported.request_id)
    with audit.circumstances(who):
        try:
            with Signs(imported, stop) as signs, transaction.atomic():
                work(imported, user, signs.watched)
        except Gone:
            log.info("import %s is made here no more", imported.pk)
        except Stopped:
            imported.hand_back()
        except AllOrNone as error:
            none_stored(imported, error.outcomes)
        except TookTooLong:
            fail(imported, _("It took too long: send the file in parts."))
        except (PermissionDenied, Unreadable) as error:
            fail(imported, str(error))
        except OperationalError as error:
            log.warning("import %s lost its database (%s): it is begun anew", imported.pk, error)  # by `look_after`
        except Exception:
            log.exception("import %s failed", imported.pk)
            fail(imported, _("It went wrong; the log knows why by the id of the request: %s.") % imported.request_id)


def fail(imported: VehicleImport, words: str) -> None:
    imported.mine().update(state=State.FAILED, error=words[:500], finished_at=timezone.now())


def look_after() -> None:
    """What lost its worker is carried on with, and files that are old are forgotten. In the scope of the platform."""
    for imported in VehicleImport.objects.left_alone():
        if imported.attempt >= MOST_ATTEMPTS:
            with translation.override(imported.language or None):
                fail(imported, _("Its worker was lost %(count)d times.") % {"count": MOST_ATTEMPTS})
        else:
            nudge(imported)
    VehicleImport.objects.exclude(state__in=VehicleImport.AT_WORK).filter(made_at__lt=timezone.now() - KEPT).delete()


# -- what was refused


def refused_rows(imported: VehicleImport, table: Table) -> Sheet:
    """The rows of its table that were refused, as they were sent, with the reason of each in a last column."""
    reasons = {each["row"]: each["problems"] for each in imported.outcomes if each["outcome"] == REFUSED}
    columns = [(str(place), name) for place, name in enumerate(table.header)]
    rows = ([*values, in_words(reasons[number])] for number, values in table.rows if number in reasons)
    return Sheet(_("Rows with errors"), [*columns, ("reason", _("Why it was refused"))], rows)


def in_words(problems: Sequence[Sequence[str]]) -> str:
    return " ".join(f"{header}: {words}" if header else words for header, words in problems)
