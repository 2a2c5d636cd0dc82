"""What tests of pages ask for, and what they read in the answers."""

from __future__ import annotations

from typing import Any

from django.test import Client


def text(answer: Any) -> str:
    return str(answer.content.decode())


def page(client: Client, address: str, **asked: Any) -> str:
    answer = client.get(address, asked)
    assert answer.status_code == 200, text(answer)
    return text(answer)


def part(client: Client, address: str, target: str = "rows", **asked: Any) -> Any:
    """What htmx is answered that asks for a part of the page."""
    return client.get(address, asked, headers={"HX-Request": "true", "HX-Target": target})


def done(client: Client, address: str, **given: Any) -> list[str]:
    """What a page says after something was done."""
    answer = client.post(address, given, follow=True)
    assert answer.status_code == 200, text(answer)
    return [str(message) for message in answer.context["messages"]]
