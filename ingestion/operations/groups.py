"""The quarantine by cause: what waits, counted by job type, field and cause, and what to do with a whole group."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from config.backoffice import filter_bar
from config.backoffice.cells import cell
from config.backoffice.filter_bar import FilterBar
from dealers.permissions import may
from ingestion import quarantine
from ingestion.filters import QuarantineFilters
from ingestion.job_types import JOB_TYPES
from ingestion.models import QuarantinedRecord
from ingestion.operations import shown
from ingestion.operations.quarantine import CHANGE, QUARANTINE

MOST = 200
"""Groups that a page shows."""
OTHERS = ("id", "natural_key", "run", "cause", "field", "reason", "state", "quarantined_at_from", "quarantined_at_to")
"""Filters of entries that are none of groups."""


@login_required
def groups(request: HttpRequest) -> HttpResponse:
    """What waits in quarantine by its cause, the most first."""
    user = request.user
    if not may(user, QUARANTINE.permission):
        raise PermissionDenied
    query = filter_bar.read(request.GET)
    waiting = QuarantinedRecord.objects.waiting().visible_to(user).filter(job_type__in=JOB_TYPES)
    asked = QuarantineFilters(query, waiting, request=request)
    valid = asked.is_valid()
    found = quarantine.groups(asked.qs) if valid else []
    dealers = query.getlist("dealer")
    context = {
        "causes": [as_shown(group, dealers) for group in found[:MOST]],
        "left_out": max(len(found) - MOST, 0),
        "count": sum(group["count"] for group in found),
        "bar": FilterBar(asked, query, ("dealer", "job"), shown.choices(user, QUARANTINE.permission), OTHERS),
        "settles": may(user, CHANGE),
        "dealers": dealers,
    }
    return TemplateResponse(request, "operations/groups.html", context, status=200 if valid else 422)


def as_shown(group: dict[str, Any], dealers: list[str]) -> dict[str, Any]:
    """A group with its words, and the addresses of its entries and of its newest one."""
    members = {"job": group["job_type"], "field": group["field"], "cause": group["cause"]}
    if not members["field"]:
        del members["field"]  # a blank filter is none
    query = urlencode({**members, "state": QuarantinedRecord.State.WAITING.value, "dealer": dealers}, doseq=True)
    return {
        **group,
        "label": shown.job_label(group["job_type"]),
        "entries": f"{reverse('quarantined')}?{query}",
        "newest": reverse("quarantined-detail", args=[group["example"]]),
        "first": cell(group["since"]),
        "last": cell(group["last"]),
    }
