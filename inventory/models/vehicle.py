"""A vehicle, one row for its whole life: on order, in stock, sold, in a customer's hands, traded in again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.backoffice import currencies
from dealers import audit
from dealers.fences import OwnKey
from dealers.models import Dealership, DealershipRows
from dealers.versions import Versions
from inventory import identification

NOT_NEGATIVE = MinValueValidator(Decimal(0))
CARRYING_YEAR = Decimal(365 * 100)
"""Divides percent a year into a share a day, as a floor plan counts interest: actual days of 365."""


def money(label: Any, **options: Any) -> Any:
    """A column of money in the dealership's currency."""
    return models.DecimalField(
        label, max_digits=16, decimal_places=2, null=True, blank=True, validators=[NOT_NEGATIVE], **options
    )


class Source(models.TextChoices):
    """Who said what a vehicle's attribute is; a later one never overrides an earlier one of this list."""

    HUMAN = "human", _("a person")
    FEED = "feed", _("the manufacturer's feed")
    DECODED = "decoded", _("the frame number")


STRENGTH = {Source.HUMAN: 3, Source.FEED: 2, Source.DECODED: 1}


class VehicleRows(DealershipRows):
    """Vehicles of dealerships."""

    def in_stock(self) -> VehicleRows:
        """What stands on the lot or is on its way there."""
        return self.filter(status__in=Vehicle.IN_STOCK)

    def known_as(self, vin: str, engine_number: str, make: str) -> VehicleRows:
        """Those of a make with this frame number, in 17 or 14 characters and with no other engine, or this engine."""
        found = Q(pk__in=[])
        if vin:
            spelt = Q(vin__in=identification.spellings(vin, make))
            found |= Q(vin=vin) | (spelt & Q(engine_number__in=["", engine_number]) if engine_number else spelt)
        return self.filter(found | Q(engine_number=engine_number) if engine_number else found)


class Vehicle(models.Model):
    """A motorcycle or car of a dealership. Who owned it when is crm's: inventory knows no customers."""

    class Status(models.TextChoices):
        ON_ORDER = "on_order", _("on order")
        IN_TRANSIT = "in_transit", _("in transit")
        RECEIVED = "received", _("received")
        IN_PREPARATION = "in_preparation", _("in preparation")
        AVAILABLE = "available", _("available")
        RESERVED = "reserved", _("reserved")
        SOLD = "sold", _("sold")
        DELIVERED = "delivered", _("delivered")
        IN_SERVICE = "in_service", _("in service")
        WITHDRAWN = "withdrawn", _("withdrawn")

    class Condition(models.TextChoices):
        NEW = "new", _("new")
        USED = "used", _("used")
        DEMO = "demo", _("demonstrator")

    class Fuel(models.TextChoices):
        PETROL = "petrol", _("petrol")
        DIESEL = "diesel", _("diesel")
        ELECTRIC = "electric", _("electric")
        HYBRID = "hybrid", _("hybrid")
        OTHER = "other", _("other fuel")

    class Transmission(models.TextChoices):
        MANUAL = "manual", _("manual")
        AUTOMATIC = "automatic", _("automatic")
        CVT = "cvt", _("continuously variable")

    IN_STOCK = (
        Status.ON_ORDER,
        Status.IN_TRANSIT,
        Status.RECEIVED,
        Status.IN_PREPARATION,
        Status.AVAILABLE,
        Status.RESERVED,
    )
    MOVES: Mapping[str, tuple[str, ...]] = {
        Status.ON_ORDER: (Status.IN_TRANSIT, Status.RECEIVED, Status.WITHDRAWN),
        Status.IN_TRANSIT: (Status.RECEIVED, Status.WITHDRAWN),
        Status.RECEIVED: (Status.IN_PREPARATION, Status.AVAILABLE, Status.WITHDRAWN),
        Status.IN_PREPARATION: (Status.AVAILABLE, Status.WITHDRAWN),
        Status.AVAILABLE: (Status.IN_PREPARATION, Status.RESERVED, Status.SOLD, Status.IN_SERVICE, Status.WITHDRAWN),
        Status.RESERVED: (Status.AVAILABLE, Status.SOLD),
        Status.SOLD: (Status.AVAILABLE, Status.DELIVERED),
        Status.DELIVERED: (Status.IN_SERVICE, Status.RECEIVED, Status.SOLD),
        Status.IN_SERVICE: (Status.AVAILABLE, Status.DELIVERED),
        Status.WITHDRAWN: (Status.AVAILABLE, Status.RECEIVED),
    }
    """Where a vehicle may go from each status."""
    OF_DEALS = (Status.RESERVED, Status.SOLD, Status.DELIVERED)
    """Statuses that a deal gives and takes, not a person by hand."""
    LEARNT = (
        *(
            "engine_number",
            "make",
            "model",
            "trim",
            "year",
            "body",
            "colour",
            "engine",
            "fuel",
            "transmission",
            "plate",
        ),
    )
    """Attributes that have a source."""

    dealership = models.ForeignKey(
        Dealership, models.PROTECT, related_name="vehicles", verbose_name=_("dealership"), db_index=False
    )
    stock_number = models.CharField(_("stock number"), max_length=30, blank=True, help_text=_("Blank: the next one."))
    vin = models.CharField(_("frame number"), max_length=17, blank=True, help_text=_("VIN of 17, or frame of 14."))
    engine_number = models.CharField(_("engine number"), max_length=20, blank=True)
    plate = models.CharField(_("plate"), max_length=15, blank=True)
    status = models.CharField(_("status"), max_length=20, choices=Status, default=Status.RECEIVED)
    condition = models.CharField(_("condition"), max_length=10, choices=Condition, default=Condition.NEW)
    make = models.CharField(_("make"), max_length=60)
    model = models.CharField(_("model"), max_length=100)
    trim = models.CharField(_("trim"), max_length=100, blank=True)
    year = models.PositiveSmallIntegerField(_("model year"), null=True, blank=True)
    body = models.CharField(_("body"), max_length=60, blank=True)
    colour = models.CharField(_("colour"), max_length=60, blank=True)
    interior_colour = models.CharField(_("interior colour"), max_length=60, blank=True)
    engine = models.CharField(_("engine"), max_length=60, blank=True)
    fuel = models.CharField(_("fuel"), max_length=10, choices=Fuel, blank=True)
    transmission = models.CharField(_("transmission"), max_length=10, choices=Transmission, blank=True)
    odometer = models.PositiveIntegerField(_("odometer, km"), null=True, blank=True)
    location = models.CharField(_("location"), max_length=60, blank=True)
    keys = models.PositiveSmallIntegerField(_("keys"), null=True, blank=True)
    acquired_on = models.DateField(_("acquired on"), null=True, blank=True)
    purchase_price = money(_("purchase price"))
    transport_cost = money(_("transport"))
    preparation_cost = money(_("preparation"))
    pack = money(_("pack"), help_text=_("What the house adds to the cost of each unit."))
    asking_price = money(_("asking price"))
    minimum_price = money(_("minimum price"))
    description = models.TextField(_("description"), blank=True, max_length=4000)
    sources = models.JSONField(_("sources"), default=dict, blank=True, editable=False)
    """Who said each attribute: its name and a Source."""
    locked = ArrayField(
        models.CharField(max_length=40), default=list, blank=True, editable=False, verbose_name=_("locked attributes")
    )
    """Attributes that a feed never overrides."""
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    history = Versions()
    objects = VehicleRows.as_manager()

    class Meta:
        verbose_name = _("vehicle")
        verbose_name_plural = _("vehicles")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["dealership", "stock_number"],
                name="vehicle_stock_number",
                violation_error_message=_("There is a vehicle with this stock number."),
            ),
            models.UniqueConstraint(
                fields=["dealership", "vin"],
                condition=~Q(vin=""),
                name="vehicle_vin",
                violation_error_message=_("There is a vehicle with this frame number."),
            ),
            models.CheckConstraint(condition=~Q(stock_number=""), name="vehicle_has_stock_number"),
            models.CheckConstraint(
                condition=Q(minimum_price__isnull=True)
                | Q(asking_price__isnull=True)
                | Q(minimum_price__lte=F("asking_price")),
                name="vehicle_minimum_price",
                violation_error_message=_("The minimum price is above the asking price."),
            ),
        ]
        indexes = [
            models.Index(fields=["dealership", "status", "-id"], name="vehicle_status"),
            models.Index(fields=["dealership", "make", "model"], name="vehicle_model"),
            models.Index(fields=["dealership", "plate"], condition=~Q(plate=""), name="vehicle_plate"),
            models.Index(fields=["dealership", "engine_number"], condition=~Q(engine_number=""), name="vehicle_engine"),
        ]

    def __str__(self) -> str:
        return " ".join(filter(None, (self.stock_number, self.name)))

    @property
    def name(self) -> str:
        """As people call it: year, make, model, trim."""
        return " ".join(filter(None, (str(self.year or ""), self.make, self.model, self.trim)))

    # -- money

    @property
    def cost(self) -> Decimal | None:
        """What the unit has cost, without what it costs to keep it; None while its purchase price is not known."""
        if self.purchase_price is None:
            return None
        parts = (self.purchase_price, self.transport_cost, self.preparation_cost, self.pack)
        return sum((each for each in parts if each is not None), Decimal(0))

    @property
    def margin(self) -> Decimal | None:
        """Of the asking price over the cost; None while one of them is not known."""
        return None if self.asking_price is None or self.cost is None else self.asking_price - self.cost

    @property
    def carrying_cost(self) -> Decimal | None:
        """What keeping it has cost so far, rounded once: for each day in stock the rate of that day.

        None of what is not in stock, while its cost is not known, and where no rate is valid yet.
        """
        since, cost, today = self.acquired_on, self.cost, self.today
        rates = [each for each in self.dealership.carrying_rates.all() if each.valid_from <= today]
        if since is None or cost is None or self.status not in self.IN_STOCK or not rates:
            return None
        ends, percent_days = [*(each.valid_from for each in rates[1:]), today], Decimal(0)
        for rate, end in zip(rates, ends, strict=True):
            percent_days += rate.percent * max((end - max(rate.valid_from, since)).days, 0)
        return currencies.rounded(cost * percent_days / CARRYING_YEAR, self.dealership.currency)

    @property
    def carrying_per_day(self) -> Decimal | None:
        """What it costs to keep it today; None as `carrying_cost`."""
        rates = [each for each in self.dealership.carrying_rates.all() if each.valid_from <= self.today]
        if self.cost is None or self.status not in self.IN_STOCK or not rates:
            return None
        return currencies.rounded(self.cost * rates[-1].percent / CARRYING_YEAR, self.dealership.currency)

    @property
    def today(self) -> date:
        """On the dealership's calendar."""
        return timezone.localdate(timezone=self.dealership.zone)

    def days_in_stock(self, today: date | None = None) -> int | None:
        """Days since it was acquired, on the dealership's calendar; None of what is not in stock."""
        if self.acquired_on is None or self.status not in self.IN_STOCK:
            return None
        return ((today or self.today) - self.acquired_on).days

    # -- attributes

    def learn(self, source: Source, values: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
        """Take attributes as a source says them, as far as it may; give what differs and was not taken.

        A stronger source, and a lock against a feed, keep what is there. A blank tells nothing. Saves nothing.
        """
        kept: dict[str, tuple[Any, Any]] = {}
        for name, value in values.items():
            here = getattr(self, name)
            if value in (None, "") or value == here:
                continue
            by = Source(self.sources[name]) if name in self.sources else None
            stronger = by is not None and STRENGTH[by] > STRENGTH[source]
            if here not in (None, "") and (stronger or (name in self.locked and source != Source.HUMAN)):
                kept[name] = (here, value)
                continue
            setattr(self, name, value)
            self.sources = {**self.sources, name: source.value}
        return kept

    def wrote(self, names: Any) -> None:
        """A person wrote these attributes: they are locked against feeds from now on. Saves nothing."""
        mine = [name for name in names if name in self.LEARNT]
        self.sources = {**self.sources, **dict.fromkeys(mine, Source.HUMAN.value)}
        self.locked = sorted({*self.locked, *mine})

    # -- verbs

    @transaction.atomic
    def move_to(self, status: str, *, by: Any = None, through_deal: bool = False) -> None:
        """Give it another status. Raises ValidationError for a way that does not lead there."""
        here = Vehicle.objects.select_for_update(of=("self",)).get(pk=self.pk)
        wanted = self.Status(status)
        ways = here.MOVES[here.status]
        if wanted not in ways or (not through_deal and {wanted, here.status} & set(self.OF_DEALS)):
            possible = [self.Status(way).label for way in ways if through_deal or way not in self.OF_DEALS]
            if not through_deal and here.status in self.OF_DEALS:
                possible = []
            raise ValidationError(
                _("From “%(here)s” it does not lead to “%(there)s”. Possible now: %(ways)s.")
                % {
                    "here": here.get_status_display(),
                    "there": wanted.label,
                    "ways": ", ".join(map(str, possible)) or _("nothing by hand, its deal decides"),
                }
            )
        if wanted == self.Status.AVAILABLE and not through_deal:
            self.refuse_open_steps()
        self.status = wanted
        self.save(update_fields=["status"])
        if wanted == self.Status.IN_PREPARATION:
            self.preparation_steps.begin(self)
        elif here.status == self.Status.IN_PREPARATION:
            self.preparation_steps.pause()
        audit.record("vehicle.moved", self, changes={"status": [here.status, wanted.value]})

    def refuse_open_steps(self) -> None:
        """Raises ValidationError while something of its preparation is still to do."""
        left = self.preparation_steps.open().values_list("name", flat=True)
        if left:
            raise ValidationError(
                _("Its preparation is not done: %(steps)s. Finish the steps, or have it released without them.")
                % {"steps": ", ".join(left)}
            )

    @transaction.atomic
    def price(self, *, asking: Decimal | None, minimum: Decimal | None, by: Any = None) -> None:
        """Set the prices, and keep what they were. Raises ValidationError for a minimum above the asking price."""
        self.note_prices(asking, minimum)
        self.asking_price, self.minimum_price = asking, minimum
        self.full_clean()
        self.save(update_fields=["asking_price", "minimum_price"])
        audit.record("vehicle.priced", self, changes={"asking_price": asking, "minimum_price": minimum})

    def note_prices(self, asking: Decimal | None, minimum: Decimal | None) -> None:
        """Keep in the price history that prices change to these."""
        here = Vehicle.objects.get(pk=self.pk)
        if (here.asking_price, here.minimum_price) != (asking, minimum):
            PriceChange.objects.create(
                dealership_id=self.dealership_id,
                vehicle=self,
                asking_before=here.asking_price,
                asking_price=asking,
                minimum_before=here.minimum_price,
                minimum_price=minimum,
            )

    @transaction.atomic
    def read_odometer(self, *, km: int, read_on: date, by: Any = None) -> OdometerReading:
        """Note what the odometer said on a day. Raises ValidationError if it ran backwards."""
        around = self.odometer_readings.order_by("-read_on", "-id")
        before = around.filter(read_on__lte=read_on).first()
        after = around.filter(read_on__gt=read_on).last()
        if (before and before.km > km) or (after and after.km < km):
            other: Any = before if before and before.km > km else after
            raise ValidationError(
                _("On %(day)s it said %(km)s km. Correct that reading first, if it is the wrong one.")
                % {"day": other.read_on, "km": other.km}
            )
        made = OdometerReading.objects.create(dealership_id=self.dealership_id, vehicle=self, km=km, read_on=read_on)
        if after is None:
            self.odometer = km
            self.save(update_fields=["odometer"])
        audit.record("vehicle.odometer_read", self, changes={"km": km, "read_on": read_on})
        return made


class OfVehicle(models.Model):
    """A row that belongs to a vehicle, and goes with it to another dealership."""

    dealership = models.ForeignKey(Dealership, models.PROTECT, related_name="+", db_index=False, editable=False)
    vehicle: Any

    objects = DealershipRows.as_manager()

    class Meta:
        abstract = True


class OdometerReading(OfVehicle):
    """What the odometer said on a day."""

    vehicle = OwnKey(Vehicle, models.CASCADE, related_name="odometer_readings", verbose_name=_("vehicle"))
    km = models.PositiveIntegerField(_("km"))
    read_on = models.DateField(_("read on"))
    created_at = models.DateTimeField(auto_now_add=True, db_default=Now())

    seen_with = "inventory.vehicle:view"

    class Meta:
        verbose_name = _("odometer reading")
        verbose_name_plural = _("odometer readings")
        ordering = ["-read_on", "-id"]

    def __str__(self) -> str:
        return f"{self.read_on} {self.km} km"


class PriceChange(OfVehicle):
    """That a vehicle's prices changed, and from what to what."""

    vehicle = OwnKey(Vehicle, models.CASCADE, related_name="price_changes", verbose_name=_("vehicle"))
    asking_before = money(_("asking price before"))
    asking_price = money(_("asking price"))
    minimum_before = money(_("minimum price before"))
    minimum_price = money(_("minimum price"))
    at = models.DateTimeField(_("at"), auto_now_add=True)

    seen_with = "inventory.vehicle:view"

    class Meta:
        verbose_name = _("change of price")
        verbose_name_plural = _("changes of price")
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d} {self.asking_price}"
