"""What the records and lines of every job type have in common."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from dealers.fences import OwnKey
from dealers.models import DealershipRows
from ingestion import fields
from ingestion.sampling import Sampled


class History(HistoricalRecords):
    """django-simple-history's rows with the indexes that are read, and no others: each has its price."""

    def copy_fields(self, model: type[models.Model]) -> dict[str, Any]:
        copies = super().copy_fields(model)
        copies["dealership"].db_index = False
        return copies

    def _get_history_user_fields(self) -> dict[str, Any]:
        columns = super()._get_history_user_fields()
        columns["history_user"].db_index = False
        return columns


class Version(models.Model):
    """What a history row carries beside the record's own columns: the run that brought it and the text as received."""

    # An answer may bring a neighbour's records: the run is theirs then, and not there for who sees the version.
    run = models.ForeignKey(
        "ingestion.Run", models.DO_NOTHING, null=True, blank=True, related_name="+", db_constraint=False, db_index=False
    )
    raw = models.TextField(_("as received"), default="", editable=False)

    class Meta:
        abstract = True


class Record(models.Model):
    """A document as the main dealer's system said it: typed, faithful, read-only for staff.

    A subclass declares one `fields.Key` and `one_per_dealership` of it; rows are written by `ingestion.store` alone.
    """

    dealership = models.ForeignKey("dealers.Dealership", models.PROTECT, db_index=False, verbose_name=_("dealership"))
    dealer_id = fields.Text(_("dealer code as received"))
    created_time = fields.Moment(_("created by the main dealer"))
    modified_time = fields.Moment(_("modified by the main dealer"))
    extra = models.JSONField(_("fields that the specification does not know"), null=True, blank=True)
    unknown_fields = models.PositiveIntegerField(
        _("unknown fields"), default=0, editable=False, help_text=_("How many, those of its lines included.")
    )
    raw_hash = models.UUIDField(editable=False)
    content_hash = models.UUIDField(editable=False)

    history = History(inherit=True, bases=[Version], history_id_field=models.BigAutoField(), user_db_constraint=False)
    objects = DealershipRows.as_manager()

    class Meta:
        abstract = True
        ordering = ["-id"]

    def __str__(self) -> str:
        return str(getattr(self, key_of(type(self)).name))


class Line(models.Model):
    """A nested row of a record, in the order it was received. A subclass declares `record` by `lines_of`."""

    record: models.ForeignKey[Any, Any]
    dealership = models.ForeignKey(
        "dealers.Dealership",
        models.PROTECT,
        db_index=False,
        db_constraint=False,
        related_name="+",
        verbose_name=_("dealership"),
    )
    position = models.PositiveIntegerField(_("position"), help_text=_("From 1, in the order received."))
    created_time = fields.Moment(_("created by the main dealer"))
    modified_time = fields.Moment(_("modified by the main dealer"))
    extra = models.JSONField(_("fields that the specification does not know"), null=True, blank=True)

    objects = DealershipRows.as_manager()

    class Meta:
        abstract = True
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["record", "position"], name="%(class)s_position")]

    def __str__(self) -> str:
        return f"{self.record_id} #{self.position}"  # type: ignore[attr-defined]


def one_per_dealership(key: str) -> models.UniqueConstraint:
    """A record's identity: its dealership and its natural key."""
    return models.UniqueConstraint(fields=["dealership", key], name="%(class)s_key")


def by_day(day: str, *told: str) -> models.Index:
    """An index that tells what is asked of records by their day without reading them: what is summed, and the codes."""
    return models.Index(fields=["dealership", day], include=list(told) or None, name="%(class)s_by_day")


def sampled(day: str, people: str, *told: str) -> models.Index:
    """An index of some of the people, by which those of a great many records are told; see `ingestion.sampling`.

    `told` are the codes that lists are filtered by.
    """
    return models.Index(
        fields=["dealership", day, people],
        include=list(told) or None,
        condition=models.Q(Sampled(models.F(people))),
        name="%(class)s_people",
    )


def lines_of(record: type[Record], array: str) -> models.ForeignKey[Any, Any]:
    """A line's tie to its record; `array` is the array's wire name, read as a column's is."""
    return OwnKey(record, models.CASCADE, related_name=array, db_index=False, verbose_name=_("record"))


def key_of(model: type[models.Model]) -> fields.Key:
    """The natural key's column of a record model."""
    return next(field for field in model._meta.concrete_fields if isinstance(field, fields.Key))
