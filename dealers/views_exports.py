"""Pages of exports, saved views and preferences of lists."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.backoffice.exports import disposition
from dealers import exports, saved_views
from dealers.exports import Asked, Download
from dealers.models import Export, SavedView


def see_other(request: HttpRequest, usual: str) -> HttpResponse:
    """On to the page that the form names, if it is one of ours; by GET, whatever the request was."""
    following = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(following, {request.get_host()}, require_https=request.is_secure())
    return HttpResponse(status=303, headers={"Location": following if ours else resolve_url(usual)})


def handed_out(download: Download) -> HttpResponseBase:
    headers = {"Content-Disposition": disposition(download.name), "Content-Length": str(download.size)}
    return StreamingHttpResponse(download.content, content_type=download.content_type, headers=headers)


def tell(request: HttpRequest, error: ValidationError) -> None:
    for words in error.messages:
        messages.error(request, words)


# -- exports


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def exports_page(request: Any) -> HttpResponseBase:
    """Mine, and by POST one more: the file itself, or this page when it is made in the background."""
    return start(request) if request.method == "POST" else render(request, "dealers/exports/list.html", listed(request))


@require_safe
@login_required
def export_rows(request: Any) -> HttpResponse:
    """What of the page changes while something is made."""
    return render(request, "dealers/exports/rows.html", listed(request))


def listed(request: Any) -> dict[str, Any]:
    found = list(Export.objects.of(request.user)[: 2 * exports.MOST])
    return {"exports": found, "going_on": any(each.is_unfinished for each in found)}


def start(request: Any) -> HttpResponseBase:
    given = request.POST
    asked = Asked(
        given.get("resource", ""), given.get("query", ""), given.getlist("columns"), given.get("format", "csv")
    )
    try:
        found = exports.ask(request.user, asked, request.dealership_id)
    except LookupError:
        raise Http404 from None
    except ValidationError as error:
        tell(request, error)
        return see_other(request, "exports")
    if isinstance(found, Download):
        return handed_out(found)
    messages.success(request, _("The file is being made; you find it here when it is ready."))
    return HttpResponse(status=303, headers={"Location": resolve_url("exports")})


def mine(request: Any, pk: UUID) -> Export:
    return get_object_or_404(Export.objects.of(request.user), pk=pk)


@require_http_methods(["GET"])
@login_required
def export_download(request: Any, pk: UUID) -> HttpResponseBase:
    export = mine(request, pk)
    try:
        return handed_out(exports.fetch(request.user, export))
    except exports.Over:
        return refused(request, export, 410, _("The file has expired: it could be fetched for 24 hours."))
    except exports.NotReady:
        return refused(request, export, 409, _("There is no file of this export."))
    except PermissionDenied as error:
        return refused(request, export, 403, str(error))


def refused(request: HttpRequest, export: Export, status: int, words: str) -> HttpResponse:
    return render(request, "dealers/exports/refused.html", {"export": export, "words": words}, status=status)


@require_POST
@login_required
def export_cancel(request: Any, pk: UUID) -> HttpResponse:
    if exports.cancel(mine(request, pk)):
        messages.success(request, _("The export was cancelled."))
    return see_other(request, "exports")


# -- how a person looks at lists


@require_POST
@login_required
def view_save(request: Any) -> HttpResponse:
    given = request.POST
    try:
        saved_views.save(
            request.user,
            given.get("resource", ""),
            given.get("name", ""),
            given.get("query", ""),
            default=given.get("default") == "on",
        )
    except ValidationError as error:
        tell(request, error)
    else:
        messages.success(request, _("The view was saved."))
    return see_other(request, "home")


def my_view(request: Any, view: int) -> SavedView:
    return get_object_or_404(SavedView.objects.of(request.user), pk=view)


@require_POST
@login_required
def view_rename(request: Any, view: int) -> HttpResponse:
    try:
        my_view(request, view).rename(request.POST.get("name", ""))
    except ValidationError as error:
        tell(request, error)
    return see_other(request, "home")


@require_POST
@login_required
def view_delete(request: Any, view: int) -> HttpResponse:
    my_view(request, view).delete()
    messages.success(request, _("The view was deleted."))
    return see_other(request, "home")


@require_POST
@login_required
def view_default(request: Any, view: int) -> HttpResponse:
    """The list opens with it; with `off`, as it comes."""
    my_view(request, view).make_default("off" not in request.POST)
    return see_other(request, "home")


@require_POST
@login_required
def list_preference(request: Any, resource: str) -> HttpResponse:
    """`columns`, repeated, and `density`; what is not sent stays. A lone blank column stands for the usual ones."""
    given = request.POST
    columns = given.getlist("columns") if "columns" in given else None
    try:
        saved_views.prefer(request.user, resource, columns=columns, density=given.get("density"))
    except ValidationError as error:
        tell(request, error)
    return see_other(request, "home")
