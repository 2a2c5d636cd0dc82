"""How soon a page is seen by somebody with a slow phone on a slow line; printed, since a test cannot hold a time."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.browser.tab import Tab

LINE = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 94_000}
"""1.6 Mbit/s down with 150 ms to the server and back; bytes per second."""
SLOWER = 4
"""Times that the processor is slower than ours."""
ROUNDS = 3
PAINTS = """
() => new Promise((done) => {
  const [first] = performance.getEntriesByName("first-contentful-paint");
  new PerformanceObserver((list) => done([first.startTime, list.getEntries().at(-1).startTime]))
    .observe({ type: "largest-contentful-paint", buffered: true });
})
"""
NODES = "() => document.querySelectorAll('*').length"


@dataclass(frozen=True)
class Seen:
    """Medians; seconds, bytes, elements."""

    first_paint: float
    largest_paint: float
    shift: float
    transferred: dict[str, int]
    requests: int
    nodes: int

    def kilobytes(self, *kinds: str) -> str:
        return f"{sum(self.transferred.get(kind, 0) for kind in kinds or self.transferred) / 1024:.1f}"


def measured(open_tab: Callable[[], Tab], path: str, status: int) -> Seen:
    """Load a page in new browsers with nothing kept, one after another."""
    rounds = [once(open_tab(), path, status) for _ in range(ROUNDS)]
    return Seen(
        statistics.median(each.first_paint for each in rounds),
        statistics.median(each.largest_paint for each in rounds),
        max(each.shift for each in rounds),
        rounds[-1].transferred,
        rounds[-1].requests,
        rounds[-1].nodes,
    )


def once(tab: Tab, path: str, status: int) -> Seen:
    tab.devtools.send("Network.emulateNetworkConditions", LINE)
    tab.devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    loaded = tab.load(path, status)
    first, largest = (moment / 1000 for moment in tab.page.evaluate(PAINTS))
    found = Seen(first, largest, loaded.shift, loaded.transferred, loaded.requests, tab.page.evaluate(NODES))
    tab.page.context.close()
    return found


def table(found: Sequence[tuple[str, Seen]]) -> str:
    """As Markdown."""
    columns = ("page", "FCP s", "LCP s", "CLS", "KB", "HTML", "CSS", "JS", "font", "requests", "elements")
    lines = [columns, ("---",) * len(columns)]
    for name, seen in found:
        times = (f"{seen.first_paint:.2f}", f"{seen.largest_paint:.2f}", f"{seen.shift:.3f}")
        sizes = [seen.kilobytes(), *(seen.kilobytes(kind) for kind in ("Document", "Stylesheet", "Script", "Font"))]
        lines.append((name, *times, *sizes, str(seen.requests), str(seen.nodes)))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
