"""Forms of vehicles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.backoffice.inputs import day_input
from dealers.choosing import Person
from dealers.models import Dealership
from inventory import identification, preparation, services
from inventory.models import CarryingRate, PlannedStep, PreparationStep, Vehicle, VehicleFeed

CHECKED_COUNTRIES = ("US", "CA", "MX")
"""Where every VIN has a check digit."""


class VehicleForm(forms.ModelForm):
    """A vehicle as a person writes it. What they write, no feed overrides."""

    left: Mapping[str, Decimal | None] = {}

    class Meta:
        model = Vehicle
        fields = (
            *("dealership", "stock_number", "vin", "engine_number", "plate", "condition", "make", "model", "trim"),
            *("year", "body", "colour", "interior_colour", "engine", "fuel", "transmission", "location", "keys"),
            *("acquired_on", "purchase_price", "transport_cost", "preparation_cost", "pack", "asking_price"),
            *("minimum_price", "description"),
        )
        widgets = {"acquired_on": day_input(), "description": forms.Textarea(attrs={"rows": 4})}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["make"].required = False  # the frame number may say it

    def leave(self, known: Mapping[str, Decimal | None]) -> None:
        """Ask for none of these prices, which are so as far as its reader knows: they may not change them."""
        self.left = known
        for name in known:
            self.fields.pop(name, None)

    def clean(self) -> dict[str, Any]:
        """Refuses a price that is sent nevertheless and would change; the same one again changes nothing."""
        data: dict[str, Any] = super().clean() or {}
        for name, known in self.left.items():
            if name in self.data and not says(self.base_fields[name], self.data[name], known):
                label = Vehicle._meta.get_field(name).verbose_name  # type: ignore[union-attr]
                self.add_error(None, _("You may not change the %(label)s.") % {"label": label})
        return data

    def clean_vin(self) -> str:
        country = getattr(self.cleaned_data.get("dealership"), "country", "")
        return read(self.cleaned_data["vin"], identification.check_vin, check_digit=country in CHECKED_COUNTRIES)

    def clean_engine_number(self) -> str:
        return read(self.cleaned_data["engine_number"], identification.engine_number)

    def clean_plate(self) -> str:
        country = getattr(self.cleaned_data.get("dealership"), "country", "ID")
        return read(self.cleaned_data["plate"], identification.plate, country=country)

    def clean_year(self) -> int | None:
        year: int | None = self.cleaned_data["year"]
        latest = timezone.now().year + 1
        if year is not None and not 1900 <= year <= latest:
            raise ValidationError(_("Write a year from 1900 to %(latest)s."), params={"latest": latest})
        return year

    def clean_stock_number(self) -> str:
        """A vehicle that is there keeps its number where none is written."""
        return str(self.cleaned_data["stock_number"].strip() or self.instance.stock_number)

    def _get_validation_exclusions(self) -> set[str]:
        """A new vehicle gets its number when it is stored."""
        found: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        return found if self.cleaned_data.get("stock_number") else found | {"stock_number"}

    def _post_clean(self) -> None:
        """The frame number says what nobody wrote, and then everything is checked together."""
        if not self.cleaned_data.get("make") and "vin" not in self.errors and self.cleaned_data.get("vin"):
            self.cleaned_data["make"] = identification.decode(self.cleaned_data["vin"]).make
        if not self.cleaned_data.get("make") and "make" not in self.errors:
            self.add_error("make", ValidationError(self.fields["make"].error_messages["required"], code="required"))
        super()._post_clean()  # type: ignore[misc]

    def save(self, commit: bool = True) -> Any:
        vehicle: Vehicle = self.instance
        if vehicle.pk is None:
            vehicle.wrote(self.changed_data)  # which the frame number does not override
            if "make" not in self.changed_data:
                vehicle.make = ""  # it was read off the frame number, and is learnt as such
            services.fill_in(vehicle)
            return services.add(vehicle)
        vehicle.wrote(self.changed_data)
        if {"asking_price", "minimum_price"} & set(self.changed_data):
            vehicle.note_prices(vehicle.asking_price, vehicle.minimum_price)
        vehicle.save()
        return vehicle


def says(field: forms.Field, sent: Any, value: Any) -> bool:
    """Whether what was sent for a field is this value."""
    try:
        return bool(field.clean(sent) == value)
    except ValidationError:
        return False


def read(text: str, check: Callable[..., str], **options: Any) -> str:
    """A number as it is kept; what is wrong with it stands at its field."""
    if not text:
        return ""
    try:
        return check(text, **options)
    except identification.BadNumber as error:
        raise ValidationError(str(error))


class MoveForm(forms.Form):
    """Where a vehicle goes."""

    status = forms.ChoiceField(
        label=_("status"), choices=[each for each in Vehicle.Status.choices if each[0] not in Vehicle.OF_DEALS]
    )


class TransferForm(forms.Form):
    """To which dealership of the group a vehicle goes."""

    to = forms.ModelChoiceField(Dealership.objects.none(), label=_("to"), empty_label=None)
    reason = forms.CharField(label=_("reason"), max_length=200, required=False)


class PriceForm(forms.Form):
    asking = forms.DecimalField(label=_("asking price"), min_value=0, max_digits=16, decimal_places=2, required=False)
    minimum = forms.DecimalField(label=_("minimum price"), min_value=0, max_digits=16, decimal_places=2, required=False)


class OdometerForm(forms.Form):
    km = forms.IntegerField(label=_("odometer, km"), min_value=0, max_value=9_999_999)
    read_on = forms.DateField(label=_("read on"), widget=day_input())

    def clean_read_on(self) -> Any:
        day = self.cleaned_data["read_on"]
        if day > timezone.now().date() + timedelta(days=1):
            raise ValidationError(_("This day is still to come."))
        return day


# -- preparation


class PlannedStepForm(forms.ModelForm):
    """A step of a dealership's list; what is under way keeps the hours with which it began."""

    assignee = Person(required=False, label=_("who does it"))

    class Meta:
        model = PlannedStep
        fields = ("dealership", "name", "condition", "position", "target_hours", "assignee")

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        dealership: Any = data.get("dealership")
        person = data.get("assignee") if "assignee" in self.changed_data else None
        if dealership and person and person not in preparation.workers({dealership.pk}):
            self.add_error("assignee", _("This person works on no vehicles of this dealership."))
        return data


def who_can_do_it(form: Any, user: Any, row: Vehicle | PreparationStep) -> None:
    """Let the form of a verb offer those who work on vehicles of the row's dealership."""
    form.fields["person"].queryset = preparation.workers({row.dealership_id})


class StepForm(forms.Form):
    """A step beside those of the list."""

    name = forms.CharField(label=_("step"), max_length=100)
    target_hours = forms.IntegerField(label=_("target, hours"), min_value=1, max_value=9_999, initial=24)
    person = Person(required=False, label=_("who does it"))


class StepAssignForm(forms.Form):
    person = Person(required=False, label=_("who does it"), help_text=_("Blank: nobody."))


class WhyForm(forms.Form):
    reason = forms.CharField(label=_("why"), max_length=200)


class CarryingRateForm(forms.ModelForm):
    class Meta:
        model = CarryingRate
        fields = ("dealership", "valid_from", "percent")
        widgets = {"valid_from": day_input()}


# -- files of vehicles, and feeds


class ReceiveForm(forms.Form):
    """A file of vehicles, and whose they are."""

    dealership = forms.ModelChoiceField(Dealership.objects.none(), label=_("dealership"), empty_label=None)
    file = forms.FileField(
        label=_("file"),
        help_text=_("CSV or XLSX, up to 5,000 rows and 5 MB. The first row says what the columns hold."),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.xlsx,text/csv"}),
    )

    def __init__(self, *args: Any, dealerships: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["dealership"]
        field.queryset = dealerships


class StoreForm(forms.Form):
    """How the rows of a file are stored."""

    whole = forms.BooleanField(
        label=_("all rows or none"),
        required=False,
        help_text=_("Without it the good rows are stored, and those with errors are given back as a file."),
    )


class FeedForm(forms.ModelForm):
    class Meta:
        model = VehicleFeed
        fields = ("dealership", "name")
