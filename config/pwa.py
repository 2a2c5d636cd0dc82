"""What makes Forecourt installable: the manifest, the page for who is offline, and the worker that keeps static files.

The worker keeps files of hashed names and the offline page, never a page, a part of one, a photo or an answer of the
API: they belong to whoever was signed in.
"""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

KEPT = (
    *(f"css/{name}.css" for name in ("tokens", "base", "layout", "components", "pages", "utilities")),
    "fonts/inter-latin.woff2",
    "favicon.svg",
)
"""What the offline page needs."""


@require_safe
@cache_control(max_age=3600)
def manifest(request: HttpRequest) -> JsonResponse:
    icons = [
        {"src": static(f"icons/{size}.png"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
        for size in (192, 512)
        for purpose in ("any", "maskable")
    ]
    told = {
        "id": "/",
        "name": "Forecourt",
        "short_name": "Forecourt",
        "description": _("The back office of a vehicle dealer group."),
        "start_url": "/?src=pwa",
        "scope": "/",
        "display": "standalone",
        "background_color": "#f6f7f9",
        "theme_color": "#ffffff",
        "icons": icons,
        "shortcuts": [
            {"name": _("Records"), "url": reverse("records")},
            {"name": _("Passport"), "url": reverse("passport")},
        ],
    }
    return JsonResponse(told, content_type="application/manifest+json")


@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """Its text changes when a kept file does, and with it the worker's version."""
    files = [static(name) for name in KEPT]
    version = hashlib.sha256(" ".join(files).encode()).hexdigest()[:12]
    told = {"version": version, "offline": reverse("offline"), "files": files, "static": settings.STATIC_URL}
    response = render(request, "sw.js", told, content_type="text/javascript")
    response.headers["Cache-Control"] = "no-cache"
    return response


@require_safe
@cache_control(max_age=3600)
def offline(request: HttpRequest) -> HttpResponse:
    return render(request, "offline.html")
