"""Whoever meets an error of ours is told so, with the request's number, whatever else is broken."""

from __future__ import annotations

import pytest
from django.template import TemplateSyntaxError, loader
from django.test import RequestFactory

from config.backoffice.errors import server_error


def test_the_words_come_through_when_the_page_of_errors_is_broken_too(
    rf: RequestFactory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: object) -> str:
        raise TemplateSyntaxError("the manifest of static files is not there")

    request = rf.get("/")
    request.id = "abc123"  # type: ignore[attr-defined]
    assert b"<html" in server_error(request).content
    monkeypatch.setattr(loader, "render_to_string", broken)
    answer = server_error(request)
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "text/plain; charset=utf-8")
    assert "Request: abc123" in answer.content.decode()
    assert "the manifest of static files is not there" in caplog.text
