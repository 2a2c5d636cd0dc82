"""What is done with deals without anybody asking."""

from __future__ import annotations

from celery import shared_task

from dealers.tasks import PlatformTask
from sales import stages


@shared_task(base=PlatformTask, name="sales.expire_reservations")
def expire_reservations() -> int:
    """Every minute: reservations that are over let their vehicles go; how many there were."""
    return stages.expire()
