"""What customers can be asked by, on their page and in the API."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from config.backoffice.filters import AnyNumberOf, AnyOf, day_bounds
from crm import search
from crm.models import Address, Attribute, Consent, ContactPoint, Customer, Merge, Note, Ownership


class Words(AnyOf):
    """Each word begins one of the customer's, or all of it a number or a plate."""

    def filter(self, qs: QuerySet[Any], value: list[str]) -> QuerySet[Any]:
        return search.matching(qs, " ".join(value or ()))


class TypeFilter(django_filters.MultipleChoiceFilter):
    def filter(self, qs: Any, value: list[str]) -> Any:
        return qs.of_type(value) if value else qs


class TagFilter(AnyOf):
    def filter(self, qs: QuerySet[Any], value: list[str]) -> QuerySet[Any]:
        return qs.filter(tags__overlap=[each.lower() for each in value]) if value else qs


class CustomerFilters(django_filters.FilterSet):
    search = Words(label=_("name, phone, e-mail, plate or frame number"))
    dealer = AnyOf(field_name="dealership__code", label=_("dealer code"))
    kind = django_filters.MultipleChoiceFilter(choices=Customer.Kind.choices, distinct=False, label=_("kind"))
    type = TypeFilter(choices=Customer.Type.choices, distinct=False, label=_("type"))
    source = django_filters.MultipleChoiceFilter(choices=Customer.Source.choices, distinct=False, label=_("source"))
    tag = TagFilter(label=_("tag"))
    created_at_from, created_at_to = day_bounds("created_at__date", _("created"))

    class Meta:
        model = Customer
        fields = ()


class OfCustomerFilters(django_filters.FilterSet):
    """What is asked of rows about customers."""

    dealer = AnyOf(field_name="dealership__code", label=_("dealer code"))
    customer = AnyNumberOf(field_name="customer", label=_("number of the customer"))


class ContactPointFilters(OfCustomerFilters):
    kind = django_filters.MultipleChoiceFilter(choices=ContactPoint.Kind.choices, distinct=False, label=_("kind"))

    class Meta:
        model = ContactPoint
        fields = ()


class AddressFilters(OfCustomerFilters):
    class Meta:
        model = Address
        fields = ()


class NoteFilters(OfCustomerFilters):
    kind = django_filters.MultipleChoiceFilter(choices=Note.Kind.choices, distinct=False, label=_("kind"))

    class Meta:
        model = Note
        fields = ()


class AttributeFilters(OfCustomerFilters):
    key = AnyOf(field_name="key", label=_("what"))

    class Meta:
        model = Attribute
        fields = ()


class OwnershipFilters(OfCustomerFilters):
    vehicle = AnyNumberOf(field_name="vehicle", label=_("number of the vehicle"))

    class Meta:
        model = Ownership
        fields = ()


class ConsentFilters(OfCustomerFilters):
    channel = django_filters.MultipleChoiceFilter(choices=Customer.Channel.choices, distinct=False, label=_("channel"))
    purpose = django_filters.MultipleChoiceFilter(choices=Consent.Purpose.choices, distinct=False, label=_("purpose"))

    class Meta:
        model = Consent
        fields = ()


class MergeFilters(django_filters.FilterSet):
    dealer = AnyOf(field_name="dealership__code", label=_("dealer code"))
    customer = AnyNumberOf(field_name="winner", label=_("number of the customer"))

    class Meta:
        model = Merge
        fields = ()
