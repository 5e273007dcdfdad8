"""Lists of whole numbers are read in one go, and exactly as they would be read one by one."""

import re

import pytest

from app.gateways.pades.reader import syntax
from app.gateways.pades.reader.syntax import Objection, Parser

LISTS = (
    b"[1 2 3]", b"[ 1\r\n2 ]", b"[]", b"[ ]", b"[1 0 R]", b"[1 0 R 2 3]", b"[1\x002]", b"[1 2.5]", b"[-1 2]",
    b"[123456789 1234567890]", b"[1 2", b"[1 2 % ReportLab x\n3]", b"[007]", b"[1[2]]", b"[1 2]3", b"[1/a]", b"[1(a)]",
    b"[" * 32 + b"1" + b"]" * 32, b"[" * 33 + b"1" + b"]" * 33, b"[" * 34 + b"1" + b"]" * 34, b"[1 2]]", b"[1\x0b2]",
)  # fmt: skip


def read(data: bytes) -> object:
    parser = Parser(data, 0, len(data))
    try:
        return parser.value(), parser.at
    except Objection as objection:
        return objection.code


@pytest.mark.parametrize("data", LISTS, ids=range(len(LISTS)))
def test_a_list_of_numbers_is_read_as_one_by_one(data, monkeypatch):
    at_once = read(data)
    monkeypatch.setattr(syntax, "WHOLE_NUMBERS", re.compile(rb"(?!)"))
    assert at_once == read(data)


def test_most_lists_are_read_in_one_go():
    assert [bool(syntax.WHOLE_NUMBERS.match(data, 1)) for data in LISTS[:3]] == [True, True, False]
