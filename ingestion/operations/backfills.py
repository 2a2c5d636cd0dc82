"""Backfills: how far each is, what it brought, and pausing, resuming and cancelling it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from config.backoffice.cells import Cell, Column, attribute, cell
from config.backoffice.resources import Panel, Resource, Verb, register
from dealers.permissions import may
from ingestion import backfills
from ingestion.filters import BackfillFilters
from ingestion.models import Backfill
from ingestion.operations import shown
from ingestion.operations.refused import told
from ingestion.operations.runs import QUICK, SLOW, count_labels
from ingestion.plans import pieces
from ingestion.progress import Figures, figures

ADD = "ingestion.backfill:add"
State = Backfill.State


# -- verbs


def pause(backfill: Backfill, *, by: Any) -> str:
    with told():
        backfills.pause(backfill)
    return _("Backfill #%(backfill)d takes no further window.") % {"backfill": backfill.pk}


def resume(backfill: Backfill, *, by: Any) -> str:
    with told():
        backfills.resume(backfill)
    return _("Backfill #%(backfill)d goes on.") % {"backfill": backfill.pk}


def cancel(backfill: Backfill, *, by: Any) -> str:
    with told():
        backfills.cancel(backfill, by=str(by))
    return _("Backfill #%(backfill)d is cancelled.") % {"backfill": backfill.pk}


def is_running(backfill: Backfill) -> bool:
    return backfill.state == State.RUNNING


def is_paused(backfill: Backfill) -> bool:
    return backfill.state == State.PAUSED


def is_unfinished(backfill: Backfill) -> bool:
    return backfill.state in Backfill.UNFINISHED


# -- what is shown


def range_of(backfill: Backfill) -> str:
    return shown.window(backfill.since, backfill.until, backfill.dealership.time_zone)


def windows(backfill: Backfill) -> tuple[int, int]:
    """Those done, and all of the range."""
    connection = backfill.feed.connection
    left = len(pieces(connection, backfill.reached, backfill.until))
    done = len(pieces(connection, backfill.since, backfill.reached))
    return done, done + left


def done_words(backfill: Backfill) -> str:
    done, count = windows(backfill)
    words = ngettext("%(done)d of %(count)d window", "%(done)d of %(count)d windows", count)
    return f"{backfill.progress:.0%}, {words % {'done': done, 'count': count}}"


def progress(backfill: Backfill, told_of: Figures) -> dict[str, Any]:
    """How far it is, as a bar and in words."""
    done, count = told_of.windows_done, told_of.windows_done + told_of.windows_left
    words = ngettext("%(done)d of %(count)d window", "%(done)d of %(count)d windows", count)
    label = words % {"done": done, "count": count}
    if told_of.minutes_left is not None and is_running(backfill):
        label = _("%(windows)s, %(long)s left") % {"windows": label, "long": shown.minutes(told_of.minutes_left)}
    percent = int(100 * backfill.progress)
    return {"value": percent, "max": 100, "label": label, "spoken": f"{backfill.state} {percent // 25}"}


class BackfillResource(Resource):
    model = Backfill
    name, path, icon, permission = "backfills", "ingestion/backfills/", "history", "ingestion.backfill:view"
    list_template, detail_template = "operations/list.html", "operations/detail.html"
    columns = (
        Column("id", gettext_lazy("backfill"), lambda row: Cell(f"#{row.pk}"), sortable=True),
        Column("state", gettext_lazy("state"), lambda row: shown.state_cell(State(row.state))),
        shown.DEALERSHIP,
        shown.JOB_TYPE,
        Column("range", gettext_lazy("range"), range_of),
        Column("done", gettext_lazy("done"), done_words),
        Column("error", gettext_lazy("error"), lambda row: shown.short(row.error)),
        Column("started_at", gettext_lazy("started"), lambda row: shown.at(row.started_at, row.dealership.time_zone)),
        attribute("started_by", gettext_lazy("started by")),
    )
    filterset = BackfillFilters
    first_filters = ("dealer", "job", "state")
    hidden_filters = ("id",)
    verbs = (
        Verb("pause", gettext_lazy("Pause"), ADD, pause, None, "player-pause", False, True, is_running),
        Verb("resume", gettext_lazy("Resume"), ADD, resume, None, "player-play", False, True, is_paused),
        Verb("cancel", gettext_lazy("Cancel"), ADD, cancel, None, "player-stop", True, True, is_unfinished),
    )

    def title(self, row: Backfill) -> str:
        return _("Backfill #%(backfill)d: %(job)s") % {"backfill": row.pk, "job": shown.job_label(row.job_type)}

    def rows(self, user: Any) -> QuerySet[Any]:
        return super().rows(user).select_related("dealership", "feed__connection")

    def choices(self, user: Any) -> dict[str, list[tuple[str, Any]]]:
        return shown.choices(user, self.permission)

    def above(self, request: HttpRequest, rows: QuerySet[Any] | None) -> dict[str, Any]:
        runs_now = Backfill.objects.visible_to(request.user).filter(state=State.RUNNING).exists()
        found: dict[str, Any] = {"pace": QUICK if runs_now else SLOW}
        if may(request.user, ADD):
            found["leads"] = [(reverse("backfills-start"), _("Start backfills"), "plus")]
        return found

    def panels(self, request: HttpRequest, row: Backfill) -> Iterator[Panel]:
        told_of, zone = figures([row])[row.pk], row.feed.connection.time_zone
        yield Panel(_("Progress"), template="operations/progress.html", context=progress(row, told_of))
        if row.error:
            yield Panel(_("Error"), template="operations/raw.html", context={"raw": row.error})
        if told_of.waits_for or row.left_out:
            pairs = [(_("waits for"), Cell(told_of.waits_for)), (_("left out"), Cell(row.left_out))]
            yield Panel(_("To know"), shown.known(pairs))
        counts = [(label, cell(getattr(told_of, name))) for name, label in count_labels()]
        links = [(f"{reverse('runs')}?{urlencode({'backfill': row.pk})}", _("Its runs"))]
        yield Panel(_("Records"), template="operations/counts.html", context={"pairs": counts, "links": links})
        yield Panel(
            _("Backfill"),
            shown.known(
                [
                    (_("dealership"), Cell(f"{row.dealership.name} ({row.dealership.code})")),
                    (_("job type"), Cell(f"{shown.job_label(row.job_type)} ({row.job_type})")),
                    (_("from"), shown.at(row.since, zone)),
                    (_("to"), shown.at(row.until, zone)),
                    (_("reached"), shown.at(row.reached, zone)),
                    (_("share of the quota"), Cell(f"{row.share} %")),
                    (_("requests made"), cell(told_of.calls)),
                    (_("started by"), Cell(row.started_by)),
                    (_("started"), shown.at(row.started_at, zone)),
                    (_("finished"), shown.at(row.finished_at, zone)),
                ]
            ),
        )

    def beside_panels(self, request: HttpRequest, row: Backfill) -> dict[str, Any]:
        pace = QUICK if is_running(row) else SLOW if is_paused(row) else None
        return {"state": shown.state_cell(State(row.state)), "pace": pace}


BACKFILLS = register(BackfillResource())
