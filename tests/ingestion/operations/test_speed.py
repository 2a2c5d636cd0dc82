import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dealers.models import Dealership
from ingestion.job_types import JOB_TYPES
from ingestion.models import Feed, Run
from tests.factories import ConnectionFactory

pytestmark = pytest.mark.django_db


def test_speed(client, admin_user):
    now = timezone.now()
    ds = Dealership.objects.bulk_create([Dealership(code=f"{20000 + n}", name=f"Dealer {n}") for n in range(1000)])
    cs = [ConnectionFactory() for _ in range(20)]
    feeds = Feed.objects.bulk_create(
        [
            Feed(
                dealership=d,
                connection=cs[i % 20],
                job_type=j,
                succeeded_at=now,
                cursor=now,
                received_at=now,
                slot=now,
                next_slot=now,
                failures=int((i * 7 + k) % 50 == 0),
            )
            for i, d in enumerate(ds)
            for k, j in enumerate(JOB_TYPES)
        ]
    )
    Run.objects.bulk_create(
        [
            Run(
                feed=f,
                dealership_id=f.dealership_id,
                connection_id=f.connection_id,
                job_type=f.job_type,
                since=now,
                until=now,
                state="succeeded",
                started_by="x",
                finished_at=now,
            )
            for f in feeds
        ],
        batch_size=2000,
    )
    with connection.cursor() as c:
        c.execute("SET ROLE none")
    client.force_login(admin_user)
    for q in ({}, {"state": "failing"}, {"search": "99"}, {"main_dealer": cs[3].main_dealer}):
        client.get("/ingestion/", q)
        times = []
        for _ in range(7):
            t = time.process_time()
            w = time.perf_counter()
            with CaptureQueriesContext(connection) as qs:
                a = client.get("/ingestion/", q)
            times.append((time.perf_counter() - w, time.process_time() - t))
        slow = sorted(((float(x["time"]), x["sql"][:1500]) for x in qs), reverse=True)[:3]
        print(
            "XX",
            q,
            a.status_code,
            "wall min %.0f ms, cpu min %.0f ms" % (min(x[0] for x in times) * 1000, min(x[1] for x in times) * 1000),
            len(qs),
            "queries, sql",
            sum(float(x["time"]) for x in qs),
            len(a.content),
        )
        for s in slow:
            print("   YY", s)
    assert 0
