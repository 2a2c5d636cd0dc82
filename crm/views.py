"""Pages of customers beside those of their resource: duplicates, the timeline, and what the law asks for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.backoffice.pages import FormPage, ResourcePage, VerbPage, once_of, tell
from config.backoffice.resources import REGISTRY, Verb
from crm import privacy, services, timeline
from crm.forms import EraseForm, MergeForm
from crm.models import Customer
from crm.resources import CUSTOMERS, ERASE, EXPORT, REVEAL

BIGGEST = 2**63


def number(text: str) -> int | None:
    """An id as an address holds it."""
    return int(text) if text.isascii() and text.isdecimal() and int(text[:20]) < BIGGEST and len(text) < 20 else None


class Duplicates(ResourcePage):
    """Who may be the customer that is just being typed: a fragment under the form's fields.

    It is asked by POST, so that no number of somebody stands in an address.
    """

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest) -> HttpResponse:
        typed, rows = request.POST, self.resource.rows(request.user)
        if dealership := number(typed.get("dealership", "")):
            rows = rows.filter(dealership_id=dealership)
        besides = number(typed.get("besides", ""))
        names = ("phone", "email", "name", "identity_number")
        asked = {name: typed.get(name, "")[:254] for name in names}
        if any("\0" in each for each in asked.values()):
            raise BadRequest
        found = services.duplicates(rows, **asked, besides=besides)
        mine = rows.filter(pk=besides).first() if besides else None
        merges = mine is not None and request.user.has_perm("crm.customer:merge", mine)
        return self.answer("crm/duplicates.html", found=found, mine=mine if merges else None)


class Timeline(ResourcePage):
    """Entries of one kind or of all, before a moment: the list, or what follows it."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        row, kind = self.row(pk), request.GET.get("kind", "")
        before = moment(request.GET.get("before", ""))
        if kind and kind not in timeline.open_to(request.user, row):
            raise Http404
        context = {
            "row": row,
            "timeline": timeline.page(request.user, row, kind, before),
            "kind": kind,
            "sources": {name: each.label for name, each in timeline.open_to(request.user, row).items()},
        }
        part = getattr(request, "htmx", None)
        template = ("crm/timeline_older.html" if before else "crm/timeline.html") if part else "crm/timeline_page.html"
        return self.answer(
            template, title=row.name, crumbs=[*self.crumbs(), (self.resource.address(row), row.name)], **context
        )


def moment(text: str) -> datetime | None:
    """Raises BadRequest for what is none."""
    try:
        found = parse_datetime(text) if text else None
    except ValueError:
        found = None
    if text and (found is None or not is_aware(found)):
        raise BadRequest
    return found


class PartPage(FormPage):
    """Adds a note, an address, … to a customer, from the forms on their page."""

    http_method_names = ["post", "options"]
    part = ""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        customer, resource = self.row(pk), REGISTRY[self.part]
        if not resource.may(request.user, "add", customer):
            raise PermissionDenied
        data = request.POST.copy()
        data["customer"] = str(customer.pk)
        form = resource.form_for(request.user, "add", data=data)
        form.fields["customer"].widget = form.fields["customer"].hidden_widget()
        row, key = self.made_once(resource, form, once_of(request))
        if row is None:
            title = f"{customer.name}: {resource.label}"
            return self.answer(
                "ui/form.html",
                422,
                form=form,
                title=title,
                row=customer,
                once=key,
                crumbs=[*self.crumbs(), (self.resource.address(customer), customer.name)],
            )
        messages.success(request, _("%(thing)s is saved.") % {"thing": resource.title(row)})
        return redirect(f"{self.resource.address(customer)}#{self.part}")


class Reveal(ResourcePage):
    """The whole identity number, once, and the audit knows who read it."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self.row(pk)
        if not request.user.has_perm(REVEAL, row):
            raise PermissionDenied
        answer = self.answer("crm/revealed.html", row=row, identity_number=services.reveal(row, by=request.user))
        answer["Cache-Control"] = "no-store"
        return answer


class Export(ResourcePage):
    """Everything about a person as a file of JSON."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self.row(pk)
        if not request.user.has_perm(EXPORT, row):
            raise PermissionDenied
        answer = JsonResponse(privacy.export(row, by=request.user), json_dumps_params={"indent": 2})
        answer["Content-Disposition"] = f'attachment; filename="customer-{row.pk}.json"'
        answer["Cache-Control"] = "no-store"
        return answer


class ErasePage(VerbPage):
    """Erases a person, for a reason; there is no page to go back to."""

    verb = Verb("erase", gettext_lazy("Erase"), ERASE, privacy.erase, EraseForm, "trash", danger=True)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        row, form = self.allowed(pk), EraseForm(data=request.POST)
        if not form.is_valid():
            return self.ask(row, form, 422)
        privacy.erase(row, reason=form.cleaned_data["reason"], by=request.user)
        tell(request, [(True, _("The customer's data are erased."))])
        return redirect(self.resource.list_address)


class MergePage(VerbPage):
    """Two customers beside each other, field by field; what is chosen is done by the verb's own page."""

    verb = CUSTOMERS.verbs[1]
    http_method_names = ["get", "head", "options"]

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        row, other = self.allowed(pk), number(request.GET.get("other", ""))
        loser = self.resource.rows(request.user).filter(pk=other, dealership_id=row.dealership_id).first()
        if loser is None or loser == row:
            raise Http404
        form = MergeForm(initial={"other": loser.pk})
        form.fields["other"].widget = form.fields["other"].hidden_widget()
        for name in Customer.CHOSEN:
            mine, others = (value_of(each, name) for each in (row, loser))
            choices = [("mine", mine), ("others", others)]
            if others in {mine, "–"}:
                del form.fields[name]
                continue
            if name == "tags":
                choices.append(("both", f"{mine}, {others}"))
            form.fields[name].choices = choices  # type: ignore[attr-defined]
            form.initial[name] = "others" if mine == "–" else "mine"
        title = _("Merge %(other)s into %(name)s") % {"other": loser.name, "name": row.name}
        crumbs = [*self.crumbs(), (self.resource.address(row), row.name)]
        action = reverse("customers-merge", args=[row.pk])
        context = {"form": form, "title": title, "verb": self.verb, "row": row, "crumbs": crumbs, "action": action}
        return self.answer("ui/form.html", **context)


def value_of(row: Customer, name: str) -> str:
    """A field in words; a dash for none."""
    if name == "identity_number":
        return row.masked_identity_number or "–"
    shown = getattr(row, f"get_{name}_display", None)
    found: Any = shown() if shown else getattr(row, name)
    return (", ".join(found) if isinstance(found, list) else str(found or "")) or "–"
