"""Finds pages, what can be begun, rows and records by a few words: the bar at the top, and the command palette."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from config import menu
from config.backoffice.finding import beginnings, rows_with
from dealers import flags
from ingestion.finding import records_with


@login_required
def search(request: HttpRequest) -> HttpResponse:
    """Pages whose name has the words, and rows and records that have them, the newest of each kind."""
    words = " ".join(request.GET.get("q", "").split())[:100]

    def fits(label: object) -> bool:
        return bool(words) and words.casefold() in str(label).casefold()

    pages = [each for _group, items in menu.shown(request) for each in items if fits(each.item.label)]
    found = [*rows_with(request.user, words), *records_with(request.user, words)] if len(words) > 1 else []
    context = {"words": words, "pages": pages, "beginnings": list(beginnings(request.user, fits)), "found": found}
    part = bool(getattr(request, "htmx", None))
    if part and not flags.is_on("command_palette", flags.dealership_of(request)):
        raise Http404
    return render(request, "search/choices.html" if part else "search/page.html", context)


@login_required
def whole_menu(request: HttpRequest) -> HttpResponse:
    """The navigation as a page, for phones without scripts."""
    return render(request, "menu.html")
