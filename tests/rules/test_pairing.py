"""Parts of two texts that belong together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workflows.rules.pairing import Pair, pair

TAX = "Gia hạn thời hạn nộp thuế cho doanh nghiệp"
LAND = "Giảm tiền thuê đất phải nộp trong năm"
LOAN = "Cơ cấu lại nợ của hộ kinh doanh"
BID = "Công khai danh mục gói thầu"


@pytest.mark.parametrize(
    ("old", "new", "pairs"),
    [
        ([], [], []),
        ([TAX, LAND], [TAX, LAND], [Pair(0, 0), Pair(1, 1)]),
        ([TAX, LAND], [TAX, LOAN, LAND], [Pair(0, 0), Pair(None, 1), Pair(1, 2)]),
        ([TAX, LOAN, LAND], [TAX, LAND], [Pair(0, 0), Pair(1, None), Pair(2, 1)]),
        ([LOAN, TAX], [TAX], [Pair(0, None), Pair(1, 0)]),
        ([TAX, LAND], [f"{TAX} nhỏ", LAND], [Pair(0, 0), Pair(1, 1)]),
        ([TAX], [BID], [Pair(0, None), Pair(None, 0)]),
        ([TAX, LAND, LOAN], [LOAN, TAX, LAND], [Pair(2, 0, True), Pair(0, 1), Pair(1, 2)]),
        ([TAX, LAND, LOAN], [f"{LOAN} nhỏ", TAX, LAND], [Pair(2, 0, True), Pair(0, 1), Pair(1, 2)]),
        ([TAX, TAX], [TAX], [Pair(0, 0), Pair(1, None)]),
    ],
)
def test_parts_are_kept_changed_moved_new_or_gone(old, new, pairs):
    assert pair(old, new) == pairs


def test_the_most_alike_part_is_the_changed_one():
    assert pair([f"{TAX} nhỏ và vừa"], [f"{TAX} rất lớn", f"{TAX} nhỏ và rất vừa"]) == [Pair(None, 0), Pair(0, 1)]


def test_what_takes_a_place_is_that_part_changed_where_places_count():
    assert pair([TAX], [BID], same_place=True) == [Pair(0, 0)]
    assert pair([TAX, LAND], [TAX, BID], same_place=True) == [Pair(0, 0), Pair(1, 1)]
    assert pair([TAX, LAND, LOAN], [TAX, BID, LOAN], same_place=True) == [Pair(0, 0), Pair(1, 1), Pair(2, 2)]
    assert pair([TAX, LAND, LOAN], [LOAN, TAX, BID], same_place=True) == [Pair(2, 0, True), Pair(0, 1), Pair(1, 2)]
    assert pair([LAND, LOAN], [BID], same_place=True) == [Pair(0, None), Pair(1, None), Pair(None, 0)]


def test_a_part_without_changes_is_found_however_far_it_went():
    others = [f"Nhiệm vụ {number} của {number * number}" for number in range(99)]
    assert Pair(0, 99, True) in pair([TAX, *others], [*others, TAX])


parts = st.lists(st.sampled_from((TAX, LAND, LOAN, BID, f"{TAX} nhỏ", f"{LAND} này", "")), max_size=7)


@given(parts, parts, st.booleans())
def test_every_part_occurs_once_and_what_did_not_move_keeps_its_order(old, new, same_place):
    pairs = pair(old, new, same_place=same_place)
    assert sorted(each.old for each in pairs if each.old is not None) == list(range(len(old)))
    assert [each.new for each in pairs if each.new is not None] == list(range(len(new)))
    steady = [each.old for each in pairs if None not in (each.old, each.new) and not each.moved]
    assert steady == sorted(steady)
    assert not any(each.moved for each in pairs if None in (each.old, each.new))
    remaining = [each.old for each in pairs if each.old is not None and not each.moved]
    assert remaining == sorted(remaining)
