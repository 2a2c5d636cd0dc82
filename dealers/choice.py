"""The dealership that somebody works in, of those they belong to: by the session's choice, or an API request's header.

Whoever chooses one sees and writes its rows alone; without a choice, those of all of theirs.
"""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework.exceptions import PermissionDenied

from dealers import audit, sessions
from dealers.integrations import Integration
from dealers.models import Dealership, User
from dealers.permissions import roles_of
from dealers.tenancy import Scope, acting

ACTIVE = "dealership"
"""The session's key of the dealership chosen."""
HEADER = "X-Dealership"
ALL = "all"


def whole(user: User | Integration) -> Scope:
    """Everything that is theirs: a person's dealerships, an integration's one; of a platform administrator, all."""
    if isinstance(user, Integration):
        return Scope((user.dealership_id,))
    if user.is_superuser:
        return Scope((), user.pk, "platform administration")
    with acting(Scope(user_id=user.pk)):
        return Scope(tuple(sorted(roles_of(user))), user.pk)


def scope_of(user: User | Integration, dealership_id: int | None) -> Scope:
    """The dealership chosen, else all of theirs."""
    return whole(user) if dealership_id is None else Scope((dealership_id,), user.pk)


def chosen(request: Any, user: User | Integration) -> int | None:
    """The dealership that the session names, if the person still belongs to it; an integration's own."""
    if isinstance(user, Integration):
        return user.dealership_id
    found = request.session.get(ACTIVE) if hasattr(request, "session") else None
    if isinstance(found, int) and (user.is_superuser or found in roles_of(user)):
        return found
    return None


def works_in_one(request: Any) -> bool:
    """Whether the request's rows are those of one dealership, chosen of several."""
    return getattr(request, "dealership_id", None) is not None


def named(request: Any, user: User | Integration) -> int | None:
    """The dealership that an API request names in its header. Raises PermissionDenied if it is none of the person's."""
    given = request.headers.get(HEADER)
    if given is None:
        return None
    if (found := one_of_theirs(user, given)) is None:
        words = _("%(header)s names no dealership of yours; write the id of one that /api/v1/auth/me/ lists.")
        raise PermissionDenied(words % {"header": HEADER}, "unknown_dealership")
    return found.pk


def theirs(user: User) -> list[Dealership]:
    """The dealerships that a person can choose from, whatever they have chosen; by name."""
    with acting(whole(user)):
        return list(Dealership.objects.filter(is_active=True).visible_to(user).order_by("name", "code"))


def one_of_theirs(user: User | Integration, given: str) -> Dealership | None:
    if not (given.isascii() and given.isdecimal() and len(given) < 19):
        return None
    with acting(whole(user)):
        return Dealership.objects.filter(is_active=True, pk=int(given)).visible_to(user).first()  # type: ignore[arg-type]


def choose(request: Any, given: str) -> None:
    """Work in this dealership from now on, or in all of one's own. Raises Http404 for what is none of the person's."""
    user, before = request.user, request.session.get(ACTIVE)
    found = None if given == ALL else one_of_theirs(user, given)
    if found is None and given != ALL:
        raise Http404
    if found is None:
        request.session.pop(ACTIVE, None)
    else:
        request.session[ACTIVE] = found.pk
    sessions.renew(request)
    with acting(whole(user)):
        audit.record("dealership.chosen", found, changes={"dealership": [before, found.pk if found else None]})
