"""Starting runs of several dealerships and job types at once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from dealers.models import Dealership
from dealers.permissions import may
from ingestion import services, tasks
from ingestion.api.runs import FIRST_YEAR, LAST_YEAR
from ingestion.job_types import JOB_TYPES
from ingestion.models import Feed, Run
from ingestion.operations import shown
from ingestion.operations.refused import sentence
from ingestion.operations.runs import ADD

MOST = 500
"""Feeds that one form starts something of."""
TOLD = 10
"""Of those that could not be started."""


class DealershipField(forms.ModelMultipleChoiceField):
    """Dealerships as boxes to tick; of many of them the codes are written."""

    def __init__(self, rows: QuerySet[Any]) -> None:
        self.many = rows.count() > shown.FEW
        super().__init__(
            rows,
            label=_("Dealerships"),
            to_field_name="code",
            widget=forms.Textarea(attrs={"rows": 3}) if self.many else forms.CheckboxSelectMultiple,
            help_text=_("Dealer codes, with commas or blanks between them; * for all.") if self.many else "",
        )

    def clean(self, value: Any) -> Any:
        if self.many:
            codes = str(value or "").replace(",", " ").split()
            if codes == ["*"]:
                return self.queryset
            value = codes
        return super().clean(value)


class FeedsForm(forms.Form):
    """Which feeds: of these dealerships, of these job types. Those that are switched off are left out."""

    permission = ADD

    def __init__(self, user: Any, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.user = user
        rows = Dealership.objects.visible_to(user, self.permission).filter(is_active=True).order_by("name", "code")
        dealerships = DealershipField(rows)
        if dealerships.many:
            self.initial["dealerships"] = " ".join(self.initial.get("dealerships", ()))
        jobs = forms.MultipleChoiceField(
            label=_("Job types"),
            choices=[(code, shown.job_label(code)) for code in JOB_TYPES],
            widget=forms.CheckboxSelectMultiple,
        )
        self.fields = {"dealerships": dealerships, "job_types": jobs, **self.fields}

    @property
    def groups(self) -> list[forms.BoundField]:
        """The fields whose boxes can be ticked all at once."""
        return [self[name] for name in ("dealerships", "job_types")]

    @property
    def others(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name not in ("dealerships", "job_types")]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if self.errors:
            return given
        feeds = Feed.objects.live().visible_to(self.user, self.permission)
        feeds = feeds.filter(dealership__in=given["dealerships"], job_type__in=given["job_types"])
        count = feeds.count()
        if not count:
            raise ValidationError(_("No feed of these is switched on."))
        if count > MOST:
            words = _("These are %(count)d feeds. Choose fewer: up to %(most)d at a time.")
            raise ValidationError(words % {"count": count, "most": MOST})
        found = feeds.select_related("dealership", "connection").order_by("dealership__code")
        place = {code: index for index, code in enumerate(JOB_TYPES)}
        given["feeds"] = sorted(found, key=lambda feed: (feed.dealership.code, place[feed.job_type]))
        return given


class LocalMoment(forms.DateTimeField):
    """A wall clock's reading; whose clock it is, each feed says."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": 1}, format="%Y-%m-%dT%H:%M:%S")

    def to_python(self, value: Any) -> datetime | None:
        found = super().to_python(value)
        if found is None:
            return None
        if not FIRST_YEAR <= found.year <= LAST_YEAR:
            raise ValidationError(self.error_messages["invalid"], "invalid")
        return timezone.make_naive(found)


class StartForm(FeedsForm):
    since = LocalMoment(
        label=gettext_lazy("From"),
        required=False,
        help_text=gettext_lazy("On the main dealer's clock. Blank: where the last success ended."),
    )
    until = LocalMoment(label=gettext_lazy("To"), required=False, help_text=gettext_lazy("Blank: now."))

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        if given.get("since") and given.get("until") and given["since"] >= given["until"]:
            self.add_error("since", _("The window is empty: its start is not before its end."))
        return given


def open_runs(
    feeds: list[Feed], since: datetime | None, until: datetime | None, by: str
) -> tuple[list[Run], list[str]]:
    """A queued run of each feed, and in words which feeds have none; the workers hear of them once."""
    opened, refused = [], []
    for feed in feeds:
        zone = feed.connection.zone
        begin, end = (moment and moment.replace(tzinfo=zone) for moment in (since, until))
        try:
            opened.append(services.open_run(feed=feed, by=by, since=begin, until=end))
        except services.AlreadyRunning as error:
            words = _("%(feed)s is busy: run #%(run)s is %(state)s.")
            busy = error.run
            found = {"run": busy.pk if busy else "?", "state": busy.get_state_display() if busy else "?"}
            refused.append(words % {"feed": feed, **found})
        except services.BadWindow as error:
            refused.append(f"{feed}: {sentence(error)}")
    if opened:
        transaction.on_commit(lambda: tasks.nudge("live"))
    return opened, refused


def tell(request: HttpRequest, refused: list[str]) -> None:
    """What was not started: the first of them in words, the others as a number."""
    for words in refused[:TOLD]:
        messages.warning(request, words)
    if (more := len(refused) - TOLD) > 0:
        messages.warning(request, ngettext("And %d more.", "And %d more.", more) % more)


@login_required
def start(request: HttpRequest) -> HttpResponse:
    if not may(request.user, ADD):
        raise PermissionDenied
    form = StartForm(request.user, request.POST if request.method == "POST" else None, initial=initial(request))
    if form.is_valid():
        given = form.cleaned_data
        opened, refused = open_runs(given["feeds"], given["since"], given["until"], str(request.user))
        if opened:
            words = ngettext("%d run is queued.", "%d runs are queued.", len(opened))
            messages.success(request, words % len(opened))
            tell(request, refused)
            return redirect("runs")
        form.add_error(None, refused[:TOLD])
    context = {"form": form, "title": _("Start runs"), "crumbs": [(reverse("runs"), _("Runs"))], "action": _("Start")}
    return TemplateResponse(request, "operations/start.html", context, status=422 if form.errors else 200)


def initial(request: HttpRequest) -> dict[str, Any]:
    """What the address names, as a link from a feed does."""
    return {"dealerships": request.GET.getlist("dealer"), "job_types": request.GET.getlist("job")}
