"""What marketplaces fetch: a dealership's available vehicles and their photos, by signed addresses."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.cache import get_conditional_response, patch_cache_control
from django.views.decorators.http import require_safe

from config.backoffice.exports import FORMATS, disposition
from config.backoffice.sheets import as_csv
from dealers import limits
from dealers.middleware import address_of
from inventory import feeds, photos
from inventory.models import VehicleFeed

FILES_A_MINUTE, PHOTOS_A_MINUTE = 30, 1200
"""That one address of the internet may fetch."""
KEPT_SECONDS = 24 * 60 * 60
"""For which a copy of a photo may be used."""

View = Callable[..., HttpResponseBase]


def open_to_strangers(name: str, most: int) -> Callable[[View], View]:
    """A view for whoever has the address: counted, not found if it is over, and not for search engines."""

    def decorated(view: View) -> View:
        @require_safe
        @wraps(view)
        def counted(request: HttpRequest, **given: Any) -> HttpResponseBase:
            wait = limits.wait_of(f"{name}:{address_of(request)}", most)
            if wait:
                return HttpResponse(status=429, headers={"Retry-After": str(wait)})
            try:
                response = view(request, **given)
            except feeds.Closed:
                raise Http404 from None
            response.headers["X-Robots-Tag"] = "noindex, nofollow"
            return response

        return counted

    return decorated


Make = Callable[[VehicleFeed, list[dict[str, Any]], feeds.Absolute], HttpResponse]


def answered(request: HttpRequest, token: str, make: Make) -> HttpResponseBase:
    """The feed's file, unless who asks has it already."""
    found, feed = feeds.fetched(feeds.find(token))
    etag, changed = f'"{feed.digest}"', feed.changed_at
    stamp = int(changed.timestamp()) if changed else None
    response: Any = get_conditional_response(request, etag=etag, last_modified=stamp)
    if response is None:
        response = make(feed, found, request.build_absolute_uri)
    response.headers["ETag"] = etag
    if changed:
        response.headers["Last-Modified"] = changed.strftime("%a, %d %b %Y %H:%M:%S GMT")
    patch_cache_control(response, private=True, no_cache=True)
    return response


@open_to_strangers("feed", FILES_A_MINUTE)
def feed_csv(request: HttpRequest, token: str) -> HttpResponseBase:
    return answered(request, token, in_csv)


def in_csv(feed: VehicleFeed, found: list[dict[str, Any]], absolute: feeds.Absolute) -> HttpResponse:
    response = HttpResponse(b"".join(as_csv(feeds.as_sheet(found, absolute))), content_type=FORMATS["csv"])
    response.headers["Content-Disposition"] = disposition("vehicles.csv")
    return response


@open_to_strangers("feed", FILES_A_MINUTE)
def feed_json(request: HttpRequest, token: str) -> HttpResponseBase:
    return answered(request, token, in_json)


def in_json(feed: VehicleFeed, found: list[dict[str, Any]], absolute: feeds.Absolute) -> HttpResponse:
    return JsonResponse(feeds.as_json(feed, found, absolute))


@open_to_strangers("feed-photo", PHOTOS_A_MINUTE)
def feed_photo(request: HttpRequest, token: str, width: int) -> HttpResponseBase:
    """A photo of a vehicle in a feed, for a page of another site too."""
    name = feeds.find_photo(token, width)
    try:
        with photos.storage().open(name) as file:
            content = file.read()
    except FileNotFoundError:
        raise feeds.Closed from None
    response = HttpResponse(content, content_type="image/webp")
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    patch_cache_control(response, public=True, max_age=KEPT_SECONDS)
    return response
