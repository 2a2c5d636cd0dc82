"""Connecting a main dealer, and what a migration adds for job types."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from dealers.models import Dealership
from ingestion import schedules, services
from ingestion.job_types import JOB_TYPES
from ingestion.models import Connection, Feed
from tests.factories import ConnectionFactory

pytestmark = pytest.mark.django_db


def connect(**changes: Any) -> Connection:
    settled = {
        "main_dealer": "H2Z",
        "base_url": "https://gateway.example/dgi-api/v1.3/",
        "dealers": ["08138", "08139"],
        "api_key": "key",
        "secret_key": "secret",
    }
    return services.connect(**{**settled, **changes})


def test_connecting_makes_dealerships_with_a_feed_of_every_job_type() -> None:
    made = connect(time_zone="Asia/Makassar")
    assert (made.base_url, made.joiner, made.window_days) == ("https://gateway.example/dgi-api/v1.3", "", 7)
    assert [dealership.time_zone for dealership in Dealership.objects.all()] == ["Asia/Makassar"] * 2
    assert Feed.objects.count() == 2 * len(JOB_TYPES) == 30
    assert {feed.job_type for feed in Feed.objects.filter(is_enabled=False)} == {"spk_read"}


def test_connecting_again_changes_only_what_is_said() -> None:
    first = connect(name="Gateway", joiner=":")
    Feed.objects.filter(job_type="pkb").update(is_enabled=False, cursor=timezone.now())
    Dealership.objects.filter(code="08138").update(name="Cahaya")
    before = list(Feed.objects.order_by("pk").values())
    second = connect(api_key="renewed", dealers=["08138", "08139", "08140"])
    assert (second.pk, second.name, second.joiner) == (first.pk, "Gateway", ":")
    assert Connection.objects.get().api_key.reveal() == "renewed"
    assert list(Feed.objects.order_by("pk").values()[:30]) == before
    assert Dealership.objects.get(code="08138").name == "Cahaya"
    assert Feed.objects.count() == 45


def test_a_dealership_that_is_connected_elsewhere_moves_with_its_feeds() -> None:
    connect()
    at = timezone.now()
    Feed.objects.filter(job_type="pkb").update(is_enabled=False, cursor=at)
    other = connect(main_dealer="K0Z", dealers=["08139"])
    moved = Feed.objects.filter(dealership__code="08139")
    assert {feed.connection for feed in moved} == {other}
    assert (moved.get(job_type="pkb").is_enabled, moved.get(job_type="pkb").cursor) == (False, at)
    assert Feed.objects.filter(dealership__code="08138", connection=other).count() == 0


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"base_url": "https://elsewhere.example/"}, "base_url"),
        ({"base_url": "http://gateway.example/"}, "base_url"),
        ({"main_dealer": ""}, "main_dealer"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"window_days": 0}, "window_days"),
        ({"joiner": "------"}, "joiner"),
        ({"dealers": ["08138", ""]}, "code"),
        ({"dealers": ["08138", "0" * 21]}, "code"),
    ],
)
def test_what_cannot_be_connected_is_named_and_nothing_is_left(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError) as caught:
        connect(**changes)
    assert named in caught.value.message_dict
    assert "secret" not in str(caught.value)
    assert not Connection.objects.exists()
    assert not Dealership.objects.exists()


def test_every_job_type_has_a_periodic_task_after_migration() -> None:
    tasks = PeriodicTask.objects.filter(task="ingestion.fan_out")
    assert sorted(json.loads(task.args) for task in tasks) == sorted([code] for code in JOB_TYPES)
    assert len(JOB_TYPES) == 15
    assert {(task.enabled, str(task.interval)) for task in tasks} == {(True, "every 15 minutes")}


def test_another_migration_changes_nothing_that_an_administrator_set() -> None:
    hourly = IntervalSchedule.objects.create(every=1, period=IntervalSchedule.HOURS)
    PeriodicTask.objects.filter(name="DGI pkb").update(interval=hourly, enabled=False)
    before = list(PeriodicTask.objects.order_by("pk").values())
    schedules.create_missing()
    assert list(PeriodicTask.objects.order_by("pk").values()) == before
    assert IntervalSchedule.objects.filter(every=15).count() == 1


def test_a_migration_gives_a_new_job_type_its_task_and_feeds() -> None:
    connect()
    PeriodicTask.objects.filter(name__in=["DGI pkb", "DGI spk_read"]).delete()
    Feed.objects.filter(job_type__in=["pkb", "spk_read"]).delete()
    schedules.create_missing()
    assert PeriodicTask.objects.filter(task="ingestion.fan_out").count() == 15
    assert Feed.objects.filter(job_type="pkb", is_enabled=True).count() == 2
    assert Feed.objects.filter(job_type="spk_read", is_enabled=False).count() == 2


def test_a_migration_leaves_feeds_on_the_connection_they_were_given() -> None:
    connect(dealers=["08138"])
    workshop = ConnectionFactory()
    Feed.objects.filter(job_type__in=["pkb", "inv2_read"]).update(connection=workshop)
    before = list(Feed.objects.order_by("pk").values())
    schedules.create_missing()
    assert list(Feed.objects.order_by("pk").values()) == before
