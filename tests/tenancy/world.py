"""Two dealerships with rows of every fenced model; every text of the other one holds a word that is nobody else's."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import Any

from django.apps import apps
from django.db import connection, models
from django.utils import timezone

from crm.models import Consent, Customer, CustomerWord, Erasure
from dealers.fences import OWNER, PERSONAL, owner_column
from dealers.models import (
    Dealership,
    Event,
    Export,
    ExportPart,
    Flag,
    Group,
    Holiday,
    Invitation,
    ListPreference,
    Logo,
    OneTimeKey,
    OpeningHours,
    SavedView,
    Series,
    ServiceToken,
    User,
)
from dealers.roles import Role
from ingestion.fields import Code
from ingestion.job_types import JOB_TYPES
from ingestion.models import Connection, Gate, Run
from inventory.models import ImportColumn, Transfer
from tests.factories import (
    AbsenceFactory,
    AddressFactory,
    AdoptionFactory,
    AlertFactory,
    AppointmentFactory,
    AttributeFactory,
    BackfillFactory,
    CarryingRateFactory,
    ConnectionFactory,
    ConsentFactory,
    ContactPointFactory,
    ContractFactory,
    CustomerFactory,
    DealFactory,
    DealFileFactory,
    DepositFactory,
    DocumentFactory,
    FeedFactory,
    GateFactory,
    LeadFactory,
    MembershipFactory,
    MergeFactory,
    NoteFactory,
    OfferLinkFactory,
    OwnershipFactory,
    PlannedStepFactory,
    PreparationStepFactory,
    PriceChangeFactory,
    QuarantineFactory,
    RegistrationFactory,
    ReservationFactory,
    RunFactory,
    UserFactory,
    VehicleFactory,
    VehicleFeedFactory,
    VehicleImageFactory,
    VehicleImportFactory,
    lines_of,
    record_of,
)

CANARY = "qzkanari"
"""Stands in every text column of the other dealership, and of its people and its gateway."""
OWN_CODE, OTHER_CODE = "08138", "0907060"
PIXEL = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
"""A picture, as small as one can be."""
SAID = {"job_type", "time_zone", "currency", "language", "code", "password", "base_url"}
"""Texts that mean something to the program, so that a canary cannot stand in them."""
SHORT = {"country", "brand_colour", "history_type"}
"""Texts that are shorter than the canary."""


def fenced_models() -> list[type[models.Model]]:
    """Every model whose rows belong to a dealership, histories included; the dealership itself last."""
    found = [model for model in apps.get_models(include_auto_created=True) if owner_column(model)]
    return sorted(found, key=lambda model: (model._meta.label_lower == OWNER, model._meta.label))


def personal_models() -> list[type[models.Model]]:
    """Every model whose rows are a person's own."""
    return [model for model in apps.get_models() if model._meta.label_lower in PERSONAL]


def text_columns(model: type[models.Model]) -> Iterator[models.Field[Any, Any]]:
    """The columns of a model in which a person's words can stand."""
    for column in model._meta.concrete_fields:
        if isinstance(column, models.CharField | models.TextField | models.JSONField):
            yield column


def takes_canary(column: models.Field[Any, Any]) -> bool:
    if column.name in SAID | SHORT:
        return False
    return isinstance(column, Code) or not column.choices


SHAPES: dict[str, Any] = {"made": [["crm.customer", 0, CANARY]], "kept": [[CANARY, CANARY, CANARY, CANARY]]}
"""What stands in columns of JSON that pages take apart, by their names; in others any object."""


def canaries(model: type[models.Model]) -> dict[str, Any]:
    """A canary for each text column of a model that takes one."""
    return {
        column.name: SHAPES.get(column.name, {CANARY: CANARY})
        if isinstance(column, models.JSONField)
        else f"{CANARY}@{CANARY}.example"
        if isinstance(column, models.EmailField)
        else CANARY
        for column in text_columns(model)
        if takes_canary(column)
    }


@dataclass
class House:
    """A dealership with its people and one row of each model; `rows` are ids by model label."""

    dealership: Dealership
    gateway: Connection
    people: dict[str, User] = field(default_factory=dict)
    rows: dict[str, Any] = field(default_factory=dict)

    def row(self, model: type[models.Model]) -> Any:
        return model._default_manager.get(pk=self.rows[model._meta.label_lower])


def belongings(house: House, word: str) -> None:
    """Rows of the dealer admin's own: an export that is ready, a saved view, a preference; texts hold `word`."""
    owner, now = house.people["owner"], timezone.now()
    export = Export.objects.create(
        user=owner,
        dealerships=[house.dealership.pk],
        resource=word,
        title=word,
        query=f"name={word}",
        columns=[word],
        format="csv",
        state=Export.State.DONE,
        finished_at=now,
        expires_at=now + timedelta(days=1),
        size=len(word),
    )
    made = [
        export,
        ExportPart.objects.create(export=export, position=0, content=word.encode()),
        SavedView.objects.create(user=owner, resource="days-off", name=word, query=f"name={word}", is_default=True),
        ListPreference.objects.create(user=owner, resource="days-off", columns=[word]),
    ]
    house.rows |= {row._meta.label_lower: row.pk for row in made}


@dataclass
class World:
    own: House
    other: House
    stranger: User
    former: User
    platform: User


def person(email: str, dealership: Dealership | None = None, role: Role = Role.OWNER, **place: Any) -> User:
    """A person who may open the admin, as far as their role goes; nobody signs in by password here."""
    user = UserFactory(email=email, name=email.partition("@")[0], password=None, is_staff=True)
    if dealership:
        MembershipFactory(user=user, dealership=dealership, role=role, **place)
    return user


def house(code: str, name: str) -> House:
    """A dealership with a row in every table that has a dealership."""
    dealership = Dealership.objects.create(code=code, name=name, group=Group.objects.create(name=f"Group of {name}"))
    made = House(dealership, ConnectionFactory(main_dealer=f"MD{code}"))
    GateFactory(connection=made.gateway, opened_at=timezone.now(), error="It did not answer.")
    made.people = {
        role.value: person(f"{role.value}@{code}.example", dealership, role) for role in (Role.OWNER, Role.TECHNICIAN)
    }
    OpeningHours.objects.create(dealership=dealership, weekday=1, opens=time(8), closes=time(17))
    Holiday.objects.create(dealership=dealership, day=date(2026, 1, 1), name="New Year")
    for name in ("messaging", "branding"):
        Flag.objects.create(dealership=dealership, name=name, is_on=True)
    OneTimeKey.objects.create(dealership=dealership, holder="user 0", key=code, resource="holidays", asked=code * 4)
    Logo.objects.create(dealership=dealership, png=PIXEL, width=1, height=1, sha256=code * 4)
    Invitation.objects.create(
        dealership=dealership,
        email=f"invited@{code}.example",
        role=Role.VIEWER,
        token_hash=code * 4,
        expires_at=timezone.now() + timedelta(days=1),
    )
    ServiceToken.objects.create(
        dealership=dealership,
        name="Accounting",
        permissions=["records.sales:view"],
        prefix=f"fct_{code}",
        token_hash=code * 4,
        created_by=made.people["owner"],
        expires_at=timezone.now() + timedelta(days=1),
    )
    feeds = [FeedFactory(dealership=dealership, connection=made.gateway, job_type=code) for code in JOB_TYPES]
    AlertFactory(feed=feeds[0])
    for code_of_job in ("pkb", "uinb_read"):  # of work and of stock: few roles see both
        AdoptionFactory(dealership=dealership, job_type=code_of_job)
    backfill = BackfillFactory(feed=feeds[0])
    run = RunFactory(feed=feeds[0], kind=Run.Kind.BACKFILL, backfill=backfill, flag="to look at", error="It ended.")
    RunFactory(feed=feeds[1], state=Run.State.FAILED, error="It ended.")
    QuarantineFactory(run=run)
    for job in JOB_TYPES.values():
        record_of(job, dealership, run=run, lines=1)
    vehicle = VehicleFactory(dealership=dealership, odometer=12)
    for part in (PreparationStepFactory, PriceChangeFactory):
        part(vehicle=vehicle)
    VehicleImageFactory(vehicle=vehicle)
    for each in (PlannedStepFactory, CarryingRateFactory):
        each(dealership=dealership)
    VehicleFeedFactory(dealership=dealership)
    VehicleImportFactory(dealership=dealership, state="checked", added=1, refused=1, rows=2, report=LOOKED_AT)
    ImportColumn.objects.create(dealership=dealership, header="merk", attribute="make")
    seller = person(f"seller@{code}.example", dealership, Role.SALESPERSON)
    customer = CustomerFactory(dealership=dealership)
    lead = LeadFactory(dealership=dealership, customer=customer, vehicles=[vehicle])
    AppointmentFactory(dealership=dealership, lead=lead, salesperson=seller, vehicle=vehicle)
    AbsenceFactory(dealership=dealership, user=seller)
    deal = DealFactory(dealership=dealership, vehicle=vehicle, customer=customer, lead=lead)
    lines_of(deal)
    for part in (ReservationFactory, DepositFactory, ContractFactory, DealFileFactory):
        part(deal=deal)
    OfferLinkFactory(document=DocumentFactory(deal=deal), token_hash=code * 4)
    RegistrationFactory(dealership=dealership, deal=deal)
    # The canary can be the name of one series alone.
    Series.objects.filter(dealership=dealership).exclude(name="deal").delete()
    crm_rows(dealership, vehicle)
    return made


LOOKED_AT = {
    "rows": [
        {"row": 2, "outcome": "new", "vehicle": "A-1 Honda", "changes": {}, "problems": [], "vehicle_id": None},
        {
            "row": 3,
            "outcome": "refused",
            "vehicle": "A-2",
            "changes": {},
            "problems": [["Make", "This field is required."]],
            "vehicle_id": None,
        },
    ]
}
"""What comes of the rows of a file of vehicles."""


def crm_rows(dealership: Dealership, vehicle: Any) -> None:
    """Two customers, one merged into the other, and a row of each model about them."""
    referrer = CustomerFactory(dealership=dealership)
    customer = CustomerFactory(dealership=dealership, referred_by=referrer)
    MergeFactory(dealership=dealership, winner=customer)
    for part in (ContactPointFactory, AddressFactory, NoteFactory, AttributeFactory):
        part(dealership=dealership, customer=customer)
    OwnershipFactory(dealership=dealership, customer=customer, vehicle=vehicle)
    Erasure.objects.create(dealership=dealership, customer_id=customer.pk)


def build() -> World:
    """The world, committed."""
    own, other = house(OWN_CODE, "Cahaya Motor Kemayoran"), house(OTHER_CODE, "Sinar Motor Bandung")
    Event.objects.create(dealership=own.dealership, verb="membership.changed", who="somebody")
    Event.objects.create(dealership=other.dealership, **canaries(Event))
    for each, words in ((own, {}), (other, canaries(Consent))):
        customer = Customer.objects.filter(dealership=each.dealership).first()
        ConsentFactory(dealership=each.dealership, customer=customer, **words)
    yesterday = timezone.now().date() - timedelta(days=1)
    former = person("former@elsewhere.example", own.dealership)
    MembershipFactory(user=former, dealership=other.dealership, role=Role.OWNER, until=yesterday)
    for here, there in ((own, other), (other, own)):
        Transfer.objects.create(
            dealership=here.dealership,
            vehicle=here.dealership.vehicles.get(),
            origin=there.dealership,
            destination=here.dealership,
            stock_number_before="7",
        )
    mark(other)
    for each in (own, other):
        for model in fenced_models():
            mine = {owner_column(model): each.dealership.pk}
            each.rows[model._meta.label_lower] = model._default_manager.filter(**mine).order_by("pk").first().pk
    belongings(own, "own")
    belongings(other, CANARY)
    platform = UserFactory(email="platform@forecourt.example", password=None, is_staff=True, is_superuser=True)
    return World(own, other, person("stranger@nowhere.example"), former, platform)


WRITTEN_ONCE = (Event, Consent, CustomerWord)
"""Nobody changes the first two; the words of customers follow what they are made of."""


def mark(house: House) -> None:
    """Write the canary into every text of a dealership."""
    for model in fenced_models():
        found = canaries(model)
        if found and model not in WRITTEN_ONCE:
            rows = getattr(model, "everyone", model._default_manager)
            rows.filter(**{owner_column(model): house.dealership.pk}).update(**found)
    for role, user in house.people.items():
        email = f"{role}@{CANARY}.example"
        User.objects.filter(pk=user.pk).update(email=email, name=f"{CANARY} {role}")
    Group.objects.filter(pk=house.dealership.group_id).update(name=CANARY)
    gateway = {"main_dealer": CANARY, "name": CANARY, "base_url": f"http://{CANARY}.dealers.example/v1", "joiner": ""}
    Connection.objects.filter(pk=house.gateway.pk).update(**gateway)
    Gate.objects.filter(connection=house.gateway).update(error=CANARY)
    house.dealership.refresh_from_db()
    for user in house.people.values():
        user.refresh_from_db()


def contents(dealership: Dealership, *, without: tuple[type[models.Model], ...] = ()) -> dict[str, str | None]:
    """A sum over all rows of a dealership for each table, to see whether something was changed."""
    kept = [model for model in fenced_models() if model not in without]
    parts = [
        f"SELECT '{model._meta.db_table}', md5(string_agg(t::text, chr(10) ORDER BY t::text)) "
        f"FROM {model._meta.db_table} t WHERE {owner_column(model)} = {dealership.pk}"
        for model in kept
    ]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts))
        return dict(cursor.fetchall())
