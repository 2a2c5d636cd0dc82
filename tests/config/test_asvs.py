"""docs/security/asvs.toml: no requirement is forgotten, every test it names exists, and reasons are looked at again."""

from __future__ import annotations

import ast
import tomllib
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
LEVELS = {
    "V1.1": "22",
    "V1.2": "1111122223",
    "V1.3": "112222222223",
    "V1.4": "222",
    "V1.5": "123",
    "V2.1": "122",
    "V2.2": "112",
    "V2.3": "12223",
    "V2.4": "23",
    "V3.1": "3",
    "V3.2": "113",
    "V3.3": "12223",
    "V3.4": "11222233",
    "V3.5": "11122333",
    "V3.6": "3",
    "V3.7": "22333",
    "V4.1": "12233",
    "V4.2": "23333",
    "V4.3": "22",
    "V4.4": "1222",
    "V5.1": "2",
    "V5.2": "112333",
    "V5.3": "113",
    "V5.4": "222",
    "V6.1": "122",
    "V6.2": "111111112222",
    "V6.3": "11223333",
    "V6.4": "112233",
    "V6.5": "22222333",
    "V6.6": "2223",
    "V6.7": "33",
    "V6.8": "2222",
    "V7.1": "222",
    "V7.2": "1111",
    "V7.3": "22",
    "V7.4": "11222",
    "V7.5": "223",
    "V7.6": "22",
    "V8.1": "1233",
    "V8.2": "1123",
    "V8.3": "133",
    "V8.4": "23",
    "V9.1": "111",
    "V9.2": "1222",
    "V10.1": "22",
    "V10.2": "223",
    "V10.3": "22223",
    "V10.4": "1111122222233333",
    "V10.5": "22222",
    "V10.6": "22",
    "V10.7": "222",
    "V11.1": "2233",
    "V11.2": "22233",
    "V11.3": "11233",
    "V11.4": "1222",
    "V11.5": "23",
    "V11.6": "23",
    "V11.7": "33",
    "V12.1": "12233",
    "V12.2": "11",
    "V12.3": "22223",
    "V13.1": "2333",
    "V13.2": "222223",
    "V13.3": "2233",
    "V13.4": "1222233",
    "V14.1": "22",
    "V14.2": "12223333",
    "V14.3": "122",
    "V15.1": "12233",
    "V15.2": "12233",
    "V15.3": "1222222",
    "V15.4": "3333",
    "V16.1": "2",
    "V16.2": "22222",
    "V16.3": "2222",
    "V16.4": "222",
    "V16.5": "2223",
    "V17.1": "23",
    "V17.2": "22223333",
    "V17.3": "22",
}
"""OWASP ASVS 5.0.0: the levels of each section's requirements in their order, 345 in all."""
WANTED = {
    f"{section}.{number}": int(level)
    for section, levels in LEVELS.items()
    for number, level in enumerate(levels, 1)
    if level != "3"
}
BEGINNINGS = ("not applicable: ", "not reached: ", "not reached here: ", "reviewed by reading, no test: ")
A_YEAR = timedelta(days=365)


@cache
def said() -> dict[str, dict[str, Any]]:
    """TOML refuses a file in which an id stands twice."""
    return tomllib.loads((ROOT / "docs/security/asvs.toml").read_text())


@cache
def names_in(module: Path) -> set[str]:
    """The tests of a module, read and not run."""
    return {
        node.name
        for node in ast.parse(module.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_the_list_of_ids_is_that_of_the_standard() -> None:
    every = "".join(LEVELS.values())
    assert [every.count(level) for level in "123"] == [70, 183, 92]


def test_every_requirement_of_levels_1_and_2_is_there_with_its_level() -> None:
    assert {name: each["level"] for name, each in said().items()} == WANTED


@pytest.mark.parametrize("name", WANTED)
def test_a_requirement_has_tests_that_exist_or_a_reason_of_this_year(name: str) -> None:
    each = said()[name]
    assert set(each) in ({"level", "says", "tests"}, {"level", "says", "reason", "reviewed"})
    assert each["says"]
    for node in each.get("tests", ()):
        path, _, test = node.partition("::")
        assert test in names_in(ROOT / path), node
    if "tests" in each:
        assert each["tests"]
        return
    assert each["reason"].startswith(BEGINNINGS)
    assert each["reviewed"] <= date.today()
    assert date.today() - each["reviewed"] < A_YEAR, "is it still so? Look again, and write the day"
