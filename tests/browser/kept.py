"""What a browser keeps of the pages that somebody has seen, for the next who sits down at it."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Page

CACHED = """
async () => {
  const found = [];
  for (const name of await caches.keys()) {
    for (const request of await (await caches.open(name)).keys()) found.push(new URL(request.url).pathname);
  }
  return found.sort();
}
"""
STORED = "() => Object.entries({ ...localStorage, ...sessionStorage })"
READY = "async () => { await navigator.serviceWorker.ready; }"


@dataclass(frozen=True)
class Kept:
    cached: list[str]
    """Paths in the caches of a service worker."""
    stored: dict[str, str]
    """localStorage and sessionStorage."""

    def pages(self, *allowed: str) -> list[str]:
        """What of it shows somebody's data: anything cached but static files and what is allowed, any stored markup."""
        cached = [path for path in self.cached if not path.startswith("/static/") and path not in allowed]
        return cached + [name for name, value in self.stored.items() if "<" in value]


def kept(page: Page) -> Kept:
    return Kept(page.evaluate(CACHED), dict(page.evaluate(STORED)))


def wait_for_worker(page: Page) -> None:
    """Until the page's service worker is there; the page must be of a browser that allows one."""
    page.evaluate(READY)
