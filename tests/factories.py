"""Valid rows by name, and records of any job type."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from itertools import count
from typing import Any
from uuid import uuid4

import factory
from django.contrib.auth.hashers import make_password
from django.db.models import Model
from django.utils import timezone

from crm import lead_services as leads
from crm import services as customers
from crm.models import (
    Absence,
    Address,
    Appointment,
    Attribute,
    Consent,
    ContactPoint,
    Customer,
    Lead,
    Merge,
    Note,
    Ownership,
)
from dealers.models import Dealership, Holiday, Membership, User
from dealers.roles import Role
from ingestion import fields, search, tallies
from ingestion.job_types import JobType
from ingestion.models import Adoption, Alert, Backfill, Connection, Feed, Gate, QuarantinedRecord, Record, Run
from inventory import services as vehicles
from inventory.models import (
    CarryingRate,
    PlannedStep,
    PreparationStep,
    PriceChange,
    Vehicle,
    VehicleFeed,
    VehicleImage,
    VehicleImport,
)
from sales import documents, stages
from sales.models import (
    CatalogueItem,
    Contract,
    Deal,
    DealFile,
    Deposit,
    Document,
    Item,
    OfferLink,
    Registration,
    Reservation,
    TaxRate,
    TradeIn,
)

PASSWORD = "correct horse battery staple"
MOMENT = datetime(2026, 1, 15, 3, 30, tzinfo=UTC)
RAW = '{"id":"as received","price":18181.50}'

SAMPLES: dict[type[fields.WireField], Any] = {
    fields.Whole: 3,
    fields.Decimal: Decimal("18181.50"),
    fields.Day: date(2026, 1, 15),
    fields.Time: time(9, 0),
    fields.Moment: MOMENT,
}
numbers = count(1)


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@dealer.example")
    name = "A Person"

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **fields: Any) -> User:
        password = fields.pop("password", PASSWORD)
        user = model_class(password=hashed(password), **fields)
        user.full_clean(exclude=["password"])
        user.save()
        return user


@cache
def hashed(password: str | None) -> str:
    """As Forecourt keeps it; one hash serves everybody, since a good one takes long to make."""
    return make_password(password)


class DealershipFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Dealership

    code = factory.Sequence(lambda n: f"{10000 + n}")
    name = factory.LazyAttribute(lambda dealership: f"Dealer {dealership.code}")


class MembershipFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    dealership = factory.SubFactory(DealershipFactory)


class ConnectionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Connection

    main_dealer = factory.Sequence(lambda n: f"MD{n}")
    base_url = "http://127.0.0.1:8014/dgi-api/v1.3"
    api_key = "dgi-key-live:sesame"
    secret_key = "dgi-secret-live:open"


class FeedFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Feed

    connection = factory.SubFactory(ConnectionFactory)
    dealership = factory.SubFactory(DealershipFactory)
    job_type = "pkb"


class RunFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Run

    feed = factory.SubFactory(FeedFactory)
    dealership = factory.SelfAttribute("feed.dealership")
    connection = factory.SelfAttribute("feed.connection")
    job_type = factory.SelfAttribute("feed.job_type")
    since = MOMENT
    until = MOMENT
    state = Run.State.SUCCEEDED
    started_by = "schedule"
    started_at = MOMENT
    finished_at = factory.LazyAttribute(lambda run: None if run.state in Run.UNFINISHED else MOMENT)


class BackfillFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Backfill

    feed = factory.SubFactory(FeedFactory)
    dealership = factory.SelfAttribute("feed.dealership")
    job_type = factory.SelfAttribute("feed.job_type")
    since = MOMENT - timedelta(days=14)
    until = MOMENT
    reached = factory.SelfAttribute("since")
    state = "running"
    started_by = "alice@dealer.example"
    finished_at = factory.LazyAttribute(lambda each: None if each.state in Backfill.UNFINISHED else MOMENT)


class GateFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Gate

    connection = factory.SubFactory(ConnectionFactory)
    day = MOMENT.date()


class AlertFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Alert

    feed = factory.SubFactory(FeedFactory)
    dealership = factory.SelfAttribute("feed.dealership")
    state = Feed.State.LATE
    words = "The last success was 1 hour ago."


class QuarantineFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = QuarantinedRecord

    run = factory.SubFactory(RunFactory)
    dealership = factory.SelfAttribute("run.dealership")
    job_type = factory.SelfAttribute("run.job_type")
    natural_key = factory.Sequence(lambda n: f"WO/{n}")
    field = "tanggalServis"
    reason = "'31/02/2026' is no date"
    cause = "… is no date"
    raw = RAW
    raw_hash = factory.LazyFunction(uuid4)


def values(model: type[Model], **given: Any) -> dict[str, Any]:
    """A value for every column of the wire, its texts told apart by a number."""
    number = next(numbers)
    found: dict[str, Any] = {}
    for column in fields.wire_fields(model):
        kind = next((kind for kind in SAMPLES if isinstance(column, kind)), None)
        if kind is not None:
            found[column.name] = SAMPLES[kind]
        elif isinstance(column, fields.Code) and column.table:
            found[column.name] = next(iter(column.table))
        else:
            found[column.name] = f"{column.name} {number}"
    return {**found, **given}


def record_of(
    job_type: JobType, dealership: Dealership, *, lines: int = 2, run: Run | None = None, **columns: Any
) -> Record:
    """A stored record with `lines` lines in each array, its first version as received and the run that brought it."""
    model = job_type.record
    record = model.objects.create(
        dealership=dealership, raw_hash=uuid4(), content_hash=uuid4(), **values(model, **columns)
    )
    for line in job_type.lines.values():
        for position in range(1, lines + 1):
            line.objects.create(record=record, dealership=dealership, position=position, **values(line))
    versions = model.history.filter(id=record.pk)
    if not versions.exists():
        raise AssertionError("a record without a version")
    versions.update(raw=RAW, run=run)
    search.write(job_type, [record.pk])
    tallies.add(job_type, [record.pk])
    return record


class HolidayFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Holiday

    dealership = factory.SubFactory(DealershipFactory)
    day = factory.Sequence(lambda n: date(2027, 1, 1) + timedelta(days=n))
    name = "Nyepi"


class VehicleFactory(factory.django.DjangoModelFactory):
    """A motorcycle in stock, as a person adds one."""

    class Meta:
        model = Vehicle

    dealership = factory.SubFactory(DealershipFactory)
    vin = factory.Sequence(lambda n: f"MH1JM21{n:010}")
    make, model, year = "Honda", "BeAT", 2026
    status = Vehicle.Status.AVAILABLE
    asking_price, minimum_price = Decimal(18_500_000), Decimal(18_000_000)
    purchase_price = Decimal(17_000_000)

    @classmethod
    def _create(cls, model_class: type[Vehicle], *args: Any, **fields: Any) -> Vehicle:
        return vehicles.add(model_class(**fields))


class PreparationStepFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PreparationStep

    vehicle = factory.SubFactory(VehicleFactory)
    dealership = factory.SelfAttribute("vehicle.dealership")
    name = "Wash"

    @classmethod
    def _create(cls, model_class: type[PreparationStep], *args: Any, **fields: Any) -> PreparationStep:
        """In the dealership that is given, if one is: that of a vehicle made for it."""
        if fields["vehicle"].dealership != fields["dealership"]:
            fields["vehicle"] = VehicleFactory(dealership=fields["dealership"])
        made: PreparationStep = super()._create(model_class, *args, **fields)
        return made


class PlannedStepFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PlannedStep

    dealership = factory.SubFactory(DealershipFactory)
    name = factory.Sequence(lambda n: f"Check {n}")


class CarryingRateFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CarryingRate

    dealership = factory.SubFactory(DealershipFactory)
    valid_from = factory.Sequence(lambda n: date(2025, 1, 1) + timedelta(days=n))
    percent = Decimal(12)


class PriceChangeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PriceChange

    vehicle = factory.SubFactory(VehicleFactory)
    dealership = factory.SelfAttribute("vehicle.dealership")
    asking_price = Decimal(18_000_000)


class VehicleImageFactory(factory.django.DjangoModelFactory):
    """A photo's row; its files are not there."""

    class Meta:
        model = VehicleImage

    vehicle = factory.SubFactory(VehicleFactory)
    dealership = factory.SelfAttribute("vehicle.dealership")
    position = factory.Sequence(lambda n: n + 1)
    widths = [480, 800]
    width, height, size = 800, 600, 12_345
    sha256 = factory.Sequence(lambda n: f"{n:064}")


class VehicleFeedFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = VehicleFeed

    dealership = factory.SubFactory(DealershipFactory)
    name = factory.Sequence(lambda n: f"Marketplace {n}")


class VehicleImportFactory(factory.django.DjangoModelFactory):
    """A file of one vehicle that nobody has looked at."""

    class Meta:
        model = VehicleImport

    dealership = factory.SubFactory(DealershipFactory)
    name = "stock.csv"
    content = b"Stock number,Make,Model\r\nA-1,Honda,BeAT\r\n"
    header, columns, rows = ["Stock number", "Make", "Model"], ["stock_number", "make", "model"], 1


class AdoptionFactory(factory.django.DjangoModelFactory):
    """A unit receipt that could not be adopted."""

    class Meta:
        model = Adoption

    dealership = factory.SubFactory(DealershipFactory)
    job_type, record_id = "uinb_read", factory.Sequence(lambda n: n + 1)
    natural_key = factory.Sequence(lambda n: f"SL/{n}")
    state, problems = Adoption.State.REFUSED, ["#1: no number"]


class CustomerFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Customer

    dealership = factory.SubFactory(DealershipFactory)
    name = factory.Sequence(lambda n: f"Customer {n}")


def seller_of(dealership: Dealership) -> User:
    """A salesperson of a dealership."""
    return MembershipFactory(dealership=dealership, role=Role.SALESPERSON).user


class LeadFactory(factory.django.DjangoModelFactory):
    """A lead as a person writes it down, given to whose turn it is."""

    class Meta:
        model = Lead

    dealership = factory.SubFactory(DealershipFactory)
    name = factory.Sequence(lambda n: f"Budi {n}")
    wish, budget = "Honda BeAT", Decimal(18_000_000)

    @classmethod
    def _create(cls, model_class: type[Lead], *args: Any, **fields: Any) -> Lead:
        vehicles, later = fields.pop("vehicles", ()), {}
        for name in ("status", "lost_reason", "closed_at", "first_response_at", "first_response_due_at", "created_at"):
            if name in fields:
                later[name] = fields.pop(name)
        lead = leads.add(model_class(**fields), vehicles)
        if later:
            Lead.objects.filter(pk=lead.pk).update(**later)
            lead.refresh_from_db()
        return lead


class AppointmentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Appointment

    lead = factory.SubFactory(LeadFactory, dealership=factory.SelfAttribute("..dealership"))
    dealership = factory.SubFactory(DealershipFactory)
    salesperson = factory.LazyAttribute(lambda made: seller_of(made.dealership))
    starts_at = factory.LazyFunction(lambda: timezone.now().replace(microsecond=0) + timedelta(days=1))
    ends_at = factory.LazyAttribute(lambda made: made.starts_at + timedelta(hours=1))


class AbsenceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Absence

    dealership = factory.SubFactory(DealershipFactory)
    user = factory.LazyAttribute(lambda made: seller_of(made.dealership))
    since = factory.Sequence(lambda n: date(2027, 1, 1) + timedelta(days=n))
    until = factory.SelfAttribute("since")


class TaxRateFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = TaxRate

    dealership = factory.SubFactory(DealershipFactory)
    name = factory.Sequence(lambda n: f"PPN {n}")
    percent = Decimal(11)
    valid_from = date(2022, 4, 1)


class CatalogueItemFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CatalogueItem

    dealership = factory.SubFactory(DealershipFactory)
    kind = "accessory"
    name = factory.Sequence(lambda n: f"Helmet {n}")
    unit_price, unit_cost = Decimal(400_000), Decimal(250_000)


class DealFactory(factory.django.DjangoModelFactory):
    """A deal as a person begins one, with its first scenario."""

    class Meta:
        model = Deal

    dealership = factory.SubFactory(DealershipFactory)
    customer = factory.SubFactory(CustomerFactory, dealership=factory.SelfAttribute("..dealership"))
    vehicle = factory.SubFactory(VehicleFactory, dealership=factory.SelfAttribute("..dealership"))

    @classmethod
    def _create(cls, model_class: type[Deal], *args: Any, **fields: Any) -> Deal:
        return stages.begin(model_class(**fields))


class OfDealFactory(factory.django.DjangoModelFactory):
    class Meta:
        abstract = True

    deal = factory.SubFactory(DealFactory)
    dealership = factory.SelfAttribute("deal.dealership")


class ReservationFactory(OfDealFactory):
    class Meta:
        model = Reservation

    vehicle = factory.SelfAttribute("deal.vehicle")
    until = factory.LazyFunction(lambda: datetime.now(UTC) + timedelta(days=1))


class DepositFactory(OfDealFactory):
    class Meta:
        model = Deposit

    amount = Decimal(500_000)
    received_on = MOMENT.date()


class ContractFactory(OfDealFactory):
    class Meta:
        model = Contract

    revision = 1
    offer, figures = {"price": "18500000"}, {"total": "18500000"}


class DocumentFactory(OfDealFactory):
    class Meta:
        model = Document

    kind, version, language = "offer", 1, "id"
    pdf, sha256 = b"%PDF-1.7", "0" * 64
    facts = factory.LazyAttribute(
        lambda made: documents.facts_of(made.deal, made.deal.chosen, Document.Kind(made.kind), made.version, "id")
    )


class DealFileFactory(OfDealFactory):
    class Meta:
        model = DealFile

    kind, name, content_type = "contract", "contract.pdf", "application/pdf"
    content = b"%PDF-1.7\n%%EOF"
    size = len(content)
    sha256 = factory.Sequence(lambda n: f"{n:064}")
    state = "clean"


class OfferLinkFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = OfferLink

    document = factory.SubFactory(DocumentFactory)
    deal = factory.SelfAttribute("document.deal")
    dealership = factory.SelfAttribute("document.dealership")
    token_hash = factory.Sequence(lambda n: f"{n:064}")
    expires_at = factory.LazyFunction(lambda: datetime.now(UTC) + timedelta(days=1))


class RegistrationFactory(factory.django.DjangoModelFactory):
    """A paper of a deal that is contracted."""

    class Meta:
        model = Registration

    dealership = factory.SubFactory(DealershipFactory)
    deal = factory.SubFactory(
        DealFactory, dealership=factory.SelfAttribute("..dealership"), stage="contracted", approved_at=MOMENT
    )
    kind = "stnk"
    requested_on = MOMENT.date()


def lines_of(deal: Deal) -> tuple[Item, TradeIn]:
    """An item out of the catalogue and a trade-in that is in stock, in a deal's chosen scenario."""
    scenario, here = deal.chosen, {"dealership": deal.dealership}
    tax = TaxRateFactory(**here)
    item = CatalogueItemFactory(tax=tax, **here)
    scenario.tax = tax
    scenario.save()
    line = scenario.items.create(catalogue_item=item, name=item.name, unit_price=item.unit_price, tax=tax, **here)
    taken = scenario.trade_ins.create(
        make="Honda", model="Vario", allowance=Decimal(5_000_000), vehicle=deal.vehicle, **here
    )
    return line, taken


class OfCustomerFactory(factory.django.DjangoModelFactory):
    class Meta:
        abstract = True

    dealership = factory.SubFactory(DealershipFactory)
    customer = factory.SubFactory(CustomerFactory, dealership=factory.SelfAttribute("..dealership"))


class ContactPointFactory(OfCustomerFactory):
    """The first of its kind is used first."""

    class Meta:
        model = ContactPoint

    kind = "phone"
    value = factory.Sequence(lambda n: f"+62812{n:07}")

    @classmethod
    def _create(cls, model_class: type[ContactPoint], *args: Any, **fields: Any) -> ContactPoint:
        return customers.add_contact(model_class(**fields))


class AddressFactory(OfCustomerFactory):
    class Meta:
        model = Address

    street, city, label = "Jalan Merdeka 1", "Bandung", "home"


class NoteFactory(OfCustomerFactory):
    class Meta:
        model = Note

    text = "Asked for the red one."
    at = MOMENT


class AttributeFactory(OfCustomerFactory):
    class Meta:
        model = Attribute

    key, value = "dog", "Rex"


class OwnershipFactory(OfCustomerFactory):
    class Meta:
        model = Ownership

    vehicle = factory.SubFactory(VehicleFactory, dealership=factory.SelfAttribute("..dealership"))
    since = date(2026, 1, 15)
    plate = "B 1234 XYZ"


class ConsentFactory(OfCustomerFactory):
    class Meta:
        model = Consent

    contact_hash = "0" * 64
    channel, purpose, is_given, wording_version, source = "sms", "marketing", True, "2026-01", "form"


class MergeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Merge

    dealership = factory.SubFactory(DealershipFactory)
    winner = factory.SubFactory(CustomerFactory, dealership=factory.SelfAttribute("..dealership"))
    loser = factory.SubFactory(CustomerFactory, dealership=factory.SelfAttribute("..dealership"), deleted_at=MOMENT)


FACTORIES: dict[Any, Any] = {
    made._meta.model: made
    for made in (
        *(DealershipFactory, HolidayFactory),
        *(ConnectionFactory, FeedFactory, RunFactory, BackfillFactory, QuarantineFactory),
        *(VehicleFactory, VehicleImageFactory, PreparationStepFactory, PriceChangeFactory),
        *(PlannedStepFactory, CarryingRateFactory),
        *(VehicleFeedFactory, VehicleImportFactory),
        *(CustomerFactory, AdoptionFactory),
        *(LeadFactory, AppointmentFactory, AbsenceFactory),
        *(CustomerFactory,),
        *(DealFactory, TaxRateFactory, CatalogueItemFactory, RegistrationFactory),
        *(CustomerFactory, ContactPointFactory, AddressFactory, NoteFactory, AttributeFactory, OwnershipFactory),
        *(ConsentFactory, MergeFactory),
    )
}
"""How a row of a model is made, by the model."""
