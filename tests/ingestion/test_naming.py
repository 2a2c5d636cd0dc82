"""The columns by which records name each other are found in an index, whatever stands in them and however often."""

from __future__ import annotations

import pytest
from django.contrib.postgres.indexes import HashIndex
from django.db import connection
from django.db.models import QuerySet

from dealers.models import Dealership
from ingestion import passport
from ingestion.filters import record_filters
from ingestion.job_types import JOB_TYPES
from ingestion.naming import saying
from tests.factories import record_of

PKB = JOB_TYPES["pkb"]


def test_no_index_slows_down_by_what_is_said_again_and_again() -> None:
    """A hash index walks through all that are the same to add one more."""
    models = [model for job in JOB_TYPES.values() for model in (job.record, *job.lines.values())]
    assert not [index for model in models for index in model._meta.indexes if isinstance(index, HashIndex)]


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["MH1JM0110NK000001", "", "-", "x" * 100_000, "ü – '\" \\ %"])
def test_a_text_of_any_length_is_stored_and_found(dealership_a: Dealership, text: str) -> None:
    there = record_of(PKB, dealership_a, no_rangka=text)
    record_of(PKB, dealership_a, no_rangka="another")
    assert [row.pk for row in PKB.record.objects.filter(saying(PKB.record, "no_rangka", [text]))] == [there.pk]


@pytest.mark.django_db
@pytest.mark.parametrize("said", ["passport", "filter of a list"])
def test_the_index_is_what_answers(dealership_a: Dealership, said: str) -> None:
    record_of(PKB, dealership_a)
    rows: QuerySet[object] = PKB.record.objects.filter(saying(PKB.record, "no_rangka", passport.spellings("MH1JM0110")))
    if said == "filter of a list":
        rows = record_filters(PKB)({"no_rangka": ["MH1JM0110", "B"]}, queryset=PKB.record.objects.all()).qs
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = rows.order_by().explain()
    assert "workorder_frame" in plan, plan
