"""The registry of what can go wrong with a gateway, each switched on by name for one dealer or for all."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

from aiohttp import web

from ingestion.sandbox import faults_of_answers as answers
from ingestion.sandbox import faults_of_connections as connections
from ingestion.sandbox import faults_of_records as records
from ingestion.sandbox.admission import Query
from ingestion.sandbox.faults_of_answers import Occasion
from ingestion.sandbox.quirks import OnRecords

OnAnswer = Callable[[Occasion], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Fault:
    """A failure of the answer as a whole, of its records, of what is looked up, or of the gateway's clock."""

    name: str
    about: str
    on_answer: OnAnswer | None = None
    on_records: OnRecords | None = None
    on_query: Callable[[Query], Query] | None = None
    clock: timedelta = timedelta(0)
    """How far the gateway's clock is ahead."""


_LISTED = (
    Fault("hangup", "the connection is closed before any answer", connections.hangup),
    Fault("reset", "the connection is reset in the middle of the answer", connections.reset),
    Fault("stall", "no answer for a long time", connections.stall),
    Fault("drip", "half of the answer, then silence for a long time", connections.drip),
    Fault("gzip_bomb", "an answer that unpacks to 10 GB", connections.gzip_bomb),
    Fault("html", "a maintenance page with status 200", answers.html),
    Fault("badgateway", "a page of a proxy with status 502", answers.bad_gateway),
    Fault("truncated", "the first half of the JSON", answers.truncated),
    Fault("empty", "status 200 without a body", answers.empty),
    Fault("nothing", "no records, where there always were some", answers.nothing),
    Fault("error500", "an internal server error", answers.server_error),
    Fault("flaky", "an internal server error at every second call, beginning with the first",
          answers.every_second_call),
    Fault("busy429", "too many requests, with Retry-After in seconds", answers.busy),
    Fault("busy_date", "too many requests, with Retry-After as a date", answers.busy_until),
    Fault("unauthorized", "the credential is refused", answers.unauthorized),
    Fault("expired_token", "the token is refused, with HTTP status 200", answers.expired_token),
    Fault("redirect", "a redirect to an address inside a cloud's machine", answers.redirect),
    Fault("wrong_type", "JSON that calls itself text or bytes", answers.wrong_type),
    Fault("deep", "a value of 100,000 levels", answers.deep),
    Fault("too_large", "more than 20 MB", answers.too_large),
    Fault("many", "more than 50,000 records", on_records=records.many),
    Fault("huge_string", "a text of 10 MB in the first record", on_records=records.huge_string),
    Fault("everything_changed", "every record with other amounts, modified just now",
          on_records=records.everything_changed),
    Fault("repeated", "each record twice", on_records=records.repeated),
    Fault("shuffled", "records in no order, older versions beside newer ones", on_records=records.shuffled),
    Fault("shifted", "the records of a window that lies six hours earlier", on_query=records.shifted),
    Fault("unknown_code", "codes that no table has", on_records=records.unknown_code),
    Fault("missing_field", "every fifth field is missing", on_records=records.missing_field),
    Fault("extra_field", "a field that nobody knows, in records and lines", on_records=records.extra_field),
    Fault("null_required", "every seventh record without its natural key", on_records=records.null_required),
    Fault("bad_rows", "every hundredth record, the first among them, with an impossible date",
          on_records=records.bad_rows),
    Fault("clock_fast", "the gateway's clock is ten minutes ahead", clock=timedelta(minutes=10)),
    Fault("clock_slow", "the gateway's clock is ten minutes behind", clock=timedelta(minutes=-10)),
)  # fmt: skip
FAULTS: dict[str, Fault] = {fault.name: fault for fault in _LISTED}


def chosen(text: str) -> tuple[str | None, str]:
    """The dealer (None: every one) and the fault that `NAME` or `NAME:DEALER` means. Raises ValueError."""
    name, colon, dealer = (part.strip() for part in text.partition(":"))
    if colon and not dealer:
        raise ValueError(f"{text!r} names no dealer; write NAME or NAME:DEALER")
    return dealer or None, known(name)


def known(name: str) -> str:
    if name not in FAULTS:
        raise ValueError(f"unknown fault {name!r}; there are {', '.join(FAULTS)}")
    return name


@dataclass
class FaultPlan:
    """Which fault is on for which dealer; the entry of None is for every dealer without one of its own."""

    by_dealer: dict[str | None, str] = field(default_factory=dict)

    def switch(self, dealer: str | None, name: str | None) -> None:
        """Turns the dealer's fault on, or off with None."""
        if name is None:
            self.by_dealer.pop(dealer, None)
        else:
            self.by_dealer[dealer] = known(name)

    def of(self, dealer: str | None) -> Fault | None:
        name = self.by_dealer.get(dealer) or self.by_dealer.get(None)
        return FAULTS[name] if name else None
