"""The next number of a series: never given twice, whoever asks at the same time, and without a gap unless undone."""

from __future__ import annotations

from django.db import connection

NEXT = """
    INSERT INTO dealers_series AS series (dealership_id, name, last) VALUES (%s, %s, 1)
    ON CONFLICT (dealership_id, name) DO UPDATE SET last = series.last + 1 RETURNING last
"""


def next_of(dealership_id: int, name: str) -> int:
    """The next number; others who ask wait until this transaction has ended."""
    with connection.cursor() as cursor:
        cursor.execute(NEXT, [dealership_id, name])
        return int(cursor.fetchone()[0])
