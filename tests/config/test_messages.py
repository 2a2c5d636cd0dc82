"""Every text is translated into every language, and what is committed is what the sources say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages import Message
from django.conf import settings
from django.template.base import Lexer, TokenType
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext
from django_celery_beat.models import PeriodicTask

from config import messages
from config.messages import LANGUAGES, Texts

PAGES = [file for file in messages.sources() if file.suffix == ".html"]
CODE = """
from django.utils.translation import gettext as _, gettext_lazy, ngettext, pgettext, pgettext_lazy, npgettext
from django.utils.translation import gettext as said_now, ngettext as said_of_some

one = _("A text")
two = gettext_lazy("Another, " "in two parts")
three = ngettext("%(count)d run", "%(count)d runs", 3)
four = pgettext("of a door", "open"), pgettext_lazy("of a month", "May")
five = npgettext("of a month", "%d day", "%d days", 2)
six = _(one), f"{_('in a sentence')} {one}", translation.gettext("by its module")
seven = said_now("under another name"), said_of_some("one more", "some more", 2)
"""
PAGE = """{% load i18n %}
  <p title="{% translate 'A title' %}">{{ name|default:_("Nobody") }}</p>
      {% translate "open" context "of a door" %}
  {% blocktranslate trimmed count runs=count %}
    One run of {{ name }}
  {% plural %}
    {{ runs }} runs of {{ name }}
  {% endblocktranslate %}
{% blocktranslate %}100 % of it{% endblocktranslate %}
"""


@pytest.fixture(scope="module")
def template() -> Texts:
    return messages.extracted()


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small project with an application and a page."""
    for name, text in {"shop/__init__.py": "", "shop/words.py": CODE, "templates/page.html": PAGE}.items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    monkeypatch.setattr(messages, "ROOT", tmp_path)
    monkeypatch.setattr(messages, "LOCALE", tmp_path / "locale")
    monkeypatch.setattr(messages, "BORROWED", ())
    return tmp_path


class Said(HTMLParser):
    """What a page says in words of its own, with the line."""

    NAMES = re.compile(r"Forecourt|CSV|XLSX|Rp|\S*\d\S*|&\w+;")
    NO_WORDS = ("code", "kbd", "samp", "script", "style")
    ATTRIBUTES = ("title", "alt", "placeholder", "aria-label", "aria-description")

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []
        self.inside: str | None = ""
        self.feed("".join(without_tags(page.read_text())))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = tag
        for name, value in attrs:
            if name in self.ATTRIBUTES:
                self.handle_data(value or "")

    def handle_endtag(self, tag: str) -> None:
        self.inside = None

    def handle_data(self, data: str) -> None:
        if self.inside not in self.NO_WORDS and re.search(r"[^\W\d_]{2}", self.NAMES.sub("", data)):
            self.found.append((self.getpos()[0], data.strip()))


def without_tags(source: str) -> Iterator[str]:
    """A template's own text, without Django's tags and without what they translate; its lines stay."""
    translated = False
    for token in Lexer(source).tokenize():
        if token.token_type == TokenType.BLOCK and "blocktrans" in token.split_contents()[0]:
            translated = not token.contents.startswith("end")
        shown = token.token_type == TokenType.TEXT and not translated
        yield token.contents if shown else "\n" * token.contents.count("\n")


def translated(words: str | tuple[str, str], *strings: str) -> list[str]:
    """What is wrong with a Spanish translation of a text."""
    asked = Message(words)
    given = Message(words, strings[0] if isinstance(words, str) else strings)
    return list(messages.wrongs(asked, given, plurals=2))


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_untranslated(template: Texts, language: str) -> None:
    found = messages.faults(template, messages.catalogue(language))
    assert not found, "\n".join(map(str, found))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_files_are_what_make_messages_writes(template: Texts, language: str) -> None:
    kept = messages.brought_up_to(template, messages.catalogue(language))
    for suffix, content in (("po", messages.written(kept)), ("mo", messages.compiled(kept))):
        assert messages.path_of(language, suffix).read_bytes() == content, f"django.{suffix}: run `make messages`"


def test_every_language_offered_has_a_catalogue() -> None:
    assert {code for code, _name in settings.LANGUAGES} == {settings.LANGUAGE_CODE, *LANGUAGES}
    assert settings.LOCALE_PATHS == [messages.LOCALE]


@pytest.mark.parametrize(("language", "said"), [("en", "dealership"), ("id", "dealer"), ("es", "concesionario")])
def test_a_text_is_said_in_the_language_asked_for(language: str, said: str) -> None:
    with translation.override(language):
        assert translation.gettext("dealership") == said


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_of_ours_takes_the_place_of_a_months_name(language: str) -> None:
    months = {"id": "Mei mei", "es": "mayo may"}
    with translation.override(language):
        assert date_format(date(2026, 5, 1), "F b") == months[language]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(messages.ROOT).as_posix())
def test_a_page_says_nothing_that_is_not_translated(page: Path) -> None:
    assert Said(page).found == []


def test_a_word_past_gettext_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        "{% load i18n %}\n<p title='{% translate 'x' %}'>{{ name }}</p>\n<b title='Save it'>{{ x }} more</b>"
    )
    assert Said(page).found == [(3, "Save it"), (3, "more")]


def test_texts_are_found_in_code_and_in_pages(sources: Path) -> None:
    found = {(message.id, message.context) for message in messages.texts(messages.extracted())}
    assert found == {
        ("A text", None),
        ("Another, in two parts", None),
        (("%(count)d run", "%(count)d runs"), None),
        ("open", "of a door"),
        ("May", "of a month"),
        (("%d day", "%d days"), "of a month"),
        ("in a sentence", None),
        ("by its module", None),
        ("under another name", None),
        (("one more", "some more"), None),
        ("A title", None),
        ("Nobody", None),
        (("One run of %(name)s", "%(runs)s runs of %(name)s"), None),
        ("100 %% of it", None),
    }


def test_packages_without_a_language_speak_it_all_the_same(template: Texts) -> None:
    borrowed = {text for file, _ in messages.borrowed() for _, text, _ in messages.texts_of(file)}
    assert {"periodic tasks", "is in range", "Change history: %s"} <= borrowed
    with translation.override("id"):
        assert str(PeriodicTask._meta.verbose_name_plural) == "tugas berkala"
    with translation.override("es"):
        assert gettext("Change history: %s") == "Historial de cambios: %s"


def test_a_new_text_is_told_with_its_place(sources: Path) -> None:
    found = messages.faults(messages.extracted(), Texts("id"))
    assert "id: not in the catalogue (run `make messages`): 'A text' (shop/words.py:5)" in map(str, found)


def test_translations_stay_when_the_catalogue_is_brought_up_to_the_sources(sources: Path) -> None:
    assert messages.main() == 1
    kept = messages.catalogue("id")
    kept.get("A text").string = "Sebuah teks"  # type: ignore[union-attr]
    messages.path_of("id", "po").write_bytes(messages.written(kept))
    sources.joinpath("shop", "words.py").write_text('_("A text")\n_("A newer text")\n')
    messages.main()
    found = {messages.name_of(message)[0]: message.string for message in messages.texts(messages.catalogue("id"))}
    assert found["A text"] == "Sebuah teks"
    assert found["A newer text"] == ""
    assert "Another, in two parts" not in found


def test_writing_twice_changes_nothing(sources: Path) -> None:
    messages.main()
    once = {file: file.read_bytes() for file in messages.LOCALE.rglob("django.*")}
    messages.main()
    assert {file: file.read_bytes() for file in messages.LOCALE.rglob("django.*")} == once
    assert len(once) == 2 * len(LANGUAGES)


@pytest.mark.parametrize(
    ("words", "strings", "why"),
    [
        ("%(name)s is late", ["%(nombre)s se retrasa"], "other placeholders"),
        ("%s of %s", ["%s"], "other placeholders"),
        ("{name} is late", ["Se retrasa"], "other placeholders"),
        ("late", [""], "not translated"),
        ("late\n", ["tarde"], "other blanks"),
        (("%d run", "%d runs"), ["%d ejecuciones"], "1 plural forms, not 2"),
        (("%d run", "%d runs"), ["%d ejecución", "ejecuciones"], "other placeholders"),
        (("%d run", "%d runs"), ["%d ejecución", ""], "not translated"),
    ],
)
def test_a_translation_that_would_go_wrong_is_refused(words: str, strings: list[str], why: str) -> None:
    found = translated(words, *strings)
    assert len(found) == 1
    assert found[0].startswith(why)


@pytest.mark.parametrize(
    ("words", "strings"),
    [
        ("%(name)s of %(all)s", ["%(all)s: %(name)s"]),
        (("One run", "%d runs"), ["Una ejecución", "%d ejecuciones"]),
        (("One run", "%d runs"), ["%d ejecución", "%d ejecuciones"]),
        ("100 %%", ["el 100 %%"]),
    ],
)
def test_a_translation_with_the_same_placeholders_is_right(words: str, strings: list[str]) -> None:
    assert translated(words, *strings) == []


def test_a_translation_that_somebody_is_unsure_of_is_none() -> None:
    assert list(messages.wrongs(Message("late"), Message("late", "tarde", flags={"fuzzy"}), plurals=2)) == [
        "marked as fuzzy"
    ]
