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

from crm import services as customers
from crm.models import Address, Attribute, Consent, ContactPoint, Customer, Merge, Note, Ownership
from dealers.models import Dealership, Holiday, Membership, User
from ingestion import fields, search, tallies
from ingestion.job_types import JobType
from ingestion.models import Alert, Backfill, Connection, Feed, Gate, QuarantinedRecord, Record, Run
from inventory import services as vehicles
from inventory.models import PreparationStep, PriceChange, Vehicle

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


class PriceChangeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PriceChange

    vehicle = factory.SubFactory(VehicleFactory)
    dealership = factory.SelfAttribute("vehicle.dealership")
    asking_price = Decimal(18_000_000)


class CustomerFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Customer

    dealership = factory.SubFactory(DealershipFactory)
    name = factory.Sequence(lambda n: f"Customer {n}")


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
        *(VehicleFactory, PreparationStepFactory, PriceChangeFactory),
        *(CustomerFactory, ContactPointFactory, AddressFactory, NoteFactory, AttributeFactory, OwnershipFactory),
        *(ConsentFactory, MergeFactory),
    )
}
"""How a row of a model is made, by the model."""
