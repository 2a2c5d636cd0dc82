"""The watchdog: looks at every feed again and again, and tells by webhook and mail what went wrong and what is over.

It needs PostgreSQL alone, neither broker nor beat nor worker, whose absence it is to notice. Each alert is told at
least once: it counts as told when every way has taken the message, and a message that failed goes out again as it was.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from queue import SimpleQueue
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

import msgspec
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection

from ingestion import alerts
from ingestion.alerts import News

log = logging.getLogger(__name__)

EVERY = 15.0
"""Seconds between two looks."""
DEADLINE = 15.0
"""Seconds that a message may take, whatever its receiver does meanwhile."""
SILENCE = 10.0
"""Seconds without a byte after which a receiver is given up."""


class NotTold(Exception):
    """A message was not taken; the text says why, without the receiver's address, which may hold a secret."""


@dataclass
class Watch:
    """What one process has seen and not yet told."""

    patience: timedelta = timedelta(0)
    """An alert that is over sooner is not told of: a feed just switched on is late for a moment."""
    unsent: News | None = None
    """Also news that were told and not noted, because the database went away: no way is gone twice."""
    database_away: bool = False

    def go_on(self, every: float = EVERY, pause: Callable[[float], object] = time.sleep) -> None:
        """Look for ever, at the start of every `every` seconds; a database that is away is tried again."""
        while True:
            began = time.monotonic()
            self.try_to_look()
            pause(max(every - (time.monotonic() - began), 0))

    def try_to_look(self) -> None:
        close_old_connections()  # one that broke is opened anew
        try:
            self.look()
        except DatabaseError as error:
            connection.close()
            if not self.database_away:
                log.warning("the database is away: %s", error)
            self.database_away = True
            return
        if self.database_away:
            log.info("the database is back")
        self.database_away = False

    def look(self) -> None:
        """One pass: judge every feed, then tell."""
        alerts.forget_slots_of_feeds_that_are_off()
        alerts.resolve(self.patience)
        alerts.open_new()
        while found := self.unsent or alerts.news(self.patience):
            self.unsent = found
            if not self.tell(found):
                return
            alerts.note_told(found)
            self.unsent = None

    def tell(self, news: News) -> bool:
        """Tell in every way that has not succeeded yet; whether all have now."""
        failed = False
        for way, send in WAYS.items():
            if way in news.told:
                continue
            try:
                within(DEADLINE, partial(send, news))
                news.told.add(way)
            except NotTold as error:
                failed = True
                log.warning("%s did not take the news (%s): %s; it is tried again", way, news.summary, error)
        return not failed


def within(seconds: float, call: Callable[[], None]) -> None:
    """Do `call` in a thread that is left behind when it takes too long, or when we are told to stop."""
    outcome: SimpleQueue[BaseException | None] = SimpleQueue()

    def carry_out() -> None:
        try:
            call()
        except Exception as error:  # a receiver may answer anything; the next pass tries again
            outcome.put(error)
        else:
            outcome.put(None)

    thread = threading.Thread(target=carry_out, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise NotTold(f"no end after {seconds:.0f} s")
    if error := outcome.get():
        raise error if isinstance(error, NotTold) else NotTold(f"{type(error).__name__}: {error}") from error


class NoRedirect(HTTPRedirectHandler):
    """A receiver that has moved is told of, not followed: what we send is meant for the address given."""

    def redirect_request(self, *args: Any, **options: Any) -> None:
        return None


def write_log(news: News) -> None:
    log.warning("%s\n%s", news.summary, "\n".join(news.lines))


def post(news: News) -> None:
    """To the webhook; it took the message if it answers with 2xx."""
    if not settings.ALERT_WEBHOOK:
        return
    headers = {"Content-Type": "application/json", "Idempotency-Key": news.id, "User-Agent": "Forecourt"}
    request = Request(settings.ALERT_WEBHOOK, msgspec.json.encode(news.body), headers)  # noqa: S310  settings.py: https or http
    try:
        with build_opener(NoRedirect).open(request, timeout=SILENCE):
            return
    except HTTPError as error:
        error.close()
        raise NotTold(f"it answered {error.code}") from None
    except URLError as error:
        raise NotTold(f"it cannot be reached: {error.reason}") from None


def mail(news: News) -> None:
    if not settings.ALERT_EMAIL:
        return
    headers = {"Message-ID": f"<{news.id}@forecourt>", "Auto-Submitted": "auto-generated"}
    words = "\n".join(news.lines)
    EmailMessage(f"Forecourt: {news.summary}", words, to=settings.ALERT_EMAIL, headers=headers).send()


WAYS: dict[str, Callable[[News], None]] = {"log": write_log, "webhook": post, "mail": mail}
