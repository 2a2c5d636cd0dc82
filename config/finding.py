"""Finds pages, what can be begun, rows and records by a few words: the bar at the top, and the command palette."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from config import menu
from config.backoffice.finding import Found, beginnings, rows_with, words_of
from config.backoffice.patience import TooSlow, patience
from dealers import flags
from ingestion.finding import records_with


@login_required
def search(request: HttpRequest) -> HttpResponse:
    """Pages whose name has the words, and rows and records that have them, the newest of each kind."""
    words, problem = words_of(request), ""
    found: list[Found] = []

    def fits(label: object) -> bool:
        return bool(words) and words.casefold() in str(label).casefold()

    pages = [each for _name, items in menu.shown(request) for each in items if fits(each.item.label)]
    try:
        with patience():
            found = [*rows_with(request.user, words), *records_with(request.user, words)] if len(words) > 1 else []
    except TooSlow:
        problem = _("This took too long and was stopped. Write more letters, or look in the list of what you look for.")
    context = {
        "words": words,
        "pages": pages,
        "beginnings": list(beginnings(request.user, fits)),
        "found": found,
        "problem": problem,
    }
    part = bool(getattr(request, "htmx", None))
    if part and not flags.is_on("command_palette", flags.dealership_of(request)):
        raise Http404
    return render(request, "search/choices.html" if part else "search/page.html", context)


@login_required
def whole_menu(request: HttpRequest) -> HttpResponse:
    """The navigation as a page, for phones without scripts."""
    return render(request, "menu.html")
