"""In whose words and by which clock pages are shown: the language of whoever reads, the time zone of the dealership."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseBase
from django.utils import timezone, translation
from django.views import i18n
from django.views.decorators.http import require_POST

from config.backoffice.errors import API
from dealers import tenancy
from dealers.models import Dealership, User

Respond = Callable[[Any], HttpResponseBase]


class LocalisationMiddleware:
    """Pages in the person's language, if they have chosen one, and on the clock of the one dealership they work in.

    Without a choice it stays what LocaleMiddleware found: the cookie's language, else the browser's. Whoever works in
    several dealerships sees UTC where a page does not go by each row's own clock. The API goes by the request alone:
    its language is the header's, and its moments are UTC.
    """

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: Any) -> HttpResponseBase:
        if request.path.startswith(API):
            return self.respond(request)
        chosen = language_of(request.impersonator or request.user)
        if chosen:
            translation.activate(chosen)
            request.LANGUAGE_CODE = chosen
        with timezone.override(zone_of(tenancy.scope.get())):
            return self.respond(request)


def language_of(who: Any) -> str:
    """The language that a person or a dealership has chosen, if it is one that there is; blank for a stranger."""
    chosen = getattr(who, "language", "")
    return chosen if chosen in dict(settings.LANGUAGES) else ""


def zone_of(scope: tenancy.Scope) -> ZoneInfo | None:
    """The time zone of the scope's dealership; None if it holds none or several."""
    if len(scope.dealerships) != 1:
        return None
    name = Dealership.objects.filter(pk=scope.dealerships[0]).values_list("time_zone", flat=True).first()
    return ZoneInfo(name) if name else None


@require_POST
def set_language(request: Any) -> HttpResponse:
    """The language of the pages from now on: kept with whoever is signed in, and in a cookie for everybody else.

    Whoever stands in for somebody leaves that person's choice alone. What is no language of ours is not found.
    """
    chosen = request.POST.get(i18n.LANGUAGE_QUERY_PARAMETER, "")
    if chosen not in dict(settings.LANGUAGES):
        raise Http404
    if request.user.is_authenticated and not request.impersonator:
        User.objects.filter(pk=request.user.pk).update(language=chosen)
    response: HttpResponse = i18n.set_language(request)
    return response
