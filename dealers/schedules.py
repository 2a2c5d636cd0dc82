"""What happens again and again for people: a periodic task that an administrator may edit."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django_celery_beat.models import IntervalSchedule, PeriodicTask

EXPORT_SECONDS = 30
FORGET_HOURS = 24


def create_missing(**_: Any) -> None:
    """After a migration. What an administrator changed stays."""
    if PeriodicTask._meta.db_table not in connection.introspection.table_names():
        return  # migrated backward
    every, _created = IntervalSchedule.objects.get_or_create(every=EXPORT_SECONDS, period=IntervalSchedule.SECONDS)
    PeriodicTask.objects.get_or_create(
        name="Exports",
        defaults={"task": "dealers.look_after_exports", "interval": every, "expire_seconds": 3 * EXPORT_SECONDS},
    )
    daily, _created = IntervalSchedule.objects.get_or_create(every=FORGET_HOURS, period=IntervalSchedule.HOURS)
    PeriodicTask.objects.get_or_create(
        name="One-time keys", defaults={"task": "dealers.forget_one_time_keys", "interval": daily}
    )
