"""What a person keeps of how they look at a list: saved views, columns and density."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from config.backoffice.resources import Look
from dealers.models import ListPreference, SavedView, User


@transaction.atomic
def save(user: User, resource: str, name: str, query: str, *, default: bool = False) -> SavedView:
    """Keep the filters of a list under a name; one of that name takes the new filters. Raises ValidationError."""
    theirs = SavedView.objects.of(user, resource)
    name = " ".join(name.split())
    view = theirs.filter(name__iexact=name).first() or SavedView(user=user, resource=resource, name=name)
    view.query = query.removeprefix("?")
    if view.pk is None and theirs.count() >= SavedView.MOST:
        raise ValidationError(_("You have %(most)s views of this list: delete one first.") % {"most": SavedView.MOST})
    view.full_clean(exclude=["user"])
    view.save()
    if default:
        view.make_default()
    return view


def look_of(user: Any, resource: str) -> Look:
    """How the person looks at a list, in two queries."""
    kept = preference_of(user, resource)
    return Look(kept.columns, kept.density, list(SavedView.objects.of(user, resource)))


def default_of(user: User, resource: str) -> SavedView | None:
    """What the list opens with for this person."""
    return SavedView.objects.of(user, resource).filter(is_default=True).first()


def preference_of(user: User, resource: str) -> ListPreference:
    """The person's own, or what everybody begins with; that one is not stored."""
    theirs = ListPreference.objects.filter(user_id=user.pk, resource=resource)
    return theirs.first() or ListPreference(user=user, resource=resource)


@transaction.atomic
def prefer(
    user: User, resource: str, *, columns: Iterable[str] | None = None, density: str | None = None
) -> ListPreference:
    """Keep the columns, the density or both; no columns are the usual ones. Raises ValidationError."""
    found = preference_of(user, resource)
    if columns is not None:
        found.columns = list(dict.fromkeys(each for each in columns if each))
    if density is not None:
        found.density = density
    found.full_clean(exclude=["user"], validate_unique=False, validate_constraints=False)
    kept, _made = ListPreference.objects.update_or_create(
        user_id=user.pk, resource=resource, defaults={"columns": found.columns, "density": found.density}
    )
    return kept
