"""The Celery application; tasks live in each app's `tasks.py`."""

import os
import signal
import threading
from types import FrameType
from typing import Any

from billiard import Event
from celery import Celery
from celery.signals import worker_init, worker_ready, worker_shutting_down

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("forecourt")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

stopping = Event()
"""Set when the worker is told to stop, and seen by its pool: a long task hands back what it has not finished."""


@worker_init.connect
def start_only_behind_fences(**_: Any) -> None:
    from config.checks import application_role
    from dealers.checks import refuse_to_start

    refuse_to_start(application_role)


@worker_shutting_down.connect
def stop(**_: Any) -> None:
    stopping.set()


@worker_ready.connect
def stop_at_once(**_: Any) -> None:
    """On SIGQUIT Celery lets tasks go on for a few seconds before it says that it stops: they are to know at once."""
    if threading.current_thread() is not threading.main_thread():
        return  # a worker inside another program, which keeps its signals to itself
    theirs = signal.getsignal(signal.SIGQUIT)

    def quit_worker(number: int, frame: FrameType | None) -> None:
        stopping.set()
        if callable(theirs):
            theirs(number, frame)

    signal.signal(signal.SIGQUIT, quit_worker)
