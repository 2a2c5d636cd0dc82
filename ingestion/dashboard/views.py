"""The dashboard, each widget by itself, and the choice of widgets."""

from __future__ import annotations

import hashlib
import logging
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from config.backoffice.patience import TooSlow, patience
from ingestion.dashboard import order, setup
from ingestion.dashboard.places import Asked
from ingestion.dashboard.shown import Widget
from ingestion.dashboard.widgets import WIDGETS

log = logging.getLogger(__name__)
MILLISECONDS = 1_500
"""What a statement of a widget may take."""
WELL, FAILED = 200, 500


def asked_by(request: Any) -> Asked:
    return Asked(request.user, request.dealership_id, timezone.now())


@require_safe
@login_required
def dashboard(request: HttpRequest) -> HttpResponse:
    """The places of the widgets, which load by themselves; before anything is fetched, what there is to set up."""
    asked = asked_by(request)
    context: dict[str, Any] = {"dealership": asked.visible().first() if asked.visible()[:2].count() == 1 else None}
    if setup.is_needed(asked):
        return render(request, "dashboard/setup.html", context | {"steps": list(setup.steps(asked))})
    context["widgets"] = [(widget, widget.leads_to(asked)) for widget in order.shown(asked)]
    context["choices"] = order.all_in_order(asked)
    return render(request, "dashboard/page.html", context)


@require_safe
@login_required
@vary_on_headers("HX-Request")
def widget(request: Any, name: str) -> HttpResponse:
    """A widget: its part of the dashboard for htmx, else a page of its own."""
    asked, found = asked_by(request), WIDGETS[name]
    if not found.open_to(asked):
        raise PermissionDenied
    alone = not request.htmx or request.htmx.history_restore_request
    body, status = drawn(request, found, asked, alone)
    if not alone:
        return part(request, body)
    return render(request, "dashboard/widget.html", {"widget": found, "body": body}, status=status)


def part(request: Any, body: str) -> HttpResponse:
    """What stands in the widget's place, also if it failed; nothing to who has the same already."""
    version = hashlib.sha256(body.encode()).hexdigest()[:16]
    if request.GET.get("v") == version:
        return HttpResponse(status=204)
    return HttpResponse(format_html('<input type="hidden" name="v" value="{}">', version) + body)


def drawn(request: Any, found: Widget, asked: Asked, alone: bool) -> tuple[str, int]:
    """A widget's contents, or what went wrong: nothing of it reaches the other widgets or the transaction."""
    context: dict[str, Any] = {"widget": found, "alone": alone}
    try:
        with patience(MILLISECONDS):
            context["shown"] = found.query(asked)
            return render_to_string(found.template, context, request), WELL
    except Exception as error:
        log.exception("dashboard: the widget %s failed", found.name)
        context |= {"request_id": request.id, "words": str(error) if isinstance(error, TooSlow) else ""}
    return render_to_string("dashboard/failed.html", context, request), FAILED


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def customise(request: Any) -> HttpResponse:
    """Which widgets are shown and in what order: a button moves one, a box hides it, Save keeps it."""
    asked = asked_by(request)
    if request.method != "POST":
        return render(request, "dashboard/customise.html", {"choices": order.all_in_order(asked)})
    may_see = order.open_to(asked)
    names = [name for name in dict.fromkeys(request.POST.getlist("order")) if name in may_see]
    shown = {name for name in request.POST.getlist("shown") if name in may_see}
    verb, _colon, name = request.POST.get("do", "").partition(":")
    if verb in ("up", "down") and name in names:
        names = order.moved(names, name, -1 if verb == "up" else 1)
        context: dict[str, Any] = {"choices": [(may_see[each], each in shown) for each in names]}
        if not request.htmx:
            return render(request, "dashboard/customise.html", context)
        context |= {"moved": may_see[name], "place": names.index(name) + 1}
        return render(request, "dashboard/choices.html", context)
    if verb == "usual":
        order.choose(request.user, ())
        messages.success(request, _("The dashboard is as it comes."))
        return redirect("home")
    if not shown:
        context = {"choices": [(may_see[each], False) for each in names], "problem": _("Choose at least one.")}
        return render(request, "dashboard/customise.html", context, status=422)
    order.choose(request.user, [each for each in names if each in shown])
    messages.success(request, _("The dashboard is saved."))
    return redirect("home")
