"""Runs: the list, each with what came of it and how far it is, and what can be done with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.backoffice.cells import Cell, Column, attribute, cell
from config.backoffice.resources import Panel, Resource, Verb, register
from dealers.permissions import may
from ingestion import services
from ingestion.display import pretty
from ingestion.filters import RunFilters
from ingestion.job_types import JOB_TYPES
from ingestion.models import Run
from ingestion.operations import shown
from ingestion.operations.refused import told
from ingestion.resources import RECORDS

ADD = "ingestion.run:add"
QUICK, SLOW = 3, 30
"""Seconds after which a page looks again: while something runs, and otherwise."""


# -- verbs


def cancel(run: Run, *, by: Any) -> str:
    with told():
        services.cancel_run(run, by=str(by))
    return _("Run #%(run)d is cancelled.") % {"run": run.pk}


def retry(run: Run, *, by: Any) -> str:
    """A new run of the same kind over the same window."""
    ask = services.request_comparison if run.kind == Run.Kind.COMPARISON else services.request_run
    with told():
        made = ask(feed=run.feed, by=str(by), since=run.since, until=run.until)
    return queued(made)


def seen(run: Run, *, by: Any) -> str:
    services.see_flags([run], by=str(by))
    return _("Noted that you have looked at run #%(run)d.") % {"run": run.pk}


def queued(run: Run) -> str:
    link = format_html('<a href="{}">#{}</a>', reverse("runs-detail", args=[run.pk]), run.pk)
    return format_html(_("Run {} is queued."), link)


def is_unfinished(run: Run) -> bool:
    return run.state in Run.UNFINISHED


def can_be_cancelled(run: Run) -> bool:
    return is_unfinished(run) and run.backfill_id is None


def can_be_retried(run: Run) -> bool:
    """A backfill goes on by itself, a replay and an import are done by who asks for them."""
    return not is_unfinished(run) and run.kind in (Run.Kind.LIVE, Run.Kind.COMPARISON)


def has_flag(run: Run) -> bool:
    return bool(run.flag) and run.flag_seen_at is None


# -- what is shown


def count_labels() -> list[tuple[str, Any]]:
    """The counts of a run by name, as they are called."""
    columns: dict[str, Any] = {column.name: column for column in Run._meta.concrete_fields}
    return [(name, columns[name].verbose_name) for name in Run.COUNTS]


def number(run: Run) -> Cell:
    return Cell(f"#{run.pk}")


def flag(run: Run) -> Cell:
    return Cell(_("look at it"), tag="warn") if has_flag(run) else Cell()


def progress(run: Run) -> dict[str, Any]:
    """How far an unfinished run is: a share of 100, or None while nothing of it is stored."""
    if run.state == Run.State.QUEUED:
        words, done = _("It waits for a worker."), None
    elif run.reached is None or run.until <= run.since:
        words, done = _("The gateway is being asked."), None
    else:
        done = int(100 * (run.reached - run.since) / (run.until - run.since))
        words = _("%(percent)d %% of the window is stored.") % {"percent": done}
    return {"value": done, "max": 100 if done is not None else None, "label": words, "spoken": (done or 0) // 25}


COUNTS = tuple(attribute(name, label, sortable=True, numeric=True) for name, label in count_labels())


class RunResource(Resource):
    model = Run
    name, path, icon, permission = "runs", "ingestion/runs/", "player-play", "ingestion.run:view"
    list_template, detail_template = "operations/list.html", "operations/detail.html"
    columns = (
        Column("id", gettext_lazy("run"), number, sortable=True),
        Column("state", gettext_lazy("state"), lambda run: shown.state_cell(Run.State(run.state))),
        shown.DEALERSHIP,
        shown.JOB_TYPE,
        Column("kind", gettext_lazy("kind"), lambda run: run.get_kind_display()),
        Column(
            "window",
            gettext_lazy("window"),
            lambda run: shown.window(run.since, run.until, run.dealership.time_zone),
        ),
        *COUNTS,
        Column("seconds", gettext_lazy("duration"), lambda run: shown.duration(run.seconds), numeric=True),
        Column("error", gettext_lazy("error"), lambda run: shown.short(run.error)),
        Column("flag", gettext_lazy("to look at"), flag),
        Column("queued_at", gettext_lazy("queued"), lambda run: shown.at(run.queued_at, run.dealership.time_zone)),
        attribute("started_by", gettext_lazy("started by")),
    )
    listed = (
        *("id", "state", "dealership", "job_type", "window"),
        *(*Run.COUNTS, "seconds", "flag", "error"),
    )
    filterset = RunFilters
    first_filters = ("dealer", "job", "state", "kind", "flagged")
    hidden_filters = ("id",)
    verbs = (
        Verb("cancel", gettext_lazy("Cancel"), ADD, cancel, None, "player-stop", True, True, can_be_cancelled),
        Verb("retry", gettext_lazy("Run again"), ADD, retry, None, "refresh", False, True, can_be_retried),
        Verb("seen", gettext_lazy("Looked at"), ADD, seen, None, "eye", False, True, has_flag),
    )

    def title(self, row: Run) -> str:
        return _("Run #%(run)d: %(job)s") % {"run": row.pk, "job": shown.job_label(row.job_type)}

    def rows(self, user: Any) -> QuerySet[Any]:
        return super().rows(user).select_related("dealership")

    def choices(self, user: Any) -> dict[str, list[tuple[str, Any]]]:
        yes_or_no = [("true", _("yes")), ("false", _("no"))]
        return {**shown.choices(user, self.permission), "flagged": yes_or_no}

    def above(self, request: HttpRequest, rows: QuerySet[Any] | None) -> dict[str, Any]:
        runs_now = Run.objects.unfinished().visible_to(request.user).exists()
        found: dict[str, Any] = {"pace": QUICK if runs_now else SLOW}
        if may(request.user, ADD):
            found["leads"] = [(reverse("runs-start"), _("Start runs"), "player-play")]
        return found

    # -- one of them

    def panels(self, request: HttpRequest, row: Run) -> Iterator[Panel]:
        zone = row.dealership.time_zone
        if is_unfinished(row):
            yield Panel(_("Progress"), template="operations/progress.html", context=progress(row))
        if row.error:
            yield Panel(_("Error"), template="operations/raw.html", context={"raw": row.error})
        if row.flag:
            looked = _("%(who)s, %(when)s") % {"who": row.flag_seen_by, "when": shown.at(row.flag_seen_at, zone).text}
            pairs = [(_("why"), cell(row.flag)), (_("looked at"), cell(looked if row.flag_seen_at else ""))]
            yield Panel(_("To look at"), pairs)
        yield Panel(_("Records"), template="operations/counts.html", context=self.counts(request, row))
        if row.differences is not None:
            found = pretty(json.dumps(row.differences, ensure_ascii=False))
            yield Panel(_("Differences"), template="operations/raw.html", context={"raw": found})
        yield Panel(
            _("Run"),
            shown.known(
                [
                    (_("dealership"), Cell(f"{row.dealership.name} ({row.dealership.code})")),
                    (_("job type"), Cell(f"{shown.job_label(row.job_type)} ({row.job_type})")),
                    (_("kind"), Cell(row.get_kind_display())),
                    (_("backfill"), backfill_of(request, row)),
                    (_("window from"), shown.at(row.since, zone)),
                    (_("to"), shown.at(row.until, zone)),
                    (_("slot of the schedule"), shown.at(row.slot, zone)),
                    (_("started by"), Cell(row.started_by)),
                    (_("queued"), shown.at(row.queued_at, zone)),
                    (_("started"), shown.at(row.started_at, zone)),
                    (_("finished"), shown.at(row.finished_at, zone)),
                    (_("duration"), shown.duration(row.seconds)),
                    (_("requests made"), cell(row.calls)),
                    (_("workers lost"), cell(row.takeovers)),
                    (_("request"), Cell(row.request_id)),
                ]
            ),
        )

    def counts(self, request: HttpRequest, row: Run) -> dict[str, Any]:
        """The run's counts, and where what it brought is shown to who may see it."""
        pairs = [(column.label, cell(getattr(row, column.name))) for column in COUNTS]
        links = []
        if row.received > row.quarantined and row.job_type in JOB_TYPES:
            records = RECORDS[row.job_type]
            if records.may(request.user, "view", row):
                links.append((f"{records.list_address}?{window_query(row)}", _("Records changed in this window")))
        if row.quarantined and may(request.user, "ingestion.quarantinedrecord:view", row.dealership_id):
            query = urlencode({"run": row.pk})
            links.append((f"{reverse('quarantined')}?{query}", _("Its entries in quarantine")))
        return {"pairs": [*pairs, (_("unknown fields"), cell(row.unknown_fields))], "links": links}

    def beside_panels(self, request: HttpRequest, row: Run) -> dict[str, Any]:
        return {"state": shown.state_cell(Run.State(row.state)), "pace": QUICK if is_unfinished(row) else None}


def window_query(run: Run) -> str:
    """The filters of the list of records for what the main dealer changed within a run's window."""
    moments = {"modified_time_from": run.since.isoformat(), "modified_time_to": run.until.isoformat()}
    return urlencode({"dealer": run.dealership.code, **moments})


def backfill_of(request: HttpRequest, run: Run) -> Cell:
    if run.backfill_id is None:
        return Cell()
    seen_by_them = may(request.user, "ingestion.backfill:view", run.dealership_id)
    return Cell(f"#{run.backfill_id}", reverse("backfills-detail", args=[run.backfill_id]) if seen_by_them else "")


RUNS = register(RunResource())
