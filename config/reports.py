"""Where browsers tell what a page tried to load and was not allowed to."""

from __future__ import annotations

import json
import logging

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

log = logging.getLogger(__name__)

LONGEST = 8_000
TOLD = ("document-uri", "violated-directive", "effective-directive", "blocked-uri", "source-file", "line-number")


@csrf_exempt
@require_POST
def csp_report(request: HttpRequest) -> HttpResponse:
    """Log what a report says, without its addresses' queries; anybody may send one, so nothing is kept of it."""
    try:
        if int(request.headers.get("Content-Length") or 0) > LONGEST:
            return HttpResponse(status=413)
        report = json.loads(request.body)["csp-report"]
        told = {name: str(report[name]).partition("?")[0][:200] for name in TOLD if name in report}
    except (ValueError, KeyError, TypeError):
        return HttpResponse(status=400)
    log.warning("a page broke the content security policy: %s", json.dumps(told))
    return HttpResponse(status=204)
