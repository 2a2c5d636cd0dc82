"""Versions of rows that people change, by django-simple-history: each with who made it, for whom, and why.

    history = Versions()

in a model keeps one of every `save` and `delete`, in the transaction of the change and fenced as the model is. What a
program notes beside a row by `update` makes none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords


class Change(models.Model):
    """What a version knows of its making beside the row's own columns; the same as an event of the audit does."""

    who = models.CharField(_("name"), max_length=254, blank=True, editable=False)
    acting_as = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("acting as"),
        editable=False,
    )
    request_id = models.CharField(_("request"), max_length=64, blank=True, editable=False)

    class Meta:
        abstract = True


class Versions(HistoricalRecords):
    """django-simple-history's rows, told by `dealers.audit` instead of its own middleware, which knows one person."""

    def __init__(self, *, without: Sequence[str] = ()) -> None:
        super().__init__(
            bases=[Change],
            excluded_fields=list(without),
            history_id_field=models.BigAutoField(),
            history_change_reason_field=models.CharField(_("reason"), max_length=500, null=True),
            user_db_constraint=False,
            get_user=who_acts,
        )

    def get_change_reason_for_object(self, instance: models.Model, history_type: str, using: Any) -> str | None:
        from dealers import audit

        return super().get_change_reason_for_object(instance, history_type, using) or audit.now.get().reason or None


def who_acts(**_: Any) -> models.Model | None:
    """Who really does it: the administrator, if one stands in for somebody."""
    from dealers import audit

    return audit.now.get().user


def note(sender: Any, history_instance: Any, **_: Any) -> None:
    """Receiver of `pre_create_historical_record`."""
    from dealers import audit

    if isinstance(history_instance, Change):
        now = audit.now.get()
        history_instance.who = audit.name_of(now)
        history_instance.acting_as = now.acting_as
        history_instance.request_id = audit.request_of(now)
