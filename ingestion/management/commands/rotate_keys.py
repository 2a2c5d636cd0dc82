"""Move every stored credential, second factor and identity number to the first of FIELD_KEYS."""

from __future__ import annotations

from typing import Any

from cryptography.fernet import InvalidToken
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from crm import services as customers
from dealers import factors
from dealers.tenancy import platform
from ingestion.models import Connection


class Command(BaseCommand):
    help = (
        "Encrypt every stored credential, second factor and identity number with the first key of FIELD_KEYS. "
        "Put a new key in front, restart, run this, then drop the old key."
    )

    @platform("manage.py rotate_keys")
    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        connections = Connection.objects.select_for_update()
        for connection in connections:
            try:
                connection.api_key = connection.api_key.rotated()
                connection.secret_key = connection.secret_key.rotated()
            except (ImproperlyConfigured, ValueError) as error:
                raise CommandError(f"{connection}: {error}; nothing was changed.") from None
            connection.save(update_fields=["api_key", "secret_key"])
        try:
            held = factors.rotate()
        except InvalidToken:
            raise CommandError("a second factor cannot be read by any of FIELD_KEYS; nothing was changed.") from None
        try:
            numbers = customers.rotate_identity_numbers()
        except InvalidToken:
            raise CommandError("an identity number cannot be read by any of FIELD_KEYS; nothing was changed.") from None
        self.stdout.write(f"{len(connections)} connections now use the first key.")
        if held:
            self.stdout.write(f"{held} second factors do too.")
        if numbers:
            self.stdout.write(f"{numbers} identity numbers do too.")
