"""`make shots`: every page in every look on contact sheets, and how soon each is seen on a slow line.

`--only TEXT` takes the pages with TEXT in their address, `--no-figures` leaves the measuring out.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Browser, sync_playwright

from tests.browser import chromium, demo, figures, looks, sheets
from tests.browser.tab import Tab

if TYPE_CHECKING:
    from dealers.models import User
    from tests.tenancy.world import World

PLACE = Path(__file__).resolve().parents[2] / "var" / "shots"
LONGEST = 3
"""Windows that a picture is high at most."""

Shot = tuple[str, str, int, "str | None"]
"""What a page is called, its path, its status, and the session of who sees it."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="make shots", description=__doc__)
    parser.add_argument("--only", default="", metavar="TEXT")
    parser.add_argument("--no-figures", action="store_true")
    parser.add_argument("--place", type=Path, default=PLACE)
    options = parser.parse_args()
    options.place.mkdir(parents=True, exist_ok=True)
    with demo.running() as running:
        shots = [each for each in everything(running.world, running.address) if options.only in each[1]]
        with sync_playwright() as playwright:
            program = chromium.path()
            browser = playwright.chromium.launch(executable_path=program, args=list(chromium.ARGUMENTS))
            camera = Camera(browser, running.address, options.place)
            rows = [row for shot in shots if (row := camera.take(shot))]
            seen = [] if options.no_figures else [(shot[0], camera.measure(shot)) for shot in shots]
            browser.close()
    told = figures.table(seen) if seen else ""
    (options.place / "figures.md").write_text(told, encoding="utf-8")
    sheets.index(rows, sheets.write(rows, options.place), told, options.place)
    sys.stdout.write(f"{told}\n{len(rows)} pages: {options.place / 'index.html'}\n")
    return 0


def everything(world: World, address: str) -> list[Shot]:
    """Every page with who sees it; the sessions are made now, before a browser's event loop stands in Django's way."""
    from django.test import Client

    from tests.browser import broken, pages
    from tests.browser.sessions import session_of

    pages.furnish(world)
    pages.lay_out_photos()
    sessions: dict[Any, str] = {}

    def session(user: User | None) -> str | None:
        return sessions.setdefault(user.pk, session_of(user)) if user else None

    found: list[Shot] = []
    absent = []
    for place in pages.places():
        if place.surface.name in pages.LEADS_ELSEWHERE:
            continue
        visitor = place.visitors(world)[0]
        path = place.path(world)
        client = Client(raise_request_exception=False)
        if visitor:
            client.cookies["sessionid"] = session(visitor) or ""
        answer = client.get(path, HTTP_HOST="127.0.0.1")
        html = answer.headers.get("Content-Type", "").startswith("text/html")
        if answer.status_code == 200 and html and b"<html" in b"".join(answer):  # type: ignore[arg-type]
            found.append((str(place), path, 200, session(visitor)))
        elif answer.status_code == 404:
            absent.append(str(place))
    sys.stderr.write(f"not in the demo: {', '.join(absent)}\n")
    owner = session(world.own.people["owner"])
    wrong = {404: "/no/such/page/"} | {int(status): f"/going-wrong/{status}" for status in broken.GOING_WRONG}
    return found + [(f"error {status}", path, status, owner) for status, path in wrong.items()]


class Camera:
    """Takes pictures of pages."""

    def __init__(self, browser: Browser, address: str, directory: Path) -> None:
        self.browser, self.address, self.directory = browser, address, directory

    def tab(self, session: str | None) -> Tab:
        """In a browser of its own."""
        width, height = looks.FIRST.size
        context = self.browser.new_context(
            viewport={"width": width, "height": height},
            reduced_motion="reduce",
            locale="en-GB",
            timezone_id="Asia/Jakarta",
            service_workers="block",
        )
        if session:
            context.add_cookies([{"name": "sessionid", "value": session, "url": self.address}])
        return Tab(context.new_page(), self.address)

    def take(self, shot: Shot) -> sheets.Row:
        """A page in each look; what goes wrong there is said, and the picture is taken all the same."""
        name, path, status, session = shot
        tab = self.tab(session)
        tab.load(path, status)
        pictures = list(self.pictures(tab, re.sub(r"\W+", "-", name).strip("-")))
        for fault in tab.seen():
            sys.stderr.write(f"{name}: {fault}\n")
        tab.page.context.close()
        return name, pictures

    def pictures(self, tab: Tab, name: str) -> Iterator[Path]:
        for look in sorted(looks.EVERY, key=lambda each: (each.by_touch, each.scheme == "dark")):
            tab.put_on(look)
            width, height = look.size
            picture = self.directory / f"{name}-{'phone' if look.by_touch else 'desk'}-{look.scheme}.png"
            long = min(tab.page.evaluate("() => document.documentElement.scrollHeight"), height * LONGEST)
            tab.page.screenshot(
                path=picture,
                animations="disabled",
                caret="hide",
                full_page=True,
                clip={"x": 0, "y": 0, "width": width, "height": max(long, height)},
            )
            yield picture

    def measure(self, shot: Shot) -> figures.Seen:
        _, path, status, session = shot
        return figures.measured(lambda: self.tab(session), path, status)


if __name__ == "__main__":
    sys.exit(main())
