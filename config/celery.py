"""The Celery application; tasks live in each app's `tasks.py`."""

import os
import signal
import threading
from contextlib import ExitStack
from types import FrameType
from typing import Any

from billiard import Event
from celery import Celery, Task
from celery.signals import (
    before_task_publish,
    setup_logging,
    task_postrun,
    task_prerun,
    worker_init,
    worker_ready,
    worker_shutting_down,
)

from config.backoffice import trace

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


REQUEST_ID = "forecourt_request_id"
"""The header of a message that says which request, task or command sent it."""
_under_way: dict[str, ExitStack] = {}


@setup_logging.connect
def leave_the_log_alone(**_: Any) -> None:
    """Django has set it up; that somebody says so keeps Celery from lines of its own."""


@before_task_publish.connect
def say_who_asks(headers: dict[str, Any], **_: Any) -> None:
    if trace.current_id():
        headers.setdefault(REQUEST_ID, trace.current_id())


@task_prerun.connect
def begin_under_its_id(task_id: str, task: Task, **_: Any) -> None:
    """The id of whoever asked for the task; one of its own if nobody did, as of those that beat sends."""
    given = task.request.get(REQUEST_ID) or (task.request.headers or {}).get(REQUEST_ID)
    stack = _under_way[task_id] = ExitStack()
    stack.enter_context(trace.traced(given if isinstance(given, str) and given else trace.new_id()))


@task_postrun.connect
def end_under_its_id(task_id: str, **_: Any) -> None:
    """After the line about a task that failed."""
    if stack := _under_way.pop(task_id, None):
        stack.close()
