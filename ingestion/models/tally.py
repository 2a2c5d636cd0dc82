"""How many records there are, and what they come to: counted when they are stored, so that nobody counts a million."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from dealers.models import DealershipRows


class Holding(models.Model):
    """What a dealership has of a job type. Every transaction that stores a record changes `changes`."""

    dealership = models.ForeignKey("dealers.Dealership", models.PROTECT, db_index=False, related_name="+")
    job_type = models.CharField(max_length=40)
    records = models.BigIntegerField(default=0)
    changes = models.BigIntegerField(default=0)
    stored_at = models.DateTimeField(default=timezone.now)

    objects = DealershipRows.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dealership", "job_type"], name="holding_once")]

    def __str__(self) -> str:
        return f"{self.records} {self.job_type}"


class Tally(models.Model):
    """A dealership's records of one day: all of them, or those with one code in the job type's `part`.

    `amounts` are the sums of the job type's `measured`, `counted` how many records have each of them at all.
    """

    dealership = models.ForeignKey(
        "dealers.Dealership", models.PROTECT, db_index=False, db_constraint=False, related_name="+"
    )
    job_type = models.CharField(max_length=40)
    column = models.CharField(max_length=63, help_text="Blank: all records of the day.")
    day = models.DateField(null=True)
    code = models.TextField(help_text="Blank: records without a code.")
    records = models.BigIntegerField()
    amounts = ArrayField(models.DecimalField(max_digits=60, decimal_places=20))
    counted = ArrayField(models.BigIntegerField())

    objects = DealershipRows.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dealership", "job_type", "column", "day", "code"], nulls_distinct=False, name="tally_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.records} {self.job_type}, {self.column} {self.code}, {self.day}"
