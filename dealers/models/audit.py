"""Who did what: events that nobody changes."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dealers.models.dealership import Dealership, DealershipRows
from dealers.models.people import User


class Event(models.Model):
    """Something that somebody did, written in the transaction that did it; the database keeps it as it is.

    Rows are written by `dealers.audit.record`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField(_("when"), default=timezone.now)
    verb = models.CharField(_("what"), max_length=60, help_text=_("Such as membership.changed."))
    user = models.ForeignKey(
        User, models.DO_NOTHING, null=True, related_name="+", db_constraint=False, db_index=False, verbose_name=_("who")
    )
    acting_as = models.ForeignKey(
        User,
        models.DO_NOTHING,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("acting as"),
        help_text=_("Whom support stood in for."),
    )
    who = models.CharField(_("name"), max_length=254, blank=True, help_text=_("As it was then."))
    dealership = models.ForeignKey(
        Dealership, models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("dealership")
    )
    object_type = models.CharField(_("kind of object"), max_length=100, blank=True)
    object_id = models.CharField(_("object"), max_length=100, blank=True)
    object_text = models.CharField(_("its name"), max_length=300, blank=True)
    changes = models.JSONField(_("changes"), null=True, help_text=_("Fields with their old and new value; no secrets."))
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    address = models.GenericIPAddressField(_("address"), null=True)
    request_id = models.CharField(_("request"), max_length=64, blank=True)

    objects = DealershipRows.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("audit")
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["dealership", "-at"], name="event_of_dealership"),
            models.Index(fields=["object_type", "object_id", "-at"], name="event_of_object"),
            models.Index(fields=["-at"], name="event_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.who} {self.verb} {self.object_text}".strip()
