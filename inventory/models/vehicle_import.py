"""Files of vehicles that people send: what is read from them, what would come of it, and what came of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dealers.models import Dealership, DealershipRows, User

SILENCE = timedelta(seconds=30)
"""After which an import without a sign of life counts as left alone by its worker."""


class ImportRows(DealershipRows):
    def left_alone(self) -> ImportRows:
        """Those that a worker should carry on with."""
        silent = Q(sign_of_life_at=None, queued_at__lt=Now() - SILENCE) | Q(sign_of_life_at__lt=Now() - SILENCE)
        return self.filter(silent, state__in=VehicleImport.AT_WORK)


class VehicleImport(models.Model):
    """A file of vehicles. Its rows are looked at first, and stored once somebody has seen what comes of them."""

    class State(models.TextChoices):
        RECEIVED = "received", _("columns to be chosen")
        CHECKING = "checking", _("being looked at")
        CHECKED = "checked", _("to be confirmed")
        STORING = "storing", _("being stored")
        DONE = "done", _("stored")
        FAILED = "failed", _("failed")

    AT_WORK = (State.CHECKING, State.STORING)

    dealership = models.ForeignKey(
        Dealership, models.PROTECT, related_name="+", verbose_name=_("dealership"), db_index=False
    )
    name = models.CharField(_("file"), max_length=200)
    content = models.BinaryField()
    header = ArrayField(models.CharField(max_length=100, blank=True), editable=False)
    columns = ArrayField(models.CharField(max_length=40, blank=True), default=list, editable=False)
    """The attribute of a vehicle that each column holds; blank: it is left out."""
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.RECEIVED, editable=False)
    rows = models.PositiveIntegerField(_("rows"), editable=False)
    added = models.PositiveIntegerField(_("new"), default=0, editable=False)
    changed = models.PositiveIntegerField(_("changed"), default=0, editable=False)
    same = models.PositiveIntegerField(_("unchanged"), default=0, editable=False)
    refused = models.PositiveIntegerField(_("with errors"), default=0, editable=False)
    report = models.JSONField(default=dict, editable=False)
    """Under `rows`, what comes of each row, as `inventory.import_rows.Outcome` has it."""
    whole = models.BooleanField(_("all rows or none"), default=False, editable=False)
    error = models.CharField(_("error"), max_length=500, blank=True, editable=False)
    language = models.CharField(max_length=10, blank=True, editable=False)
    """In which its errors are told."""
    made_by = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="+", verbose_name=_("sent by"), editable=False
    )
    made_at = models.DateTimeField(_("sent"), default=timezone.now, editable=False)
    asked_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", editable=False)
    """Who had it looked at or stored: in whose name the worker does that."""
    stood_in = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", editable=False)
    """The administrator who did so for them, if one did."""
    request_id = models.CharField(max_length=64, blank=True, editable=False)
    attempt = models.PositiveSmallIntegerField(default=0, editable=False)
    rows_done = models.PositiveIntegerField(_("rows done"), default=0, editable=False)
    queued_at = models.DateTimeField(null=True, editable=False)
    sign_of_life_at = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(_("stored at"), null=True, editable=False)

    objects = ImportRows.as_manager()
    seen_with = "inventory.vehicle:add"

    class Meta:
        verbose_name = _("import of vehicles")
        verbose_name_plural = _("imports of vehicles")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["dealership", "-id"], name="vehicleimport_of_dealership"),
            models.Index(
                fields=["state"], condition=Q(state__in=["checking", "storing"]), name="vehicleimport_at_work"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_at_work(self) -> bool:
        return self.state in self.AT_WORK

    @property
    def outcomes(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.report.get("rows", [])
        return found

    # -- in the background; each says whether it did anything

    def begin(self) -> bool:
        """Take it in hand, unless another worker has."""
        free = VehicleImport.objects.filter(pk=self.pk, state__in=self.AT_WORK).filter(
            Q(sign_of_life_at=None) | Q(sign_of_life_at__lt=Now() - SILENCE)
        )
        began = free.update(attempt=F("attempt") + 1, rows_done=0, sign_of_life_at=Now())
        self.refresh_from_db()
        return bool(began)

    def mine(self) -> models.QuerySet[VehicleImport]:
        return VehicleImport.objects.filter(pk=self.pk, state__in=self.AT_WORK, attempt=self.attempt)

    def live(self, rows: int, expected: int | None) -> bool:
        """A sign of life from whoever has it in hand, with progress; False: it is theirs no more."""
        return bool(self.mine().update(rows_done=rows, sign_of_life_at=Now()))

    def hand_back(self) -> bool:
        """As if it had not been begun."""
        return bool(self.mine().update(attempt=F("attempt") - 1, sign_of_life_at=None, queued_at=Now()))


class ImportColumn(models.Model):
    """What a dealership's files call an attribute of a vehicle: the next file's columns are proposed by it."""

    dealership = models.ForeignKey(Dealership, models.CASCADE, related_name="+", db_index=False)
    header = models.CharField(_("column"), max_length=100)
    """Its letters and digits alone, in small letters."""
    attribute = models.CharField(_("attribute"), max_length=40, blank=True)
    """Blank: it is left out."""

    objects = DealershipRows.as_manager()
    seen_with = "inventory.vehicle:add"

    class Meta:
        verbose_name = _("column of imports")
        verbose_name_plural = _("columns of imports")
        constraints = [models.UniqueConstraint(fields=["dealership", "header"], name="importcolumn_once")]

    def __str__(self) -> str:
        return f"{self.header}: {self.attribute}"
