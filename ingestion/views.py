"""What Prometheus reads."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from dealers.tenancy import platform
from ingestion.metrics import REGISTRY


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """What Prometheus reads, for whoever sends METRICS_TOKEN as a bearer; without such a token there is no page."""
    if not settings.METRICS_TOKEN:
        raise Http404
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not constant_time_compare(token.strip(), settings.METRICS_TOKEN):
        return HttpResponse("METRICS_TOKEN is asked for\n", "text/plain", 401, headers={"WWW-Authenticate": "Bearer"})
    with platform("metrics"):
        return HttpResponse(generate_latest(REGISTRY), CONTENT_TYPE_LATEST)
