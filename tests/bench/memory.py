"""How much memory a worker takes when gateways send answers of just under 20 MB, many at the same time."""

from __future__ import annotations

from ingestion.models import Feed
from tests.bench.dealerships import enrol
from tests.bench.fleet import all_ended, carry_out, every_second, running
from tests.bench.frame import Session, Table

WANTED = 250
"""MB of resident memory at most."""
DEALERSHIPS = 12
"""Whose answers are under way together."""
PER_CALL = 8_500
"""Work orders in an answer: 19.6 MB."""


def measure(session: Session) -> Table:
    session.empty()
    every_second()
    table = Table(
        f"{DEALERSHIPS} answers of {PER_CALL:,} work orders at once, two workers",
        ["pass", "runs", "records", "seconds", "the larger worker's peak", "wanted"],
    )
    with running(session, "--dealers", str(DEALERSHIPS), "--records", str(PER_CALL)) as found:
        enrol(DEALERSHIPS, found.base_url)
        Feed.objects.exclude(job_type="pkb").update(is_enabled=False)
        for name in ("all new", "unchanged"):
            each = carry_out(found, all_ended)
            peak = f"{each.memory:.0f} MB"
            table.add(name, f"{each.runs}", f"{each.records:,}", f"{each.seconds:.1f}", peak, f"≤ {WANTED} MB")
    return table
