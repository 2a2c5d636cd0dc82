"""What is done with deals without anybody asking."""

from __future__ import annotations

from celery import shared_task

from dealers.tasks import DealershipTask, PlatformTask
from sales import files, stages


@shared_task(base=PlatformTask, name="sales.expire_reservations")
def expire_reservations() -> int:
    """Every minute: reservations that are over let their vehicles go; how many there were."""
    return stages.expire()


@shared_task(base=DealershipTask, name=files.TASK)
def scan_files(dealership_id: int) -> int:
    """Have a dealership's files scanned that wait for it; how many were."""
    return files.scan(dealership_id)


@shared_task(base=PlatformTask, name="sales.look_after_files")
def look_after_files() -> None:
    """Every minute: files that still wait, because a message was lost or the scanner was down."""
    for dealership_id in files.waiting():
        files.nudge(dealership_id)
