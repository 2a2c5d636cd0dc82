"""A tab of the browser that holds every page to the house's rules: no error, no refused script, no fault of axe's."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import CDPSession, ConsoleMessage, Page, Request, Response

from tests.browser import axe, looks
from tests.browser.looks import Look

SCRIPTS = {each.stem: each.read_text(encoding="utf-8") for each in Path(__file__).with_name("scripts").glob("*.js")}
LOUD = ("error", "warning", "assert")
"""Kinds of console messages that are faults."""
SAID_OTHERWISE = ("Failed to load resource", "Service Worker registration blocked by Playwright")
"""What the console says of an answer that is noted with its status, and of a service worker that a test shut out."""
SUPERSEDED = ("htmx:afterRequest", "htmx:sendAbort")
"""What htmx says of a request that it gave up for the next one: somebody typed on (`hx-sync`). One that could not be
sent is a failed request besides, and is noted as that."""
SHIFT = "() => window.browserTestNotes.shift"
TAKEN = "() => window.browserTestNotes?.violations.splice(0) ?? []"
"""What record.js noted: each violation is handed over once."""

QUIET = "/livez"
"""Where nothing is under way: a page without scripts that asks no database."""


@dataclass(frozen=True)
class Loaded:
    """What it took to show a page."""

    status: int
    request_id: str
    transferred: dict[str, int]
    """Bytes over the wire, headers included, by kind: Document, Stylesheet, Script, Font, Image ..."""
    requests: int
    shift: float
    """How far its parts moved while it loaded: the sum of layout shifts, at least what CLS counts."""

    @property
    def bytes(self) -> int:
        return sum(self.transferred.values())


@dataclass
class Tab:
    """One page of a browser that somebody is signed in with, or nobody."""

    page: Page
    site: str
    faults: list[str] = field(default_factory=list)
    """What went wrong since somebody last looked."""
    look: Look = looks.FIRST
    visiting: bool = False
    """Whether a page is asked for whose status somebody looks at."""

    def __post_init__(self) -> None:
        self.page.add_init_script(SCRIPTS["record"])
        self.page.on("console", self.on_console)
        self.page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        self.page.on("requestfailed", self.on_failed)
        self.page.on("response", self.on_response)
        self.kinds: dict[str, str] = {}
        self.transferred: Counter[str] = Counter()
        self.devtools: CDPSession = self.page.context.new_cdp_session(self.page)
        self.devtools.send("Network.enable")
        self.devtools.on("Network.responseReceived", lambda told: self.kinds.update({told["requestId"]: told["type"]}))
        self.devtools.on("Network.loadingFinished", self.on_finished)

    # -- what the browser tells

    def on_console(self, message: ConsoleMessage) -> None:
        if message.type not in LOUD:
            return
        if message.text.startswith(SAID_OTHERWISE + SUPERSEDED):
            return
        self.faults.append(f"console {message.type}: {message.text} ({message.location['url']})")

    def on_failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the page was left, or asks anew
            self.faults.append(f"request: {request.method} {request.url}: {request.failure}")

    def on_response(self, response: Response) -> None:
        is_page = response.request.is_navigation_request() and response.frame == self.page.main_frame
        if response.status >= 400 and not (is_page and self.visiting):
            self.faults.append(f"answer: {response.request.method} {response.url}: {response.status}")

    def on_finished(self, told: dict[str, Any]) -> None:
        self.transferred[self.kinds.get(told["requestId"], "Other")] += int(told["encodedDataLength"])

    # -- what tests do

    def visit(self, path: str, *, status: int = 200, look: Look | None = None, everywhere: bool = False) -> Loaded:
        """Load a page, wait until it is at rest, and hold it to the rules as it looks now, or in every look."""
        if look is not None:
            self.put_on(look)
        self.quiet()
        loaded = self.load(path, status)
        if everywhere:
            self.inspect_everywhere()
        else:
            self.inspect()
        return loaded

    def load(self, path: str, status: int = 200) -> Loaded:
        """Load a page and wait until it is at rest."""
        self.transferred.clear()
        self.kinds.clear()
        self.visiting = True
        response = self.page.goto(f"{self.site}{path}")
        self.visiting = False
        assert response is not None, f"{path} is the page that is shown"
        assert response.status == status, f"{path} answers {response.status}, not {status}: {self.words()[:500]}"
        assert urlsplit(self.page.url).path == urlsplit(path).path, f"{path} leads to {self.page.url}"
        self.settle()
        request_id = response.header_value("X-Request-ID") or ""
        return Loaded(status, request_id, dict(self.transferred), len(self.kinds), self.page.evaluate(SHIFT))

    def inspect(self) -> None:
        """Hold the page as it is now to the rules; once more in each state that a click brings about."""
        self.hold(self.faults_of_look())

    def inspect_everywhere(self) -> None:
        """Hold this state of the page to the rules at every size, in every colour and in a narrow window."""
        before = self.look
        found: dict[str, list[str]] = {}
        for look in (*looks.EVERY, looks.FORCED):
            self.put_on(look)
            for fault in self.faults_of_look():
                found.setdefault(fault, []).append(str(look))
        self.put_on(Look(looks.NARROW))
        for fault in self.page.evaluate(SCRIPTS["overflow"]):
            found.setdefault(fault, []).append(str(self.look))
        self.put_on(before)
        self.hold([f"{fault}  [{', '.join(dict.fromkeys(where))}]" for fault, where in found.items()])

    def faults_of_look(self) -> list[str]:
        """What is wrong with the page as it looks now, and what went wrong before."""
        found = [*self.seen(), *axe.violations(self.page)]
        for script in ("overflow", "spills"):
            found += self.page.evaluate(SCRIPTS[script])
        if self.look.by_touch and not self.look.forced:
            found += self.page.evaluate(SCRIPTS["targets"], looks.FINGER)
        return found

    def put_on(self, look: Look) -> None:
        """Let the page look so, without loading it again."""
        width, height = look.size
        if self.page.viewport_size != {"width": width, "height": height}:
            self.page.set_viewport_size({"width": width, "height": height})
        if look.by_touch != self.look.by_touch:
            self.devtools.send("Emulation.setTouchEmulationEnabled", {"enabled": look.by_touch})
        self.page.emulate_media(color_scheme=look.scheme, forced_colors="active" if look.forced else "none")
        self.look = look
        self.settle()

    def settle(self) -> None:
        """Wait until nothing is under way."""
        self.page.evaluate(SCRIPTS["settle"])

    def leave(self) -> None:
        """Leave the page for the next test, and let the browser forget everything but the static files.

        It goes to a page without scripts, for a blank one would take the renderer and what it compiled along.
        """
        self.page.goto(f"{self.site}{QUIET}")
        self.page.evaluate("() => sessionStorage.clear()")
        self.page.context.clear_cookies()
        self.devtools.send("Storage.clearDataForOrigin", {"origin": self.site, "storageTypes": "all"})
        self.put_on(looks.FIRST)
        self.visiting = False
        self.faults.clear()

    def quiet(self) -> None:
        """Whatever was done since the last look left no fault."""
        self.hold(self.seen())

    def hold(self, found: list[str]) -> None:
        """Nothing was found, or the test fails with all of it."""
        assert not found, "\n".join([f"{self.page.url} at {self.look}:", *dict.fromkeys(found)])

    def forgive(self, pattern: str) -> None:
        """A fault that a test brought about: it must be there, and counts no more."""
        self.faults = self.seen()
        meant = [fault for fault in self.faults if re.search(pattern, fault)]
        assert meant, f"nothing went wrong that is like {pattern}: {self.faults}"
        self.faults = [fault for fault in self.faults if fault not in meant]

    # -- what it looks at

    def seen(self) -> list[str]:
        """The faults since the last look, those that the page noted itself among them."""
        refused = [f"policy: {each}" for each in self.page.evaluate(TAKEN)]
        found, self.faults = [*self.faults, *refused], []
        return found

    def words(self) -> str:
        return self.page.locator("body").inner_text()
