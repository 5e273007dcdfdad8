"""Text of opinions: what hides or reorders something is refused and named."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workflows.rules.opinion_text import HiddenSign, clean_opinion, is_hidden, without_hidden

HIDDEN = [
    "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u180e", "\u034f", "\u061c", "\u200e", "\u200f",
    "\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069", "\u2028", "\u2029",
    "\u115f", "\u1160", "\u3164", "\uffa0", "\u2800", "\ufe0f", "\ufff9", "\x00", "\x08", "\x1b", "\x7f", "\x85",
    "\ue000", "\ufdd0", "\ufffe", "\uffff", "\U0001ffff", "\U0010fffe", "\U000e0041", "\U000e0100", "\r",
]  # fmt: skip


@pytest.mark.parametrize("sign", HIDDEN, ids=lambda sign: f"U+{ord(sign):04X}")
def test_a_sign_that_shows_nothing_is_refused_and_its_place_is_told(sign):
    """rule:R61"""
    with pytest.raises(HiddenSign, match=f"U\\+{ord(sign):04X}") as refused:
        clean_opinion(f"Nhất trí\nĐề nghị {sign}bổ sung")
    assert (refused.value.sign, refused.value.line, refused.value.column) == (sign, 2, 9)
    assert without_hidden(f"Nhất trí\nĐề nghị {sign}bổ sung") == "Nhất trí\nĐề nghị bổ sung"


@pytest.mark.parametrize(
    "text",
    ["Nhất trí với dự thảo.", "Điều 5:\n\t– bỏ khoản 2\n\t– sửa khoản 3", "x² ≤ 10 %, “trích dẫn”, 5 €", "đồng ý 👍",
     "Ý kiến của Bộ: không", "αβγ — 漢字"],
)  # fmt: skip
def test_ordinary_text_stays_as_it_is(text):
    assert clean_opinion(text) == text == without_hidden(text)


def test_decomposed_letters_and_line_ends_of_windows_come_out_in_one_spelling():
    typed = unicodedata.normalize("NFD", "Đồng ý\r\nvới đề nghị ")
    assert clean_opinion(typed) == "Đồng ý\nvới đề nghị"


def test_half_a_character_is_refused():
    with pytest.raises(ValueError, match=r"hidden|half"):
        clean_opinion("a\ud800b")


@given(st.text())
def test_what_is_offered_instead_is_always_clean(text):
    """rule:R61"""
    offered = without_hidden(text)
    assert clean_opinion(offered) == offered
    assert not any(map(is_hidden, offered))
