"""What is done with leads without anybody asking."""

from __future__ import annotations

from celery import shared_task

from crm import lead_services
from dealers.tasks import PlatformTask


@shared_task(base=PlatformTask, name="crm.escalate_leads")
def escalate_leads() -> int:
    """Every minute: leads that nobody has answered in time; how many there were."""
    return lead_services.escalate()
