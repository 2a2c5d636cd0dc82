"""The Celery application; tasks live in each app's `tasks.py`."""

import ctypes
import logging
import os
import signal
import threading
from contextlib import ExitStack
from types import FrameType
from typing import Any

import billiard
from billiard.sharedctypes import RawValue
from celery import Celery, Task
from celery.concurrency.solo import TaskPool as Solo
from celery.signals import (
    before_task_publish,
    celeryd_after_setup,
    setup_logging,
    task_postrun,
    task_prerun,
    worker_init,
    worker_ready,
    worker_shutting_down,
)
from kombu.exceptions import OperationalError

from config.backoffice import trace

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

log = logging.getLogger(__name__)

app = Celery("forecourt")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

LONGEST_STOP = 8.0
"""Seconds after which a worker that was told to stop is ended, whatever holds it: a broker that says nothing, a lock.

Its runs are then found like those of a worker that died (docs/architecture.md, Runs)."""


class Flag:
    """Raised once, and seen by every process of the pool.

    Without a lock, unlike an Event: a signal's handler may interrupt whoever holds it, and would wait for ever.
    """

    def __init__(self) -> None:
        self._raised = RawValue(ctypes.c_bool, False)

    def set(self) -> None:
        self._raised.value = True

    def is_set(self) -> bool:
        return bool(self._raised.value)


stopping = Flag()
"""Set when the worker is told to stop: a long task hands back what it has not finished."""


@worker_init.connect
def start_only_behind_fences(**_: Any) -> None:
    from config.checks import application_role
    from dealers.checks import refuse_to_start

    refuse_to_start(application_role)


@worker_shutting_down.connect
def stop(**_: Any) -> None:
    stopping.set()


_celerys_own: dict[signal.Signals, Any] = {}
"""Its handlers, for when the worker is ready."""


@celeryd_after_setup.connect
def leave_while_starting(instance: Any, **_: Any) -> None:
    """Until the worker is ready it has nothing in hand, and Celery would wait for a broker that says nothing."""
    theirs, parent = instance.install_platform_tweaks, os.getpid()

    def leave(number: int, frame: FrameType | None) -> None:
        if os.getpid() != parent:
            return  # the pool's processes inherit this
        for child in billiard.active_children():
            os.kill(child.pid, signal.SIGKILL)
        os._exit(0)

    def install(worker: Any) -> None:
        theirs(worker)
        _celerys_own.update({each: signal.signal(each, leave) for each in (signal.SIGTERM, signal.SIGQUIT)})

    instance.install_platform_tweaks = install


@worker_ready.connect
def stop_in_time(sender: Any, **_: Any) -> None:
    """From here on tasks learn at once that the worker stops, and Celery has LONGEST_STOP seconds to bring it about.

    On SIGQUIT it lets tasks go on for a few seconds, then ends them. Where the worker itself carries them out, they
    would sleep for those seconds and then meet an error wherever they are: there, both signals are SIGTERM.
    """
    if threading.current_thread() is not threading.main_thread():
        return  # a worker inside another program, which keeps its signals to itself
    parent = os.getpid()

    def told(number: int, frame: FrameType | None) -> None:
        if os.getpid() == parent and not signal.getitimer(signal.ITIMER_REAL)[0]:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)  # the kernel's doing, so that nothing of ours can hold it up
            signal.setitimer(signal.ITIMER_REAL, LONGEST_STOP)
        stopping.set()
        _celerys_own[signal.SIGTERM if isinstance(sender.pool, Solo) else signal.Signals(number)](number, frame)

    for number in _celerys_own:
        signal.signal(number, told)


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


def nudge(task: str, **given: Any) -> None:
    """Tell a worker that something waits for a task; what the broker does not take, a periodic look makes good."""
    try:
        app.send_task(task, kwargs=given)
    except OperationalError as error:
        log.warning("the broker took no message (%s): %s waits with %s", error, task, given)
