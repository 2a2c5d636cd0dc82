"""Makes one call in a process of its own and prints how it ended and what memory it took at most, in bytes.

python -m tests.ingestion.one_call BASE_URL
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import django


def most_memory() -> int:
    """The most that this process ever had resident; Linux only."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def main(base_url: str) -> None:
    django.setup()
    from ingestion.answer import GatewayError
    from tests.ingestion.scripted import RECORDS, Script, scripted
    from tests.ingestion.test_client import CALL, Fetcher, gateway

    with Fetcher() as fetcher:
        with scripted(RECORDS) as script:
            fetcher.submit(gateway(script), CALL).result(30).release()
        before = most_memory()
        try:
            fetcher.submit(gateway(Script([], base_url), tries=1, deadline=100.0), CALL).result(120).release()
            outcome, words = "Answer", ""
        except GatewayError as error:
            outcome, words = type(error).__name__, str(error)
    print(json.dumps({"outcome": outcome, "words": words, "growth": most_memory() - before}))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1])
