"""What vehicles can be asked by, on their page and in the API."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Replace
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.backoffice.filters import AnyNumberOf, AnyOf, amount_bounds, count_bounds, day_bounds
from inventory.identification import normalise
from inventory.models import CarryingRate, PlannedStep, PreparationStep, Vehicle


class Words(AnyOf):
    """A number begins with all of it, or each of its words stands in the vehicle's name."""

    def filter(self, qs: QuerySet[Any], value: list[str]) -> QuerySet[Any]:
        asked = " ".join(value or ())
        if not asked.split():
            return qs
        each_word = Q()
        for word in asked.split():
            found = Q(make__icontains=word) | Q(model__icontains=word) | Q(trim__icontains=word)
            each_word &= found | Q(stock_number__istartswith=word)
        rows = qs.annotate(plain_plate=Replace("plate", Value(" "), Value("")))
        if number := normalise(asked):
            each_word |= (
                Q(vin__startswith=number) | Q(engine_number__startswith=number) | Q(plain_plate__startswith=number)
            )
        return rows.filter(each_word)


class Standing(django_filters.ChoiceFilter):
    """Whether it stands here, or soon will."""

    HERE, GONE = "here", "gone"

    def __init__(self) -> None:
        choices = [(self.HERE, _("in stock or on its way")), (self.GONE, _("sold, in service or withdrawn"))]
        super().__init__(choices=choices, label=_("standing"))

    def filter(self, qs: Any, value: str) -> Any:
        if value not in (self.HERE, self.GONE):
            return qs
        return qs.in_stock() if value == self.HERE else qs.exclude(status__in=Vehicle.IN_STOCK)


class VehicleFilters(django_filters.FilterSet):
    search = Words(label=_("frame, stock number, plate, make or model"))
    dealer = AnyOf(field_name="dealership__code", label=_("dealer code"))
    standing = Standing()
    status = django_filters.MultipleChoiceFilter(choices=Vehicle.Status.choices, distinct=False, label=_("status"))
    condition = django_filters.MultipleChoiceFilter(
        choices=Vehicle.Condition.choices, distinct=False, label=_("condition")
    )
    make = AnyOf(field_name="make", label=_("make"))
    model = AnyOf(field_name="model", label=_("model"))
    location = AnyOf(field_name="location", label=_("location"))
    vin = AnyOf(field_name="vin", label=_("frame number"))
    plate = AnyOf(field_name="plate", label=_("plate"))
    year_from, year_to = count_bounds("year", _("model year"))
    price_from, price_to = amount_bounds("asking_price", _("asking price"))
    odometer_from, odometer_to = count_bounds("odometer", _("odometer, km"))
    acquired_on_from, acquired_on_to = day_bounds("acquired_on", _("acquired on"))

    class Meta:
        model = Vehicle
        fields = ()


class State(django_filters.MultipleChoiceFilter):
    """How far a step is."""

    def filter(self, qs: Any, value: list[str]) -> Any:
        return qs.in_state(value, timezone.now()) if value else qs


class PreparationFilters(django_filters.FilterSet):
    dealer = AnyOf(field_name="dealership__code", label=_("dealer code"))
    state = State(choices=PreparationStep.State.choices, label=_("state"))
    assignee = AnyNumberOf(field_name="assignee", label=_("who does it"))
    vehicle = AnyNumberOf(field_name="vehicle", label=_("id of the vehicle"))
    step = AnyOf(field_name="name", label=_("step"))

    class Meta:
        model = PreparationStep
        fields = ()


class PlannedStepFilters(django_filters.FilterSet):
    dealer = AnyOf(field_name="dealership__code", label=_("dealer code"))
    condition = django_filters.MultipleChoiceFilter(
        choices=Vehicle.Condition.choices, distinct=False, label=_("condition")
    )

    class Meta:
        model = PlannedStep
        fields = ()


class CarryingRateFilters(django_filters.FilterSet):
    dealer = AnyOf(field_name="dealership__code", label=_("dealer code"))

    class Meta:
        model = CarryingRate
        fields = ()
