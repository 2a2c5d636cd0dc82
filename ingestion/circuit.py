"""Knows when a gateway is down, so that calls stop hurrying after it."""

from __future__ import annotations

import threading

from ingestion.answer import GatewayError

FAILURES = 5
"""Failed calls in a row after which a gateway counts as down."""


class Circuit:
    """The failed calls in a row of one connection in this process.

    It opens after FAILURES of them, from at least two dealerships unless the connection serves one `alone`: when only
    one dealership fails while its neighbours are well, the trouble is not the gateway's. How long it is left alone,
    and who tries first, is the caller's matter.
    """

    def __init__(self, *, alone: bool = False) -> None:
        self.alone = alone
        self.failures = 0
        self.dealerships: set[int] = set()
        self.lock = threading.Lock()

    def note(self, error: GatewayError, dealership_id: int) -> None:
        """A call, or one try of it, ended with `error`."""
        if error.counts:
            self.failed(dealership_id)
        elif error.counts is False:
            self.succeeded()

    def failed(self, dealership_id: int) -> None:
        with self.lock:
            self.failures += 1
            self.dealerships.add(dealership_id)

    def succeeded(self) -> None:
        """End the row: the gateway answers sensibly."""
        with self.lock:
            self.failures = 0
            self.dealerships.clear()

    @property
    def is_open(self) -> bool:
        with self.lock:
            return self.failures >= FAILURES and (self.alone or len(self.dealerships) > 1)
