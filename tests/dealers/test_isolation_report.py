"""The report on how the database keeps dealerships apart, and the refusal to start when it does not."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator

import psycopg
import pytest
from django.core.management import call_command

from config.checks import application_role
from dealers import checks, isolation


@pytest.fixture
def open_table(transactional_db: None) -> Iterator[str]:
    """A table with rows of dealerships that lost its fence."""
    name = "ingestion_run"
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        owner.execute(f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY")
        yield name
        owner.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")


@pytest.mark.django_db
def test_every_table_is_listed_with_its_policies_keys_and_roles() -> None:
    out = io.StringIO()
    call_command("isolation_report", stdout=out)
    count = len(isolation.to_be_fenced())
    assert f"{count} of {count} tables with rows of dealerships are fenced" in out.getvalue()
    assert "ingestion_run: fenced" in out.getvalue()
    assert "dealers_user: global" in out.getvalue()
    assert "FOREIGN KEY (dealership_id, feed_id) REFERENCES ingestion_feed(dealership_id, id)" in out.getvalue()
    assert "web:ra worker:ra" in out.getvalue(), "nobody changes the audit"


def test_an_open_table_is_told_and_ends_the_command_with_1(open_table: str) -> None:
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("isolation_report", stdout=out)
    assert ended.value.code == 1
    assert f"{open_table}: OPEN" in out.getvalue()


def test_web_and_workers_do_not_start_beside_an_open_table(open_table: str) -> None:
    with pytest.raises(SystemExit, match=f"No row-level security on {open_table}"):
        checks.refuse_to_start(application_role)


@pytest.mark.django_db
def test_behind_its_fences_forecourt_starts() -> None:
    checks.refuse_to_start(application_role)
