"""What vehicles can be asked by, on their page and in the API."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from config.backoffice.filters import AnyOf, amount_bounds, count_bounds, day_bounds
from inventory.identification import normalise
from inventory.models import Vehicle


class Words(AnyOf):
    """Each word stands at the beginning of a number, or anywhere in the vehicle's name."""

    def filter(self, qs: QuerySet[Any], value: list[str]) -> QuerySet[Any]:
        for word in " ".join(value or ()).split():
            number = normalise(word)
            found = Q(make__icontains=word) | Q(model__icontains=word) | Q(trim__icontains=word)
            found |= Q(stock_number__istartswith=word)
            if number:
                found |= Q(vin__startswith=number) | Q(engine_number__startswith=number) | Q(plate__startswith=number)
            qs = qs.filter(found)
        return qs


class VehicleFilters(django_filters.FilterSet):
    search = Words(label=_("frame, stock number, plate, make or model"))
    dealer = AnyOf(field_name="dealership__code", label=_("dealer code"))
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
