"""The kinds of tasks: of one dealership, of a person, or of the platform; every task of ours is of one. And exports."""

from __future__ import annotations

from typing import Any

from celery import Task, shared_task

from config.celery import stopping
from dealers import export_making, exports, once
from dealers.tenancy import Scope, acting, acting_for, platform


class PlatformTask(Task):
    """Works across all dealerships, which is what it is for: fan-outs, the queue, sweeps."""

    abstract = True

    def __call__(self, *args: Any, **options: Any) -> Any:
        with platform(f"task {self.name}"):
            return super().__call__(*args, **options)


class DealershipTask(Task):
    """Works for the dealership that it is given, `dealership_id`; without one it does not begin."""

    abstract = True

    def __call__(self, *args: Any, dealership_id: int, **options: Any) -> Any:
        with acting_for([dealership_id]):
            return super().__call__(*args, dealership_id=dealership_id, **options)


class PersonTask(Task):
    """Works on what is a person's own, `user_id`, and on rows of no dealership until it has asked which are theirs."""

    abstract = True

    def __call__(self, *args: Any, user_id: int, **options: Any) -> Any:
        with acting(Scope(user_id=user_id)):
            return super().__call__(*args, user_id=user_id, **options)


@shared_task(base=PersonTask, name=exports.TASK)
def export(user_id: int) -> None:
    """The person's next export, if one waits."""
    export_making.make_next(user_id, stopping.is_set)


@shared_task(base=PlatformTask, name="dealers.look_after_exports")
def look_after_exports() -> None:
    """Every half a minute: what was lost on the way to a worker, or with one, and what has expired."""
    export_making.look_after()


@shared_task(base=PlatformTask, name="dealers.forget_one_time_keys")
def forget_one_time_keys() -> None:
    """Every day: keys of forms and requests that nobody sends again."""
    once.forget()
