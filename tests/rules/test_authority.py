"""The lines above a signature."""

import datetime as dt
from itertools import pairwise

import pytest

from app.models import BodyKind, Office
from app.workflows.rules.authority import AUTHORITIES, Signing, in_force, lines

ON = dt.date(2026, 11, 21)


@pytest.mark.parametrize(
    ("body_kind", "office", "written"),
    [
        ("government", "head", ("TM. CHÍNH PHỦ", "THỦ TƯỚNG")),
        ("government", "deputy_head", ("TM. CHÍNH PHỦ", "KT. THỦ TƯỚNG", "PHÓ THỦ TƯỚNG")),
        ("government", "acting_head", ("TM. CHÍNH PHỦ", "Q. THỦ TƯỚNG")),
        ("province", "head", ("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH")),
        ("province", "deputy_head", ("TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH")),
        ("commune", "head", ("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH")),
    ],
)
def test_a_collective_body_is_signed_for_in_its_name(body_kind, office, written):
    """rule:R25"""
    assert lines(body_kind, office, ON) == written


@pytest.mark.parametrize(("body_kind", "office"), [("government", "clerk"), ("ministry", "head"), ("", "head")])
def test_nobody_else_signs_for_a_collective_body(body_kind, office):
    """rule:R25"""
    with pytest.raises(LookupError, match="signs for no collective body"):
        lines(body_kind, office, ON)


@pytest.mark.parametrize(
    ("on", "source", "confirmed"),
    [
        ("2019-06-24", "01/2011/TT-BNV", False),
        ("2020-03-04", "01/2011/TT-BNV", False),
        ("2020-03-05", "30/2020/NĐ-CP", True),
        ("2026-11-21", "30/2020/NĐ-CP", True),
    ],
)
def test_the_lines_follow_the_law_of_the_day(on, source, confirmed):
    """rule:R25"""
    row = in_force(dt.date.fromisoformat(on))
    assert source in row.legal_source_vi
    assert row.confirmed is confirmed


def test_a_day_without_law_is_an_error_and_never_a_guess():
    with pytest.raises(LookupError, match="0 tables"):
        lines("government", "head", dt.date(2011, 3, 4))


def test_the_tables_follow_each_other_without_gap_and_speak_of_bodies_and_offices_that_exist():
    for earlier, later in pairwise(AUTHORITIES):
        assert earlier.valid_to == later.valid_from
    assert AUTHORITIES[-1].valid_to is None
    known = {Signing(kind.value, office) for kind in BodyKind for office in (*Office, "acting_head")}
    for row in AUTHORITIES:
        assert set(row.lines) <= known
        assert all(line == line.upper() for written in row.lines.values() for line in written)
