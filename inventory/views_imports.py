"""What is done with a file of vehicles: sent, its columns chosen, the rows with errors taken back."""

from __future__ import annotations

import io
from functools import partial
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from config.backoffice.exports import FORMATS, disposition, write
from config.backoffice.pages import once_of
from config.backoffice.resources import Verb
from config.backoffice.sheets_read import MOST_BYTES
from dealers import once
from dealers.models import Dealership
from inventory import importing
from inventory.forms import ReceiveForm
from inventory.import_resources import IMPORTS
from inventory.import_rows import ADD
from inventory.models import VehicleImport


class ImportPart(LoginRequiredMixin, View):
    """Something about a file of vehicles, for those who may add some."""

    about = VehicleImport

    def dispatch(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponseBase:
        if request.user.is_authenticated and not IMPORTS.may(request.user):
            raise PermissionDenied
        return super().dispatch(request, *args, **options)

    def row(self, pk: int) -> Any:
        return get_object_or_404(IMPORTS.rows(self.request.user), pk=pk)


class ReceiveImport(ImportPart):
    """Takes a file; sent twice by one click too many, it is received once."""

    verb = Verb("receive", gettext_lazy("Upload"), ADD, importing.receive)

    def form(self, *data: Any) -> ReceiveForm:
        places = Dealership.objects.visible_to(self.request.user, ADD).order_by("name")
        return ReceiveForm(*data, dealerships=places)

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.ask(self.form(), str(uuid4()))

    def ask(self, form: ReceiveForm, key: str, status: int = 200) -> HttpResponse:
        context = {
            "form": form,
            "title": _("Import vehicles"),
            "resource": IMPORTS,
            "verb": self.verb,
            "once": key,
            "crumbs": [(IMPORTS.list_address, capfirst(IMPORTS.label_plural))],
        }
        return TemplateResponse(self.request, "ui/form.html", context, status=status)

    def post(self, request: HttpRequest) -> HttpResponse:
        key, form = once_of(request), self.form(request.POST, request.FILES)
        if form.is_valid():
            try:
                return redirect(IMPORTS.address(self.received(key, **form.cleaned_data)))
            except once.KeyTaken as error:
                form.add_error(None, error)
                key = str(uuid4())
            except ValidationError as error:
                form.add_error("file", error)
        return self.ask(form, key, 422)

    def received(self, key: str, dealership: Dealership, file: Any) -> VehicleImport:
        """Raises ValidationError, and KeyTaken for a key that was sent with something else."""
        data = file.read(MOST_BYTES + 1)  # one more: then it is too long, whatever it says of itself
        sent_before = partial(importing.received_before, self.request.user, key, dealership, data)
        if (made := sent_before()) is not None:
            return made
        try:
            with transaction.atomic():
                return importing.receive(dealership, file.name, data, by=self.request.user, key=key)
        except once.KeyTaken:
            if (made := sent_before()) is None:
                raise
            return made  # by a click at the same moment


class ChooseColumns(ImportPart):
    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self.row(pk)
        try:
            with transaction.atomic():
                importing.choose_columns(row, request.POST.getlist("column"), by=request.user)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        return redirect(IMPORTS.address(row))


class RefusedRows(ImportPart):
    """The rows with errors as a file of the same kind, to be put right and sent again."""

    http_method_names = ["get", "head", "options"]

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return refused_file(self.row(pk))


def refused_file(row: VehicleImport) -> HttpResponse:
    """In the format in which it was sent."""
    table, file = importing.table_of(row), io.BytesIO()
    ending = table.ending
    write(importing.refused_rows(row, table), ending, file)
    response = HttpResponse(file.getvalue(), content_type=FORMATS[ending])
    stem = row.name.rpartition(".")[0] or row.name
    response.headers["Content-Disposition"] = disposition(f"{stem}-{_('errors')}.{ending}")
    return response
