"""The two kinds of tasks: of one dealership, or of the platform. Every task of ours is one of them."""

from __future__ import annotations

from typing import Any

from celery import Task

from dealers.tenancy import acting_for, platform


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
