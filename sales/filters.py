"""What deals and papers can be asked by, on their pages and in the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.backoffice.filters import AnyNumberOf, AnyOf, CountFilter, amount_bounds, day_bounds
from sales.models import CatalogueItem, Deal, Registration, TaxRate
from sales.models.catalogue import Kind


class Words(AnyOf):
    """Each word stands at the beginning of a number, or in the customer's or the vehicle's name."""

    def filter(self, qs: QuerySet[Any], value: list[str]) -> QuerySet[Any]:
        for word in " ".join(value or ()).split():
            found = Q(number__startswith=word) | Q(customer__name__icontains=word)
            found |= Q(vehicle__model__icontains=word) | Q(vehicle__stock_number__istartswith=word)
            qs = qs.filter(found | Q(vehicle__vin__startswith=word.upper()))
        return qs


class DealFilters(django_filters.FilterSet):
    search = Words(label=_("number, customer, vehicle or frame"))
    dealer = AnyOf(field_name="dealership__code", label=_("dealer code"))
    stage = django_filters.MultipleChoiceFilter(choices=Deal.Stage.choices, distinct=False, label=_("stage"))
    salesperson = AnyOf(field_name="salesperson__email", label=_("salesperson"))
    lead = AnyNumberOf(field_name="lead", label=_("number of the lead"))
    approval = django_filters.MultipleChoiceFilter(
        choices=[("waiting", _("waits for approval"))], distinct=False, label=_("approval"), method="waiting"
    )
    total_from, total_to = amount_bounds("total", _("total price"))
    created_from, created_to = day_bounds("created_at__date", _("created"))
    contracted_from, contracted_to = day_bounds("contracted_at__date", _("contracted"))
    delivered_from, delivered_to = day_bounds("delivered_at__date", _("delivered"))

    class Meta:
        model = Deal
        fields = ()

    def waiting(self, qs: Any, name: str, value: list[str]) -> QuerySet[Any]:
        found: QuerySet[Any] = qs.waiting() if value else qs
        return found


class TaxRateFilters(django_filters.FilterSet):
    dealer = AnyOf(field_name="dealership__code", label=_("dealer code"))
    name = AnyOf(field_name="name", label=_("name"))

    class Meta:
        model = TaxRate
        fields = ()


class CatalogueFilters(django_filters.FilterSet):
    dealer = AnyOf(field_name="dealership__code", label=_("dealer code"))
    kind = django_filters.MultipleChoiceFilter(choices=Kind.choices, distinct=False, label=_("kind"))
    name = AnyOf(field_name="name", label=_("name"))
    price_from, price_to = amount_bounds("unit_price", _("unit price"))

    class Meta:
        model = CatalogueItem
        fields = ()


class WaitingFilter(CountFilter):
    """Papers that were requested so many days ago and have not come."""

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        if value is None:
            return qs
        days = min(max(int(value), 0), 36_500)
        since = timezone.localdate() - timedelta(days=days)
        return qs.filter(requested_on__lte=since, received_on=None, handed_over_on=None)


class RegistrationFilters(django_filters.FilterSet):
    dealer = AnyOf(field_name="dealership__code", label=_("dealer code"))
    deal = AnyOf(field_name="deal__number", label=_("deal"))
    kind = django_filters.MultipleChoiceFilter(choices=Registration.Kind.choices, distinct=False, label=_("kind"))
    status = django_filters.MultipleChoiceFilter(
        choices=Registration.Status.choices, distinct=False, label=_("status"), method="with_status"
    )
    waiting_days = WaitingFilter(
        label=_("waiting for so many days or more"), min_value=0, max_value=36_500, field_name="requested_on"
    )
    number = AnyOf(field_name="number", label=_("number"))
    requested_from, requested_to = day_bounds("requested_on", _("requested on"))

    class Meta:
        model = Registration
        fields = ()

    def with_status(self, qs: Any, name: str, value: list[str]) -> QuerySet[Any]:
        found: QuerySet[Any] = qs.in_status(*value) if value else qs
        return found
