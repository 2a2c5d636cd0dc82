"""A periodic task per job type, for administrators to edit, and a feed of each for dealerships already connected."""

from __future__ import annotations

import json
from typing import Any

from django.db import connection
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from ingestion.job_types import JOB_TYPES
from ingestion.models import Feed
from ingestion.services import add_feeds
from ingestion.slots import FAN_OUT

MINUTES = 15
DISPATCH_SECONDS = 10


def create_missing(**_: Any) -> None:
    """After a migration: what a new job type needs. What an administrator changed stays."""
    if not {PeriodicTask._meta.db_table, Feed._meta.db_table} <= set(connection.introspection.table_names()):
        return  # migrated backward
    every, _created = IntervalSchedule.objects.get_or_create(every=MINUTES, period=IntervalSchedule.MINUTES)
    often, _created = IntervalSchedule.objects.get_or_create(every=DISPATCH_SECONDS, period=IntervalSchedule.SECONDS)
    PeriodicTask.objects.get_or_create(
        name="DGI dispatch",
        defaults={"task": "ingestion.dispatch", "interval": often, "expire_seconds": 3 * DISPATCH_SECONDS},
    )
    PeriodicTask.objects.get_or_create(
        name="DGI index of words",
        defaults={"task": "ingestion.index", "interval": often, "expire_seconds": DISPATCH_SECONDS},
    )
    PeriodicTask.objects.get_or_create(
        name="DGI adoption",
        defaults={"task": "ingestion.adopt", "interval": often, "expire_seconds": DISPATCH_SECONDS},
    )
    night, _created = CrontabSchedule.objects.get_or_create(
        minute="40", hour="19", day_of_week="*", day_of_month="*", month_of_year="*", timezone="UTC"
    )  # 02:40 in Jakarta
    PeriodicTask.objects.get_or_create(
        name="DGI adoption again", defaults={"task": "ingestion.adopt_again", "crontab": night}
    )
    for task in ("compare", "sweep"):
        PeriodicTask.objects.get_or_create(name=f"DGI {task}", defaults={"task": f"ingestion.{task}", "crontab": night})
    for job_type in JOB_TYPES.values():
        PeriodicTask.objects.get_or_create(
            name=f"DGI {job_type.code}",
            defaults={"task": FAN_OUT, "interval": every, "args": json.dumps([job_type.code])},
        )
    for feed in (
        Feed.objects.select_related("connection", "dealership").order_by("dealership_id").distinct("dealership_id")
    ):
        add_feeds(feed.connection, feed.dealership)
