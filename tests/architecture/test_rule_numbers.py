"""A legal rule has one number, one row in docs/rules.md, one docstring and one test."""

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NUMBER = re.compile(r"rule:R\d+")
ROW = re.compile(r"^\| (rule:R\d+) \|(.*)\|$", re.MULTILINE)
ROWS = ROW.findall((ROOT / "docs/rules.md").read_text())
NUMBERS = [number for number, _ in ROWS]
NODES = ast.Module | ast.ClassDef | ast.FunctionDef


def numbers_in_docstrings(folder):
    return {
        number
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, NODES)
        for number in NUMBER.findall(ast.get_docstring(node) or "")
    }


def numbers_in_tests():
    return {
        number
        for path in (ROOT / "tests").rglob("test_*.py")
        if path != Path(__file__)
        for number in NUMBER.findall(path.read_text())
    }


def last_two_cells(cells):
    function, test = [cell.strip(" `") for cell in cells.split("|")][-2:]
    return function, test


def test_every_rule_of_the_table_is_numbered_once():
    assert NUMBERS
    assert len(set(NUMBERS)) == len(NUMBERS)


def test_the_table_and_the_docstrings_name_the_same_rules():
    assert numbers_in_docstrings("app") == set(NUMBERS)


def test_the_table_and_the_tests_name_the_same_rules():
    assert numbers_in_tests() == set(NUMBERS)


@pytest.mark.parametrize(("number", "cells"), ROWS, ids=NUMBERS)
def test_the_function_and_the_test_of_a_row_exist(number, cells):
    function, test = last_two_cells(cells)
    module, name = function.rsplit(".", 1)
    assert number in (import_module(module).__doc__ or "") + (getattr(import_module(module), name).__doc__ or "")
    path, test_name = test.split("::")
    source = (ROOT / path).read_text()
    assert f"def {test_name}(" in source
    assert number in source


def test_a_row_has_every_cell_filled():
    for number, cells in ROWS:
        assert len(parts := cells.split("|")) == 5, number
        assert all(part.strip() for part in parts), number
