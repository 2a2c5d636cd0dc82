"""What happens again and again with deals: periodic tasks that an administrator may edit."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django_celery_beat.models import IntervalSchedule, PeriodicTask

EXPIRY_SECONDS = FILES_SECONDS = 60


def create_missing(**_: Any) -> None:
    """After a migration. What an administrator changed stays."""
    if PeriodicTask._meta.db_table not in connection.introspection.table_names():
        return  # migrated backward
    every, _created = IntervalSchedule.objects.get_or_create(every=EXPIRY_SECONDS, period=IntervalSchedule.SECONDS)
    PeriodicTask.objects.get_or_create(
        name="Reservations that are over",
        defaults={"task": "sales.expire_reservations", "interval": every, "expire_seconds": 3 * EXPIRY_SECONDS},
    )
    every, _created = IntervalSchedule.objects.get_or_create(every=FILES_SECONDS, period=IntervalSchedule.SECONDS)
    PeriodicTask.objects.get_or_create(
        name="Files that wait for the virus scanner",
        defaults={"task": "sales.look_after_files", "interval": every, "expire_seconds": 3 * FILES_SECONDS},
    )
