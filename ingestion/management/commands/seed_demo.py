"""First start: an administrator, and a demo main dealer with three dealerships on the sandbox, two people in each."""

from __future__ import annotations

import os
import secrets
from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand

from dealers.models import Dealership, Group, Membership, User
from dealers.roles import Role
from dealers.tenancy import platform
from ingestion import demo, demo_people, schedules, services, slots, tasks
from ingestion.models import Connection
from ingestion.sandbox import config as sandbox

NAMES = ("Cahaya Motor Kemayoran", "Cahaya Motor Depok", "Cahaya Motor Bogor")
PEOPLE = (
    {Role.OWNER: "Sari Wulandari", Role.SALESPERSON: "Budi Santoso"},
    {Role.OWNER: "Hendra Kusuma", Role.SALESPERSON: "Rina Puspita"},
    {Role.OWNER: "Maya Lestari", Role.SALESPERSON: "Agus Pratama"},
)
"""Of each dealership, in the order of NAMES."""


class Command(BaseCommand):
    help = "Create the first administrator and, unless --no-sandbox, a demo connection to the sandbox. Safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--gateway-port", type=int, default=8014, metavar="PORT", help="the sandbox's port")
        parser.add_argument("--no-sandbox", action="store_true", help="only the administrator")

    @platform("manage.py seed_demo")
    def handle(self, *args: Any, **options: Any) -> None:
        self.administrator()
        if not options["no_sandbox"]:
            self.demo(options["gateway_port"])

    def administrator(self) -> None:
        """The first administrator; an existing one keeps the password."""
        if User.objects.filter(is_superuser=True).exists():
            return
        email = os.environ.get("ADMIN_EMAIL") or "admin@example.com"
        preset = os.environ.get("ADMIN_PASSWORD")
        password = preset or secrets.token_urlsafe(15)
        User.objects.create_superuser(email, password, name="Administrator")
        shown = "as set in ADMIN_PASSWORD" if preset else f"{password}   (shown only now)"
        self.stdout.write(f"Administrator: {email}\nPassword:      {shown}")

    def people(self, dealerships: Iterable[Dealership]) -> None:
        """A dealer admin and a salesperson in each dealership, with passwords that are shown only now."""
        for dealership, people in zip(dealerships, PEOPLE, strict=True):
            for role, name in people.items():
                email, password = f"{role}.{dealership.code}@example.com", secrets.token_urlsafe(15)
                user = User.objects.create_user(
                    email,
                    password,
                    name=name,
                    is_verified=True,
                    is_staff=role == Role.OWNER,
                )
                Membership.objects.create(user=user, dealership=dealership, role=role)
                self.stdout.write(f"{email:32} {password}   (shown only now)")

    def demo(self, port: int) -> None:
        """The demo's connection, its dealerships, and their first runs. A restart on another port moves the address."""
        base_url = f"http://127.0.0.1:{port}/dgi-api/v1.3"
        existing = Connection.objects.filter(main_dealer=sandbox.SandboxConfig().main_dealer).first()
        if existing:
            if existing.base_url != base_url:
                Connection.objects.filter(pk=existing.pk).update(base_url=base_url)
            return
        config = sandbox.SandboxConfig()
        services.connect(
            main_dealer=config.main_dealer,
            base_url=base_url,
            dealers=config.dealers,
            api_key=sandbox.DEMO_API_KEY,
            secret_key=sandbox.DEMO_SECRET_KEY,
            name="Sandbox",
        )
        for code, name in zip(config.dealers, NAMES, strict=False):
            Dealership.objects.filter(code=code, name=code).update(name=name)
        dealerships = Dealership.objects.filter(code__in=config.dealers)
        group, _made = Group.objects.get_or_create(name="Cahaya Motor")
        dealerships.update(group=group)
        self.people(dealerships)
        for dealership in dealerships:
            demo.fill(dealership)
            demo_people.fill(dealership)
            demo.adopt(dealership)
        schedules.create_missing()
        slots.fill()
        tasks.nudge("live")
        self.stdout.write(
            f"Demo: main dealer {config.main_dealer}, {len(config.dealers)} dealerships, fetching from the sandbox."
        )
