"""The deal desk: one form of a scenario with its items and trade-ins, from pages and the API alike.

Rows of lines are told apart by their prefix: `item-7` is the item 7, `item-new-0` a new one. What somebody else saved
meanwhile is merged field by field as on every other page; a line that somebody removed stays removed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from config.backoffice import merging
from sales import arithmetic, offers, scenarios
from sales.arithmetic import BadOffer, Lever, Offer, Summary
from sales.forms import ItemForm, ScenarioForm, TradeInForm
from sales.models import CatalogueItem, Item, Scenario, TaxRate, TradeIn

GROSS = "sales.gross:view"
NEW_ITEMS, NEW_TRADE_INS = 2, 1
MOST_NEW = scenarios.MOST_ROWS
MOST_DIGITS = 18
"""Of an amount, before its point or after it."""


class Desk:
    """The forms of a scenario, filled with what is stored or with what was sent."""

    def __init__(self, scenario: Scenario, user: Any, data: QueryDict | None = None) -> None:
        self.scenario, self.deal, self.user = scenario, scenario.deal, user
        self.gross = bool(user.has_perm(GROSS, scenario))
        self.both: dict[tuple[str, str], str] = {}
        self.version = merging.version_of(scenario)
        self.data = self.merged(data) if data is not None else None
        self.form = self.of_scenario(self.data)
        self.items = list(self.rows("item", ItemForm, self.stored_items, NEW_ITEMS, self.data))
        self.trade_ins = list(self.rows("trade-in", TradeInForm, self.stored_trade_ins, NEW_TRADE_INS, self.data))
        for prefix, name in self.both:
            form = next(each for each in self.forms if (each.prefix or "") == prefix)
            form.full_clean()
            form.add_error(name, self.both[prefix, name])

    # -- its forms

    @cached_property
    def stored_items(self) -> list[Item]:
        return list(self.scenario.items.select_related("tax", "catalogue_item").order_by("pk"))

    @cached_property
    def stored_trade_ins(self) -> list[TradeIn]:
        return list(self.scenario.trade_ins.order_by("pk"))

    @cached_property
    def taxes(self) -> Any:
        """The rates of today, and those that the scenario has already."""
        here = TaxRate.objects.filter(dealership=self.deal.dealership_id)
        today: date = timezone.localdate(timezone=self.deal.dealership.zone)
        of_all = (self.scenario.tax_id, *(item.tax_id for item in self.stored_items))
        used = {pk for pk in of_all if pk is not None}
        return here.filter(pk__in={*used, *here.valid_on(today).values_list("pk", flat=True)}).order_by("name")

    @cached_property
    def stale_rates(self) -> list[tuple[TaxRate, TaxRate]]:
        """Taxes that the scenario still counts with, and what they are today."""
        used = [rate for rate in (self.scenario.tax, *(item.tax for item in self.stored_items)) if rate is not None]
        today = timezone.localdate(timezone=self.deal.dealership.zone)
        return TaxRate.objects.replaced(used, today) if used else []

    @cached_property
    def catalogue(self) -> Any:
        here = CatalogueItem.objects.filter(dealership=self.deal.dealership_id).select_related("tax")
        used = {item.catalogue_item_id for item in self.stored_items if item.catalogue_item_id is not None}
        return (here.filter(is_active=True) | here.filter(pk__in=used)).order_by("kind", "name")

    def of_scenario(self, data: Any) -> ScenarioForm:
        fresh = Scenario.objects.select_related("tax").get(pk=self.scenario.pk) if data is not None else self.scenario
        fresh.deal = self.deal
        return self.remembered(ScenarioForm(data, instance=fresh, taxes=self.taxes, gross=self.gross))

    def rows(self, kind: str, form: Any, stored: list[Any], blank: int, data: Any) -> Iterator[Any]:
        options: dict[str, Any] = {"gross": self.gross, "use_required_attribute": False}
        if form is ItemForm:
            options |= {"catalogue": self.catalogue, "taxes": self.taxes}
        for row in stored:
            yield self.remembered(form(data, instance=row, prefix=f"{kind}-{row.pk}", **options))
        model = form._meta.model
        for place in range(max(blank, sent_rows(kind, data))):
            row = model(scenario=self.scenario, dealership=self.deal.dealership)
            yield self.remembered(
                form(data, instance=row, prefix=f"{kind}-new-{place}", empty_permitted=True, **options)
            )

    @staticmethod
    def remembered(form: Any) -> Any:
        return merging.remember(form)

    @property
    def forms(self) -> list[Any]:
        return [self.form, *self.items, *self.trade_ins]

    def merged(self, data: QueryDict) -> QueryDict:
        """What was sent, with what somebody else saved since the page was opened."""
        if data.get(merging.VERSION, self.version) == self.version:
            return data
        fresh = [
            self.of_scenario(None),
            *self.rows("item", ItemForm, self.stored_items, 0, None),
            *self.rows("trade-in", TradeInForm, self.stored_trade_ins, 0, None),
        ]
        for form in fresh:
            if form.prefix is None or any(form.add_prefix(name) in data for name in form.fields):
                data, both = merging.merged(form, data)
                self.both |= {(form.prefix or "", name): words for name, words in both.items()}
            else:  # somebody added it: it is there as it is
                data = data.copy()
                for bound in form:
                    data.setlist(bound.html_name, merging.sent(bound.value()))
        return data

    # -- what it says

    def removes(self, form: Any) -> bool:
        return self.data is not None and bool(self.data.get(f"{form.prefix}-remove")) and form.instance.pk is not None

    def counts(self, form: Any) -> bool:
        """Whether a row's form says something: it is stored and stays, or something is written in it."""
        return not self.removes(form) and (form.instance.pk is not None or form.has_changed())

    def is_valid(self) -> bool:
        """Raises nothing; what is wrong stands in the forms."""
        if self.both:
            return False
        results = [self.form.is_valid(), *(each.is_valid() for each in self.forms[1:] if not self.removes(each))]
        if not all(results):
            return False
        try:
            self.summary  # noqa: B018 - it is remembered
        except BadOffer as error:
            self.tell(error)
            return False
        return True

    def tell(self, error: BadOffer) -> None:
        """Put what arithmetic refuses at the field that it is about."""
        group, _point, rest = error.field.partition(".")
        place, _point, name = rest.partition(".")
        rows = {"lines": self.items, "trade_ins": self.trade_ins}.get(group)
        form, field = self.form, rest if group == "finance" else group
        if rows is not None and place.isdecimal():
            form, field = [each for each in rows if self.counts(each)][int(place)], name
        field = {"tax_rate": "tax"}.get(field, field)
        form.add_error(field if field in form.fields else None, str(error))

    def instances(self, forms: list[Any]) -> list[Any]:
        """The rows as they would be stored."""
        return [each.instance for each in forms if self.counts(each)]

    @cached_property
    def offer(self) -> Offer:
        scenario = self.form.instance
        return offers.offer_of(scenario, self.instances(self.items), self.instances(self.trade_ins))

    @cached_property
    def summary(self) -> Summary:
        """Raises BadOffer."""
        return arithmetic.summarize(self.offer)

    @property
    def matrix(self) -> Any:
        return offers.matrix(self.offer, self.summary.total)

    @property
    def problems(self) -> list[str]:
        """All that is wrong, in words."""
        found = []
        for form in self.forms:
            for name, errors in form.errors.items():
                label = form.fields[name].label if name in form.fields else ""
                found += [f"{label}: {error}" if label else str(error) for error in errors]
        return list(dict.fromkeys(found))

    # -- what it does

    def save(self) -> Scenario:
        """Raises ValidationError."""
        values = {name: self.form.cleaned_data[name] for name in self.form.cleaned_data}
        return scenarios.write(
            self.scenario,
            by=self.user,
            values=values,
            rows=[each.instance for each in self.forms[1:] if self.counts(each) and each.has_changed()],
            removed=[each.instance for each in self.forms[1:] if self.removes(each)],
        )

    def rolled(self, target: Decimal, lever: Lever) -> QueryDict:
        """What would have to be sent to bring the payment down to `target`. Raises BadOffer."""
        found = arithmetic.roll(self.offer, target, lever)
        data = self.data.copy() if self.data is not None else QueryDict(mutable=True)
        return with_offer(data, found)


def sent_rows(kind: str, data: Any) -> int:
    """How many new rows were sent."""
    prefix = f"{kind}-new-"
    places = {name.removeprefix(prefix).partition("-")[0] for name in data or () if name.startswith(prefix)}
    numbers = [int(each) for each in places if each.isascii() and each.isdecimal() and len(each) < 4]
    return min(max(numbers, default=-1) + 1, MOST_NEW)


def with_offer(data: QueryDict, offer: Offer) -> QueryDict:
    data["discount"] = offers.written(offer.discount)
    if offer.finance:
        data["term"] = str(offer.finance.term)
        data["down_payment"] = offers.written(offer.finance.down_payment)
    return data


def applied(data: QueryDict, cell: str) -> QueryDict:
    """What was sent, with the term and the down payment of a cell of the matrix, `36:5000000`."""
    term, _colon, down = cell.partition(":")
    try:
        months, amount = int(term), Decimal(down)
    except (ValueError, InvalidOperation):
        months, amount = 0, Decimal("NaN")
    if not amount.is_finite() or abs(amount.adjusted()) >= MOST_DIGITS:  # written out, it would be of any length
        raise ValidationError(_("Choose a cell of the table."))
    data = data.copy()
    data["term"], data["down_payment"] = str(months), f"{amount:f}"
    return data
