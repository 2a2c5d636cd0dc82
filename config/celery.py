"""The Celery application; tasks live in each app's `tasks.py`."""

import os
from typing import Any

from billiard import Event
from celery import Celery
from celery.signals import worker_shutting_down

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("forecourt")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

stopping = Event()
"""Set when the worker is told to stop, and seen by its pool: a long task hands back what it has not finished."""


@worker_shutting_down.connect
def stop(**_: Any) -> None:
    stopping.set()
