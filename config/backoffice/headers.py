"""What every answer tells the browser: what a page may load, and that nobody keeps what somebody signed in has seen.

Pages go over the wire packed.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from config.backoffice.errors import API, as_json

OWN = "'self'"
POLICY = {
    "default-src": "'none'",
    "script-src": OWN,
    "style-src": OWN,
    "img-src": f"{OWN} data:",
    "font-src": OWN,
    "connect-src": OWN,
    "manifest-src": OWN,
    "worker-src": OWN,
    "form-action": OWN,
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "report-uri": "/csp-report",
}
SWAGGER = {"style-src": f"{OWN} 'unsafe-inline'"}
"""Swagger UI sets styles on its own elements as text; it shows no dealership's rows."""
PERMISSIONS = "camera=(self), geolocation=(), microphone=(), payment=(), usb=()"

Respond = Callable[[HttpRequest], HttpResponseBase]


def policy(**more: str) -> str:
    return "; ".join(f"{name} {value}" for name, value in {**POLICY, **more}.items())


STRICT, FOR_SWAGGER = policy(), policy(**SWAGGER)


class HeadersMiddleware:
    """Content security policy, what devices a page may use, and no copies of answers to who is signed in."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.respond(request)
        headers = response.headers
        headers.setdefault("Content-Security-Policy", FOR_SWAGGER if request.path == "/api/docs/" else STRICT)
        headers.setdefault("Permissions-Policy", PERMISSIONS)
        headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if getattr(request, "signed_out", False):
            headers["Clear-Site-Data"] = '"cache", "storage"'  # not cookies: a browser is known again by one
        user = getattr(request, "user", None)
        if user is not None and user.is_authenticated and "Cache-Control" not in headers:
            add_never_cache_headers(response)
        return response


class PackedPages(GZipMiddleware):
    """Pages and parts of them take a quarter of their bytes; files and the API's answers go as they are.

    Django masks the CSRF token anew in each answer and adds random bytes to what it packs, so that the length of a
    page does not tell what stands in it beside words that somebody else made it repeat (BREACH).
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not response.headers.get("Content-Type", "").startswith("text/html"):
            return response
        packed: HttpResponseBase = super().process_response(request, response)
        return packed


class ApiByHttps:
    """A program that was given http by mistake is told so: what it sent could be read. Pages lead to https."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if settings.SECURE_SSL_REDIRECT and request.path.startswith(API) and not request.is_secure():
            words = _("Ask by https. What you sent was readable on its way: change the password or token in it.")
            return as_json("https_required", words, 403)
        return self.respond(request)
