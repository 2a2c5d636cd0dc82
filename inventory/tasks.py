"""What is done with vehicles without anybody waiting."""

from __future__ import annotations

from celery import shared_task

from config.celery import stopping
from dealers.tasks import DealershipTask, PlatformTask
from inventory import importing, photos


@shared_task(base=DealershipTask, name=importing.TASK)
def work_on_import(dealership_id: int, pk: int) -> None:
    """Look at the rows of a file of vehicles, or store them."""
    importing.carry_out(pk, stopping.is_set)


@shared_task(base=PlatformTask, name="inventory.look_after_imports")
def look_after_imports() -> None:
    """Every half a minute: imports that lost their worker, and those that are old."""
    importing.look_after()


@shared_task(base=PlatformTask, name="inventory.sweep_photos")
def sweep_photos() -> None:
    """Daily: files of photos that no row names."""
    photos.sweep()
