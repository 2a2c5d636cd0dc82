"""Connections: how each gateway does, what of its quota is used up, and a check of it now. No credential is shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.backoffice import formats
from config.backoffice.cells import Cell, Column, attribute, cell
from config.backoffice.resources import Panel, Resource, Verb, register
from ingestion import freshness, probing
from ingestion.models import Connection, Feed, Gate, Run
from ingestion.operations import shown
from ingestion.operations.runs import ADD, SLOW


def check(connection: Connection, *, by: Any) -> str:
    """Raises PermissionDenied for who may start no run of any of its feeds."""
    if not Feed.objects.visible_to(by, ADD).filter(connection=connection).exists():
        raise PermissionDenied
    probing.check_soon(connection)
    return _("The gateway was asked; below is what it answered.")


# -- what is shown


def gate_of(connection: Connection) -> Gate | None:
    return getattr(connection, "gate", None)


def state(connection: Connection) -> Cell:
    if not connection.is_active:
        return Cell(_("off"), tag="")
    gate = gate_of(connection)
    if gate is not None and gate.is_open:
        return Cell(_("left alone"), tag="bad")
    return Cell(_("in use"), tag="ok")


def used_today(connection: Connection) -> int:
    """A gate's calls are of its own day; on a later one, none are used."""
    gate = gate_of(connection)
    today = timezone.now().astimezone(connection.zone).date()
    return gate.calls if gate is not None and gate.day == today else 0


def quota(connection: Connection) -> Cell:
    used, granted = formats.number(used_today(connection)), connection.calls_per_day
    if granted is None:
        return Cell(_("%(used)s, of any number") % {"used": used})
    return Cell(_("%(used)s of %(granted)s") % {"used": used, "granted": formats.number(granted)})


def clock(connection: Connection) -> Cell:
    """How far its clock is from ours, as the last check found it."""
    gate = gate_of(connection)
    if gate is None or gate.skew is None:
        return Cell()
    words = _("%(seconds)s s") % {"seconds": f"{gate.skew:+.0f}"}
    return Cell(words, tag="warn" if abs(gate.skew) > connection.clock_tolerance else "ok")


def checked(connection: Connection) -> Cell:
    gate = gate_of(connection)
    return shown.at(gate.checked_at, connection.time_zone) if gate else Cell()


def error(connection: Connection) -> str:
    """Why it is left alone, else what the last check found wrong."""
    gate = gate_of(connection)
    return (gate.error or gate.check_error) if gate else ""


class ConnectionResource(Resource):
    model = Connection
    name, path, icon, permission = "connections", "ingestion/connections/", "plug", "ingestion.feed:view"
    list_template, detail_template = "operations/list.html", "operations/detail.html"
    ordering = "main_dealer"
    columns = (
        Column("main_dealer", gettext_lazy("main dealer"), str, sortable=True),
        Column("state", gettext_lazy("state"), state),
        attribute("base_url", gettext_lazy("address")),
        Column("quota", gettext_lazy("requests today"), quota),
        Column("clock", gettext_lazy("clock"), clock),
        Column("checked", gettext_lazy("checked"), checked),
        Column("error", gettext_lazy("error"), lambda row: shown.short(error(row))),
    )
    verbs = (Verb("check", gettext_lazy("Check now"), ADD, check, icon="refresh"),)

    def rows(self, user: Any) -> QuerySet[Any]:
        """Those that serve a feed the person may see; all for a platform administrator."""
        found = Connection.objects.select_related("gate")
        if user.is_superuser:
            return found
        return found.filter(pk__in=Feed.objects.visible_to(user).order_by().values("connection"))

    def above(self, request: HttpRequest, rows: QuerySet[Any] | None) -> dict[str, Any]:
        found: dict[str, Any] = {"pace": SLOW}
        if request.user.is_superuser:
            found["leads"] = [(reverse("admin:ingestion_connection_add"), _("New"), "plus")]
        return found

    def verbs_for(self, user: Any, row: Any) -> list[Verb]:
        if not Feed.objects.visible_to(user, ADD).filter(connection=row).exists():
            return []
        return super().verbs_for(user, row)

    def panels(self, request: HttpRequest, row: Connection) -> Iterator[Panel]:
        zone, gate = row.time_zone, gate_of(row)
        if gate is not None and gate.is_open:
            yield Panel(
                _("Left alone"),
                [
                    (_("since"), shown.at(gate.opened_at, zone)),
                    (_("next try"), shown.at(gate.probe_at, zone)),
                    (_("why"), Cell(gate.error)),
                ],
            )
        yield Panel(_("Last check"), self.last_check(row, gate))
        yield Panel(_("Requests today"), template="operations/quota.html", context=self.used(row))
        yield Panel(_("Feeds"), template="operations/feeds.html", context={"states": self.feeds(request, row)})
        yield Panel(
            _("Connection"),
            [
                (_("main dealer"), Cell(row.main_dealer)),
                (_("name"), Cell(row.name)),
                (_("address"), Cell(row.base_url)),
                (_("time zone"), Cell(row.time_zone)),
                (_("clock tolerance"), Cell(_("%(seconds)s s") % {"seconds": row.clock_tolerance})),
                (_("longest window in days"), cell(row.window_days)),
                (_("oldest day it gives"), Cell(_("%(days)s days back") % {"days": row.days_back})),
                (_("requests a second"), cell(row.calls_per_second)),
                (_("credential"), Cell(_("stored, never shown"))),
                (_("runs"), Cell(_("those that wait or run"), f"{reverse('runs')}?{RUNNING}")),
            ],
        )

    def last_check(self, row: Connection, gate: Gate | None) -> list[tuple[Any, Cell]]:
        if gate is None or gate.checked_at is None:
            return [(_("checked"), Cell(_("not yet")))]
        fine = not gate.check_error
        return [
            (_("checked"), shown.at(gate.checked_at, row.time_zone)),
            (_("reachable"), Cell(_("yes"), tag="ok") if gate.is_reachable else Cell(_("no"), tag="bad")),
            (_("credential"), Cell(_("accepted"), tag="ok") if fine else Cell(_("not accepted"), tag="bad")),
            (_("clock"), clock(row)),
            (_("error"), Cell(gate.check_error)),
        ]

    def used(self, row: Connection) -> dict[str, Any]:
        return {"value": used_today(row), "max": row.calls_per_day, "label": quota(row).text}

    def feeds(self, request: HttpRequest, row: Connection) -> list[tuple[Cell, int, str]]:
        """How many of the person's feeds through it are in each state, and where they are shown."""
        mine = Feed.objects.with_freshness().visible_to(request.user).filter(connection=row).order_by()
        counted = dict(mine.values_list("freshness").annotate(Count("pk")))
        return [
            (shown.state_cell(each), counted[each], urlencode({"main_dealer": row.main_dealer, "state": each.value}))
            for each in (*freshness.BAD, Feed.State.WAITING, Feed.State.FRESH, Feed.State.OFF)
            if counted.get(each)
        ]

    def beside_panels(self, request: HttpRequest, row: Connection) -> dict[str, Any]:
        found: dict[str, Any] = {"state": state(row), "pace": SLOW}
        if request.user.is_superuser:
            found["leads"] = [(reverse("admin:ingestion_connection_change", args=[row.pk]), _("Edit"), "edit")]
        return found


RUNNING = urlencode({"state": [Run.State.QUEUED.value, Run.State.RUNNING.value]}, doseq=True)
CONNECTIONS = register(ConnectionResource())
