"""Files of a deal on its page: added, handed out, removed."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_cache_control
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views import View

from config.backoffice.exports import disposition
from sales import files
from sales.board import files_of
from sales.forms import FileForm
from sales.models import Deal, DealFile
from sales.resources import CHANGE, DEALS
from sales.views import DealPart


class Files(LoginRequiredMixin, View):
    """The files of a deal as a part of its page, which looks again while one waits; a POST adds one."""

    about = Deal
    http_method_names = ["get", "post", "head", "options"]

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.show(get_object_or_404(DEALS.rows(request.user), pk=pk), FileForm())

    def show(self, deal: Any, form: FileForm, status: int = 200) -> HttpResponse:
        context = {"row": deal, **files_of(self.request.user, deal), "file_form": form}
        part = getattr(self.request, "htmx", None)
        crumbs = [(DEALS.list_address, capfirst(DEALS.label_plural)), (DEALS.address(deal), str(deal))]
        template = "sales/files.html" if part else "sales/files_page.html"
        return render(self.request, template, {**context, "crumbs": crumbs}, status=status)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        deal = get_object_or_404(DEALS.rows(request.user), pk=pk)
        if not request.user.has_perm(CHANGE, deal):
            raise PermissionDenied
        form = FileForm(request.POST, request.FILES)
        if not form.is_valid():
            return self.show(deal, form, 422)
        sent, kind = form.cleaned_data["file"], form.cleaned_data["kind"]
        try:
            made = files.add(deal, sent.read(files.MOST_BYTES + 1), sent.name, kind=kind, by=request.user)
        except ValidationError as error:
            form.add_error("file", error.messages)
            return self.show(deal, form, 422)
        messages.success(request, _("%(thing)s is added.") % {"thing": made})
        return redirect(f"{DEALS.address(deal)}#files")


class FileContent(DealPart):
    """A file as a download; while it waits for the scanner, or is blocked, there is none."""

    about, permission = DealFile, "sales.deal:view"
    http_method_names = ["get", "head", "options"]

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        file = self.row(pk)
        if not file.is_open:
            raise Http404
        return as_download(file)


def as_download(file: DealFile) -> HttpResponse:
    """Never shown by the browser itself, nor kept by it."""
    response = HttpResponse(bytes(file.content), content_type=file.content_type)
    response.headers["Content-Disposition"] = disposition(file.name)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    patch_cache_control(response, private=True, no_store=True)
    return response


class RemoveFile(DealPart):
    about = DealFile

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self.row(pk)
        self.attempt(files.remove, row)
        return redirect(f"{DEALS.address(row.deal)}#files")
