"""Pages of what people write: every row of a dealership with its audit, and the dealership's own settings."""

from __future__ import annotations

from functools import partial
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import ProtectedError, QuerySet
from django.utils.translation import gettext_lazy as _

from config.backoffice import formats
from config.backoffice.cells import Cell, Column, attribute
from config.backoffice.filters import AnyOf, day_bounds
from config.backoffice.inputs import day_input
from config.backoffice.resources import Resource, Verb, register
from dealers import audit, once
from dealers.models import Dealership, DealershipRows, Holiday


def amount(name: str, label: Any, **options: Any) -> Column:
    """A column of money, in the currency of the row's dealership."""

    def read(row: Any) -> Any:
        return getattr(row, name)

    def told(row: Any) -> Cell:
        value = read(row)
        return Cell() if value is None else Cell(formats.money(value, row.dealership.currency))

    return Column(name, label, told, numeric=True, export=read, **options)


class DealershipResource(Resource):
    """Rows of dealerships that people add, change and delete. The audit tells each in the same transaction.

    A form's `dealership` offers those in which its reader may do so, and is fixed once the row is there. Any other
    field that names rows of dealerships takes those that its reader sees.
    """

    def form_for(self, user: Any, verb: str, **options: Any) -> Any:
        form = super().form_for(user, verb, **options)
        for each in form.fields.values():
            if isinstance(rows := getattr(each, "queryset", None), DealershipRows):
                each.queryset = rows.visible_to(user)
        field: Any = form.fields.get("dealership")
        if field is not None:
            permission = f"{self.model._meta.app_label}.{self.model._meta.model_name}:{verb}"
            field.queryset = Dealership.objects.visible_to(user, permission).order_by("name")
            field.disabled = verb == "change"
            if verb == "add" and len(only := field.queryset[:2]) == 1:
                field.initial, field.empty_label = only[0], None
        return form

    def made_before(self, user: Any, key: str) -> Any:
        found = once.used(user, key, self.name)
        return self.rows(user).filter(pk=found.row_id).first() if found else None

    def create(self, user: Any, form: Any, key: str = "") -> Any:
        """Raises ValidationError for what is told to `user` elsewhere alone, and once.KeyTaken."""
        dealership_id = form.instance.dealership_id
        for column in self.columns:
            if column.name in form.changed_data and not column.told_to(user, form.instance):
                raise ValidationError({column.name: _("In this dealership you may not write this.")})
        if not key:
            return self.added(form)
        return once.make(
            user,
            key,
            resource=self.name,
            dealership_id=dealership_id,
            make_row=lambda: self.added(form),
            asked=once.hash_of(form.data),
        )

    def added(self, form: Any) -> Any:
        row = self.add_row(form)
        audit.record(f"{self.model._meta.model_name}.added", row)
        return row

    def add_row(self, form: Any) -> Any:
        """What makes the row of a valid form; a model with a verb of its own for that calls it here."""
        return form.save()

    def change_row(self, user: Any, form: Any) -> Any:
        row = super().change_row(user, form)
        changes = {name: [form.initial.get(name), form.cleaned_data[name]] for name in form.changed_data}
        audit.record(f"{self.model._meta.model_name}.changed", row, changes=changes)
        return row

    def carry_out(self, user: Any, verb: Verb, row: Any, given: dict[str, Any], key: str = "") -> Any:
        if not (key and verb.once):
            return super().carry_out(user, verb, row, given)
        work = partial(super().carry_out, user, verb, row, given)
        return once.do(user, key, verb=self.of(verb), row=row, asked=once.hash_of(given), work=work)

    def carried_out(self, user: Any, verb: Verb, row: Any, given: dict[str, Any], key: str) -> bool:
        return once.did(user, key, verb=self.of(verb), row_id=row.pk, asked=once.hash_of(given))

    def of(self, verb: Verb) -> str:
        """A verb's name among all."""
        return f"{self.name}-{verb.name}"

    def delete_row(self, user: Any, row: Any) -> None:
        """Raises ValidationError for a row that others stand on."""
        try:
            with transaction.atomic():
                audit.record(f"{self.model._meta.model_name}.deleted", row)
                super().delete_row(user, row)
        except ProtectedError as error:
            other: Any = next(iter(error.protected_objects))
            raise ValidationError(
                _("The %(thing)s “%(row)s” stands on it: it cannot be deleted.")
                % {"thing": other._meta.verbose_name, "row": other}
            )


DEALERSHIP = Column("dealership", _("dealership"), lambda row: row.dealership.name)


class HolidayForm(forms.ModelForm):
    class Meta:
        model = Holiday
        fields = ("dealership", "day", "name")
        widgets = {"day": day_input()}


class HolidayFilters(django_filters.FilterSet):
    dealer = AnyOf(field_name="dealership__code", label=_("dealer code"))
    day_from, day_to = day_bounds("day", _("day"))

    class Meta:
        model = Holiday
        fields = ()


class HolidayResource(DealershipResource):
    """The days on which a dealership is closed."""

    model, form, filterset = Holiday, HolidayForm, HolidayFilters
    name, path, icon, permission = "holidays", "settings/holidays/", "calendar-event", "dealers.holiday:view"
    columns = (attribute("day", _("day"), sortable=True), attribute("name", _("name"), sortable=True), DEALERSHIP)
    first_filters = ("dealer", "day_from", "day_to")
    ordering = "-day"

    def rows(self, user: Any) -> QuerySet[Any]:
        return super().rows(user).select_related("dealership")


HOLIDAYS = register(HolidayResource())
