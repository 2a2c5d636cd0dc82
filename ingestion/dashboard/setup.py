"""What is left to do before there is anything to see: connect, choose, invite."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from dealers.models import Membership
from dealers.permissions import may
from ingestion.dashboard.places import Asked
from ingestion.models import Connection, Feed


@dataclass(frozen=True)
class Step:
    """Something to set up; `address` is blank for whoever may not do it."""

    title: str
    words: str
    address: str
    action: str
    done: bool


def is_needed(asked: Asked) -> bool:
    """Whether nothing is fetched for any dealership of the person's."""
    feeds = Feed.objects.visible_to(asked.user)
    return not (feeds if asked.dealership_id is None else feeds.filter(dealership=asked.dealership_id)).exists()


def steps(asked: Asked) -> Iterator[Step]:
    user, here = asked.user, asked.visible()
    platform = bool(user.is_superuser)
    yield Step(
        _("Connect a main dealer"),
        _("Its address, and the keys that it gave you."),
        reverse("admin:ingestion_connection_add") if platform else "",
        _("Connect"),
        platform and Connection.objects.exists(),
    )
    yield Step(
        _("Choose dealerships and their feeds"),
        _("Which dealer codes the connection serves, and which kinds of record are fetched for each."),
        reverse("admin:ingestion_feed_changelist") if platform else "",
        _("Choose"),
        False,
    )
    yield Step(
        _("Invite people"),
        _("Everybody gets a role, which says what they see."),
        reverse("admin:dealers_invitation_add") if user.is_staff and may(user, "dealers.invitation:add") else "",
        _("Invite"),
        Membership.objects.filter(dealership__in=here).exclude(user=user.pk).exists(),
    )
