"""Forms of leads, appointments and absences, and of what is done with them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.backoffice.inputs import day_input
from crm import contact_values, lead_services
from crm.forms import checked_phone
from crm.models import Absence, Appointment, Customer, Lead
from crm.models.rota import sellers
from dealers.choosing import Person
from inventory.models import Vehicle


def moment_input() -> forms.DateTimeInput:
    return forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


IN_STOCK = {"status": [each.value for each in Vehicle.IN_STOCK]}
"""What of the vehicles' filters is asked when one that can be sold is looked up."""


class Vehicles(forms.ModelMultipleChoiceField):
    asked = IN_STOCK

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name} · {obj.stock_number}"


class OneVehicle(forms.ModelChoiceField):
    asked = IN_STOCK
    label_from_instance = Vehicles.label_from_instance


def of_the_same(form: Any, name: str, there: Any) -> None:
    """Refuse rows of another dealership than the form's, which the person may see but not join."""
    dealership = form.cleaned_data.get("dealership")
    rows = there if isinstance(there, list) else [there] if there is not None else []
    if dealership and any(row.dealership_id != dealership.pk for row in rows):
        form.add_error(name, _("This belongs to another dealership."))


def sells_there(form: Any, name: str) -> None:
    """Refuse a person who sells in another dealership alone; one who was chosen before may have left meanwhile."""
    dealership, person = form.cleaned_data.get("dealership"), form.cleaned_data.get(name)
    if dealership and person and name in form.changed_data and person not in sellers(dealership.pk):
        form.add_error(name, _("This person sells nothing in this dealership."))


class LeadForm(forms.ModelForm):
    """A lead as a person writes it down; what is done with it later are its verbs."""

    customer = forms.ModelChoiceField(Customer.objects.none(), required=False, widget=forms.HiddenInput)
    phone = forms.CharField(
        label=_("phone"),
        required=False,
        max_length=40,
        help_text=_("With the country's code, or without."),
        widget=forms.TextInput(attrs={"type": "tel"}),
    )
    vehicles = Vehicles(Vehicle.objects.none(), required=False, label=_("vehicles in stock"))
    assigned_to = Person(required=False, label=_("salesperson"), help_text=_("Blank: the next in turn."))
    budget = forms.DecimalField(label=_("budget"), min_value=0, max_digits=16, decimal_places=2, required=False)

    class Meta:
        model = Lead
        fields = (
            *("dealership", "name", "phone", "email", "customer", "source", "temperature", "vehicles", "wish"),
            *("budget", "assigned_to", "next_step", "next_step_at", "notes"),
        )
        widgets = {"next_step_at": moment_input(), "notes": forms.Textarea(attrs={"rows": 4})}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["name"].required = False  # the customer may say it
        if self.instance.pk:
            self.initial["vehicles"] = self.instance.vehicle_ids

    def clean_phone(self) -> str:
        return checked_phone(self.cleaned_data["phone"], self.cleaned_data.get("dealership"))

    def clean_email(self) -> str:
        return contact_values.email(self.cleaned_data["email"]) if self.cleaned_data["email"] else ""

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if not data.get("name") and "name" not in self.errors:
            if customer := data.get("customer"):
                data["name"] = customer.name
            else:
                required = self.fields["name"].error_messages["required"]
                self.add_error("name", ValidationError(required, code="required"))
        of_the_same(self, "vehicles", list(data.get("vehicles") or ()))
        of_the_same(self, "customer", data.get("customer"))
        sells_there(self, "assigned_to")
        dealership, unplanned = data.get("dealership"), data.get("next_step_at") is None
        if unplanned and dealership and not self.instance.pk and "next_step_at" not in self.errors:
            # as the service would, so that the constraint is content
            due = lead_services.response_due(dealership, timezone.now())
            self.instance.first_response_due_at = data["next_step_at"] = due
        return data

    def save(self, commit: bool = True) -> Any:
        vehicles = self.cleaned_data["vehicles"]
        if self.instance.pk is None:
            return lead_services.add(self.instance, vehicles)
        self.instance.save()
        lead_services.wish_for(self.instance, vehicles)
        return self.instance


class LeadAssignForm(forms.Form):
    user = Person(required=False, label=_("salesperson"), help_text=_("Blank: nobody."))


class LeadContactForm(forms.Form):
    words = forms.CharField(label=_("what was said"), max_length=500, required=False)
    next_step = forms.CharField(label=_("next step"), max_length=200, required=False)
    next_step_at = forms.DateTimeField(label=_("next step at"), required=False, widget=moment_input())


class LeadPlanForm(forms.Form):
    next_step = forms.CharField(label=_("next step"), max_length=200)
    next_step_at = forms.DateTimeField(label=_("next step at"), widget=moment_input())


class LeadWinForm(forms.Form):
    words = forms.CharField(label=_("in words"), max_length=300, required=False)


class LeadLoseForm(forms.Form):
    reason = forms.ChoiceField(label=_("lost because"), choices=Lead.LostReason.choices)
    words = forms.CharField(label=_("in words"), max_length=300, required=False)


class LeadMoveForm(forms.Form):
    """Where a lead goes; a lost one with its reason."""

    status = forms.ChoiceField(label=_("status"), choices=Lead.Status.choices)
    reason = forms.ChoiceField(
        label=_("lost because"),
        choices=[("", "–"), *Lead.LostReason.choices],
        required=False,
        help_text=_("Of a lost lead alone."),
    )
    words = forms.CharField(label=_("in words"), max_length=300, required=False, help_text=_("Of a closed lead alone."))


class OpenLead(forms.ModelChoiceField):
    asked = {"status": [each.value for each in Lead.OPEN]}


class AppointmentForm(forms.ModelForm):
    lead = OpenLead(Lead.objects.none(), label=_("lead"))
    salesperson = Person(label=_("salesperson"))
    vehicle = OneVehicle(Vehicle.objects.none(), required=False, label=_("vehicle"))

    class Meta:
        model = Appointment
        fields = ("dealership", "lead", "kind", "salesperson", "vehicle", "starts_at", "ends_at", "notes")
        widgets = {"starts_at": moment_input(), "ends_at": moment_input()}

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        of_the_same(self, "lead", data.get("lead"))
        of_the_same(self, "vehicle", data.get("vehicle"))
        sells_there(self, "salesperson")
        if self.instance.pk and not self.instance.is_planned:
            status = self.instance.get_status_display()
            raise ValidationError(_("It is %(status)s: what was cannot be changed."), params={"status": status})
        return data


class AppointmentCancelForm(forms.Form):
    words = forms.CharField(label=_("why"), max_length=300, required=False)


class AbsenceForm(forms.ModelForm):
    user = Person(label=_("who"))

    class Meta:
        model = Absence
        fields = ("dealership", "user", "since", "until", "reason")
        widgets = {"since": day_input(), "until": day_input()}

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        sells_there(self, "user")
        return data
