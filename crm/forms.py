"""Forms of customers and of what is known of them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.postgres.forms import SimpleArrayField
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.backoffice.inputs import day_input
from crm import contact_values, merging, services
from crm.models import Address, Attribute, Consent, ContactPoint, Customer, Note, Ownership
from dealers import audit

REMOVES = "-"


def number_of_a_row() -> forms.NumberInput:
    """The id of a row of which there are too many for a list to choose from."""
    return forms.NumberInput(attrs={"min": 1, "inputmode": "numeric"})


def checked_phone(text: str, dealership: Any) -> str:
    return contact_values.phone(text, getattr(dealership, "country", "") or "ID") if text else ""


class CustomerForm(forms.ModelForm):
    """A customer as a person writes them, with the number and the e-mail that are used first."""

    phone = forms.CharField(
        label=_("phone"), required=False, max_length=40, widget=forms.TextInput(attrs={"type": "tel"})
    )
    email = forms.CharField(
        label=_("e-mail"), required=False, max_length=254, widget=forms.TextInput(attrs={"type": "email"})
    )
    identity_number = forms.CharField(
        label=_("identity number"),
        required=False,
        max_length=40,
        help_text=_("Kept encrypted. Blank leaves it as it is, “-” removes it."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    tags = SimpleArrayField(
        forms.CharField(max_length=40), label=_("tags"), required=False, help_text=_("Separated by commas.")
    )

    class Meta:
        model = Customer
        fields = (
            *("dealership", "kind", "name", "called", "contact_person", "phone", "email", "identity_number"),
            *("birth_date", "preferred_channel", "preferred_time", "source", "referred_by", "tags"),
        )
        widgets = {"birth_date": day_input()}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.pk:
            self.initial = {**self.initial, "phone": self.instance.phone, "email": self.instance.email}
            if hidden := self.instance.masked_identity_number:
                self.fields["identity_number"].widget.attrs["placeholder"] = hidden

    def clean_phone(self) -> str:
        return checked_phone(self.cleaned_data["phone"], self.cleaned_data.get("dealership"))

    def clean_email(self) -> str:
        return contact_values.email(self.cleaned_data["email"]) if self.cleaned_data["email"] else ""

    def clean_identity_number(self) -> str:
        number: str = self.cleaned_data["identity_number"].strip()
        if number and number != REMOVES and not contact_values.identity_number(number):
            raise ValidationError(_("An identity number has letters or digits."))
        return number

    def clean_birth_date(self) -> Any:
        day = self.cleaned_data["birth_date"]
        if day is not None and not 1900 <= day.year <= timezone.now().year:
            raise ValidationError(_("Write a birth date from 1900 until today."))
        return day

    def clean_tags(self) -> list[str]:
        return sorted({tag.strip().lower() for tag in self.cleaned_data["tags"] if tag.strip()})

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        dealership, other = found.get("dealership"), found.get("referred_by")
        if other is not None and dealership is not None and other.dealership_id != dealership.pk:
            self.add_error("referred_by", _("There is no such customer in this dealership."))
        if other is not None and other.pk == self.instance.pk:
            self.add_error("referred_by", _("Nobody refers themselves."))
        return found

    def save(self, commit: bool = True) -> Any:
        given, customer = self.cleaned_data, self.instance
        if given["identity_number"]:
            customer.set_identity_number(given["identity_number"].removeprefix(REMOVES))
        if customer.pk is None:
            services.add(customer, phone=given.get("phone", ""), email=given.get("email", ""))
        else:
            customer.save()
            for kind in ("phone", "email"):
                if kind in self.changed_data:
                    services.set_primary(customer, kind, given[kind])
        if given.get("referred_by"):
            given["referred_by"] = given["referred_by"].pk  # the audit of one customer does not name another
        return customer


class OfCustomerForm(forms.ModelForm):
    """A row about a customer; its dealership is theirs."""

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if customer := found.get("customer"):
            self.instance.dealership_id = customer.dealership_id
        return found

    def _get_validation_exclusions(self) -> set[str]:
        """What is unique is so within the dealership, which is known by now."""
        return super()._get_validation_exclusions() - {"dealership", "is_primary"}  # type: ignore[misc]


class ContactPointForm(OfCustomerForm):
    class Meta:
        model = ContactPoint
        fields = ("customer", "kind", "value", "label")

    def clean(self) -> dict[str, Any]:
        found = super().clean()
        if (customer := found.get("customer")) and found.get("kind") and found.get("value"):
            try:
                found["value"] = services.normal(found["kind"], found["value"], customer.dealership.country)
            except ValidationError as error:
                self.add_error("value", error)
        return found

    def save(self, commit: bool = True) -> Any:
        point: ContactPoint = self.instance
        if point.pk is None:
            return services.add_contact(point)
        point.save()
        return point


class AddressForm(OfCustomerForm):
    class Meta:
        model = Address
        fields = (*("customer", "label", "street", "city", "region", "postal_code", "country", "access_notes"),)
        widgets = {"access_notes": forms.Textarea(attrs={"rows": 2})}

    def clean_country(self) -> str:
        country: str = self.cleaned_data["country"].strip().upper()
        if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
            raise ValidationError(_("Two capital letters."))
        return country


class NoteForm(OfCustomerForm):
    at = forms.DateTimeField(
        label=_("when"),
        required=False,
        help_text=_("Blank: now."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    class Meta:
        model = Note
        fields = ("customer", "kind", "text", "at")
        widgets = {"text": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if not self.instance.pk:
            self.initial.pop("at", None)

    def clean_at(self) -> Any:
        return self.cleaned_data["at"] or (self.instance.at if self.instance.pk else timezone.now())


class AttributeForm(OfCustomerForm):
    class Meta:
        model = Attribute
        fields = ("customer", "key", "value", "confidence")


class OwnershipForm(OfCustomerForm):
    class Meta:
        model = Ownership
        fields = ("customer", "vehicle", "since", "until", "plate")
        widgets = {"since": day_input(), "until": day_input()}

    def clean(self) -> dict[str, Any]:
        found = super().clean()
        customer, vehicle = found.get("customer"), found.get("vehicle")
        if customer and vehicle:
            if customer.dealership_id != vehicle.dealership_id:
                self.add_error("vehicle", _("There is no such vehicle in this dealership."))
            elif not found.get("plate") and not self.instance.pk:
                found["plate"] = vehicle.plate
        return found


# -- verbs


class ConsentForm(forms.Form):
    """What a customer agreed to, or does not."""

    contact = forms.CharField(label=_("number or e-mail"), max_length=254, required=False)
    channel = forms.ChoiceField(label=_("channel"), choices=Customer.Channel.choices)
    purpose = forms.ChoiceField(label=_("purpose"), choices=Consent.Purpose.choices)
    is_given = forms.ChoiceField(
        label=_("answer"), choices=[("yes", _("agrees")), ("no", _("does not agree"))], initial="yes"
    )
    source = forms.ChoiceField(label=_("how it was said"), choices=Consent.Source.choices)
    wording_version = forms.CharField(label=_("version of the wording"), max_length=40)
    wording = forms.CharField(
        label=_("wording"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def clean_is_given(self) -> bool:
        return bool(self.cleaned_data["is_given"] == "yes")


KEEPS = [(merging.MINE, _("this customer's")), (merging.OTHERS, _("the other one's"))]


def choice_of(name: str) -> forms.ChoiceField:
    """Whose value of a field stays when two customers become one."""
    column: Any = None if name == "identity_number" else Customer._meta.get_field(name)
    label = column.verbose_name if column else _("identity number")
    choices = [("", _("what there is")), *KEEPS]
    if name == "tags":
        choices.append((merging.BOTH, _("both")))
    return forms.ChoiceField(label=label, choices=choices, required=False)


class MergeForm(forms.Form):
    """Which customer is taken in, and field by field what stays."""

    other = forms.IntegerField(
        label=_("number of the customer who is taken in"),
        min_value=1,
        max_value=2**63 - 1,
        help_text=_("As it stands in the address of their page. All that is known of them moves to this customer."),
        widget=number_of_a_row(),
    )


MergeForm.base_fields |= {name: choice_of(name) for name in Customer.CHOSEN}


class EraseForm(forms.Form):
    reason = forms.CharField(
        label=_("reason"),
        max_length=audit.LONGEST_REASON,
        help_text=_("Such as “asked for by letter of 3 March”; without names. It cannot be taken back."),
    )
