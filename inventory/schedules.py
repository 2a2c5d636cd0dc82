"""What happens again and again with vehicles: periodic tasks that an administrator may edit."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django_celery_beat.models import IntervalSchedule, PeriodicTask

IMPORT_SECONDS = 30
SWEEP_HOURS = 24


def create_missing(**_: Any) -> None:
    """After a migration. What an administrator changed stays."""
    if PeriodicTask._meta.db_table not in connection.introspection.table_names():
        return  # migrated backward
    every, _created = IntervalSchedule.objects.get_or_create(every=IMPORT_SECONDS, period=IntervalSchedule.SECONDS)
    PeriodicTask.objects.get_or_create(
        name="Imports of vehicles",
        defaults={"task": "inventory.look_after_imports", "interval": every, "expire_seconds": 3 * IMPORT_SECONDS},
    )
    daily, _created = IntervalSchedule.objects.get_or_create(every=SWEEP_HOURS, period=IntervalSchedule.HOURS)
    PeriodicTask.objects.get_or_create(
        name="Photos that no vehicle has", defaults={"task": "inventory.sweep_photos", "interval": daily}
    )
