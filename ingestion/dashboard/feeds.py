"""How fresh the feeds are, and those that somebody should look at."""

from __future__ import annotations

from urllib.parse import urlencode

from django.db.models import Case, Count, IntegerField, Value, When
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from config.backoffice.formats import number
from ingestion.dashboard.places import Asked
from ingestion.dashboard.sales import OLDEST
from ingestion.dashboard.shown import Item, Shown, Tile
from ingestion.freshness import BAD, words_of
from ingestion.job_types import JOB_TYPES
from ingestion.models import Feed, QuarantinedRecord

State = Feed.State
KINDS = {State.FRESH: "ok", State.LATE: "warn", State.EMPTY: "warn", **dict.fromkeys(BAD[:4], "bad")}


def state_address(state: str = "") -> str:
    """The feeds in a state."""
    return f"{reverse('freshness')}?state={state}" if state else reverse("freshness")


def all_feeds(asked: Asked) -> str:
    return state_address()


def feeds(asked: Asked) -> Shown:
    """Asked anew each time: a feed grows late by the clock alone."""
    here = {} if asked.dealership_id is None else {"dealership": asked.dealership_id}
    known = Feed.objects.with_freshness(asked.now).visible_to(asked.user).filter(job_type__in=JOB_TYPES, **here)
    found = dict(known.order_by().values_list("freshness").annotate(Count("pk")))
    tiles = [
        Tile(str(state.label), number(found[state]), state_address(state), KINDS.get(state, ""))
        for state in (State.FRESH, *BAD, State.WAITING, State.OFF)
        if state in found
    ]
    if asked.user.has_perm("ingestion.quarantinedrecord:view"):
        waiting = QuarantinedRecord.objects.waiting().visible_to(asked.user).filter(**here).count()
        tiles.append(Tile(_("in quarantine"), number(waiting), reverse("quarantine-causes"), "warn" if waiting else ""))
    cases = (When(freshness=state, then=Value(place)) for place, state in enumerate(BAD))
    worst = Case(*cases, output_field=IntegerField())
    bad = known.filter(freshness__in=BAD).select_related("dealership").annotate(worst=worst)
    items = [
        Item(
            capfirst(JOB_TYPES[feed.job_type].label),
            str(State(feed.freshness).label),
            f"{reverse('runs')}?{urlencode({'dealer': feed.dealership.code, 'job': feed.job_type})}",
            KINDS[feed.freshness],
            " · ".join(filter(None, [asked.names.get(feed.dealership_id, ""), words_of(feed, asked.now)])),
        )
        for feed in bad.order_by("worst", "dealership__code", "job_type")[:OLDEST]
    ]
    return Shown(
        tuple(tiles), items=tuple(items), items_title=_("To look at"), none=_("Every feed is as it should be.")
    )
