"""Dealerships on main dealers, any number of them, with a feed of each job type that is switched on."""

from __future__ import annotations

from dealers.models import Dealership
from ingestion import services
from ingestion.job_types import JOB_TYPES
from ingestion.models import Feed
from ingestion.sandbox.config import DEMO_API_KEY, DEMO_SECRET_KEY, numbered_dealers

MAIN_DEALERS = 10
FAST = 10_000
"""Requests a second that a gateway grants: more than there are."""


def enrol(count: int, base_url: str = "http://127.0.0.1:8014/dgi-api/v1.3") -> None:
    """`count` dealerships on ten main dealers, who all have one gateway."""
    connections = [
        services.connect(
            main_dealer=f"MD{number}",
            base_url=base_url,
            dealers=[],
            api_key=DEMO_API_KEY,
            secret_key=DEMO_SECRET_KEY,
            calls_per_second=FAST,
        )
        for number in range(MAIN_DEALERS)
    ]
    dealerships = Dealership.objects.bulk_create(Dealership(code=code, name=code) for code in numbered_dealers(count))
    Feed.objects.bulk_create(
        [
            Feed(connection=connections[number % MAIN_DEALERS], dealership=dealership, job_type=job_type.code)
            for number, dealership in enumerate(dealerships)
            for job_type in JOB_TYPES.values()
            if job_type.enabled
        ],
        batch_size=2_000,
    )
