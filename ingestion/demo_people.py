"""The demo's people: customers, leads in every status, and deals at every stage, made by the verbs that staff use."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from crm import lead_services, services
from crm.models import Address, Appointment, Consent, Customer, Lead, Note
from dealers.models import Dealership, User
from dealers.roles import Role
from inventory.models import Vehicle
from sales import conversion, documents, files, scenarios, stages
from sales.models import CatalogueItem, Deal, DealFile, Document, Item, Registration, TaxRate, TradeIn
from sales.models.catalogue import Kind

CUSTOMERS = 134
"""Of each dealership."""
LEADS_OF_A_STATUS = 4
GIVEN = (
    *("Adi", "Agus", "Andi", "Ayu", "Bambang", "Budi", "Citra", "Dedi", "Dewi", "Dian", "Eko", "Endang", "Fajar"),
    *("Fitri", "Gilang", "Hadi", "Hendra", "Indah", "Intan", "Joko", "Kartika", "Lestari", "Lina", "Made", "Maya"),
    *("Mega", "Nanda", "Nur", "Putri", "Rahmat", "Ratna", "Rina", "Rizky", "Sari", "Siti", "Slamet", "Sri", "Tono"),
    *("Wahyu", "Wati", "Wulan", "Yanti", "Yoga", "Yudi"),
)
FAMILY = (
    *("Santoso", "Wijaya", "Saputra", "Hidayat", "Kusuma", "Lestari", "Nugroho", "Pratama", "Rahayu", "Setiawan"),
    *("Siregar", "Simanjuntak", "Nasution", "Hartono", "Gunawan", "Halim", "Permana", "Purnomo", "Utami", "Wibowo"),
)
BUSINESSES = ("PT Antar Cepat", "CV Sumber Rejeki", "PT Kurir Kota", "UD Maju Jaya", "Koperasi Karyawan Sejahtera")
STREETS = ("Jl. Merdeka", "Jl. Sudirman", "Jl. Diponegoro", "Jl. Gatot Subroto", "Jl. Ahmad Yani", "Jl. Kenanga")
CITIES = (("Jakarta Pusat", "10640"), ("Depok", "16424"), ("Bogor", "16143"), ("Bekasi", "17141"))
TAGS = ("ojek", "fleet", "family", "student", "club")
SAID = (
    "Asked about the down payment.",
    "Wants a test ride on Saturday.",
    "Will come with his wife.",
    "Has an old BeAT.",
)
ROADS: dict[str, Sequence[str]] = {
    Deal.Stage.DRAFT: (),
    Deal.Stage.QUOTED: ("quote",),
    Deal.Stage.RESERVED: ("quote", "reserve"),
    Deal.Stage.APPROVED: ("quote", "reserve", "submit"),
    Deal.Stage.CONTRACTED: ("quote", "reserve", "submit", "contract"),
    Deal.Stage.DELIVERED: ("quote", "reserve", "submit", "contract", "deliver"),
    Deal.Stage.LOST: ("quote", "lose"),
    Deal.Stage.CANCELLED: ("quote", "reserve", "cancel"),
    Deal.Stage.UNWOUND: ("quote", "reserve", "submit", "contract", "deliver", "unwind"),
}
"""The verbs that lead to each stage."""
AGAIN = (Deal.Stage.DRAFT, Deal.Stage.QUOTED, Deal.Stage.DELIVERED)
"""Stages of which there is more than one."""
REASONS = {"lose": "Bought elsewhere.", "cancel": "Changed their mind.", "unwind": "The colour was the wrong one."}
LEADER = {
    Lead.Status.CONTACTED: (),
    Lead.Status.TEST_DRIVE: (Lead.Status.TEST_DRIVE,),
    Lead.Status.NEGOTIATION: (Lead.Status.NEGOTIATION,),
    Lead.Status.FINANCE: (Lead.Status.NEGOTIATION, Lead.Status.FINANCE),
    Lead.Status.WON: (Lead.Status.NEGOTIATION, Lead.Status.WON),
}
"""The moves of a lead that somebody has spoken with, to each status."""


@dataclass
class Shop:
    """A dealership while its demo is made."""

    dealership: Dealership
    seller: User
    chance: random.Random
    now: datetime = field(default_factory=timezone.now)
    customers: list[Customer] = field(default_factory=list)
    vehicles: list[Vehicle] = field(default_factory=list)
    """Available, and of no deal yet."""

    def name(self) -> str:
        return f"{self.chance.choice(GIVEN)} {self.chance.choice(FAMILY)}"

    def phone(self) -> str:
        return f"+62812{self.chance.randint(10_000_000, 99_999_999)}"

    def in_hours(self, least: int, most: int) -> datetime:
        return self.now + timedelta(hours=self.chance.randint(least, most))


@transaction.atomic
def fill(dealership: Dealership) -> int:
    """Give a dealership its people, if it has none yet; how many customers."""
    if Customer.objects.filter(dealership=dealership).exists():
        return 0
    seller = User.objects.get(memberships__dealership=dealership, memberships__role=Role.SALESPERSON)
    shop = Shop(dealership, seller, random.Random(f"people of {dealership.code}"))
    shop.vehicles = list(Vehicle.objects.filter(dealership=dealership, status=Vehicle.Status.AVAILABLE).order_by("pk"))
    offer(shop)
    for number in range(CUSTOMERS):
        shop.customers.append(add_customer(shop, number))
    for status in Lead.Status:
        for number in range(LEADS_OF_A_STATUS):
            add_lead(shop, status, number)
    for stage in (*ROADS, *AGAIN):
        add_deal(shop, stage)
    return CUSTOMERS


def offer(shop: Shop) -> None:
    """What is sold with a vehicle, and the tax on it."""
    TaxRate.objects.create(
        dealership=shop.dealership, name="PPN", percent=11, valid_from=shop.now.date() - timedelta(days=900)
    )
    for kind, name, price in (
        (Kind.FEE, "STNK and BPKB", 1_850_000),
        (Kind.WARRANTY, "Third year of warranty", 750_000),
        (Kind.SERVICE, "Four services", 620_000),
        (Kind.ACCESSORY, "Helmet", 350_000),
    ):
        CatalogueItem.objects.create(
            dealership=shop.dealership, kind=kind, name=name, unit_price=price, unit_cost=price * 7 // 10
        )


def add_customer(shop: Shop, number: int) -> Customer:
    chance, is_business = shop.chance, number % 25 == 24
    name = f"{BUSINESSES[number // 25 % len(BUSINESSES)]} {number}" if is_business else shop.name()
    customer = Customer(
        dealership=shop.dealership,
        kind=Customer.Kind.BUSINESS if is_business else Customer.Kind.PERSON,
        name=name,
        contact_person=shop.name() if is_business else "",
        source=chance.choice((Customer.Source.WALK_IN, Customer.Source.REFERRAL, Customer.Source.SOCIAL)),
        preferred_channel=chance.choice((Customer.Channel.WHATSAPP, Customer.Channel.CALL, "")),
        tags=[chance.choice(TAGS)] if chance.random() < 0.3 else [],
    )
    if not is_business:
        customer.set_identity_number(f"3171{chance.randint(10**11, 10**12 - 1):012}")
    phone = shop.phone()
    services.add(customer, phone=phone, email=f"{name.lower().replace(' ', '.')}{number}@example.com")
    city, postal_code = chance.choice(CITIES)
    Address.objects.create(
        dealership=shop.dealership,
        customer=customer,
        label="home",
        street=f"{chance.choice(STREETS)} {chance.randint(1, 220)}",
        city=city,
        postal_code=postal_code,
    )
    if number % 3 == 0:
        services.record_consent(
            customer,
            contact=phone,
            channel=Customer.Channel.WHATSAPP,
            purpose=Consent.Purpose.SERVICE,
            is_given=number % 4 != 0,
            wording_version="2026-1",
            source=Consent.Source.PAPER,
        )
    if number % 4 == 0:
        Note.objects.create(
            dealership=shop.dealership,
            customer=customer,
            kind=Note.Kind.CALL,
            text=chance.choice(SAID),
            at=shop.in_hours(-900, -1),
        )
    return customer


def add_lead(shop: Shop, status: str, number: int) -> Lead:
    """A lead that has come as far as this; some of the open ones wait too long."""
    chance, seller = shop.chance, shop.seller
    lead = lead_services.add(
        Lead(
            dealership=shop.dealership,
            customer=chance.choice(shop.customers) if number % 2 else None,
            name=shop.name(),
            phone=shop.phone(),
            source=chance.choice(Lead.Source.values),
            temperature=chance.choice(Lead.Temperature.values),
            assigned_to=None if number == 3 else seller,
            notes=chance.choice(SAID),
        ),
        [chance.choice(shop.vehicles)],
    )
    if lead.customer is not None:
        Lead.objects.filter(pk=lead.pk).update(name=lead.customer.name)
    if status == Lead.Status.LOST:
        lead.lose(Lead.LostReason.PRICE, by=seller)
    elif status != Lead.Status.NEW:
        lead.contact("Rang, and told them what it costs.", "Call again", shop.in_hours(1, 90), by=seller)
        for step in LEADER[Lead.Status(status)]:
            lead.move(step, by=seller)
        if status == Lead.Status.TEST_DRIVE:
            drive(shop, lead, number)
    if lead.is_open and number == 0:  # nobody came round to it
        Lead.objects.filter(pk=lead.pk).update(next_step_at=shop.in_hours(-30, -3))
    return lead


def drive(shop: Shop, lead: Lead, number: int) -> None:
    day = (shop.now + timedelta(days=1 + number)).astimezone(shop.dealership.zone)
    starts = day.replace(hour=10 + number, minute=0, second=0, microsecond=0)
    Appointment.objects.create(
        dealership=shop.dealership,
        lead=lead,
        kind=Appointment.Kind.TEST_DRIVE,
        salesperson=shop.seller,
        vehicle=lead.wishes.get().vehicle,
        starts_at=starts,
        ends_at=starts + timedelta(minutes=45),
    )


def add_deal(shop: Shop, stage: str) -> Deal:
    """A deal at a stage: of a lead, with what is sold beside it, every other one on credit."""
    seller, vehicle = shop.seller, shop.vehicles.pop()
    lead = lead_services.add(
        Lead(
            dealership=shop.dealership,
            customer=shop.chance.choice(shop.customers),
            name=shop.name(),
            temperature=Lead.Temperature.HOT,
            assigned_to=seller,
        ),
        [vehicle],
    )
    deal = conversion.convert(lead, vehicle=vehicle, by=seller)
    on_credit, traded = len(shop.vehicles) % 2 == 0, stage == Deal.Stage.DELIVERED
    scenarios.write(deal.chosen, by=seller, values=credit(vehicle) if on_credit else {}, rows=rows(shop, traded))
    for name in ROADS[stage]:
        given: dict[str, Any] = {"reason": REASONS[name]} if name in REASONS else {}
        getattr(stages, name)(deal, by=seller, **given)
        if name == "quote":
            documents.make(deal, by=seller, kind=Document.Kind.OFFER)
        if name == "contract":
            printed = bytes(documents.make(deal, by=seller, kind=Document.Kind.CONTRACT).pdf)
            files.add(deal, printed, f"contract {deal.number}.pdf", kind=DealFile.Kind.CONTRACT, by=seller)
        if name == "reserve":
            scenarios.deposit(deal, by=seller, amount=Decimal(500_000), received_on=shop.now.date())
    if stage == Deal.Stage.DELIVERED:
        day = shop.now.date()
        for kind, days in ((Registration.Kind.STNK, 20), (Registration.Kind.BPKB, None)):
            Registration.objects.create(
                dealership=shop.dealership,
                deal=deal,
                kind=kind,
                number=f"{shop.chance.randint(10**7, 10**8 - 1)}" if days else "",
                requested_on=day - timedelta(days=40),
                received_on=day - timedelta(days=days) if days else None,
            )
    return deal


def credit(vehicle: Vehicle) -> dict[str, Any]:
    price = vehicle.asking_price or Decimal(0)
    return {
        "lender": "FIF",
        "rate": Decimal("12.5"),
        "term": 24,
        "down_payment": round(price / 5, -5),
        "discount": Decimal(150_000),
        "discount_reason": "November",
    }


def rows(shop: Shop, traded: bool) -> list[Any]:
    """Two things of the catalogue, and an old motorcycle if something is traded in."""
    found: list[Any] = [
        Item(catalogue_item=each, kind=each.kind, name=each.name, unit_price=each.unit_price, unit_cost=each.unit_cost)
        for each in CatalogueItem.objects.filter(dealership=shop.dealership).order_by("pk")[:2]
    ]
    if traded:
        found.append(
            TradeIn(
                make="Honda",
                model="Revo",
                year=shop.now.year - 7,
                plate=f"B {shop.chance.randint(1000, 9999)} TI",
                colour="Black",
                odometer=48_000,
                allowance=Decimal(4_500_000),
            )
        )
    return found
