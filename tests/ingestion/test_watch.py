"""The watchdog: alerts are opened and resolved once, by a process that goes on whatever happens."""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.utils import timezone

from config.local.process import wait_until
from dealers.tenancy import nobody
from ingestion import alerts
from ingestion.models import Alert, Feed, Run
from ingestion.watch import Watch
from tests.factories import DealershipFactory, GateFactory, RunFactory
from tests.ingestion.commands import called
from tests.ingestion.scripted import Reply, Script, scripted
from tests.ingestion.watched import HOUR, MINUTE, OK, feed, late_feed, make_well, states, webhook

pytestmark = pytest.mark.django_db

# -- alerts are opened and resolved


def test_a_bad_state_opens_one_alert_with_its_words():
    row = late_feed()
    for _ in range(3):
        Watch().look()
    alert = Alert.objects.get()
    assert (alert.feed, alert.dealership, alert.state) == (row, row.dealership, "late")
    assert alert.words == "The last success was 1 hour ago; it should be fetched every 15 minutes."
    assert alert.resolved_at is None


def test_every_bad_state_opens_an_alert():
    now = timezone.now()
    RunFactory(feed=feed(), state=Run.State.QUEUED, queued_at=now - HOUR)
    feed(slot=now - HOUR, next_slot=now - HOUR / 2)
    feed(succeeded_at=None)
    feed(failures=2)
    late_feed()
    feed(received_at=now - timedelta(days=9))
    Watch().look()
    assert states() == {"stuck", "missed", "never", "failing", "late", "empty"}


def test_what_is_well_opens_none():
    feed()
    feed(is_enabled=False, succeeded_at=None)
    feed(succeeded_at=None, slot=None, next_slot=None, created_at=timezone.now())
    Watch().look()
    assert not Alert.objects.exists()


def test_one_failed_run_is_nothing_to_tell_and_two_are():
    row = feed(failures=1)
    Watch().look()
    assert states() == set()
    RunFactory(feed=row, state=Run.State.FAILED, error="the gateway is away")
    Feed.objects.update(failures=2)
    Watch().look()
    assert states() == {"failing"}
    assert Alert.objects.get().words.endswith("the gateway is away")


def test_an_alert_says_that_the_connection_is_left_alone():
    row = feed(failures=2)
    GateFactory(connection=row.connection, opened_at=timezone.now() - HOUR, error="503, five times")
    Watch().look()
    assert Alert.objects.get().words.endswith("has been left alone for 1 hour: 503, five times.")


def test_a_late_feed_whose_run_is_under_way_may_still_be_made_good():
    row = late_feed()
    run = RunFactory(feed=row, state=Run.State.QUEUED, queued_at=timezone.now())
    Watch().look()
    assert states() == set()
    Run.objects.filter(pk=run.pk).update(state=Run.State.CANCELLED, finished_at=timezone.now())
    Watch().look()
    assert states() == {"late"}


def test_an_alert_is_resolved_when_the_feed_is_well_and_opened_anew_when_it_is_not():
    row = late_feed()
    Watch().look()
    make_well(row)
    Watch().look()
    assert Alert.objects.get().resolved_at is not None
    Feed.objects.update(succeeded_at=timezone.now() - HOUR)
    Watch().look()
    assert [alert.resolved_at is None for alert in Alert.objects.order_by("pk")] == [False, True]


def test_an_alert_of_a_feed_that_is_switched_off_is_resolved():
    late_feed()
    Watch().look()
    Feed.objects.update(is_enabled=False)
    Watch().look()
    assert states() == set()


def test_a_feed_that_is_failing_and_stuck_by_turns_is_told_of_once_for_each():
    """A gateway that is away: runs fail, the breaker holds the next ones back, a probe fails again."""
    row = feed(failures=2)
    for _ in range(3):
        Watch().look()
        run = RunFactory(feed=row, state=Run.State.QUEUED, queued_at=timezone.now() - HOUR)
        Watch().look()
        Run.objects.filter(pk=run.pk).update(state=Run.State.FAILED, finished_at=timezone.now())
    assert sorted(Alert.objects.values_list("state", flat=True)) == ["failing", "stuck"]
    make_well(row)
    Watch().look()
    assert states() == set()


def test_a_feed_that_works_again_but_brings_nothing_is_only_empty():
    row = feed(failures=2, received_at=timezone.now() - timedelta(days=9))
    Watch().look()
    assert states() == {"failing"}
    Feed.objects.update(failures=0)
    Watch().look()
    assert states() == {"empty"}
    make_well(row)
    Watch().look()
    assert states() == set()


def test_a_dead_beat_is_noticed_within_two_intervals():
    """A feed of every 15 minutes, whose next slot passed: 18 minutes after its last success."""
    now = timezone.now()
    feed(slot=now - 18 * MINUTE, succeeded_at=now - 18 * MINUTE, next_slot=now - 3 * MINUTE)
    Watch().look()
    assert states() == {"missed"}


def test_a_feed_that_was_off_for_long_is_not_missed_when_it_is_switched_on():
    now = timezone.now()
    row = feed(is_enabled=False, slot=now - HOUR, next_slot=now - HOUR / 2)
    Watch().look()
    Feed.objects.update(is_enabled=True)
    assert Feed.objects.with_freshness().get(pk=row.pk).freshness == "fresh"


def test_what_is_over_at_the_next_look_is_not_told_and_leaves_no_trace(settings):
    row = late_feed()
    watchdog = Watch(patience=HOUR)
    with webhook(settings, OK) as receiver:
        watchdog.look()
        assert states() == {"late"}
        make_well(row)
        watchdog.look()
    assert receiver.requests == []
    assert not Alert.objects.exists()


def test_what_lasts_is_told_at_the_next_look(settings):
    late_feed()
    watchdog = Watch(patience=HOUR)
    with webhook(settings, OK) as receiver:
        watchdog.look()
        Alert.objects.update(opened_at=timezone.now() - HOUR)
        watchdog.look()
    assert len(receiver.requests) == 1


# -- it goes on


def test_a_look_takes_few_statements_however_many_feeds_there_are(django_assert_max_num_queries):
    shared = late_feed().connection
    for dealership in DealershipFactory.create_batch(20):
        late_feed(dealership=dealership, connection=shared)
    with django_assert_max_num_queries(13):
        Watch().look()
    with django_assert_max_num_queries(5):
        Watch().look()


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_is_tried_again(monkeypatch, caplog):
    watchdog = Watch()

    def away(*_):
        raise OperationalError("the server closed the connection")

    with monkeypatch.context() as patch, caplog.at_level(logging.INFO):
        patch.setattr(alerts, "resolve", away)
        watchdog.try_to_look()
        watchdog.try_to_look()
    assert caplog.text.count("the database is away") == 1
    late_feed()
    with caplog.at_level(logging.INFO):
        watchdog.try_to_look()
    assert "the database is back" in caplog.text
    assert states() == {"late"}


def test_one_look_is_a_command(settings):
    late_feed()
    assert called("dgi_watch", "--once") == (0, [{"unresolved": 1, "told": True}])
    assert called("dgi_watch", "--once", as_json=False) == (0, ["1 alerts are open"])


def test_one_look_that_could_not_tell_ends_with_status_1(settings):
    settings.ALERT_WEBHOOK = "http://127.0.0.1:1/"
    late_feed()
    assert called("dgi_watch", "--once") == (1, [{"unresolved": 1, "told": False}])


@contextmanager
def running_watchdog(receiver: Script) -> Iterator[subprocess.Popen[str]]:
    """The command in a process of its own, when it has found something to tell."""
    process = subprocess.Popen(
        [sys.executable, "-X", "faulthandler", "manage.py", "dgi_watch", "--every", "0.2"],
        env={**os.environ, "ALERT_WEBHOOK": receiver.base_url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        assert any("1 alert opened" in line for line in process.stderr)
        yield process
    finally:
        process.send_signal(signal.SIGABRT)  # one that has not stopped tells where it is
        process.wait()
        sys.stdout.write(process.stderr.read())
        process.stderr.close()


@pytest.mark.django_db(transaction=True)
def test_the_process_survives_a_lost_connection_and_stops_on_sigterm():
    row = late_feed()
    with scripted(OK) as receiver, running_watchdog(receiver) as process:
        with nobody(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND usename = session_user AND pid <> pg_backend_pid()"
            )
            assert cursor.fetchone() == (1,)
        make_well(row)
        told = Alert.objects.filter(told_resolved_at__isnull=False)
        assert wait_until(told.exists, 20)
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 128 + signal.SIGTERM
    assert [request.body["text"] for request in receiver.requests] == ["1 alert opened", "1 resolved"]


def test_it_stops_even_if_the_signal_came_where_nothing_that_is_raised_is_heard(monkeypatch: pytest.MonkeyPatch):
    looks = []

    def deaf(_watch: Watch) -> None:
        looks.append(1)
        assert len(looks) < 3, "it goes on"
        with suppress(SystemExit):
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(Watch, "try_to_look", deaf)
    with pytest.raises(SystemExit) as ended:
        call_command("dgi_watch", "--every", "0.1")
    assert ended.value.code == 128 + signal.SIGTERM


@pytest.mark.django_db(transaction=True)
def test_the_process_stops_while_a_receiver_stalls():
    late_feed()
    with scripted(Reply(OK, wait=30)) as receiver, running_watchdog(receiver) as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 128 + signal.SIGTERM
