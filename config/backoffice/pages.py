"""The views that a Resource makes its pages with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import uuid4

import django_tables2 as tables
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.forms import ModelMultipleChoiceField
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views import View
from rest_framework.exceptions import APIException

from config.backoffice import filter_bar, lookups, merging
from config.backoffice.cells import Column
from config.backoffice.exports import disposition
from config.backoffice.filter_bar import FilterBar
from config.backoffice.pagination import Page, Place, checked_ordering
from config.backoffice.patience import TooSlow, patience
from config.backoffice.resources import Looks, Verb

MAY_EXPORT = "records.export:add"
ONCE, MOST_OF_A_KEY = "once", 200
"""The hidden input of a form's one-time key, and how long one may be."""
YEAR = 365 * 24 * 60 * 60
MOST_AT_ONCE = 500
"""Rows that a bulk verb takes."""


class ResourcePage(LoginRequiredMixin, View):
    """A page about a resource's rows, for those who may see any of them."""

    resource: Any = None
    """The Resource, given as the address is declared."""
    verb: Any = None

    def dispatch(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponseBase:
        if request.user.is_authenticated and not self.resource.may(request.user):
            raise PermissionDenied
        return super().dispatch(request, *args, **options)

    def row(self, pk: int) -> Any:
        return get_object_or_404(self.resource.rows(self.request.user), pk=pk)

    def answer(self, template: str, status: int = 200, **context: Any) -> TemplateResponse:
        return TemplateResponse(self.request, template, {"resource": self.resource, **context}, status=status)

    def choose_again(self) -> HttpResponse:
        messages.error(self.request, _("Choose between 1 and %(most)s rows.") % {"most": MOST_AT_ONCE})
        return redirect(self.resource.list_address)

    def crumbs(self) -> list[tuple[str, str]]:
        return [(self.resource.list_address, capfirst(self.resource.label_plural))]


class CellColumn(tables.Column):
    """A column of ours in a table of django-tables2."""

    empty_values = ()

    def __init__(self, column: Column, user: Any, words: tuple[str, ...]) -> None:
        super().__init__(verbose_name=column.label, accessor="pk", orderable=False)
        self.ours, self.user, self.searched = column, user, words

    def render(self, record: Any) -> Any:
        return self.ours.cell_for(self.user, record, self.searched)


def table_of(columns: list[Column], rows: list[Any], user: Any, words: tuple[str, ...] = ()) -> tables.Table:
    """Rows of a page under the columns chosen, as `user` may see them."""
    declared = {column.name: CellColumn(column, user, words) for column in columns}
    made: tables.Table = type("Rows", (tables.Table,), declared)(rows)
    return made


class ListPage(ResourcePage):
    """Filters, rows, and what stands above them; an htmx request gets the rows alone."""

    def get(self, request: HttpRequest) -> HttpResponse:
        resource, user = self.resource, request.user
        look = Looks.of(user, resource.name)
        own = next((view.query for view in look.views if view.is_default), "")
        if not request.GET and (usual := own or resource.usual):
            return redirect(f"{request.path}?{usual}")
        query = filter_bar.read(request.GET)
        filterset = resource.filtered(user, query, request)
        problems: list[str] = []
        valid = filterset is None or filterset.is_valid()
        rows = filterset.qs if filterset is not None and valid else resource.rows(user)
        bar = (
            FilterBar(filterset, query, resource.first_filters, resource.choices(user), resource.hidden_filters)
            if filterset is not None
            else None
        )
        words = bar.words if bar else ()
        page, ordering = self.page(rows if valid else None, words, problems)
        columns = resource.chosen(user, request.GET.getlist("columns") or look.columns)
        context = {
            "table": table_of(columns, page.rows, user, words),
            "columns": columns,
            "choosable": resource.told_to(user),
            "bar": bar,
            "page": page,
            "ordering": ordering,
            "problems": problems,
            "valid": valid,
            "bulk": [verb for verb in resource.verbs if verb.bulk and user.has_perm(verb.permission)],
            "found": [(row, resource.address(row), resource.beside(row, words) if words else ()) for row in page.rows],
            "look": look,
            "cards": bool(resource.cards_template) and request.COOKIES.get(f"{resource.name}-cards") == "1",
            "here": bar.asked if bar else "",
            "exports": resource.exports and user.has_perm(MAY_EXPORT),
            "creates": resource.form is not None and resource.may(user, "add"),
        }
        part = getattr(request, "htmx", None) and request.htmx.target == "rows"  # type: ignore[attr-defined]
        if not part:
            context |= resource.above(request, rows if valid else None)
        return self.answer(
            resource.rows_template if part else resource.list_template, 422 if not valid or problems else 200, **context
        )

    def page(self, found: Any, words: tuple[str, ...], problems: list[str]) -> tuple[Page, str]:
        """The rows asked for; what is wrong with the question goes to `problems`, and the first page is shown."""
        resource, asked, cursor = self.resource, self.request.GET, self.request.GET.get("cursor")
        if found is None:
            return Page([], None, None), resource.ordering
        rows = resource.listing(found, words)
        try:
            ordering = checked_ordering(asked.get("ordering") or resource.ordering, resource.sortable_too)
            place = Place.of(resource.model, ordering, cursor)
            with patience():
                near = resource.near(self.request.user, asked, place)
                return Page.at(place, rows if near is None else near, resource.page_size), ordering
        except TooSlow as error:
            problems.append(str(error))
            return Page([], None, None), resource.ordering
        except APIException as error:
            problems += [str(words) for each in dict(error.detail).values() for words in each]  # type: ignore[arg-type]
            return Page.of(rows, resource.ordering, None, resource.page_size), resource.ordering


class LookupPage(ResourcePage):
    """What a box shows that looks a row up: the first rows that the person may see and that are meant."""

    def get(self, request: HttpRequest) -> HttpResponse:
        resource, asked = self.resource, filter_bar.read(request.GET)
        words = next(
            (" ".join(str(value).split()) for name, value in asked.items() if name.endswith(lookups.WORDS)), ""
        )
        rows, problem, found = resource.rows(request.user), "", []
        there = asked.get("dealership", "")
        if there.isascii() and there.isdecimal() and len(there) < 19 and owned(resource.model):
            rows = rows.filter(dealership=int(there))
        filters = {name: values for name, values in asked.lists() if name in resource.filterset.base_filters}
        words = lookups.NUMBERED.sub("", words)[: lookups.LONGEST]
        try:
            found = lookups.searched(resource, rows, words, filters)
        except TooSlow as error:
            problem = str(error)
        options = [(row.pk, resource.lookup_label(row), resource.hint(row)) for row in found]
        return self.answer("ui/lookup_found.html", found=options, words=words, problem=problem)


def owned(model: Any) -> bool:
    return any(field.name == "dealership" for field in model._meta.concrete_fields)


class CardsPage(ResourcePage):
    """Remembers in a cookie whether a list stands as cards or as a table."""

    def post(self, request: HttpRequest) -> HttpResponse:
        asked = request.POST.get("next", "")
        here = asked if url_has_allowed_host_and_scheme(asked, None) else self.resource.list_address
        response = redirect(here)
        chosen = "1" if request.POST.get("cards") == "1" else "0"
        response.set_cookie(
            f"{self.resource.name}-cards",
            chosen,
            max_age=YEAR,
            samesite="Lax",
            secure=request.is_secure(),
            httponly=True,
        )
        return response


class DetailPage(ResourcePage):
    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        row, resource = self.row(pk), self.resource
        return self.answer(
            resource.detail_template,
            row=row,
            title=resource.title(row),
            panels=list(resource.panels(request, row)),
            verbs=[(verb, f"{resource.name}-{verb.name}") for verb in resource.verbs_for(request.user, row)],
            edits=resource.form is not None and resource.may(request.user, "change", row),
            deletes=resource.form is not None and resource.may(request.user, "delete", row),
            crumbs=self.crumbs(),
            **resource.beside_panels(request, row),
        )


class FormPage(ResourcePage):
    """A form on a page of its own; an invalid one answers 422 with everything as it was typed."""

    def form(self, verb: str, **options: Any) -> Any:
        if self.request.FILES:
            options["files"] = self.request.FILES
        return self.resource.form_for(self.request.user, verb, **options)

    def saved(self, save: Callable[..., Any], form: Any, **options: Any) -> Any:
        """The row that was written; None, with the reason among the form's errors, if it could not be."""
        if not form.is_valid():
            return None
        try:
            with transaction.atomic():
                return save(self.request.user, form, **options)
        except ValidationError as error:
            form.add_error(None, error)
        except IntegrityError:
            form.add_error(None, contradicted())
        return None

    def made_once(self, resource: Any, form: Any, key: str) -> tuple[Any, str]:
        """The row of a form with a one-time key, made now or when it was sent before; None if it could not be.

        And the key to show the form with again: a new one, if this one was sent for something else.
        """

        def before() -> Any:
            return resource.made_before(self.request.user, key) if key else None

        try:
            row = before() or self.saved(resource.create, form, key=key)
            return row or before(), key  # made by a click at the same moment
        except ValidationError as error:
            form.add_error(None, error)
            return None, str(uuid4())

    def show(self, form: Any, title: str, status: int = 200, **context: Any) -> HttpResponse:
        template = self.resource.form_template
        return self.answer(template, status, form=form, title=title, crumbs=self.crumbs(), **context)

    def need(self, verb: str, row: Any = None) -> None:
        if not self.resource.may(self.request.user, verb, row):
            raise PermissionDenied

    def thank(self, row: Any) -> HttpResponse:
        messages.success(self.request, _("%(thing)s is saved.") % {"thing": self.resource.title(row)})
        return redirect(self.resource.address(row))


def once_of(request: HttpRequest) -> str:
    """A form's one-time key, as far as it can be one."""
    key = request.POST.get(ONCE, "")
    return key if len(key) <= MOST_OF_A_KEY and key.isprintable() else ""


class CreatePage(FormPage):
    """Makes a row; the form's one-time key makes a second click lead to the row of the first."""

    def get(self, request: HttpRequest) -> HttpResponse:
        self.need("add")
        return self.show(self.form("add", initial=self.asked_for()), self.title(), once=uuid4())

    def asked_for(self) -> dict[str, Any]:
        """What the address says that the form is filled with: of a field of several rows their numbers alone."""
        asked, found = self.request.GET, dict[str, Any]()
        for name, field in self.resource.form.base_fields.items():
            if name in asked and isinstance(field, ModelMultipleChoiceField):
                found[name] = numbers_of(asked.getlist(name))
            elif name in asked:
                found[name] = asked[name]
        return found

    def post(self, request: HttpRequest) -> HttpResponse:
        self.need("add")
        form = self.form("add", data=request.POST)
        row, key = self.made_once(self.resource, form, once_of(request))
        return self.show(form, self.title(), 422, once=key) if row is None else self.thank(row)

    def title(self) -> str:
        return _("New: %(thing)s") % {"thing": self.resource.label}


class EditPage(FormPage):
    """Changes a row. What somebody saved since the form was opened is merged, or asked about, never overwritten."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self.row(pk)
        self.need("change", row)
        form = merging.remember(self.form("change", instance=row))
        return self.show(form, self.resource.title(row), row=row, version=merging.version_of(row))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        with transaction.atomic():
            rows = self.resource.rows(request.user).select_for_update(of=self.resource.locks)
            row = get_object_or_404(rows, pk=pk)
            self.need("change", row)
            data, both, now = request.POST, dict[str, str](), merging.version_of(row)
            if request.POST.get(merging.VERSION, now) != now:
                data, both = merging.merged(self.form("change", instance=row), request.POST)
            form = self.form("change", data=data, instance=row)
            if merging.VERSION in request.POST:
                merging.remember(form)
            if not both and self.saved(self.resource.change_row, form) is not None:
                return self.thank(row)
        for name, words in both.items():
            form.add_error(name, words)
        return self.show(form, self.resource.title(self.row(pk)), 409 if both else 422, row=row, version=now)


class DeletePage(FormPage):
    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self.row(pk)
        self.need("delete", row)
        return self.answer("ui/confirm.html", row=row, title=self.resource.title(row), crumbs=self.crumbs())

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self.row(pk)
        self.need("delete", row)
        title = self.resource.title(row)
        try:
            self.resource.delete_row(request.user, row)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return redirect(self.resource.address(row))
        messages.success(request, _("%(thing)s is deleted.") % {"thing": title})
        return redirect(self.resource.list_address)


class VerbPage(ResourcePage):
    """Does something with a row: at once, or after its form."""

    http_method_names = ["get", "post", "head", "options"]

    def allowed(self, pk: int) -> Any:
        row = self.row(pk)
        if not self.request.user.has_perm(self.verb.permission, row):
            raise PermissionDenied
        return row

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self.allowed(pk)
        if self.verb.form is None:
            return self.http_method_not_allowed(request)
        return self.ask(row, self.resource.verb_form(self.verb, request.user, row))

    def ask(self, row: Any, form: Any, status: int = 200) -> HttpResponse:
        title = f"{self.verb.label}: {self.resource.title(row)}"
        crumbs = [*self.crumbs(), (self.resource.address(row), self.resource.title(row))]
        once = (once_of(self.request) or uuid4()) if self.verb.once else ""
        return self.answer(
            "ui/form.html", status, form=form, title=title, verb=self.verb, row=row, crumbs=crumbs, once=once
        )

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self.allowed(pk)
        form = self.resource.verb_form(self.verb, request.user, row, data=request.POST) if self.verb.form else None
        if form is not None and not form.is_valid():
            return self.ask(row, form, 422)
        outcome = done(self.resource, self.verb, row, request.user, form, key=once_of(request))
        if form is not None and not outcome[0]:
            form.add_error(None, outcome[1])
            return self.ask(row, form, 422)
        tell(request, [outcome])
        leads_to, asked = self.resource.address, request.POST.get("next", "")
        if outcome[0] and self.verb.leads_to is not None:
            leads_to = self.verb.leads_to
        return redirect(asked if url_has_allowed_host_and_scheme(asked, None) else leads_to(row))


class BulkPage(ResourcePage):
    """Does something with several rows; each that cannot is told."""

    def post(self, request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm(self.verb.permission):
            raise PermissionDenied
        picked = picked_of(request)
        data = request.POST if "confirmed" in request.POST else None
        form = self.resource.verb_form(self.verb, request.user, None, data=data) if self.verb.form else None
        if not picked or len(picked) > MOST_AT_ONCE:
            return self.choose_again()
        if form is not None and not form.is_valid():
            title = _("%(verb)s: %(count)s rows") % {"verb": self.verb.label, "count": len(picked)}
            status = 422 if form.is_bound else 200
            return self.answer(
                "ui/form.html", status, form=form, title=title, verb=self.verb, picked=picked, crumbs=self.crumbs()
            )
        rows = self.resource.rows(request.user).filter(pk__in=picked)
        tell(request, [done(self.resource, self.verb, row, request.user, form) for row in rows if self.may_with(row)])
        return redirect(self.resource.list_address)

    def may_with(self, row: Any) -> bool:
        return bool(self.request.user.has_perm(self.verb.permission, row)) and self.verb.open_to(row)


def picked_of(request: HttpRequest) -> list[int]:
    """The ids of the rows that a list's form names."""
    return numbers_of(request.POST.getlist("pk"))


def numbers_of(texts: Iterable[str]) -> list[int]:
    """Those of the texts that can be a row's id."""
    return [int(each) for each in texts if lookups.NUMBER.fullmatch(each)]


class PaperPage(ResourcePage):
    """Something to print of a row."""

    paper: Any = None

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.printed([self.row(pk)])

    def printed(self, rows: Sequence[Any]) -> HttpResponse:
        pdf = self.paper.make(rows, by=self.request.user, absolute=self.request.build_absolute_uri)
        response = HttpResponse(pdf, content_type="application/pdf")
        response.headers["Content-Disposition"] = disposition(f"{self.resource.name}-{self.paper.name}.pdf")
        return response


class BulkPaperPage(PaperPage):
    """Something to print of several rows."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest) -> HttpResponse:
        picked = picked_of(request)
        if not picked or len(picked) > MOST_AT_ONCE:
            return self.choose_again()
        rows = list(self.resource.rows(request.user).filter(pk__in=picked).order_by("pk"))
        if not rows:
            return self.choose_again()
        return self.printed(rows)


Outcome = tuple[bool, str]


def done(resource: Any, verb: Verb, row: Any, user: Any, form: Any, *, key: str = "") -> Outcome:  # noqa: PLR0913
    """Whether it was done, and words about it. What a verb refuses, it says as a ValidationError."""
    try:
        with transaction.atomic():
            words = resource.carry_out(user, verb, row, form.cleaned_data if form else {}, key)
    except (ValidationError, APIException) as error:
        return False, " ".join(getattr(error, "messages", None) or [str(getattr(error, "detail", error))])
    except IntegrityError:
        return False, contradicted()
    return True, str(words or _("%(verb)s: done.") % {"verb": verb.label})


def contradicted() -> str:
    """What is told of two people of whom the database lets one have their way."""
    return _("Somebody else has just saved something that this contradicts. Look, and try again.")


def tell(request: HttpRequest, outcomes: list[Outcome]) -> None:
    """Each different outcome once."""
    for well, words in dict.fromkeys(outcomes):
        (messages.success if well else messages.error)(request, words)
    if not outcomes:
        messages.warning(request, _("Nothing of what you chose can be done with."))
