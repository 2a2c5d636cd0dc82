"""Views that answer in each of the ways a view can, for tests of where a request's scope ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.template import engines
from django.template.response import TemplateResponse
from django.urls import include, path

from dealers.models import Dealership, Holiday

handler404 = "config.backoffice.errors.page_not_found"
handler500 = "config.backoffice.errors.server_error"
NAMES = engines["django"].from_string("{% for each in dealerships %}{{ each.name }};{% endfor %}")


def names() -> Iterator[str]:
    """Of every dealership that the database shows."""
    for dealership in Dealership.objects.order_by("pk"):
        yield f"{dealership.name};"


def plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse("".join(names()))


def template(request: HttpRequest) -> HttpResponse:
    """Asks while it is rendered, after the view has ended."""
    return TemplateResponse(request, NAMES, {"dealerships": Dealership.objects.order_by("pk")})  # type: ignore[arg-type]


def streaming(request: HttpRequest) -> HttpResponseBase:
    """Asks while it is sent, after every middleware has ended."""
    return StreamingHttpResponse(names())


def written(request: HttpRequest) -> None:
    for dealership in Dealership.objects.all():
        Holiday.objects.create(dealership=dealership, day=date(2030, 1, 1), name="never")


def breaks(request: HttpRequest) -> HttpResponse:
    written(request)
    raise RuntimeError("the view broke")


def fails(request: HttpRequest) -> HttpResponse:
    written(request)
    return HttpResponse("it failed", status=503)


urlpatterns = [
    path("pages/plain", plain),
    path("pages/template", template),
    path("pages/streaming", streaming),
    path("pages/breaks", breaks),
    path("pages/fails", fails),
    path("", include("config.urls")),
]
