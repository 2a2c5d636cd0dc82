"""The system checks of the job types, each against a declaration that it refuses."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
from django.core.checks.registry import registry
from django.db import models
from django.test.utils import isolate_apps

from ingestion import checks, fields
from ingestion.job_types import JOB_TYPES, JobType
from ingestion.models.record import Line, Record, lines_of, one_per_dealership

MODULE = "ingestion.declared_by_tests"
"""Django finds a model's app by its module."""


@pytest.fixture(autouse=True)
def _own_models(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, MODULE, ModuleType(MODULE))
    with isolate_apps("ingestion"):
        yield


def declare(name: str, base: type[Any], meta: dict[str, Any] | None = None, **columns: Any) -> Any:
    body = {"__module__": MODULE, "Meta": type("Meta", (base.Meta,), meta or {}), **columns}
    return type(name, (base,), body)


def letter(constraints: list[Any] | None = None, **columns: Any) -> Any:
    """A sound record, but for what a test changes."""
    meta = {"constraints": [one_per_dealership("no_letter")] if constraints is None else constraints}
    return declare("Letter", Record, meta, **{"no_letter": fields.Key("letter"), **columns})


def page(of: Any, array: str = "pages", **columns: Any) -> Any:
    """A sound line of the record `of`, but for what a test changes."""
    return declare("Page", Line, **{"record": lines_of(of, array), "text": fields.Text("text"), **columns})


def ids(*job_types: JobType) -> list[str | None]:
    return [finding.id for finding in checks.findings(job_types)]


def ids_of(record: Any) -> list[str | None]:
    return ids(JobType("letter", "lttr", "H1", record))


def test_the_declared_job_types_pass() -> None:
    assert checks.check_job_types() == []
    assert checks.check_job_types in registry.registered_checks


def test_every_module_is_checked() -> None:
    assert {job_type.code for job_type in checks.declared()} == set(JOB_TYPES)


def test_a_sound_record_with_lines_passes() -> None:
    record = letter(text=fields.Text("text"))
    page(record)
    assert ids_of(record) == []


def test_a_record_without_a_key_is_refused() -> None:
    assert ids_of(letter(constraints=[], no_letter=fields.Text("letter"))) == ["ingestion.E001"]


def test_a_record_with_two_keys_is_refused() -> None:
    assert ids_of(letter(no_copy=fields.Key("copy"))) == ["ingestion.E001"]


def test_a_key_that_may_be_null_is_refused() -> None:
    assert ids_of(letter(no_letter=fields.Key("letter", null=True))) == ["ingestion.E001"]


@pytest.mark.parametrize(
    "constraint",
    [
        models.UniqueConstraint(fields=["no_letter"], name="key_alone"),
        models.UniqueConstraint(fields=["dealership", "no_letter"], name="half", condition=models.Q(extra=None)),
        models.CheckConstraint(condition=models.Q(extra=None), name="no_extra"),
    ],
    ids=lambda constraint: constraint.name,
)
def test_a_key_that_is_not_unique_within_a_dealership_is_refused(constraint: models.BaseConstraint) -> None:
    assert ids_of(letter(constraints=[constraint])) == ["ingestion.E002"]


def test_a_code_used_twice_is_refused() -> None:
    pkb = JOB_TYPES["pkb"]
    assert ids(pkb, replace(JOB_TYPES["leasing"], code="pkb")) == ["ingestion.E003"]


def test_a_job_type_without_a_module_is_refused() -> None:
    assert ids(replace(JOB_TYPES["pkb"], module=" ")) == ["ingestion.E004"]


def test_an_unknown_division_is_refused() -> None:
    assert ids(replace(JOB_TYPES["pkb"], division="H2")) == ["ingestion.E005"]


def test_two_columns_of_one_wire_name_are_refused() -> None:
    assert ids_of(letter(id_spk=fields.Text("a"), idspk=fields.Text("b"))) == ["ingestion.E006"]


def test_two_columns_of_one_wire_name_in_a_line_are_refused() -> None:
    record = letter()
    page(record, te_xt=fields.Text("text again"))
    assert ids_of(record) == ["ingestion.E006"]


def test_a_column_with_the_wire_name_of_an_array_is_refused() -> None:
    record = letter(datakeluarga=fields.Text("family"))
    page(record, "data_keluarga")
    assert ids_of(record) == ["ingestion.E007"]


def test_a_line_whose_tie_has_another_name_is_refused() -> None:
    record = letter()
    declare("Page", Line, {"constraints": []}, letter=lines_of(record, "pages"))
    assert ids_of(record) == ["ingestion.E008"]


def test_a_line_whose_position_is_not_unique_is_refused() -> None:
    record = letter()
    declare("Page", Line, {"constraints": []}, record=lines_of(record, "pages"))
    assert ids_of(record) == ["ingestion.E008"]


@pytest.mark.parametrize("related_name", [None, "+"])
def test_lines_that_the_record_does_not_reach_are_refused(related_name: str | None) -> None:
    record = letter()
    page(record, record=models.ForeignKey(record, models.CASCADE, related_name=related_name))
    assert ids_of(record) == ["ingestion.E009"]


def test_a_record_without_history_is_refused() -> None:
    class Plain(models.Model):
        dealership = models.ForeignKey("dealers.Dealership", models.CASCADE)
        no_letter = fields.Key("letter")

        class Meta:
            app_label = "ingestion"
            constraints = [one_per_dealership("no_letter")]

        def __str__(self) -> str:
            return str(self.no_letter)

    assert ids_of(Plain) == ["ingestion.E010"]
