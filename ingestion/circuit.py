"""Placeholder until merged."""

from __future__ import annotations

from dataclasses import dataclass, field

FAILURES = 5


@dataclass
class Circuit:
    alone: bool = False
    failures: int = 0
    dealerships: set[int] = field(default_factory=set)

    def failed(self, dealership_id: int) -> None:
        self.failures += 1
        self.dealerships.add(dealership_id)

    def succeeded(self) -> None:
        self.failures = 0
        self.dealerships.clear()

    @property
    def is_open(self) -> bool:
        return self.failures >= FAILURES and (self.alone or len(self.dealerships) > 1)
