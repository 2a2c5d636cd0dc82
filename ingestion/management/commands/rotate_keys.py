"""Move every stored credential to the first of FIELD_KEYS."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from dealers.tenancy import platform
from ingestion.models import Connection


class Command(BaseCommand):
    help = (
        "Encrypt every stored credential with the first key of FIELD_KEYS. Put a new key in front, restart, run this, "
        "then drop the old key."
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
        self.stdout.write(f"{len(connections)} connections now use the first key.")
