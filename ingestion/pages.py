"""Pages about records that are no list and no detail of one job type."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from dealers.permissions import may
from ingestion.resources import RECORDS


@login_required
def records(request: HttpRequest) -> HttpResponse:
    """A card for each job type whose records the person may see."""
    found = [each for each in RECORDS.values() if may(request.user, each.permission)]
    if not found:
        raise PermissionDenied
    return render(request, "records/index.html", {"resources": found})


@login_required
def passport(request: HttpRequest) -> HttpResponse:
    return render(request, "records/passport.html", {"words": request.GET.get("q", "")})
