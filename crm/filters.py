"""What customers can be asked by, on their page and in the API."""

from __future__ import annotations

import django_filters
from django.utils.translation import gettext_lazy as _

from config.backoffice.filters import AnyOf
from crm.models import Customer


class CustomerFilters(django_filters.FilterSet):
    dealer = AnyOf(field_name="dealership__code", label=_("dealer code"))
    kind = django_filters.MultipleChoiceFilter(choices=Customer.Kind.choices, distinct=False, label=_("kind"))

    class Meta:
        model = Customer
        fields = ()
