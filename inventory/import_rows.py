"""What comes of each row of a file of vehicles: the same form decides that a person fills in, row by row.

A row is about the vehicle that has its stock number, or its frame number; without such a vehicle it is a new one. A
blank cell says nothing: it leaves what is there. A row that is wrong in one cell is refused as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from config.backoffice.sheets_read import Row, Table
from dealers.models import Dealership
from inventory.forms import MoveForm, OdometerForm
from inventory.identification import normalise
from inventory.import_columns import ATTRIBUTES, BY_VERB, label_of, told, written
from inventory.models import Vehicle
from inventory.resources import VEHICLES

ADD, CHANGE = "inventory.vehicle:add", "inventory.vehicle:change"
LONGEST = 300
"""Characters of a name or a reason in the report: either may hold what stands in a cell."""
NEW, CHANGED, SAME, REFUSED = "new", "changed", "same", "refused"


@dataclass
class Outcome:
    """What comes of a row."""

    row: int
    """Its number in the file, as a spreadsheet shows it."""
    outcome: str
    vehicle: str
    changes: dict[str, list[str]] = field(default_factory=dict)
    """Attributes with what they were and what they become."""
    problems: list[list[str]] = field(default_factory=list)
    """The column's header, blank if it is about the whole row, and what is wrong in words."""
    vehicle_id: int | None = None
    new: str = ""
    """What a new vehicle is called until it is stored, and gets a number of ours."""

    def plain(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "new"}

    def not_stored(self) -> Outcome:
        """After all was undone: of a new vehicle, its row and its number are gone."""
        return replace(self, vehicle=self.new, vehicle_id=None) if self.outcome == NEW else self


class Refused(Exception):
    """A row that cannot be taken; `problems` by attribute."""

    def __init__(self, problems: Mapping[str, list[str]]) -> None:
        self.problems = problems


def refuse(attribute: str, words: str) -> Refused:
    return Refused({attribute: [words]})


class Rows:
    """The rows of a table in the hands of a person; with `stores` they are stored, else only looked at."""

    def __init__(self, table: Table, columns: list[str], dealership: Dealership, user: Any, *, stores: bool) -> None:
        self.table, self.columns, self.dealership, self.user = table, columns, dealership, user
        self.stores = stores
        self.seen: dict[tuple[str, str], int] = {}
        """The row that was about each stock and frame number."""
        self.adds, self.changes = (user.has_perm(each, dealership) for each in (ADD, CHANGE))
        self.blank = shown(VEHICLES.form_for(user, "add"))
        self.known()

    def known(self) -> None:
        """Read the vehicles that the file is about, at once, and keep others from changing them meanwhile."""
        given = [self.given(row) for row in self.table.rows]
        numbers = {each["stock_number"] for each in given if "stock_number" in each}
        frames = {normalise(each["vin"]) for each in given if "vin" in each}
        rows = VEHICLES.rows(self.user).filter(dealership=self.dealership).order_by("pk")
        rows = rows.filter(Q(stock_number__in=numbers) | Q(vin__in=frames))
        found = list(rows.select_for_update(of=("self",)) if self.stores else rows)
        self.by_number = {vehicle.stock_number: vehicle for vehicle in found}
        self.by_frame = {vehicle.vin: vehicle for vehicle in found if vehicle.vin}

    def given(self, row: Row) -> dict[str, str]:
        """What the row says, by attribute; a cell that is written as nothing, such as a frame number "-", is blank."""
        country = self.dealership.country
        cells = zip(self.columns, row[1], strict=True)
        said = ((name, written(name, value, country)) for name, value in cells if name and value != "")
        return {name: text for name, text in said if text}

    def outcomes(self, rows: Iterable[Row]) -> Iterator[Outcome]:
        for row in rows:
            yield self.outcome(row)

    def outcome(self, row: Row) -> Outcome:
        given = self.given(row)
        name = " ".join(filter(None, map(given.get, ("stock_number", "vin", "model"))))
        found = Outcome(row[0], REFUSED, name[:LONGEST])
        try:
            with transaction.atomic():
                vehicle = self.vehicle_of(given, row[0])
                if vehicle is None:
                    self.add(given, found)
                else:
                    self.change(vehicle, given, found)
        except Refused as error:
            self.say(found, error.problems)
        except ValidationError as error:
            self.say(found, error.message_dict if hasattr(error, "error_dict") else {"": error.messages})
        except IntegrityError:
            self.say(found, {"": [_("Somebody else has just saved a vehicle that this contradicts.")]})
        return found

    def say(self, found: Outcome, problems: Mapping[str, list[str]]) -> None:
        names = dict(zip(self.columns, self.table.header, strict=True))
        found.outcome, found.changes = REFUSED, {}
        found.problems = [
            [names.get(name) or (label_of(name) if name in ATTRIBUTES else ""), str(words)[:LONGEST]]
            for name, each in problems.items()
            for words in each
        ]

    # -- which vehicle

    def vehicle_of(self, given: Mapping[str, str], row: int) -> Vehicle | None:
        """The vehicle that a row is about; None if it is a new one. Raises Refused if that is not clear."""
        number, frame = given.get("stock_number", ""), normalise(given.get("vin", ""))
        if not number and not frame:
            raise refuse("stock_number", _("Write a stock number or a frame number, by which it is known again."))
        by_number, by_frame = self.by_number.get(number), self.by_frame.get(frame)
        if by_number and by_frame and by_number.pk != by_frame.pk:
            words = _("The stock number is that of %(one)s, the frame number that of %(other)s.")
            raise refuse("vin", words % {"one": by_number, "other": by_frame})
        vehicle = by_number or by_frame
        keys = {("number", number), ("frame", frame)} | ({("id", str(vehicle.pk))} if vehicle else set())
        for key in keys:
            if key[1] and (before := self.seen.setdefault(key, row)) != row:
                words = _("Row %(row)s is about the same vehicle.") % {"row": before}
                raise refuse("vin" if key[0] == "frame" else "stock_number", words)
        return vehicle

    # -- new and changed

    def add(self, given: dict[str, str], found: Outcome) -> None:
        if not self.adds:
            raise refuse("", _("You may not add vehicles."))
        extra = by_verb(given)
        data = {**self.blank, **given, "dealership": str(self.dealership.pk)}
        form = VEHICLES.form_for(self.user, "add", data=data)
        valid(form)
        first, *way = way_to(extra.pop("status", Vehicle.Status.RECEIVED))
        vehicle: Vehicle = form.instance
        vehicle.status, vehicle.odometer = first, extra.get("odometer")
        found.vehicle = found.new = str(vehicle)
        found.outcome = NEW
        if self.stores:
            vehicle = VEHICLES.create(self.user, form)
            found.vehicle, found.vehicle_id = str(vehicle), vehicle.pk
            self.carry_out(vehicle, {"status": way[0]} if way else {})

    def change(self, vehicle: Vehicle, given: dict[str, str], found: Outcome) -> None:
        found.vehicle_id, found.vehicle = vehicle.pk, str(vehicle)
        empty = VEHICLES.form_for(self.user, "change", instance=vehicle)
        form = VEHICLES.form_for(self.user, "change", data={**shown(empty), **given}, instance=vehicle)
        before = {name: form.initial.get(name) for name in given}
        extra = by_verb({name: value for name, value in given.items() if str(getattr(vehicle, name)) != value})
        valid(form)
        changed = [name for name in form.changed_data if name in given]
        found.changes = {name: [told(name, before[name]), told(name, form.cleaned_data[name])] for name in changed}
        found.changes |= {name: [told(name, getattr(vehicle, name)), told(name, extra[name])] for name in extra}
        found.outcome = CHANGED if found.changes else SAME
        if not found.changes:
            return
        if not self.changes:
            raise refuse("", _("You may not change vehicles."))
        if changed and self.stores:
            VEHICLES.change_row(self.user, form)
        self.carry_out(vehicle, extra)

    def carry_out(self, vehicle: Vehicle, extra: Mapping[str, Any]) -> None:
        """Verbs say themselves what they refuse: when a row is only looked at, they are undone again."""
        with transaction.atomic():
            for name, value in extra.items():
                try:
                    if name == "status":
                        vehicle.move_to(value, by=self.user)
                    else:
                        vehicle.read_odometer(km=value, read_on=vehicle.today, by=self.user)
                except ValidationError as error:
                    raise Refused({name: error.messages}) from None
            if not self.stores:
                transaction.set_rollback(True)


def shown(form: Any) -> dict[str, str]:
    """What a form would send if nobody touched it."""
    values = ((bound.name, bound.value()) for bound in form)
    return {name: "" if value is None else str(value) for name, value in values}


def valid(form: Any) -> None:
    if not form.is_valid():
        errors = {"" if name == "__all__" else name: list(map(str, each)) for name, each in form.errors.items()}
        raise Refused(errors)


def way_to(status: str) -> list[str]:
    """The status that a new vehicle has at first, and the one that its verb gives it then, if it is another one.

    Raises Refused for one that no new vehicle has.
    """
    received = Vehicle.Status.RECEIVED
    if status in (Vehicle.Status.ON_ORDER, Vehicle.Status.IN_TRANSIT, received):
        return [status]
    if status in Vehicle.MOVES[received]:
        return [received, status]
    words = _("A vehicle that is new here is not “%(status)s” at once.")
    raise refuse("status", words % {"status": Vehicle.Status(status).label})


def by_verb(given: Mapping[str, str]) -> dict[str, Any]:
    """What no form of the vehicle holds, checked by the verb's own. Raises Refused."""
    found: dict[str, Any] = {}
    if "status" in given:
        form: Any = MoveForm({"status": given["status"]})
        valid(form)
        found["status"] = form.cleaned_data["status"]
    if "odometer" in given:
        form = OdometerForm({"km": given["odometer"], "read_on": timezone.localdate()})
        if not form.is_valid():
            raise Refused({"odometer": list(map(str, form.errors["km"]))})
        found["odometer"] = form.cleaned_data["km"]
    return {name: found[name] for name in BY_VERB if name in found}
