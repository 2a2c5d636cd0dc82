"""Finds pages and records by a few words: the bar at the top, and the command palette."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from config import menu
from dealers import flags
from ingestion.finding import records_with


@login_required
def search(request: HttpRequest) -> HttpResponse:
    """Pages whose name has the words, and records that have them, the newest of each job type."""
    words = " ".join(request.GET.get("q", "").split())[:100]
    pages = [
        each
        for _group, items in menu.shown(request)
        for each in items
        if words and words.casefold() in str(each.item.label).casefold()
    ]
    found = records_with(request.user, words) if len(words) > 1 else []
    part = bool(getattr(request, "htmx", None))
    if part and not flags.is_on("command_palette", flags.dealership_of(request)):
        raise Http404
    return render(
        request, "search/choices.html" if part else "search/page.html", {"words": words, "pages": pages, "found": found}
    )


@login_required
def whole_menu(request: HttpRequest) -> HttpResponse:
    """The navigation as a page, for phones without scripts."""
    return render(request, "menu.html")
