"""Pages of vehicles' preparation: what is to do, a dealership's list of steps, and what keeping a unit costs."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from config.backoffice import formats
from config.backoffice.cells import Cell, Column, attribute
from config.backoffice.resources import Verb, register
from dealers.models import User
from dealers.resources import DEALERSHIP, DealershipResource
from inventory import forms, preparation
from inventory.filters import CarryingRateFilters, PlannedStepFilters, PreparationFilters
from inventory.models import CarryingRate, PlannedStep, PreparationStep
from inventory.preparation import CHANGE, WAIVE

State = PreparationStep.State
LOOKS = {State.LATE: "bad", State.UNDER_WAY: "info", State.DONE: "ok", State.WAITING: "", State.NOT_NEEDED: ""}


def state(step: PreparationStep) -> Cell:
    return Cell(str(step.state.label), tag=LOOKS[step.state])


def vehicle(step: PreparationStep) -> Cell:
    return Cell(str(step.vehicle), address=reverse("vehicles-detail", args=[step.vehicle_id]))


def assignee(step: Any) -> str:
    return step.assignee.get_short_name() if step.assignee else ""


def finished_by(step: PreparationStep) -> str:
    return step.finished_by.get_short_name() if step.finished_by else ""


def is_open(step: PreparationStep) -> bool:
    return step.is_open


class PreparationResource(DealershipResource):
    """Steps until vehicles can be sold. The list shows what is to do, the latest first, unless a state is asked for."""

    model, filterset, form = PreparationStep, PreparationFilters, None
    name, path, icon, permission = "preparation", "preparation/", "tool", "inventory.vehicle:view"
    columns = (
        attribute("name", _("step")),
        Column("vehicle", _("vehicle"), vehicle),
        Column("state", _("state"), state),
        Column("assignee", _("who does it"), assignee),
        attribute("due_at", _("due"), sortable=True),
        attribute("started_at", _("started")),
        attribute("target_hours", _("target, hours"), numeric=True),
        attribute("finished_at", _("finished"), sortable=True),
        Column("finished_by", _("finished by"), finished_by),
        attribute("reason", _("reason")),
        DEALERSHIP,
    )
    listed = ("name", "vehicle", "state", "assignee", "due_at", "started_at", "target_hours", "dealership")
    first_filters = ("state", "assignee", "step")
    ordering = "due_at,id"
    locks = ("vehicle",)
    verbs = (
        Verb("done", _("Done"), CHANGE, PreparationStep.done, icon="check", bulk=True, open_to=is_open),
        Verb("take", _("Take it"), CHANGE, PreparationStep.take, icon="user-plus", bulk=True, open_to=is_open),
        Verb(
            "assign",
            _("Assign"),
            CHANGE,
            PreparationStep.assign,
            forms.StepAssignForm,
            "users",
            open_to=is_open,
            prepare=forms.who_can_do_it,
        ),
        Verb("not-needed", _("Not needed"), WAIVE, PreparationStep.not_needed, forms.WhyForm, "x", open_to=is_open),
    )

    def title(self, row: Any) -> str:
        return f"{row.name}: {row.vehicle}"

    def rows(self, user: Any) -> QuerySet[Any]:
        return super().rows(user).select_related("dealership", "vehicle", "assignee", "finished_by")

    def filtered(self, user: Any, query: QueryDict, request: Any = None) -> Any:
        rows: Any = self.rows(user)
        return self.filterset(query, rows if "state" in query else rows.open(), request=request)

    def choices(self, user: Any) -> dict[str, list[tuple[str, Any]]]:
        left: Any = super().rows(user).order_by()
        people = preparation.colleagues(user, self.permission)[:200]
        return {
            "assignee": [(str(each.pk), each.get_short_name()) for each in people],
            "step": [(each, each) for each in left.open().values_list("name", flat=True).distinct()[:200]],
        }

    def serialized(self) -> dict[str, Any]:
        return {"is_late": serializers.BooleanField(read_only=True, help_text="Whether it took, or takes, too long.")}


class PlannedStepResource(DealershipResource):
    """What a dealership does with a vehicle before it is sold."""

    model, form, filterset = PlannedStep, forms.PlannedStepForm, PlannedStepFilters
    name, path, icon = "planned-steps", "settings/preparation/", "list-check"
    permission = "inventory.plannedstep:view"
    columns = (
        attribute("position", _("position"), sortable=True, numeric=True),
        attribute("name", _("step"), sortable=True),
        Column("condition", _("of vehicles that are"), lambda row: row.get_condition_display() or _("all")),
        attribute("target_hours", _("target, hours"), sortable=True, numeric=True),
        Column("assignee", _("who does it"), assignee),
        DEALERSHIP,
    )
    ordering = "position,id"

    def rows(self, user: Any) -> QuerySet[Any]:
        return super().rows(user).select_related("dealership", "assignee")

    def form_for(self, user: Any, verb: str, **options: Any) -> Any:
        form = super().form_for(user, verb, **options)
        there = preparation.colleagues(user, self.permission_for(verb))
        form.fields["assignee"].queryset = there | User.objects.filter(pk=form.instance.assignee_id).order_by(
            "name", "email"
        )
        return form


def percent(rate: CarryingRate) -> Cell:
    return Cell(formats.percentage(rate.percent.normalize()))


class CarryingRateResource(DealershipResource):
    """What keeping a unit in stock costs."""

    model, form, filterset = CarryingRate, forms.CarryingRateForm, CarryingRateFilters
    name, path, icon = "carrying-rates", "settings/carrying-rates/", "percentage"
    permission = "inventory.carryingrate:view"
    columns = (
        attribute("valid_from", _("valid from"), sortable=True),
        Column("percent", _("percent a year"), percent, sortable=True, numeric=True, export=lambda row: row.percent),
        DEALERSHIP,
    )
    ordering = "-valid_from"

    def title(self, row: Any) -> str:
        return f"{row}, {formats.day(row.valid_from)}"

    def rows(self, user: Any) -> QuerySet[Any]:
        return super().rows(user).select_related("dealership")


PREPARATION = register(PreparationResource())
PLANNED_STEPS = register(PlannedStepResource())
CARRYING_RATES = register(CarryingRateResource())
