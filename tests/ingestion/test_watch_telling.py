"""What the watchdog tells: each alert once and its resolution once, whatever the receivers do meanwhile."""

import json
import logging
import smtplib

import pytest
from django.db import OperationalError

from ingestion import alerts, watch
from ingestion.models import Alert
from ingestion.watch import Watch
from tests.factories import DealershipFactory
from tests.ingestion.scripted import Reply, http
from tests.ingestion.watched import BUSY, OK, late_feed, make_well, webhook

pytestmark = pytest.mark.django_db


def test_an_alert_is_told_once_and_its_resolution_once(settings):
    row = late_feed()
    with webhook(settings, OK) as receiver:
        for _ in range(3):
            Watch().look()
        [opening] = receiver.requests
        make_well(row)
        for _ in range(3):
            Watch().look()
        [_, resolution] = receiver.requests
    alert = Alert.objects.get()
    assert opening.body == {
        "id": opening.headers["idempotency-key"],
        "text": "1 alert opened",
        "totals": {"opened": 1, "resolved": 0, "unresolved": {"late": 1}},
        "opened": [
            {
                "alert": alert.pk,
                "dealer": row.dealership.code,
                "job": "pkb",
                "state": "late",
                "words": "The last success was 1 hour ago; it should be fetched every 15 minutes.",
                "opened_at": alert.opened_at.isoformat(),
                "resolved_at": None,
            }
        ],
        "resolved": [],
    }
    assert resolution.body["text"] == "1 resolved"
    assert resolution.body["totals"] == {"opened": 0, "resolved": 1, "unresolved": {}}
    assert resolution.body["resolved"][0]["resolved_at"] == alert.resolved_at.isoformat()
    assert resolution.headers["idempotency-key"] != opening.headers["idempotency-key"]
    assert alert.told_at
    assert alert.told_resolved_at


def test_a_webhook_that_fails_gets_the_same_message_again_and_then_the_rest(settings, caplog):
    first = late_feed()
    watchdog = Watch()
    with webhook(settings, BUSY, BUSY, OK) as receiver:
        watchdog.look()
        assert Alert.objects.get().told_at is None
        second = late_feed()
        watchdog.look()
        assert "webhook did not take the news (1 alert opened): it answered 503" in caplog.text
        watchdog.look()
        watchdog.look()
    told = [[each["dealer"] for each in request.body["opened"]] for request in receiver.requests]
    assert told == [[first.dealership.code]] * 3 + [[second.dealership.code]]
    assert len({request.body["id"] for request in receiver.requests}) == 2
    assert not Alert.objects.untold().exists()


def test_another_process_tells_what_one_could_not(settings):
    row = late_feed()
    with webhook(settings, BUSY, OK) as receiver:
        Watch().look()
        make_well(row)
        Watch().look()
    assert receiver.requests[1].body["text"] == "1 alert opened, 1 resolved"
    assert not Alert.objects.untold().exists()


def test_fifty_alerts_are_listed_and_the_rest_counted(settings, caplog):
    dealerships = DealershipFactory.create_batch(60)
    shared = late_feed(dealership=dealerships[0]).connection
    for dealership in dealerships[1:]:
        late_feed(dealership=dealership, connection=shared)
    with webhook(settings, OK) as receiver:
        Watch().look()
        Watch().look()
    [request] = receiver.requests
    assert len(request.body["opened"]) == 50
    assert request.body["totals"]["opened"] == 60
    assert "and 10 more" in caplog.text
    assert not Alert.objects.untold().exists()


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(http(302, Location="http://127.0.0.1:1/")), "it answered 302"),
        (Reply(http(500)), "it answered 500"),
        (Reply(b"nonsense\r\n\r\n"), "BadStatusLine"),
        (Reply(b"", reset=True), "ConnectionResetError"),
        (Reply(OK, wait=30), "no end after"),
    ],
    ids=["moved", "broken", "no HTTP", "reset", "stalled"],
)
def test_a_receiver_may_do_what_it_likes(settings, caplog, monkeypatch, reply, reason):
    monkeypatch.setattr(watch, "DEADLINE", 0.3)
    late_feed()
    with webhook(settings, reply):
        Watch().look()
    assert reason in caplog.text
    assert Alert.objects.untold().exists()


def test_the_receivers_address_is_not_logged(settings, caplog):
    settings.ALERT_WEBHOOK = "http://127.0.0.1:1/hooks/hush"
    late_feed()
    Watch().look()
    assert "it cannot be reached" in caplog.text
    assert "hush" not in caplog.text


def test_a_mail_goes_to_everybody_named(settings, mailoutbox):
    settings.ALERT_EMAIL = ["ops@forecourt.example", "boss@forecourt.example"]
    row = late_feed()
    Watch().look()
    make_well(row)
    Watch().look()
    Watch().look()
    opening, resolution = mailoutbox
    assert opening.to == settings.ALERT_EMAIL
    assert opening.subject == "Forecourt: 1 alert opened"
    assert f"{row.dealership.code} pkb late: The last success was 1 hour ago" in opening.body
    assert f"{row.dealership.code} pkb is no longer late" in resolution.body


def test_a_mail_that_fails_does_not_repeat_the_webhook(settings, mailoutbox, monkeypatch):
    settings.ALERT_EMAIL = ["ops@forecourt.example"]
    late_feed()

    def refuse(news):
        raise smtplib.SMTPServerDisconnected("away")

    watchdog = Watch()
    with webhook(settings, OK) as receiver:
        with monkeypatch.context() as patch:
            patch.setitem(watch.WAYS, "mail", refuse)
            watchdog.look()
        assert Alert.objects.untold().exists()
        watchdog.look()
    assert len(receiver.requests) == len(mailoutbox) == 1
    assert not Alert.objects.untold().exists()


def test_what_was_told_is_not_told_again_when_it_could_not_be_noted(settings, monkeypatch):
    late_feed()
    watchdog = Watch()

    def away(*_):
        raise OperationalError("the server closed the connection")

    with webhook(settings, OK) as receiver:
        with monkeypatch.context() as patch:
            patch.setattr(alerts, "note_told", away)
            with pytest.raises(OperationalError):
                watchdog.look()
        watchdog.look()
    assert len(receiver.requests) == 1
    assert not Alert.objects.untold().exists()


def test_without_a_receiver_the_log_is_told_once(caplog):
    late_feed()
    with caplog.at_level(logging.WARNING):
        Watch().look()
        Watch().look()
    assert caplog.text.count("pkb late: The last success") == 1
    assert not Alert.objects.untold().exists()


def test_the_message_of_the_same_alerts_has_the_same_id():
    late_feed()
    alerts.open_new()
    assert alerts.news().id == alerts.news().id
    assert json.dumps(alerts.news().body)
