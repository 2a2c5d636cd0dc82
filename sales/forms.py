"""Forms of deals, of the deal desk, of what deals are made of, and of papers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.backoffice.inputs import day_input, offer
from crm.lead_forms import IN_STOCK
from crm.models import Customer
from dealers.models import User
from inventory import identification
from inventory.forms import read
from inventory.models import Vehicle
from sales.arithmetic import Lever
from sales.models import (
    CatalogueItem,
    Deal,
    DealFile,
    Deposit,
    Document,
    Item,
    Registration,
    Scenario,
    TaxRate,
    TradeIn,
)
from sales.offers import written
from sales.scenarios import COPIED_OF_TRADE_IN
from sales.stages import need_the_only

LEVERS: dict[Lever, Any] = {"discount": _("discount"), "down_payment": _("down payment"), "term": _("term")}


class Amount(forms.DecimalField):
    """Money or a percentage, shown without the zeros of its column."""

    def prepare_value(self, value: Any) -> Any:
        return written(value) if isinstance(value, Decimal) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        """As a number, since what is shown is text."""
        return super().has_changed(self.to_python(initial) if isinstance(initial, str) else initial, data)


class OwnForm(forms.ModelForm):
    """A form whose keys name rows of the form's own dealership."""

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        dealership = found.get("dealership") or getattr(self.instance, "dealership", None)
        for name, value in found.items():
            if dealership is not None and getattr(value, "dealership_id", dealership.pk) != dealership.pk:
                self.add_error(name, ValidationError(_("Choose one of the same dealership.")))
        return found


class DealForm(OwnForm):
    """Who buys what from whom. What it costs is written at the desk."""

    class Meta:
        model = Deal
        fields = ("dealership", "customer", "vehicle", "salesperson", "note")
        widgets = {"note": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        deal = self.instance
        for name in ("customer", "vehicle", "salesperson"):
            # A field's rows are asked when somebody sees it, in their scope.
            field: Any = self.fields[name]
            field.queryset = field.queryset.all()
        self.fields["salesperson"].required = False
        self.was = (deal.customer_id, deal.vehicle_id) if deal.pk else None

    def offer(self, user: Any) -> None:
        """Let `user` choose among the rows they may see."""
        fields: Any = self.fields
        deal = self.instance if self.instance.pk else None
        here = {"dealership": deal.dealership_id} if deal else {}
        people = User.objects.filter(memberships__in=memberships(user).filter(**here)).distinct().order_by("email")
        if "customer" in fields:
            fields["customer"].queryset = Customer.objects.visible_to(user).filter(**here)
        fields["vehicle"].queryset = Vehicle.objects.visible_to(user).filter(**here)
        fields["vehicle"].asked = IN_STOCK
        fields["salesperson"].queryset = people
        if deal is None and isinstance(user, User) and "salesperson" not in self.initial and user in people:
            fields["salesperson"].initial = user.pk

    def clean(self) -> dict[str, Any]:
        found = super().clean()
        dealership, customer, vehicle = (found.get(name) for name in ("dealership", "customer", "vehicle"))
        if (who := found.get("salesperson")) and dealership:
            places = who.memberships.current().filter(dealership=dealership)
            if who.pk != self.instance.salesperson_id and not places.exists():
                self.add_error("salesperson", _("They have no place in this dealership."))
        moved = self.was and self.was != (getattr(customer, "pk", None), getattr(vehicle, "pk", None))
        if moved and not self.free:
            raise ValidationError(
                _(
                    "Customer and vehicle stay as they are once the vehicle is reserved, approval was asked, or there "
                    "are deposits or documents. Lose or cancel the deal, and begin another one."
                )
            )
        if customer and vehicle and (self.instance.pk is None or self.instance.is_open):
            need_the_only(customer, vehicle, self.instance.pk)
        return found

    @property
    def free(self) -> bool:
        """Whether nobody relies yet on who buys what."""
        deal = self.instance
        return deal.stage in (Deal.Stage.DRAFT, Deal.Stage.QUOTED) and deal.asked_at is None and not deal.has_history


def memberships(user: Any) -> Any:
    """Places of today in the dealerships where `user` sees deals."""
    from dealers.models import Membership
    from dealers.permissions import dealerships_of

    found = dealerships_of(user, "sales.deal:view")
    rows = Membership.objects.current()
    return rows if found is None else rows.filter(dealership__in=found)


# -- the desk


class DeskForm(OwnForm):
    """A part of the desk: blank amounts are nothing, and who may not know the margin writes no cost."""

    secret: tuple[str, ...] = ()

    def __init__(self, *args: Any, taxes: Any = None, gross: bool = True, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, field in self.fields.items():
            if isinstance(field, forms.DecimalField) and isinstance(self.usual(name), Decimal):
                field.required = False
        if taxes is not None and "tax" in self.fields:
            offer(self.fields["tax"], taxes, _("no tax"))
        if not gross:
            for name in self.secret:
                self.fields.pop(name, None)

    def clean(self) -> dict[str, Any]:
        found = super().clean()
        for name, field in self.fields.items():
            usual = self.usual(name) if isinstance(field, forms.DecimalField) else None
            if isinstance(usual, Decimal) and found.get(name, 0) is None:
                found[name] = usual
        return found

    def usual(self, name: str) -> Any:
        """What the column holds if nobody writes anything."""
        model: Any = type(self.instance)
        return model._meta.get_field(name).default


class ScenarioForm(DeskForm):
    secret = ("commission_rate",)

    class Meta:
        model = Scenario
        fields = (
            *("name", "price", "discount", "discount_reason", "tax", "tax_inclusive", "lender", "method", "rate"),
            *("term", "down_payment", "balloon", "commission_rate"),
        )
        field_classes = dict.fromkeys(
            ("price", "discount", "rate", "down_payment", "balloon", "commission_rate"), Amount
        )


class ItemForm(DeskForm):
    """One line; out of the catalogue it needs nothing else."""

    secret = ("unit_cost",)

    class Meta:
        model = Item
        fields = (*("catalogue_item", "kind", "name", "quantity", "unit_price", "unit_cost", "tax", "tax_inclusive"),)
        field_classes = dict.fromkeys(("quantity", "unit_price", "unit_cost"), Amount)

    def __init__(self, *args: Any, catalogue: Any = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["name"].required = self.fields["unit_price"].required = False
        if catalogue is not None:
            offer(self.fields["catalogue_item"], catalogue, _("written freely"))

    def clean(self) -> dict[str, Any]:
        found = super().clean()
        item: CatalogueItem | None = found.get("catalogue_item")
        if item is not None and self.instance.catalogue_item_id != item.pk:
            self.instance.unit_cost = item.unit_cost
            found["name"] = found.get("name") or item.name
            found["kind"] = item.kind
            if found.get("unit_price") is None:
                found |= {"unit_price": item.unit_price, "tax": item.tax, "tax_inclusive": item.tax_inclusive}
            if not found.get("unit_cost") and "unit_cost" in self.fields:
                found["unit_cost"] = item.unit_cost
        for name in ("name", "unit_price"):
            if found.get(name) in (None, "") and name not in self.errors:
                self.add_error(name, ValidationError(self.fields[name].error_messages["required"], code="required"))
        return found


class TradeInForm(DeskForm):
    class Meta:
        model = TradeIn
        fields = COPIED_OF_TRADE_IN
        field_classes = dict.fromkeys(("allowance", "payoff"), Amount)

    def clean_vin(self) -> str:
        return read(self.cleaned_data["vin"], identification.check_vin, check_digit=False)

    def clean_plate(self) -> str:
        country = self.instance.dealership.country if self.instance.dealership_id else "ID"
        return read(self.cleaned_data["plate"], identification.plate, country=country)


class RollForm(forms.Form):
    """Bring the monthly payment down to one."""

    target_payment = Amount(label=_("monthly payment aimed at"), min_value=0, max_digits=18, decimal_places=3)
    lever = forms.ChoiceField(label=_("by more"), choices=list(LEVERS.items()))


# -- verbs


class ReserveForm(forms.Form):
    until = forms.DateTimeField(
        label=_("until"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("Blank: for seven days."),
    )


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("why"), max_length=300, widget=forms.Textarea(attrs={"rows": 3}))


class ApproveForm(forms.Form):
    """Yes to the price that is shown, and to no other."""

    price = Amount(
        label=_("price after the discount"),
        max_digits=18,
        decimal_places=3,
        widget=forms.NumberInput(attrs={"readonly": True}),
        help_text=_("What is approved. If somebody changes it meanwhile, nothing is."),
    )


class DepositForm(forms.Form):
    amount = Amount(label=_("amount"), min_value=Decimal("0.001"), max_digits=18, decimal_places=3)
    method = forms.ChoiceField(label=_("method"), choices=Deposit.Method.choices)
    reference = forms.CharField(label=_("reference"), max_length=60, required=False)
    received_on = forms.DateField(label=_("received on"), widget=day_input())

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["received_on"].initial = timezone.localdate


class DocumentForm(forms.Form):
    kind = forms.ChoiceField(label=_("document"), choices=Document.Kind.choices)
    language = forms.ChoiceField(
        label=_("language"), required=False, choices=[("", _("the dealership's")), *settings.LANGUAGES]
    )


class FileForm(forms.Form):
    kind = forms.ChoiceField(label=_("what it is"), choices=DealFile.Kind.choices)
    file = forms.FileField(
        label=_("file"),
        help_text=_("PDF, DOCX or XLSX up to 10 MB, or a photo (JPEG, PNG, WebP) up to 15 MB."),
        widget=forms.ClearableFileInput(attrs={"accept": ".pdf,.docx,.xlsx,image/jpeg,image/png,image/webp"}),
    )


class LinkForm(forms.Form):
    days = forms.IntegerField(label=_("good for, days"), min_value=1, max_value=60, initial=7)


class AcceptForm(forms.Form):
    """A customer's word, without an account."""

    name = forms.CharField(label=_("Your name"), max_length=200)
    agreed = forms.BooleanField(label=_("I have read this offer and accept it."))


# -- catalogue and papers


class TaxRateForm(OwnForm):
    class Meta:
        model = TaxRate
        fields = ("dealership", "name", "percent", "valid_from")
        widgets = {"valid_from": day_input()}
        field_classes = {"percent": Amount}

    def clean(self) -> dict[str, Any]:
        found = super().clean()
        if self.instance.pk and {"percent", "valid_from"} & set(self.changed_data) and self.instance.is_used:
            raise ValidationError(
                _("Deals use this rate: it stays as it is. Add the new one, from the day it is valid.")
            )
        return found


class CatalogueItemForm(OwnForm):
    class Meta:
        model = CatalogueItem
        fields = ("dealership", "kind", "name", "unit_price", "unit_cost", "tax", "tax_inclusive", "is_active")
        field_classes = dict.fromkeys(("unit_price", "unit_cost"), Amount)


class RegistrationForm(OwnForm):
    class Meta:
        model = Registration
        fields = (
            *("dealership", "deal", "kind", "number", "requested_on", "received_on", "handed_over_on"),
            *("received_by", "note"),
        )
        widgets = dict.fromkeys(("requested_on", "received_on", "handed_over_on"), day_input())

    def clean_deal(self) -> Any:
        deal = self.cleaned_data["deal"]
        if deal.stage not in Deal.BINDING and deal.pk != self.instance.deal_id:
            raise ValidationError(_("Papers are made for a deal that is contracted or delivered."))
        return deal
