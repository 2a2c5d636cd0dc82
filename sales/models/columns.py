"""Columns of money and rates, in whatever currency a dealership trades; and what is left of words about a person."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Case, Value, When

from crm.models import ERASED

NOT_NEGATIVE = MinValueValidator(Decimal(0))


def money(label: Any, **options: Any) -> Any:
    """An amount in the dealership's currency, which may have thousandths (the dinar)."""
    return models.DecimalField(label, max_digits=18, decimal_places=3, validators=[NOT_NEGATIVE], **options)


def percent(label: Any, most: int, **options: Any) -> Any:
    """11 is 11 %."""
    limits = [NOT_NEGATIVE, MaxValueValidator(Decimal(most))]
    return models.DecimalField(label, max_digits=10, decimal_places=6, validators=limits, **options)


def dashed(column: str) -> Case:
    """For `on_erasure`: a text that must not be blank becomes a dash; one that is blank stays so."""
    return Case(When(**{column: ""}, then=Value("")), default=Value(ERASED))
