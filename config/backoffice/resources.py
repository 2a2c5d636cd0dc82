"""A model's pages from one declaration: list, detail, create, edit, delete, and its verbs.

A `Resource` says what is shown and who may; `pages` makes the views. One address and one template give two answers:
the whole page, and to htmx the part of it that changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from config.backoffice import exports, filter_bar, lookups
from config.backoffice.cells import Cell, Column
from config.backoffice.sheets import Sheet


@dataclass(frozen=True)
class Verb:
    """Something that can be done with a row: a model's or a service's verb, as a button."""

    name: str
    label: str | Promise
    permission: str
    call: Callable[..., Any]
    """Called with the row, `by` the user and what the form asks for; gives words to tell, or None."""
    form: type[forms.Form] | None = None
    icon: str = ""
    danger: bool = False
    bulk: bool = False
    """Whether it can be done with several rows at once."""
    open_to: Callable[[Any], bool] = lambda row: True
    """Whether it makes sense for a row as it is."""
    prepare: Callable[[Any, Any, Any], None] | None = None
    """Called with the form, the user and the row, None for several: what is asked may depend on both."""
    leads_to: Callable[[Any], str] | None = None
    """The address of what came of it, asked with the row; else its page is shown again."""
    once: bool = False
    """Whether it would be done twice if it were sent twice, such as what makes a row: it takes a one-time key."""


@dataclass(frozen=True)
class Paper:
    """Something to print of one row or of several: a PDF, as a button of the list and of each row's page."""

    name: str
    label: str | Promise
    make: Callable[..., bytes]
    """Called with the rows, `by` the user and `absolute`, which makes an address of ours a whole one."""
    icon: str = ""


@dataclass(frozen=True)
class Panel:
    """A part of a detail page: a heading and labels with values, or a template of its own."""

    title: str | Promise
    pairs: Sequence[tuple[Any, Cell]] = ()
    template: str = ""
    context: dict[str, Any] | None = None


@dataclass(frozen=True)
class Look:
    """How a person looks at a list: the columns they chose, how close the rows stand, and the views they saved."""

    columns: Sequence[str] = ()
    density: str = ""
    views: Sequence[Any] = ()
    """Each with `name`, `query` and `is_default`."""


class Looks:
    """Where looks are kept; the app that has people sets `of`."""

    of: ClassVar[Callable[[Any, str], Look]]


REGISTRY: dict[str, Resource] = {}
"""Every resource by its name; the generic tests walk it."""


class Resource:
    """The pages of a model. Subclasses declare; what they leave out is not there (no form: nothing to edit)."""

    model: type[Model]
    name: str = ""
    """Of its addresses: `name`, `name-detail`, …; by default the model's."""
    path: str = ""
    """Below which its pages stand, with a slash at the end."""
    icon: str = "table"
    permission: str = ""
    """To see its rows."""
    columns: Sequence[Column] = ()
    listed: Sequence[str] = ()
    """The columns shown unless others are chosen; by default all."""
    filterset: Any = None
    searched: bool = False
    """Whether its rows are found by words, by the filter `search`: in the search over everything, and in forms."""
    first_filters: Sequence[str] = ()
    hidden_filters: Sequence[str] = ()
    usual: str = ""
    """The query that the list opens with, for who has no view of their own to open it with."""
    ordering: str = "-id"
    page_size: int = 50
    form: type[forms.ModelForm] | None = None
    verbs: Sequence[Verb] = ()
    locks: tuple[str, ...] = ("self",)
    """What a change of a row locks first: itself, or the row on which its verbs wait for each other."""
    papers: Sequence[Paper] = ()
    exports: bool = True
    untold: frozenset[str] = frozenset()
    """Columns of the model that the API does not tell."""
    secret_filters: frozenset[str] = frozenset()
    """Filters whose values the audit of an export does not keep."""
    list_template = "ui/list.html"
    rows_template = "ui/rows.html"
    """What htmx gets of it."""
    cards_template = ""
    """Rows as cards, where the person chose so."""
    detail_template = "ui/detail.html"
    form_template = "ui/form.html"

    def __init__(self) -> None:
        self.name = self.name or str(self.model._meta.model_name)

    # -- words

    @property
    def label(self) -> str:
        return str(self.model._meta.verbose_name)

    @property
    def label_plural(self) -> str:
        return str(self.model._meta.verbose_name_plural)

    def title(self, row: Any) -> str:
        return str(row)

    def hint(self, row: Any) -> str:
        """What tells a row, as `listing` reads it, from others of the same title."""
        return ""

    # -- rows

    @property
    def permission_to_see(self) -> str:
        return self.permission or f"{self.model._meta.app_label}.{self.model._meta.model_name}:view"

    def permission_for(self, verb: str) -> str:
        """The permission to add, change or delete rows."""
        return f"{self.model._meta.app_label}.{self.model._meta.model_name}:{verb}"

    def may(self, user: Any, verb: str = "view", row: Any = None) -> bool:
        """Whether `user` may do this with `row`, or with any row at all."""
        return bool(user.has_perm(self.permission_to_see if verb == "view" else self.permission_for(verb), row))

    def rows(self, user: Any) -> QuerySet[Any]:
        """What `user` may see."""
        return self.model._default_manager.visible_to(user)  # type: ignore[attr-defined]

    def listing(self, rows: QuerySet[Any], words: tuple[str, ...] = ()) -> QuerySet[Any]:
        """`rows` with what the list's columns need, and what is needed to tell where in them `words` stand."""
        return rows

    def near(self, user: Any, query: QueryDict, place: Any) -> QuerySet[Any] | None:
        """Rows that hold the page at `place` (a pagination.Place), if there is a quicker way to them."""
        return None

    def filtered(self, user: Any, query: QueryDict, request: Any = None) -> Any:
        """The filter set bound to a query; its `qs` are the rows asked for."""
        rows = self.rows(user)
        return self.filterset(query, rows, request=request) if self.filterset else None

    def choices(self, user: Any) -> dict[str, list[tuple[str, Any]]]:
        """Of filters whose choices depend on who asks."""
        return {}

    # -- columns

    def column(self, name: str) -> Column | None:
        return next((each for each in self.columns if each.name == name), None)

    def told_to(self, user: Any) -> list[Column]:
        """The columns of which `user` may know the value, in some row at least."""
        return [column for column in self.columns if column.told_to(user)]

    def chosen(self, user: Any, names: Iterable[str]) -> list[Column]:
        """The columns named, in the order named; those of a list by default. Only what is told to `user`."""
        told = {column.name: column for column in self.told_to(user)}
        for asked in (names, self.listed):
            if found := [told[name] for name in dict.fromkeys(asked) if name in told]:
                return found
        return list(told.values())

    @property
    def sortable(self) -> list[str]:
        return sorted({"id", *(column.name for column in self.columns if column.sortable)})

    @property
    def sortable_too(self) -> list[str]:
        """With the default ordering, which may be no column's."""
        return sorted({*self.sortable, *(name.strip("-") for name in self.ordering.split(","))})

    # -- writing

    def form_for(self, user: Any, verb: str, **options: Any) -> Any:
        """The form with which `user` adds or changes a row, without fields whose column is not told to them."""
        form: Any = self.form
        made = form(**options)
        row = options.get("instance")
        for column in self.columns:
            if column.name in made.fields and not column.told_to(user, row):
                del made.fields[column.name]
        return lookups.install(made)

    def made_before(self, user: Any, key: str) -> Any:
        """The row that a form made when it was sent before, told by its one-time key; None if there is none.

        Raises ValidationError for a key that was sent for something else.
        """
        return None

    def create(self, user: Any, form: Any, key: str = "") -> Any:
        """The row of a valid form; a form with a one-time key makes it once, however often it is sent."""
        return form.save()

    def change_row(self, user: Any, form: Any) -> Any:
        return form.save()

    def delete_row(self, user: Any, row: Any) -> None:
        row.delete()

    def carry_out(self, user: Any, verb: Verb, row: Any, given: dict[str, Any], key: str = "") -> Any:
        """Do it, and what it says; with a one-time key once, if the verb takes one. Raises ValidationError."""
        return verb.call(row, by=user, **given)

    def carried_out(self, user: Any, verb: Verb, row: Any, given: dict[str, Any], key: str) -> bool:
        """Whether it was done before with this key. Raises ValidationError if that was something else."""
        return False

    # -- pages

    def above(self, request: HttpRequest, rows: QuerySet[Any] | None) -> dict[str, Any]:
        """What a list's page shows above its rows, by name in the template's context."""
        return {}

    def beside(self, row: Any, words: tuple[str, ...]) -> Any:
        """Where in a row the words stand that no column shows; nothing if a column does."""
        return ()

    def panels(self, request: HttpRequest, row: Any) -> Iterator[Panel]:
        """The parts of a row's page; by default every column."""
        yield Panel(self.label, self.pairs(request.user, row))

    def pairs(self, user: Any, row: Any, *names: str) -> list[tuple[Any, Cell]]:
        """Labels and values for a panel: of these columns, by default of all, as far as they are told to `user`."""
        wanted = [each for name in names if (each := self.column(name))] if names else self.columns
        return [(column.label, column.cell(row)) for column in wanted if column.told_to(user, row)]

    def beside_panels(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """What a detail template of one's own asks for besides."""
        return {}

    def verb_form(self, verb: Verb, user: Any, row: Any, **options: Any) -> Any:
        """The form of a verb, as `user` sees it of this row; None: of several."""
        form: Any = verb.form
        made = form(**options)
        if verb.prepare is not None:
            verb.prepare(made, user, row)
        return lookups.install(made)

    # -- being looked up

    lookup_order: Sequence[str] = ("-pk",)

    def lookup_listing(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """`rows` with what is told of them where they are looked up."""
        return self.listing(rows)

    def lookup_label(self, row: Any) -> str:
        """A row among others."""
        return self.title(row)

    def known_as(self, row: Any) -> Iterator[Any]:
        """By what it is chosen when somebody writes exactly this."""
        yield self.lookup_label(row)

    def serialized(self) -> dict[str, Any]:
        """What the API tells of a row beside its columns: serializer fields by name."""
        return {}

    def verbs_for(self, user: Any, row: Any) -> list[Verb]:
        return [verb for verb in self.verbs if user.has_perm(verb.permission, row) and verb.open_to(row)]

    def address(self, row: Any) -> str:
        return self.address_of(row.pk)

    def address_of(self, pk: Any) -> str:
        return reverse(f"{self.name}-detail", args=[pk])

    @property
    def list_address(self) -> str:
        return reverse(self.name)

    @property
    def urls(self) -> list[URLPattern]:
        from config.backoffice import pages

        bind = {"resource": self}
        found = [
            path(self.path, pages.ListPage.as_view(**bind), name=self.name),
            path(f"{self.path}<int:pk>/", pages.DetailPage.as_view(**bind), name=f"{self.name}-detail"),
        ]
        if self.form is not None:
            found += [
                path(f"{self.path}new/", pages.CreatePage.as_view(**bind), name=f"{self.name}-new"),
                path(f"{self.path}<int:pk>/edit/", pages.EditPage.as_view(**bind), name=f"{self.name}-edit"),
                path(f"{self.path}<int:pk>/delete/", pages.DeletePage.as_view(**bind), name=f"{self.name}-delete"),
            ]
        if self.searched:
            found.append(self.lookup_url)
        if self.cards_template:
            found.append(path(f"{self.path}cards/", pages.CardsPage.as_view(**bind), name=f"{self.name}-cards"))
        for verb in self.verbs:
            found.append(
                path(
                    f"{self.path}<int:pk>/{verb.name}/",
                    pages.VerbPage.as_view(verb=verb, **bind),
                    name=f"{self.name}-{verb.name}",
                )
            )
            if verb.bulk:
                found.append(
                    path(
                        f"{self.path}bulk/{verb.name}/",
                        pages.BulkPage.as_view(verb=verb, **bind),
                        name=f"{self.name}-bulk-{verb.name}",
                    )
                )
        for paper in self.papers:
            address, bind_too = f"{self.path}{{}}{paper.name}.pdf", {"paper": paper, **bind}
            found += [
                path(
                    address.format("<int:pk>/"), pages.PaperPage.as_view(**bind_too), name=f"{self.name}-{paper.name}"
                ),
                path(
                    address.format("bulk/"),
                    pages.BulkPaperPage.as_view(**bind_too),
                    name=f"{self.name}-bulk-{paper.name}",
                ),
            ]
        return found

    @property
    def lookup_url(self) -> URLPattern:
        from config.backoffice import pages

        return path(f"{self.path}lookup/", pages.LookupPage.as_view(resource=self), name=f"{self.name}-lookup")


NO_FILTERS = {*filter_bar.KEPT, "cursor", "all"}
"""What else the address of a list says."""


class ResourceExport:
    """A resource's list as a file (config.backoffice.exports.Exportable)."""

    def __init__(self, resource: Resource) -> None:
        self.resource, self.name, self.identity_filters = resource, resource.name, resource.secret_filters
        self.permission = resource.permission_to_see

    @property
    def title(self) -> str:
        return self.resource.label_plural

    def rows(self, user: Any, query: QueryDict) -> QuerySet[Any]:
        """Raises ValidationError for filters that cannot be, and for one that there is not: all would be exported."""
        filterset = self.resource.filtered(user, filter_bar.read(query), Asking(user))
        unknown = set(query) - set(filterset.filters if filterset is not None else ()) - NO_FILTERS
        if unknown:
            raise ValidationError({"query": _("There is no such filter: %(name)s.") % {"name": min(unknown)}})
        if filterset is None:
            return self.resource.rows(user)
        if not filterset.is_valid():
            raise ValidationError({name: list(errors) for name, errors in filterset.form.errors.items()})
        found: QuerySet[Any] = filterset.qs
        return found

    def sheet(self, user: Any, query: QueryDict, columns: list[str]) -> Sheet:
        told = {column.name for column in self.resource.told_to(user)}
        unknown = [name for name in columns if name not in told]
        if unknown:
            raise ValidationError({"columns": _("There is no such column: %(name)s.") % {"name": unknown[0]}})
        asked = self.resource.chosen(user, columns or query.getlist("columns"))
        chosen = [column for column in asked if not column.is_picture]
        rows = self.resource.listing(self.rows(user, query)).order_by("-pk")
        read = (
            [column.plain(row) if column.told_to(user, row) else None for column in chosen]
            for row in rows.iterator(chunk_size=500)
        )
        return Sheet(capfirst(self.title), [(column.name, str(column.label)) for column in chosen], read)

    def estimate(self, user: Any, query: QueryDict) -> int:
        return exports.counted(self.rows(user, query))


@dataclass(frozen=True)
class Asking:
    """What filters ask of a request, for who has none: who it is."""

    user: Any


def register(resource: Resource) -> Resource:
    """Make a resource known, and its list one that can be exported. Raises ValueError for a name that is taken."""
    if resource.name in REGISTRY:
        raise ValueError(f"two resources are called {resource.name}")
    REGISTRY[resource.name] = resource
    if resource.searched:
        lookups.register(resource)
    if resource.exports:
        exports.register(ResourceExport(resource))
    return resource
