"""Photos of a vehicle: shown to those who may see it, and the gallery's own small requests."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from inventory import gallery, photos, pictures
from inventory.models import Vehicle, VehicleImage
from inventory.resources import VEHICLES

KEPT_SECONDS = 24 * 60 * 60
"""For which a browser keeps a photo; its address never shows another one."""


@login_required
@require_GET
def photo(request: HttpRequest, pk: int, width: int) -> HttpResponse:
    """A picture of a photo, for those who may see the vehicle."""
    image = get_object_or_404(VehicleImage.objects.visible_to(request.user), pk=pk)
    if width not in image.widths:
        raise Http404
    try:
        with photos.storage().open(image.file(width)) as file:
            content = file.read()
    except FileNotFoundError:
        raise Http404
    response = HttpResponse(content, content_type="image/webp")
    response.headers["Content-Disposition"] = f'inline; filename="{image.pk}-{width}.webp"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    patch_vary_headers(response, ["Cookie"])
    patch_cache_control(response, private=True, max_age=KEPT_SECONDS, immutable=True)
    return response


def vehicle_of(request: HttpRequest, pk: int) -> Any:
    return get_object_or_404(VEHICLES.rows(request.user), pk=pk)


def photo_of(request: HttpRequest, pk: int) -> Any:
    """A photo that the person may change."""
    rows = VehicleImage.objects.visible_to(request.user).select_related("vehicle__dealership")
    image = get_object_or_404(rows, pk=pk)
    if not request.user.has_perm(gallery.CHANGE, image):
        raise PermissionDenied
    return image


def answer(request: HttpRequest, vehicle: Vehicle, status: int = 200, **more: Any) -> HttpResponse:
    return render(
        request,
        "inventory/gallery.html",
        {"row": vehicle, **gallery.shown(request.user, vehicle), **more},
        status=status,
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def vehicle_photos(request: HttpRequest, pk: int) -> HttpResponse:
    """The gallery; or photos to add to it, one file or several. A script gets each one's outcome as JSON."""
    vehicle = vehicle_of(request, pk)
    if request.method != "POST":
        return answer(request, vehicle)
    if not request.user.has_perm("inventory.vehicleimage:add", vehicle):
        raise PermissionDenied
    files, problems = request.FILES.getlist("photo")[: photos.MOST], list[str]()
    if not files:
        problems.append(_("Choose one or more photos."))
    for file in files:
        try:
            data = file.read(pictures.MOST_BYTES + 1)  # one more: then it is too large, whatever it says of itself
            photos.add(vehicle, data, kind=request.POST.get("kind") or VehicleImage.Kind.EXTERIOR, by=request.user)
        except ValidationError as error:
            problems.append(f"{file.name}: {' '.join(error.messages)}" if len(files) > 1 else " ".join(error.messages))
    if request.headers.get("Accept") == "application/json":
        return JsonResponse({"problems": problems}, status=422 if problems else 201)
    for words in problems:
        messages.error(request, words)
    return redirect(f"{VEHICLES.address(vehicle)}#photos")


@login_required
@require_POST
def photo_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a photo the main one, move it, say what it shows, or remove it."""
    image = photo_of(request, pk)
    vehicle, problems = image.vehicle, list[str]()
    changes: dict[str, Callable[..., None]] = {
        "primary": photos.make_primary,
        "earlier": partial(photos.move, places=-1),
        "later": partial(photos.move, places=1),
        "remove": photos.remove,
        "kind": partial(photos.classify, kind=request.POST.get("kind", "")),
    }
    change = changes.get(request.POST.get("do", ""))
    if change is None:
        return HttpResponse(status=400)
    try:
        change(image, by=request.user)
    except ValidationError as error:
        problems = error.messages
    if getattr(request, "htmx", None):
        return answer(request, vehicle, 422 if problems else 200, problems=problems)
    for words in problems:
        messages.error(request, words)
    return redirect(f"{VEHICLES.address(vehicle)}#photos")


@login_required
@require_POST
def photo_order(request: HttpRequest, pk: int) -> HttpResponse:
    """The photos of a vehicle in the order in which somebody dragged them."""
    vehicle = vehicle_of(request, pk)
    if not request.user.has_perm(gallery.CHANGE, vehicle):
        raise PermissionDenied
    try:
        ids = [
            int(each)
            for each in request.POST.getlist("photo")
            if each.isascii() and each.isdecimal() and len(each) < 19
        ]
        photos.arrange(vehicle, ids, by=request.user)
    except ValidationError as error:
        return answer(request, vehicle, 422, problems=error.messages)
    return answer(request, vehicle)
