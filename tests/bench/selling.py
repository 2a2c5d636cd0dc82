"""Pages of a dealership's own day beside a million customers and a hundred thousand vehicles of twenty dealerships."""

from __future__ import annotations

import sys
from decimal import Decimal
from functools import partial

from django.core.cache import cache
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import RefreshToken

from crm import lead_services, services
from crm.models import ContactPoint, Customer, CustomerWord, Lead, Note
from dealers.models import Dealership, Membership, User
from dealers.tenancy import nobody
from inventory import services as stock
from inventory.models import Vehicle
from sales import scenarios, stages
from sales.models import Deal
from tests.bench.dealerships import enrol
from tests.bench.frame import Session, Table
from tests.bench.lists import ask, timed
from tests.bench.many import insert
from tests.bench.painted import first_paints
from tests.bench.painted import told as painted
from tests.dealers.browsers import with_app

DEALERSHIPS, CUSTOMERS, VEHICLES, LEADS, DEALS = 20, 1_000_000, 100_000, 200, 500
NAMES = "ARRAY['agus','budi','citra','dewi','eko','fitri','hadi','indah','joko','lina','maya','rina']"
FAMILIES = "ARRAY['santoso','wijaya','saputra','hidayat','kusuma','lestari','nugroho']"
MODELS = "ARRAY['BeAT','Scoopy','Genio','Vario 125','Vario 160','PCX 160','ADV 160']"
STATUSES = "ARRAY['available','delivered','delivered','delivered','received']"
CARDS = "inventory as cards"
OFFER = {
    **{"name": "1", "price": "22000000", "discount": "500000", "discount_reason": "the end of the month"},
    **{"method": "annuity", "lender": "FIF", "rate": "12.5", "term": "24", "down_payment": "4000000"},
}


def measure(session: Session) -> Table:
    session.empty()
    enrol(DEALERSHIPS)
    here = Dealership.objects.order_by("pk")[0]
    customer, vehicle = patterns(here)
    multiply(session, customer, vehicle)
    manager, everywhere = (
        User.objects.create_user("sales@bench.example", name="Maya"),
        User.objects.create_superuser("everywhere@bench.example", name="everywhere"),
    )
    Membership.objects.create(user=manager, dealership=here, role="sales_manager")
    deal = busy(here, customer, manager)
    session.calm()
    with_app(everywhere)
    program = APIClient()
    program.credentials(HTTP_AUTHORIZATION=f"Bearer {RefreshToken.for_user(manager).access_token}")
    title = f"{CUSTOMERS:,} customers and {VEHICLES:,} vehicles of {DEALERSHIPS} dealerships, {LEADS} open leads"
    table = Table(title, ["page", "p50 ms", "p95 ms", "wanted"])
    for who, browser in ((manager, Client()), (everywhere, Client())):
        browser.force_login(who)
        for name, (address, wanted) in pages(customer).items():
            browser.cookies["vehicles-cards"] = "1" if name == CARDS else "0"
            told(table, f"{name} ({who.name})", partial(ask, browser, address), wanted)
    browser = Client()
    browser.force_login(manager)
    for where, times in zip(("here", "a slow phone and line"), first_paints(manager, "/pipeline/"), strict=True):
        table.add(f"pipeline of {LEADS} cards, first paint in a browser, {where}", *painted(times), "≤ 1200")
    address = reverse("scenario-calculate", args=[deal.chosen.pk])
    told(table, "a deal calculated anew", partial(calculate, browser, address), 100)
    for name, (address, wanted) in {
        "vehicles": ("/api/v1/vehicles/", 50),
        "customers, by a number": ("/api/v1/customers/?search=0812000040000", 100),
        "customers, by a name of many": ("/api/v1/customers/?search=agus", 100),
    }.items():
        told(table, f"API: {name}", partial(ask, program, address), wanted)
    return table


def pages(customer: Customer) -> dict[str, tuple[str, int]]:
    """Addresses, and the milliseconds wanted at the 95th percentile."""
    return {
        "inventory": ("/inventory/?all=1", 150),
        CARDS: ("/inventory/?all=1", 150),
        "inventory, what is here": ("/inventory/?standing=here", 150),
        "inventory, available": ("/inventory/?status=available", 150),
        "inventory, a frame number": ("/inventory/?search=MH1JM5110SK040000", 300),
        "inventory, a model": ("/inventory/?search=scoopy", 300),
        "customers": ("/customers/", 150),
        "customers, one by name": ("/customers/?search=040000", 300),
        "customers, a name of many": ("/customers/?search=agus", 300),
        "customer, 360 degrees": (reverse("customers-detail", args=[customer.pk]), 250),
        "pipeline": ("/pipeline/", 250),
        "search over everything, one": ("/search/?q=MH1JM5110SK040000", 100),
        "search over everything, a name of many": ("/search/?q=agus", 100),
    }


def told(table: Table, name: str, work: partial[None], wanted: int) -> None:
    middle, late = timed(work)
    table.add(name, f"{middle:.1f}", f"{late:.1f}", f"≤ {wanted}")
    sys.stderr.write(f"{name}: {middle:.1f} / {late:.1f}\n")


def patterns(here: Dealership) -> tuple[Customer, Vehicle]:
    """A customer and a vehicle that came the usual way, of which the others are copies."""
    customer = services.add(Customer(dealership=here, name="Agus Salim"), phone="+6281234567890")
    vehicle = Vehicle(
        dealership=here,
        vin="MH1JM5110SK999999",
        make="Honda",
        model="BeAT",
        asking_price=Decimal(22_000_000),
        status=Vehicle.Status.AVAILABLE,
    )
    return customer, stock.add(vehicle)


def multiply(session: Session, customer: Customer, vehicle: Vehicle) -> None:
    """Copies for each dealership; the words by which customers are found are written as the triggers would."""
    of_customer = {"id": "copy.id", "dealership_id": "copy.dealership_id", "name": name_of("copy.number")}
    phone = "'+62812' || to_char(copy.number, 'FM000000000')"
    contact = {"id": None, "customer_id": "copy.id", "dealership_id": "copy.dealership_id", "value": phone}
    of_vehicle = {
        "id": "copy.id",
        "dealership_id": "copy.dealership_id",
        "stock_number": "to_char(copy.number, 'FM0000000')",
        "vin": "'MH1JM5110SK' || to_char(copy.number, 'FM000000')",
        "model": f"({MODELS})[copy.number % 7 + 1]",
        "status": f"({STATUSES})[copy.number % 5 + 1]",
    }
    words = CustomerWord._meta.db_table
    session.as_superuser(
        "SET session_replication_role = replica",  # no trigger for each row
        copies(Customer, CUSTOMERS),
        insert(Customer, f"id = {customer.pk}", of_customer),
        insert(ContactPoint, f"customer_id = {customer.pk}", contact),
        f"""
        INSERT INTO {words} (dealership_id, customer_id, word)
        SELECT dealership_id, id, word FROM copy, unnest(string_to_array({name_of("number")}, ' ')) AS word
        UNION ALL SELECT dealership_id, id, ltrim({phone}, '+') FROM copy
        """,
        "DROP TABLE copy",
        copies(Vehicle, VEHICLES),
        insert(Vehicle, f"id = {vehicle.pk}", of_vehicle),
    )


def name_of(number: str) -> str:
    parts = (f"({NAMES})[{number} % 12 + 1]", f"({FAMILIES})[{number} % 7 + 1]", f"to_char({number}, 'FM000000')")
    return " || ' ' || ".join(parts)


def copies(model: type[Model], count: int) -> str:
    """The ids and numbers of so many copies, over all dealerships."""
    return f"""
        CREATE TEMPORARY TABLE copy AS
        SELECT nextval(pg_get_serial_sequence('{model._meta.db_table}', 'id')) AS id,
               (dealership.place - 1) * {count // DEALERSHIPS} + number AS number, dealership.id AS dealership_id
        FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM dealers_dealership) AS dealership,
             generate_series(1, {count // DEALERSHIPS}) AS number
    """


def busy(here: Dealership, customer: Customer, by: User) -> Deal:
    """Open leads, deals, and a customer with a long history; a deal of them that may be changed."""
    vehicles = list(Vehicle.objects.filter(dealership=here, status=Vehicle.Status.AVAILABLE)[: DEALS + 1])
    for number in range(LEADS):
        lead = lead_services.add(Lead(dealership=here, name=f"Lead {number}"), [vehicles[number]])
        if number % 3:
            lead.contact("Rang.", by=by)
    others = list(Customer.objects.filter(dealership=here).order_by("pk")[1 : DEALS + 1])
    for other, vehicle in zip(others, vehicles, strict=False):
        stages.begin(Deal(dealership=here, customer=other, vehicle=vehicle, salesperson=by))
    Note.objects.bulk_create(Note(dealership=here, customer=customer, text=f"Call {each}") for each in range(100))
    deal = stages.begin(Deal(dealership=here, customer=customer, vehicle=vehicles[-1], salesperson=by))
    scenarios.write(deal.chosen, by=by, values={"price": Decimal(22_000_000)})
    return deal


def calculate(browser: Client, address: str) -> None:
    cache.clear()
    with nobody():
        answer = browser.post(address, OFFER, headers={"HX-Request": "true"})
    if answer.status_code != 200 or b"Monthly payment" not in answer.content:
        raise RuntimeError(f"{address}: {answer.status_code} {answer.content!r}")
