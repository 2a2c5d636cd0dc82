"""The texts to translate and their catalogues, without gettext's programs: `make messages`.

Development needs it and production does not: what is committed under `config/locale` is whole, compiled files included
(a test holds them to the sources). A text is one of `gettext` and its sisters in Python, or of `translate` and
`blocktranslate` in a template; scripts have none, pages hand them their words.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from importlib.resources import files as installed
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from babel.messages import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "config" / "locale"
LANGUAGES = {"id": "nplurals=1; plural=0;", "es": "nplurals=2; plural=(n != 1);"}
"""Those with a catalogue, with their plural forms; English is what the sources say."""
BORROWED = ("django_celery_beat", "django_filters", "simple_history")
"""Packages that come without one of them, or not whole: what they say is translated with our own texts."""
KINDS = {"gettext": (None, 1), "ngettext": (None, 2), "pgettext": (0, 1), "npgettext": (0, 2)}
"""gettext's functions: which argument is the context, and how many arguments the words are."""
FUNCTIONS = {f"{name}{lazy}": kind for name, kind in KINDS.items() for lazy in ("", "_lazy")}
FUNCTIONS |= {"_": KINDS["gettext"], "gettext_noop": KINDS["gettext"]}
IN_PAGES = {"gettext": None, "_": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3)}
"""The same as Babel says it, of what Django makes of a template."""
PLACEHOLDER = re.compile(r"%\(\w+\)[sdif]|%[sdif]|\{\w*\}")

Text = tuple[int, str | tuple[str, ...], str | None]
"""A text's line, its words (singular and plural where they count) and its context."""
Name = tuple[str, str | None]
"""What a text is found by: its (singular) words and its context."""


class Texts(Catalog):
    """A catalogue whose header says only what a program needs to read it: no dates, no names."""

    def __init__(self, language: str = "") -> None:
        super().__init__(header_comment="# Written by `make messages`: docs/translations.md.", fuzzy=False)
        self.language = language
        self._num_plurals = int(LANGUAGES[language][len("nplurals=")]) if language else 2  # type: ignore[assignment]

    def _headers(self) -> list[tuple[str, str]]:
        return [
            ("Language", self.language),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
            ("Plural-Forms", LANGUAGES.get(self.language, "")),
        ]

    mime_headers = property(_headers)


class Fault(NamedTuple):
    """What keeps a catalogue from being complete, with the first place of the text in the sources."""

    language: str
    place: str
    text: str
    why: str

    def __str__(self) -> str:
        return f"{self.language}: {self.why}: {self.text!r} ({self.place})"


def sources() -> Iterator[Path]:
    """Every file of ours that may hold a text, in an order of its own."""
    packages = sorted(found.parent for found in ROOT.glob("*/__init__.py") if found.parent.name != "tests")
    for package in packages:
        yield from sorted(file for file in package.rglob("*.py") if "migrations" not in file.parts)
    for folder in (ROOT / "templates", *(package / "templates" for package in packages)):
        yield from sorted(file for file in folder.rglob("*") if file.suffix in (".html", ".txt"))


def borrowed() -> Iterator[tuple[Path, Path]]:
    """Every file of the packages that may hold a text, and the folder that they are installed in.

    Raises ModuleNotFoundError.
    """
    for name in BORROWED:
        folder = Path(str(installed(name)))
        for file in sorted(folder.rglob("*")):
            if file.suffix in (".html", ".py") and "migrations" not in file.parts:
                yield file, folder.parent


def texts_of(file: Path) -> Iterator[Text]:
    """Each text of a file."""
    source = file.read_text()
    return in_code(source, str(file)) if file.suffix == ".py" else in_page(source, str(file))


def in_code(source: str, name: str) -> Iterator[Text]:
    """By Python's own parser: Babel's looks into no f-string, and knows no function by the name it has in a module."""
    tree = ast.parse(source, name)
    functions = FUNCTIONS | renamed(tree)
    for node in ast.walk(tree):
        called = getattr(node.func, "attr", getattr(node.func, "id", "")) if isinstance(node, ast.Call) else ""
        if not isinstance(node, ast.Call) or called not in functions:
            continue
        at, count = functions[called]
        first = 0 if at is None else 1
        given = [argument.value if isinstance(argument, ast.Constant) else None for argument in node.args]
        needed = given[: first + count]
        if len(needed) == first + count and all(isinstance(each, str) for each in needed):
            words = tuple(map(str, needed[first:]))
            yield node.lineno, words if count > 1 else words[0], None if at is None else str(needed[at])


def renamed(tree: ast.AST) -> dict[str, tuple[int | None, int]]:
    """gettext's functions by the names under which a module imports them, mostly `_`."""
    imported = [each for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for each in node.names]
    return {each.asname: FUNCTIONS[each.name] for each in imported if each.asname and each.name in FUNCTIONS}


def in_page(source: str, name: str) -> Iterator[Text]:
    # Each line of its own: what is left of the page's indentation would be an error of Python's.
    calls = "\n".join(line.strip() for line in templatize(source, name).splitlines())
    for line, words, _comments, context in extract(
        "python", BytesIO(calls.encode()), IN_PAGES, options={"encoding": "utf-8"}
    ):
        yield line, words, context


def extracted(files: Iterable[Path] | None = None) -> Texts:
    """Every text of the sources, each with the files it stands in (and, in memory, their lines)."""
    found = Texts()
    ours = ((file, ROOT) for file in files or sources())
    for file, root in [*ours, *(() if files else borrowed())]:
        for line, words, context in texts_of(file):
            found.add(words, locations=[(file.relative_to(root).as_posix(), line)], context=context)
    return found


def path_of(language: str, suffix: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / f"django.{suffix}"


def catalogue(language: str) -> Texts:
    """The committed translations of a language; none yet if it has no file."""
    kept = Texts(language)
    file = path_of(language, "po")
    if file.exists():
        with file.open("rb") as opened:
            for message in read_po(opened, locale=language, abort_invalid=True):
                if message.id:
                    kept[message.id] = message
    return kept


def brought_up_to(template: Texts, kept: Texts) -> Texts:
    """The template's texts with the translations that there are. One whose text is gone goes too: git remembers it."""
    language = Texts(kept.language)
    for message in texts(template):
        before = kept.get(message.id, message.context)
        string = before.string if before is not None and before.pluralizable == message.pluralizable else None
        flags = before.flags & {"fuzzy"} if before is not None else set()
        language.add(message.id, string, message.locations, flags, context=message.context)
    return language


def texts(catalog: Catalog) -> list[Message]:
    """A catalogue's messages without its header, in the order of their words."""
    return sorted((message for message in catalog if message.id), key=lambda message: name_of(message)[0].lower())


def name_of(message: Message) -> Name:
    return (message.id if isinstance(message.id, str) else message.id[0]), message.context


def strings_of(message: Message) -> list[str]:
    """The translation, or each of its plural forms; a blank for what is not translated."""
    given = [message.string] if isinstance(message.string, str) else list(message.string or ())
    return given or [""]


def plural_of(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[-1]


def written(catalog: Texts) -> bytes:
    """A catalogue as a file: sorted, with files for places and no line numbers, so that a diff shows what changed."""
    opened = BytesIO()
    write_po(opened, catalog, width=120, sort_output=True, include_lineno=False, omit_header=False)
    return opened.getvalue()


def compiled(catalog: Texts) -> bytes:
    """What Django reads: the texts that are translated, so that the others are said in English."""
    whole = Texts(catalog.language)
    for message in texts(catalog):
        if all(strings_of(message)):
            whole.add(message.id, message.string, flags=message.flags, context=message.context)
    opened = BytesIO()
    write_mo(opened, whole)
    return opened.getvalue()


def faults(template: Texts, kept: Texts) -> list[Fault]:
    """What the sources say and the catalogue does not (or not rightly), and what it says that they no longer do."""
    language = kept.language
    found = []
    for message in texts(template):
        for why in wrongs(message, kept.get(message.id, message.context), kept.num_plurals):
            place = ":".join(map(str, message.locations[0]))
            found.append(Fault(language, place, name_of(message)[0], why))
    names = {name_of(message) for message in texts(template)}
    gone = (name_of(message) for message in texts(kept) if name_of(message) not in names)
    return found + [Fault(language, "nowhere", words, "no longer used") for words, _context in gone]


def wrongs(message: Message, translated: Message | None, plurals: int) -> Iterator[str]:
    """Why a translation of `message` is not one, if it is not."""
    if translated is None or translated.pluralizable != message.pluralizable:
        yield "not in the catalogue (run `make messages`)"
        return
    strings = strings_of(translated)
    if not all(strings):
        yield "not translated"
        return
    if translated.fuzzy:
        yield "marked as fuzzy"
    if message.pluralizable and len(strings) != plurals:
        yield f"{len(strings)} plural forms, not {plurals}"
    singular, plural = (placeholders(words) for words in (name_of(message)[0], plural_of(message)))
    for form, string in enumerate(strings):
        # Where a language has a form for one thing alone, it may leave out the number if English does.
        alone = form == 0 and len(strings) > 1
        if placeholders(string) != plural and not (alone and placeholders(string) == singular):
            yield f"other placeholders in {string!r}"
        if blanks(string) != blanks(name_of(message)[0]):
            yield f"other blanks at the ends of {string!r}"


def placeholders(words: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(words.replace("%%", "")))


def blanks(words: str) -> tuple[bool, bool]:
    """Whether a text begins and ends with a line break or a blank."""
    return words[:1].isspace(), words[-1:].isspace()


def main() -> int:
    """Bring the catalogues up to the sources, compile them, and say what is left to translate."""
    template = extracted()
    left = []
    for language in LANGUAGES:
        kept = brought_up_to(template, catalogue(language))
        path_of(language, "po").parent.mkdir(parents=True, exist_ok=True)
        path_of(language, "po").write_bytes(written(kept))
        path_of(language, "mo").write_bytes(compiled(kept))
        left += faults(template, kept)
    for fault in left:
        sys.stdout.write(f"{fault}\n")
    sys.stdout.write(f"{len(texts(template))} texts in {len(LANGUAGES)} languages, {len(left)} left to do\n")
    return bool(left)


if __name__ == "__main__":
    sys.exit(main())
