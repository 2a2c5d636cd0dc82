"""What a feed is like: how its runs end and when it brings records, and what is out of the ordinary for it."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from ingestion.models import Feed, Run
from ingestion.store import put

FADING = 0.95
"""How much of the longest silence is remembered each time a record arrives."""
MANY = 20
"""Changes of fewer records than that are nothing to look at."""
ALWAYS = 20
"""So many runs in a row brought records: it always does."""


def note(run: Run, since: datetime, until: datetime) -> None:
    """Advance the feed's cursor over a window just stored and, at the run's end, remember how it was."""
    feed = run.feed
    changed = move_cursor(feed, since, until)
    if run.finished_at:
        feed.succeeded_at, feed.failures = run.finished_at, 0
        changed += ["succeeded_at", "failures"]
        if run.received:
            gap = run.finished_at - (feed.received_at or run.finished_at)
            feed.silence = max(gap, feed.silence * FADING)
            feed.received_at, feed.filled = run.finished_at, feed.filled + 1
            changed += ["silence", "received_at", "filled"]
        elif feed.filled:
            feed.filled = 0
            changed.append("filled")
    if changed:
        put(feed, changed)


def move_cursor(feed: Feed, since: datetime, until: datetime) -> list[str]:
    """Advance to `until`, neither backward nor over a gap; what the gateway gives no more is no gap."""
    oldest = feed.connection.oldest(timezone.now())
    if feed.cursor is None or (since <= max(feed.cursor, oldest) and feed.cursor < until):
        feed.cursor = until
        return ["cursor"]
    return []


def suspicion(run: Run, counts: dict[str, int]) -> str:
    """Why a person should look at what was just stored; blank if it is nothing out of the ordinary."""
    updated = counts["updated"]
    if updated >= MANY and 2 * updated > stored_up_to(run, 2 * updated + 1):
        return _("%(count)d records changed at once, more than half of those stored.") % {"count": updated}
    if run.kind == Run.Kind.LIVE and not counts["received"] and run.feed.filled >= ALWAYS:
        return _("The answer was empty; the last %(count)d were not.") % {"count": run.feed.filled}
    return ""


def stored_up_to(run: Run, most: int) -> int:
    """How many records of the run's dealership and job type are stored; counting ends at `most`."""
    record = run.feed.kind.record
    return record.objects.filter(dealership=run.dealership_id).order_by()[:most].count()
