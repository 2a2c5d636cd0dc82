"""Tests of the isolation commit: a test inside of one transaction would hide what a scope leaves behind."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

HERE = Path(__file__).parent
MODULES = sorted(HERE.glob("*.py"))
TESTS = sorted(HERE.glob("test_*.py"))
IN_ONE_TRANSACTION = {"TestCase", "APITestCase", "SimpleTestCase", "db", "django_db_serialized_rollback"}


def names(tree: ast.AST) -> set[str]:
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    found |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return found | {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}


def marks(tree: ast.AST) -> list[ast.expr]:
    """Every mention of the mark by which a test asks for the database, called or not."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    called = {id(node.func) for node in calls}
    found: list[ast.expr] = [node for node in calls if getattr(node.func, "attr", "") == "django_db"]
    bare = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "django_db")
    return found + [node for node in bare if id(node) not in called]


@pytest.mark.parametrize("module", MODULES, ids=lambda each: each.name)
def test_no_test_of_the_isolation_stays_in_one_transaction(module: Path) -> None:
    tree = ast.parse(module.read_text())
    assert not names(tree) & IN_ONE_TRANSACTION
    for mark in marks(tree):
        assert isinstance(mark, ast.Call), "say transaction=True"
        assert {key.arg: getattr(key.value, "value", None) for key in mark.keywords}.get("transaction") is True


@pytest.mark.parametrize("module", TESTS, ids=lambda each: each.name)
def test_every_module_that_needs_the_database_says_so_for_all_its_tests(module: Path) -> None:
    tree = ast.parse(module.read_text())
    if "world" in names(tree):
        assert "pytestmark" in names(tree)
        assert marks(tree)
