"""What one sandbox gateway is: a main dealer, its dealers, one credential, its limits and its clock."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

# Published on purpose: the credential of a demo, which opens nothing but a sandbox.
DEMO_API_KEY = "dgi-key-live:sandbox"
DEMO_SECRET_KEY = "dgi-secret-live:sandbox"  # noqa: S105

DEFAULT_PORT = 8014
BASE_PATH = "/dgi-api/v1.3"

# Those that the specification's own samples show; the others are switched on by name.
NATURAL_QUIRKS = frozenset({"Q4", "Q5", "Q9", "Q10", "Q12", "Q13", "Q14", "Q20"})

ErrorShape = Literal["object", "text", "problem", "code", "oauth"]


def system_clock() -> datetime:
    return datetime.now(UTC)


def numbered_dealers(count: int) -> tuple[str, ...]:
    """Codes for many dealers."""
    return tuple(str(20_000 + number) for number in range(count))


@dataclass(frozen=True)
class SandboxConfig:
    """The settings of one gateway. The same settings and the same clock give the same answers."""

    main_dealer: str = "H2Z"
    dealers: tuple[str, ...] = ("08138", "08139", "08140")
    api_key: str = DEMO_API_KEY
    secret_key: str = field(default=DEMO_SECRET_KEY, repr=False)
    joiner: str = ""
    time_zone: str = "Asia/Jakarta"
    seed: int = 1
    volume: int = 15
    """Prospects per dealer and day; the other kinds of documents follow from it."""
    records: int | None = None
    """So many records in every answer for a dealer, always the same ones, whatever the window."""
    latency_ms: int = 0
    quirks: frozenset[str] = NATURAL_QUIRKS
    faults: tuple[tuple[str | None, str], ...] = ()
    """Pairs of a dealer code (None = every dealer) and the name of a fault; one fault per dealer."""
    error_shape: ErrorShape = "object"
    clock_tolerance: timedelta = timedelta(seconds=10)
    max_window: timedelta = timedelta(days=7)
    max_age: timedelta = timedelta(days=30)
    age_grace: timedelta = timedelta(minutes=5)
    stall_seconds: float = 3600.0
    retry_after: int = 2
    now: Callable[[], datetime] = system_clock
    """The gateway's clock: an aware moment. Tests give their own."""

    def local_now(self) -> datetime:
        """The wall clock of the main dealer, which is what every text in an answer means."""
        return self.now().astimezone(ZoneInfo(self.time_zone)).replace(tzinfo=None)
