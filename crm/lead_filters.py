"""What leads and appointments can be asked by, on their pages and in the API."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.backoffice.filters import AnyNumberOf, AnyOf, amount_bounds, day_bounds
from crm.models import Absence, Appointment, Lead


class Words(AnyOf):
    """Each word stands in the name, the wish or the e-mail address, or is a part of the telephone number."""

    def filter(self, qs: QuerySet[Any], value: list[str]) -> QuerySet[Any]:
        for word in " ".join(value or ()).split():
            found = Q(name__icontains=word) | Q(wish__icontains=word) | Q(email__icontains=word)
            if digits := "".join(letter for letter in word if letter.isdigit()).lstrip("0"):
                found |= Q(phone__contains=digits)
            qs = qs.filter(found)
        return qs


class Attention(django_filters.MultipleChoiceFilter):
    """What somebody should look at."""

    OVERDUE, ESCALATED, UNASSIGNED = "overdue", "escalated", "unassigned"
    CHOICES = (
        (OVERDUE, _("next step overdue")),
        (ESCALATED, _("not answered in time")),
        (UNASSIGNED, _("nobody's")),
    )

    def filter(self, qs: Any, value: list[str]) -> Any:
        if self.OVERDUE in value:
            qs = qs.overdue(timezone.now())
        if self.ESCALATED in value:
            qs = qs.escalated()
        if self.UNASSIGNED in value:
            qs = qs.open().filter(assigned_to=None)
        return qs


def several(choices: Any, label: Any) -> Any:
    return django_filters.MultipleChoiceFilter(choices=choices, distinct=False, label=label)


class LeadFilters(django_filters.FilterSet):
    search = Words(label=_("name, telephone, e-mail or wish"))
    dealer = AnyOf(field_name="dealership__code", label=_("dealer code"))
    status = several(Lead.Status.choices, _("status"))
    assigned_to = AnyNumberOf(field_name="assigned_to", label=_("salesperson"))
    attention = Attention(choices=Attention.CHOICES, label=_("needs attention"))
    temperature = several(Lead.Temperature.choices, _("temperature"))
    source = several(Lead.Source.choices, _("source"))
    lost_reason = several(Lead.LostReason.choices, _("lost because"))
    budget_from, budget_to = amount_bounds("budget", _("budget"))
    next_step_from, next_step_to = day_bounds("next_step_at__date", _("next step at"))
    created_from, created_to = day_bounds("created_at__date", _("created"))

    class Meta:
        model = Lead
        fields = ()


class AppointmentFilters(django_filters.FilterSet):
    dealer = AnyOf(field_name="dealership__code", label=_("dealer code"))
    kind = several(Appointment.Kind.choices, _("kind"))
    status = several(Appointment.Status.choices, _("status"))
    salesperson = AnyNumberOf(field_name="salesperson", label=_("salesperson"))
    lead = AnyNumberOf(field_name="lead", label=_("lead"))
    vehicle = AnyNumberOf(field_name="vehicle", label=_("vehicle"))
    starts_from, starts_to = day_bounds("starts_at__date", _("starts"))

    class Meta:
        model = Appointment
        fields = ()


class AbsenceFilters(django_filters.FilterSet):
    dealer = AnyOf(field_name="dealership__code", label=_("dealer code"))
    since_from, since_to = day_bounds("since", _("first day"))
    until_from, until_to = day_bounds("until", _("last day"))

    class Meta:
        model = Absence
        fields = ()
