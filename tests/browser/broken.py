"""Pages that go wrong, each by the road on which the error page is met, and pages with one fault each."""

from __future__ import annotations

from allauth.core.ratelimit import respond_429
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from redis.exceptions import ConnectionError as Away

handler404 = "config.backoffice.errors.page_not_found"
handler500 = "config.backoffice.errors.server_error"


def forbidden(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


def too_many(request: HttpRequest) -> HttpResponse:
    return respond_429(request)


def breaks(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("it broke on purpose")


def without_cache(request: HttpRequest) -> HttpResponse:
    raise Away("the cache is away on purpose")


GOING_WRONG = {"403": forbidden, "429": too_many, "500": breaks, "503": without_cache}
"""By the status with which each answers."""

FLAWED = {
    "console": '<script src="/flawed/console.js"></script>',
    "page-error": '<script src="/flawed/page-error.js"></script>',
    "policy": '<p style="color: navy">Set in a place of its own</p>',
    "missing-file": '<img src="/flawed/no-such-file.png" alt="Nothing">',
    "wide": '<svg width="3000" height="1" role="img"><title>A line</title></svg>',
    "spilling": '<a href="/" class="tag">Unbreakable</a><link rel="stylesheet" href="/flawed/narrow.css">',
    "no-cell": '<table><tr><th>Head</th></tr></table><link rel="stylesheet" href="/flawed/no-cell.css">',
    "unlabelled": '<input type="text">',
    "small-target": '<nav aria-label="Small"><a href="/">Start</a></nav>',
    "no-ring": '<link rel="stylesheet" href="/flawed/no-ring.css"><button>Go</button>',
    "trap": '<button id="a">Before</button><button>After</button><script src="/flawed/trap.js"></script>',
    "none": "<p>Read <a href='/'>the first page</a> with care.</p>",
}
"""What a page's one fault is made of, by the fault."""
FILES = {
    "console.js": 'console.warn("said aloud");',
    "page-error.js": "document.notThere.click();",
    "trap.js": "document.addEventListener('keydown', (event) => { a.focus(); event.preventDefault(); });",
    "narrow.css": "a { display: block; inline-size: 44px; block-size: 44px; white-space: nowrap }",
    "no-cell.css": "th { display: grid }",
    "no-ring.css": "button { outline: none }",
}


def flawed(request: HttpRequest, fault: str) -> HttpResponse:
    head = '<meta name="viewport" content="width=device-width"><title>Flawed</title>'
    body = f"<main><h1>Flawed</h1>{FLAWED[fault]}</main>"
    return HttpResponse(f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>')


def file(request: HttpRequest, name: str) -> HttpResponse:
    return HttpResponse(FILES[name], content_type="text/css" if name.endswith(".css") else "text/javascript")


urlpatterns = [
    *(path(f"going-wrong/{status}", view) for status, view in GOING_WRONG.items()),
    *(path(f"flawed/{fault}", flawed, {"fault": fault}) for fault in FLAWED),
    *(path(f"flawed/{name}", file, {"name": name}) for name in FILES),
    path("", include("config.urls")),
]
