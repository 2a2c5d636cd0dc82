"""What the content security policy would refuse, or htmx quietly drop under it, is in no template."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted({*ROOT.glob("templates/**/*.html"), *ROOT.glob("*/templates/**/*.html")})

UNSEEN = re.compile(r"\{#.*?#\}|\{% comment.*?%\}.*?\{% endcomment %\}|<!--.*?-->|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
"""Comments, and the template's own tags, which may hold a > or a word with an = after it."""
FORBIDDEN = {
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "a script without a file": re.compile(
        r"<script\b(?![^>]*\ssrc\s*=)(?![^>]*\stype\s*=\s*[\"']?application/(?:ld\+)?json)", re.IGNORECASE
    ),
    "a handler in an attribute": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "hx-on": re.compile(r"\b(?:data-)?hx-on\b", re.IGNORECASE),
    "a script in htmx's attributes": re.compile(r"=\s*[\"']?\s*(?:js|javascript):", re.IGNORECASE),
    "a filter in hx-trigger": re.compile(r"hx-trigger\s*=\s*(?:\"[^\"]*\[|'[^']*\[)", re.IGNORECASE),
    "an extension of htmx": re.compile(r"\bhx-ext\b", re.IGNORECASE),
}


def refused(text: str) -> list[str]:
    """What of a template's text is forbidden."""
    plain = UNSEEN.sub("", text)
    return [f"{words}: {found[0].strip()[:80]}" for words, each in FORBIDDEN.items() for found in each.finditer(plain)]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_holds_nothing_that_the_policy_refuses(template: Path) -> None:
    assert refused(template.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('<p style="color: red">', "a style attribute"),
        ('<p\n  class="{% if a > b %}x{% endif %}"\n  style="color: red">', "a style attribute"),
        ("<style>p { color: red }</style>", "a style element"),
        ("<script>alert(1)</script>", "a script without a file"),
        ('<script type="module">alert(1)</script>', "a script without a file"),
        ('<button onclick="go()">', "a handler in an attribute"),
        ('<div hx-on:click="go()">', "hx-on"),
        ("<div hx-vals='js:{now: Date.now()}'>", "a script in htmx's attributes"),
        ('<a href="javascript:go()">', "a script in htmx's attributes"),
        ("<input hx-trigger=\"keyup[key=='Enter']\">", "a filter in hx-trigger"),
        ('<body hx-ext="sse">', "an extension of htmx"),
    ],
)
def test_what_the_policy_refuses_is_found(text: str, words: str) -> None:
    assert [each.partition(":")[0] for each in refused(text)] == [words]


@pytest.mark.parametrize(
    "text",
    [
        "<script src=\"{% static 'js/app.js' %}\" defer></script>",
        '<script id="words" type="application/json">{"a": 1}</script>',
        '<p class="style">{{ style }} one = two</p>',
        '<input hx-trigger="input changed delay:250ms, search" name="filter[a]">',
        '<a href="{% url \'login\' %}?next={{ on }}" data-once="1">',
        '<p>{% include "x.html" with style="wide" %}</p>',
        "{# <p style=x> #}{% comment %}<script>{% endcomment %}<!-- onclick=x -->",
    ],
)
def test_what_is_allowed_is_not(text: str) -> None:
    assert refused(text) == []
