"""What the deal desk sends, documents, and the page of a customer's link."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django.views import View
from django.views.decorators.http import require_http_methods, require_safe

from config.backoffice.pages import contradicted
from config.backoffice.resources import Verb
from dealers.middleware import address_of
from sales import links, scenarios
from sales.arithmetic import BadOffer
from sales.board import desk_of, summary_context
from sales.desk import Desk, applied
from sales.forms import AcceptForm, LinkForm, RollForm
from sales.models import Deposit, Document, OfferLink, Scenario
from sales.resources import CHANGE, DEALS


class DealPart(LoginRequiredMixin, View):
    """Something that is done with a row of a deal; `about` is the row's model."""

    about: Any
    permission = CHANGE
    http_method_names = ["post", "options"]

    def row(self, pk: int) -> Any:
        """Raises Http404 for what is not theirs to see, PermissionDenied for what is not theirs to change."""
        user = self.request.user
        rows = self.about.objects.visible_to(user).select_related("deal__dealership", "deal__vehicle", "deal__customer")
        row = get_object_or_404(rows, pk=pk)
        if not user.has_perm(self.permission, row):
            raise PermissionDenied
        return row

    def back(self, scenario: Scenario) -> HttpResponse:
        """To the scenario, or to its deal if it was removed meanwhile."""
        there = DEALS.address(scenario.deal)
        return redirect(f"{there}?scenario={scenario.pk}" if type(scenario).objects.filter(pk=scenario.pk) else there)

    def attempt(self, work: Any, *args: Any, **given: Any) -> Any:
        """What `work` gives; None with a message if it refuses."""
        try:
            with transaction.atomic():
                return work(*args, by=self.request.user, **given)
        except ValidationError as error:
            messages.error(self.request, " ".join(error.messages))
        except IntegrityError:
            messages.error(self.request, contradicted())
        return None


class ScenarioPart(DealPart):
    about = Scenario

    def desk(self, scenario: Scenario, data: Any = None) -> Desk:
        return Desk(scenario, self.request.user, self.request.POST if data is None else data)

    def page(self, desk: Desk, status: int) -> HttpResponse:
        """The whole page with what was sent."""
        request, deal = self.request, desk.deal
        context = {
            "resource": DEALS,
            "row": deal,
            "title": DEALS.title(deal),
            "panels": [],
            "verbs": [(verb, f"deals-{verb.name}") for verb in DEALS.verbs_for(request.user, deal)],
            "edits": DEALS.may(request.user, "change", deal),
            "deletes": DEALS.may(request.user, "delete", deal),
            "crumbs": [(DEALS.list_address, capfirst(DEALS.label_plural))],
            **desk_of(request, deal, desk),
        }
        return TemplateResponse(request, "sales/desk.html", context, status=status)


class SaveScenario(ScenarioPart):
    """Save what is at the desk, as it is, with a cell of the matrix, or as another scenario."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        scenario, data = self.row(pk), request.POST.copy()
        try:
            with transaction.atomic():
                scenario = scenarios.held(scenario)  # before it is compared with what was sent
                if "apply" in data:
                    data = applied(data, str(data["apply"]))
                if "save_as" in data:
                    return self.save_as(scenario, data)
                desk = self.desk(scenario, data)
                if not self.saved(desk):
                    return self.page(desk, 409 if desk.both else 422)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return self.back(scenario)
        messages.success(request, _("%(thing)s is saved.") % {"thing": scenario.name})
        return self.back(scenario)

    def saved(self, desk: Desk) -> bool:
        if not desk.is_valid():
            return False
        try:
            with transaction.atomic():
                desk.save()
        except ValidationError as error:
            named = getattr(error, "error_dict", None)
            unknown = named is None or set(named) - set(desk.form.fields)
            desk.form.add_error(None, " ".join(error.messages) if unknown else error)
            return False
        return True

    def save_as(self, scenario: Scenario, data: Any) -> HttpResponse:
        """A copy with what was sent; the scenario itself stays as it is stored."""
        name = data.get("new_name", "")
        try:
            with transaction.atomic():
                made = scenarios.copy(scenario, by=self.request.user, name=name)
                desk = Desk(made, self.request.user, moved(data, scenario, made))
                if not desk.is_valid():
                    raise ValidationError(desk.problems)
                desk.save()
        except ValidationError as error:
            desk = self.desk(scenario, data)
            desk.form.full_clean()
            desk.form.add_error(None, error.messages)
            return self.page(desk, 422)
        messages.success(self.request, _("%(thing)s is saved.") % {"thing": made.name})
        return self.back(made)


def moved(data: Any, scenario: Scenario, made: Scenario) -> Any:
    """What was sent of a scenario's lines, as that of its copy's."""
    found = data.copy()
    found.pop("version", None)
    found["name"] = made.name
    for kind, rows in (("item", "items"), ("trade-in", "trade_ins")):
        old = getattr(scenario, rows).order_by("pk").values_list("pk", flat=True)
        new = getattr(made, rows).order_by("pk").values_list("pk", flat=True)
        for before, now in zip(old, new, strict=True):
            for start in ("", "initial-"):
                prefix = f"{start}{kind}-{before}-"
                for key in [key for key in data if key.startswith(prefix)]:
                    found.setlist(f"{start}{kind}-{now}-{key.removeprefix(prefix)}", data.getlist(key))
    return found


class Calculate(ScenarioPart):
    """The summary of what is at the desk, as one writes; nothing is stored."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        scenario = self.row(pk)
        desk = self.desk(scenario)
        context = {"figures": summary_context(desk, desk.gross), "scenario": scenario, "swapped": True, "locked": False}
        return render(request, "sales/summary.html", context)


class Roll(ScenarioPart):
    """The same page with as much discount, down payment or term as brings the payment down; not saved yet."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        scenario = self.row(pk)
        desk, roll = self.desk(scenario), RollForm(request.POST)
        if not (desk.is_valid() and roll.is_valid()):
            for errors in roll.errors.values():
                desk.form.add_error(None, [str(each) for each in errors])
            return self.page(desk, 422)
        try:
            data = desk.rolled(roll.cleaned_data["target_payment"], roll.cleaned_data["lever"])
        except BadOffer as error:
            desk.form.add_error(None, str(error))
            return self.page(desk, 422)
        rolled = self.desk(scenario, data)
        rolled.is_valid()
        messages.info(request, _("The payment is brought down. Save to keep it."))
        return self.page(rolled, 200)


class ChooseScenario(ScenarioPart):
    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        scenario = self.row(pk)
        self.attempt(scenarios.choose, scenario)
        return self.back(scenario)


class RemoveScenario(ScenarioPart):
    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        scenario = self.row(pk)
        self.attempt(scenarios.remove, scenario)
        return redirect(DEALS.address(scenario.deal))


class RemoveDeposit(DealPart):
    about, permission = Deposit, "sales.deposit:delete"

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self.row(pk)
        self.attempt(scenarios.remove_deposit, row)
        return redirect(DEALS.address(row.deal))


class RevokeLink(DealPart):
    about = OfferLink

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self.row(pk)
        self.attempt(links.revoke, row)
        return redirect(DEALS.address(row.deal))


class MakeLink(DealPart):
    """A link to a document, shown once."""

    about = Document
    http_method_names = ["get", "post", "head", "options"]
    verb = Verb("link", gettext_lazy("Send to the customer"), CHANGE, links.make)

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.ask(self.row(pk), LinkForm())

    def ask(self, row: Any, form: LinkForm, status: int = 200) -> HttpResponse:
        crumbs = [(DEALS.list_address, capfirst(DEALS.label_plural)), (DEALS.address(row.deal), str(row.deal))]
        title = f"{_('Link for the customer')}: {row}"
        context = {
            "form": form,
            "title": title,
            "row": row.deal,
            "resource": DEALS,
            "crumbs": crumbs,
            "verb": self.verb,
        }
        return TemplateResponse(self.request, "ui/form.html", context, status=status)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        row, form = self.row(pk), LinkForm(request.POST)
        if not form.is_valid():
            return self.ask(row, form, 422)
        token = self.attempt(links.make, row, **form.cleaned_data)
        if token is None:
            return redirect(DEALS.address(row.deal))
        address = request.build_absolute_uri(reverse("offer", args=[token]))
        context = {"deal": row.deal, "document": row, "address": address, "crumbs": [], "resource": DEALS}
        return TemplateResponse(request, "sales/link.html", context)


class DocumentFile(DealPart):
    """A document as it was made."""

    about, permission = Document, "sales.deal:view"
    http_method_names = ["get", "head", "options"]

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        document = self.row(pk)
        if document.erased_at is not None:
            raise Http404
        return as_pdf(document)


def as_pdf(document: Document) -> HttpResponse:
    name = f"{document.deal.number}-{document.kind}-{document.version}.pdf"
    response = HttpResponse(bytes(document.pdf), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


# -- the customer's page


def private(response: HttpResponse) -> HttpResponse:
    """Nobody keeps it, finds it, or learns its address from a link on it."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Referrer-Policy"] = "same-origin"  # with no referrer a browser hides the origin of its form
    return response


def opened(token: str) -> OfferLink:
    try:
        return links.find(token)
    except links.Closed:
        raise Http404 from None


@require_http_methods(["GET", "HEAD", "POST"])
def offer(request: HttpRequest, token: str) -> HttpResponseBase:
    """An offer as the customer sees it; a POST with a name and a tick accepts it."""
    link = opened(token)
    language = link.document.language
    with override(language):
        form = AcceptForm(request.POST if request.method == "POST" else None)
        status = 200
        if request.method == "POST" and link.accepted_at is None:
            if form.is_valid():
                try:
                    links.accept(token, name=form.cleaned_data["name"], address=address_of(request))
                except links.Closed:
                    raise Http404 from None
                return private(redirect(request.path))
            status = 422
        context = {"link": link, "facts": link.document.facts, "form": form, "language": language}
        return private(render(request, "sales/offer.html", context, status=status))


@require_safe
def offer_pdf(request: HttpRequest, token: str) -> HttpResponseBase:
    return private(as_pdf(opened(token).document))
