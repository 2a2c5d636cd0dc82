"""A model's pages from one declaration: list, detail, create, edit, delete, and its verbs.

A `Resource` says what is shown and who may; `pages` makes the views. One address and one template give two answers:
the whole page, and to htmx the part of it that changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Model, QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise

from config.backoffice.cells import Cell, Column, cell


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


@dataclass(frozen=True)
class Panel:
    """A part of a detail page: a heading and labels with values, or a template of its own."""

    title: str | Promise
    pairs: Sequence[tuple[Any, Cell]] = ()
    template: str = ""
    context: dict[str, Any] | None = None


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
    first_filters: Sequence[str] = ()
    hidden_filters: Sequence[str] = ()
    ordering: str = "-id"
    page_size: int = 50
    form: type[forms.ModelForm] | None = None
    verbs: Sequence[Verb] = ()
    exports: bool = True
    list_template = "ui/list.html"
    rows_template = "ui/rows.html"
    """What htmx gets of it."""
    detail_template = "ui/detail.html"

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

    # -- rows

    def may(self, user: Any, verb: str = "view", row: Any = None) -> bool:
        """Whether `user` may do this with `row`, or with any row at all."""
        if verb == "view" and self.permission:
            return bool(user.has_perm(self.permission, row))
        area = self.model._meta.app_label
        return bool(user.has_perm(f"{area}.{self.model._meta.model_name}:{verb}", row))

    def rows(self, user: Any) -> QuerySet[Any]:
        """What `user` may see."""
        return self.model._default_manager.visible_to(user)  # type: ignore[attr-defined, no-any-return]

    def listing(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """`rows` with what the list's columns need."""
        return rows

    def filtered(self, user: Any, query: QueryDict, request: HttpRequest | None = None) -> Any:
        """The filter set bound to a query; its `qs` are the rows asked for."""
        rows = self.rows(user)
        return self.filterset(query, rows, request=request) if self.filterset else None

    def choices(self, user: Any) -> dict[str, list[tuple[str, Any]]]:
        """Of filters whose choices depend on who asks."""
        return {}

    # -- columns

    def column(self, name: str) -> Column | None:
        return next((each for each in self.columns if each.name == name), None)

    def chosen(self, names: Iterable[str]) -> list[Column]:
        """The columns named, in the order named; those of a list by default."""
        found = [column for name in names if (column := self.column(name))]
        if found:
            return found
        return [column for name in self.listed if (column := self.column(name))] or list(self.columns)

    @property
    def sortable(self) -> list[str]:
        return sorted({"id", *(column.name for column in self.columns if column.sortable)})

    @property
    def sortable_too(self) -> list[str]:
        """With the default ordering, which may be no column's."""
        return sorted({*self.sortable, *(name.strip("-") for name in self.ordering.split(","))})

    # -- writing

    def create(self, user: Any, form: Any) -> Any:
        return form.save()

    def change_row(self, user: Any, form: Any) -> Any:
        return form.save()

    def delete_row(self, user: Any, row: Any) -> None:
        row.delete()

    # -- pages

    def above(self, request: HttpRequest, rows: QuerySet[Any] | None) -> dict[str, Any]:
        """What a list's page shows above its rows, by name in the template's context."""
        return {}

    def beside(self, row: Any, words: tuple[str, ...]) -> Any:
        """Where in a row the words stand that no column shows; nothing if a column does."""
        return ()

    def panels(self, request: HttpRequest, row: Any) -> Iterator[Panel]:
        """The parts of a row's page; by default every column."""
        yield Panel(self.label, [(column.label, column.cell(row)) for column in self.columns])

    def beside_panels(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """What a detail template of one's own asks for besides."""
        return {}

    def verbs_for(self, user: Any, row: Any) -> list[Verb]:
        return [verb for verb in self.verbs if user.has_perm(verb.permission, row) and verb.open_to(row)]

    def address(self, row: Any) -> str:
        return reverse(f"{self.name}-detail", args=[row.pk])

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
        return found


def register(resource: Resource) -> Resource:
    """Make a resource known. Raises ValueError for a name that is taken."""
    if resource.name in REGISTRY:
        raise ValueError(f"two resources are called {resource.name}")
    REGISTRY[resource.name] = resource
    return resource


def pairs_of(row: Any, columns: Iterable[Column]) -> list[tuple[Any, Cell]]:
    return [(column.label, cell(column.read(row))) for column in columns]
