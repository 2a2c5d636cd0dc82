"""Schedules: when job types and feeds are fetched, and switching feeds on and off."""

from __future__ import annotations

import json
from datetime import time

import pytest
from django.test import Client
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from dealers.models import Event, User
from ingestion.models import Feed
from tests.ingestion.operations.asking import page, text

pytestmark = pytest.mark.django_db
LIST = "/ingestion/schedules/"


def test_a_feed_tells_when_it_is_fetched(owner: Client, feed: Feed) -> None:
    Feed.objects.filter(pk=feed.pk).update(daily_at=time(2, 30))
    said = page(owner, LIST)
    assert "once a day at 02:30" in said
    assert f"{LIST}{feed.pk}/" in said


def test_each_job_type_tells_its_schedule(owner: Client, feed: Feed) -> None:
    night = CrontabSchedule.objects.create(minute="0", hour="2", timezone="Asia/Jakarta")
    PeriodicTask.objects.filter(args=json.dumps(["pkb"])).update(interval=None, crontab=night)
    PeriodicTask.objects.filter(args=json.dumps(["prospect"])).update(enabled=False)
    found = {each.job: each for each in owner.get(LIST).context["scheduled"]}
    assert "02:00" in found["pkb"].when
    assert found["pkb"].next_at.astimezone(night.timezone).hour == 2
    assert (found["prospect"].is_on, found["prospect"].next_at) == (False, None)
    assert found["leasing"].when == "every 15 minutes"


def test_platform_staff_are_led_to_the_periodic_tasks(client: Client, admin_user: User, feed: Feed) -> None:
    client.force_login(admin_user)
    task = PeriodicTask.objects.get(args=json.dumps(["pkb"]))
    assert f"/admin/django_celery_beat/periodictask/{task.pk}/change/" in page(client, LIST)


def test_nobody_else_is(owner: Client, feed: Feed) -> None:
    assert "/admin/django_celery_beat/" not in page(owner, LIST)


def test_a_schedule_that_cannot_be_read_is_passed_over(owner: Client, feed: Feed) -> None:
    PeriodicTask.objects.filter(args=json.dumps(["pkb"])).update(args="{")
    found = {each.job: each for each in owner.get(LIST).context["scheduled"]}
    assert (found["pkb"].when, found["pkb"].is_on) == ("no schedule", False)


def test_a_feed_is_switched_off_and_given_a_time_of_day(owner: Client, feed: Feed) -> None:
    assert owner.post(f"{LIST}{feed.pk}/edit/", {"daily_at": "02:30"}).status_code == 302
    feed.refresh_from_db()
    assert (feed.is_enabled, feed.daily_at) == (False, time(2, 30))
    event = Event.objects.get(verb="feed.changed")
    assert event.changes == {"is_enabled": [True, False], "daily_at": [None, "02:30:00"]}
    assert (event.who, event.dealership_id) == ("alice@dealer.example", feed.dealership_id)


def test_a_time_that_is_none_is_refused_in_words(owner: Client, feed: Feed) -> None:
    answer = owner.post(f"{LIST}{feed.pk}/edit/", {"is_enabled": "on", "daily_at": "late"})
    assert answer.status_code == 422
    assert 'value="late"' in text(answer)


def test_who_may_not_change_feeds_only_sees_them(viewer: Client, feed: Feed) -> None:
    assert "/edit/" not in page(viewer, f"{LIST}{feed.pk}/")
    assert viewer.post(f"{LIST}{feed.pk}/edit/", {"daily_at": ""}).status_code == 403
    feed.refresh_from_db()
    assert feed.is_enabled


def test_feeds_are_neither_added_nor_deleted_here(client: Client, admin_user: User, feed: Feed) -> None:
    client.force_login(admin_user)
    assert client.get(f"{LIST}new/").status_code == client.post(f"{LIST}{feed.pk}/delete/").status_code == 403
    assert "/delete/" not in page(client, f"{LIST}{feed.pk}/")


def test_another_dealerships_feeds_are_not_there(owner: Client, feed: Feed, theirs: Feed) -> None:
    assert owner.get(f"{LIST}{theirs.pk}/").status_code == 404
    assert owner.post(f"{LIST}{theirs.pk}/edit/", {"daily_at": ""}).status_code == 404
    assert f"{LIST}{theirs.pk}/" not in page(owner, LIST)
