"""What became of records: which were adopted, which could not be and why; to try again, and to switch it on or off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any

import django_filters
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from config.backoffice.cells import Cell, Column, attribute, cell
from config.backoffice.filters import AnyOf, day_bounds
from config.backoffice.resources import REGISTRY, Panel, Resource, Verb, register
from dealers import audit
from dealers.permissions import dealerships_of, to_see
from ingestion.adoption import ADOPTERS, adopting
from ingestion.job_types import JOB_TYPES
from ingestion.models import Adoption
from ingestion.operations import shown
from ingestion.resources import RECORDS

SEE, CHANGE = "ingestion.adoption:view", "ingestion.adoption:change"
LOOKS = {Adoption.State.WAITING: "info", Adoption.State.ADOPTED: "ok", Adoption.State.REFUSED: "bad"}


@transaction.atomic
def again(adoption: Adoption, *, by: Any) -> str:
    """Let the record wait to be adopted anew. Raises ValidationError where its feed does not adopt."""
    if not adopting(adoption.job_type, adoption.dealership):
        raise ValidationError(
            _("%(feed)s is not adopted at %(dealership)s. Switch it on first, under Schedules.")
            % {"feed": shown.job_label(adoption.job_type), "dealership": adoption.dealership}
        )
    Adoption.objects.filter(pk=adoption.pk).update(state=Adoption.State.WAITING)
    audit.record("adoption.again", adoption)
    return _("It waits, and is adopted within seconds.")


class AdoptionFilters(django_filters.FilterSet):
    dealer = AnyOf(field_name="dealership__code", label=gettext_lazy("dealer code"))
    job = django_filters.MultipleChoiceFilter(
        field_name="job_type",
        choices=[(code, code) for code in JOB_TYPES],
        distinct=False,
        label=gettext_lazy("job type"),
    )
    state = django_filters.MultipleChoiceFilter(
        choices=Adoption.State.choices, distinct=False, label=gettext_lazy("state")
    )
    natural_key = AnyOf(field_name="natural_key", label=gettext_lazy("key"))
    adopted_at_from, adopted_at_to = day_bounds("adopted_at__date", gettext_lazy("adopted"))

    class Meta:
        model = Adoption
        fields = ()


def state(adoption: Adoption) -> Cell:
    return Cell(str(adoption.get_state_display()), tag=LOOKS[Adoption.State(adoption.state)])


def made_for(user: Any, adoption: Adoption) -> list[list[Any]]:
    """Of what a record became, as `Adoption.made` keeps it, the rows that `user` may see."""
    return [each for each in adoption.made if may_see(user, each[0], adoption)]


def kept_for(user: Any, adoption: Adoption) -> list[list[Any]]:
    """What people wrote otherwise, for who may see all that the record became: it may be of any of that."""
    return adoption.kept if len(made_for(user, adoption)) == len(adoption.made) else []


def may_see(user: Any, label: str, adoption: Adoption) -> bool:
    """Whether `user` may see rows of a model, by its label, in the adoption's dealership."""
    try:
        model = apps.get_model(label)
    except (LookupError, ValueError):
        return False
    resource = next((each for each in REGISTRY.values() if each.model is model), None)
    return bool(user.has_perm(resource.permission_to_see if resource else to_see(model), adoption))


def kinds(adoption: Adoption) -> str:
    """What a record became, in the words that everybody may read."""
    return ", ".join(dict.fromkeys(kind_of(label) for label, _pk, _words in adoption.made))


class Became(Column):
    """What a record became: kinds of rows, and by name those that somebody may see."""

    def cell_for(self, user: Any, row: Any, words: tuple[str, ...] = ()) -> Cell:
        named = ", ".join(words for _label, _pk, words in made_for(user, row))
        return Cell(named) if named else self.cell(row, words)


class Told(serializers.JSONField):
    """A list of an adoption, as far as it is told to who asks."""

    def __init__(self, told: Callable[[Any, Adoption], list[list[Any]]], **options: Any) -> None:
        super().__init__(source="*", read_only=True, **options)
        self.told = told

    def to_representation(self, value: Any) -> Any:
        return self.told(self.context["request"].user, value)


class AdoptionResource(Resource):
    """Adoptions; they come with records, and nobody adds or deletes one."""

    model, filterset = Adoption, AdoptionFilters
    name, path, icon, permission = "adoptions", "ingestion/adoptions/", "replace", SEE
    list_template = "operations/list.html"
    columns = (
        Column("natural_key", gettext_lazy("key"), attrgetter("name_of_record"), export=attrgetter("natural_key")),
        shown.DEALERSHIP,
        shown.JOB_TYPE,
        Column("state", gettext_lazy("state"), state),
        Became("made", gettext_lazy("became"), kinds),
        Column("problems", gettext_lazy("why not"), lambda row: " ".join(row.problems)),
        Column("kept", gettext_lazy("kept as people wrote it"), lambda row: len(row.kept) or None, numeric=True),
        attribute("adopted_at", gettext_lazy("adopted")),
    )
    first_filters = ("dealer", "job", "state")
    untold = frozenset({"made", "kept"})
    verbs = (Verb("again", gettext_lazy("Try again"), CHANGE, again, icon="refresh", bulk=True),)

    def rows(self, user: Any) -> QuerySet[Any]:
        """Of the job types whose records `user` may see, dealership by dealership."""
        rows: Any = super().rows(user)
        readable = Q(pk__in=[])
        for permission in {JOB_TYPES[code].seen_with for code in ADOPTERS}:
            codes = [code for code in ADOPTERS if JOB_TYPES[code].seen_with == permission]
            here = dealerships_of(user, permission)
            readable |= Q(job_type__in=codes) if here is None else Q(job_type__in=codes, dealership__in=here)
        return rows.filter(readable).select_related("dealership")

    def serialized(self) -> dict[str, Any]:
        return {"made": Told(made_for), "kept": Told(kept_for)}

    def choices(self, user: Any) -> dict[str, list[tuple[str, Any]]]:
        found = shown.choices(user, self.permission)
        return {**found, "job": [each for each in found.get("job", []) if each[0] in ADOPTERS]}

    def panels(self, request: HttpRequest, row: Any) -> Iterator[Panel]:
        record = RECORDS[row.job_type]
        pairs = [(column.label, column.cell(row)) for column in self.columns if column.name not in ("made", "problems")]
        there = record.model._default_manager.filter(pk=row.record_id).first()
        if there is not None and record.may(request.user):
            pairs.append((_("record"), Cell(str(there), address=record.address(there))))
        yield Panel(str(row), pairs)
        if row.problems:
            yield Panel(_("why not"), [(str(place), cell(words)) for place, words in enumerate(row.problems, 1)])
        if made := made_for(request.user, row):
            yield Panel(_("became"), [(kind_of(each[0]), at(*each)) for each in made])
        if kept := kept_for(request.user, row):
            yield Panel(
                _("kept as people wrote it"),
                [
                    (f"{thing}: {name}", cell(_("%(here)s, not %(there)s") % {"here": here or "–", "there": there}))
                    for thing, name, here, there in kept
                ],
            )


def kind_of(label: str) -> str:
    """What a model is called; its label if there is none any more."""
    try:
        return str(apps.get_model(label)._meta.verbose_name)
    except (LookupError, ValueError):
        return label


def at(label: str, pk: int, words: str) -> Cell:
    """The words of a row, which lead to its page where its model has some."""
    resource = next((each for each in REGISTRY.values() if each.model._meta.label_lower == label), None)
    return Cell(words, address=resource.address_of(pk) if resource else "")


ADOPTIONS = register(AdoptionResource())
