"""One of ten main dealers stalls: whether the runs of the other nine take longer than without that."""

from __future__ import annotations

import json
import statistics
import urllib.request
from datetime import datetime

from django.db.models import Max
from django.utils import timezone

from dealers.models import Dealership
from ingestion.models import Connection, Run
from tests.bench.fleet import Parts, all_ended, carry_out, fleet, wait
from tests.bench.frame import Session, Table

WANTED = 1.1
"""Of the undisturbed time at most."""
ROUNDS = 3


def measure(session: Session) -> Table:
    undisturbed, stalled = [], []
    with fleet(session) as (found, _):
        bad = Connection.objects.order_by("main_dealer")[0]
        for _ in range(ROUNDS):
            undisturbed.append(seconds_of_others(found, bad))
            wait(found, all_ended)
            switch(found, bad, "stall")
            stalled.append(seconds_of_others(found, bad))
            switch(found, bad, None)
            wait(found, all_ended)  # the calls that hang, the minute that the breaker stays open, and what waited
    table = Table(
        f"{session.options.dealerships:,} dealerships, one main dealer of ten stalls",
        [
            "seconds until the other nine are done",
            *map(str, range(1, ROUNDS + 1)),
            "median",
            "of undisturbed",
            "wanted",
        ],
    )
    ratio = statistics.median(stalled) / statistics.median(undisturbed)
    for name, times, *last in (
        ("undisturbed", undisturbed, "", ""),
        ("stalled", stalled, f"{ratio:.2f} ×", f"≤ {WANTED} ×"),
    ):
        table.add(name, *(f"{each:.1f}" for each in times), f"{statistics.median(times):.1f}", *last)
    return table


def seconds_of_others(found: Parts, bad: Connection) -> float:
    """From the fill of the slots to the end of the last run of any other main dealer."""
    began = timezone.now()
    carry_out(found, lambda: not Run.objects.unfinished().exclude(connection=bad).exists())
    others = Run.objects.filter(queued_at__gte=began).exclude(connection=bad)
    last: datetime = others.aggregate(last=Max("finished_at"))["last"]
    return (last - began).total_seconds()


def switch(found: Parts, bad: Connection, fault: str | None) -> None:
    """Turn a fault of the sandbox on for the dealers of a main dealer, or off."""
    address = f"{found.base_url.partition('/dgi-api')[0]}/sandbox/faults"
    for dealer in Dealership.objects.filter(pk__in=bad.feeds.values("dealership")):
        wish = json.dumps({"dealer": dealer.code, "fault": fault}).encode()
        urllib.request.urlopen(urllib.request.Request(address, wish, {"Content-Type": "application/json"})).close()
