"""The words of a record, in a table of their own: narrow, and indexed for any part of a word."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from dealers.models import DealershipRows


class SearchText(models.Model):
    """Every text of a record and of its lines, as `ingestion.search` writes and finds it.

    It stands here with the record's own transaction, and is found from then on; the index takes it up in the
    background (`indexed`), because that costs more than storing the record.
    """

    dealership = models.ForeignKey(
        "dealers.Dealership", models.PROTECT, db_index=False, db_constraint=False, related_name="+"
    )
    job_type = models.CharField(max_length=40)
    record_id = models.BigIntegerField()
    text = models.TextField()
    indexed = models.BooleanField(default=False)

    objects = DealershipRows.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dealership", "job_type", "record_id"], name="searchtext_of_record")
        ]
        indexes = [
            GinIndex(
                fields=["dealership", "text"],
                opclasses=["int8_ops", "gin_trgm_ops"],
                condition=Q(indexed=True),
                name="searchtext_words",
            ),
            models.Index(fields=["dealership", "job_type"], condition=Q(indexed=False), name="searchtext_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.job_type} {self.record_id}"
