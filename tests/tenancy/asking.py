"""Visitors who ask every surface, and what is looked for in what they are answered."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from django.core import mail
from django.test import Client
from rest_framework_simplejwt.tokens import RefreshToken

from dealers.models import User
from tests.tenancy.surfaces import Surface
from tests.tenancy.world import CANARY, OTHER_CODE

MARKS = (CANARY, OTHER_CODE)
NO_SUCH_ID = 987_654_321


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    """Status, headers and body, those of every redirect as well."""
    body: str
    location: str

    def shows(self, sent: str = "") -> list[str]:
        """The marks of the other dealership in it, but for those that were sent and so may be repeated."""
        return [mark for mark in MARKS if mark in self.text.lower() and mark not in sent.lower()]

    def alike(self, *ids: Any) -> tuple[int, str, str]:
        """What must be the same whether a row is another dealership's or there is none."""
        body = re.sub(r'(csrfmiddlewaretoken"|csrf-token"|csrfToken:) (value=|content=)?"\w+"', "", self.body)
        body = re.sub(r"<code>[\w.-]{8,64}</code>", "", body)  # the request's id on a page of an error
        for each in ids:
            body = re.sub(rf"\b{re.escape(str(each))}\b", "#", body)
        location = self.location
        for each in ids:
            location = re.sub(rf"\b{re.escape(str(each))}\b", "#", location)
        return self.status, location, body


@dataclass
class Visitor:
    """Somebody with a browser and, if they are anybody, a token."""

    user: User | None
    browser: Client = field(default_factory=lambda: Client(raise_request_exception=False))
    token: str = ""

    def __post_init__(self) -> None:
        if self.user is not None:
            self.browser.force_login(self.user)
            self.token = f"Bearer {RefreshToken.for_user(self.user).access_token}"

    def ask(self, method: str, address: str, *, bearer: bool = False, follow: bool = False, **more: Any) -> Answer:
        """With a token and no session, or with the session of the browser."""
        headers = dict(more.pop("headers", {}))
        client = self.browser
        if bearer:
            client = Client(raise_request_exception=False)
            headers |= {"Authorization": self.token} if self.token else {}
        response: Any = client.generic(method, address, headers=headers, **more)
        found = read(response)
        if follow and found.location:
            after = read(client.get(found.location))
            return Answer(found.status, found.text + after.text, found.body, found.location)
        return found

    def of(self, method: str, surface: Surface, pk: Any, **more: Any) -> Answer:
        """An API's route by token, any other by session."""
        return self.ask(method, surface.at(pk), bearer=surface.is_api, **more)


def mails() -> list[str]:
    """The mails that were sent to somebody with the other dealership's words."""
    sent = (str(each.message()) for each in mail.outbox)
    return [text for text in sent if any(mark in text.lower() for mark in MARKS)]


def read(response: Any) -> Answer:
    content = b"".join(response) if getattr(response, "streaming", False) else response.content
    body = content.decode(errors="replace")
    headers = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
    cookies = response.cookies.output()
    text = f"{response.status_code}\n{headers}\n{cookies}\n{body}"
    return Answer(response.status_code, text, body, response.headers.get("Location", ""))
