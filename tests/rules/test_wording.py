"""Wordings are compared word by word."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workflows.rules.wording import Segment, compare, joined, likeness, tokens
from tests.rules.resolution_case import prose


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Phấn đấu, tăng 30%.", [" Phấn", " đấu", ",", " tăng", " 30", "%", "."]),
        ("số 191/2026/NĐ-CP", [" số", " 191/2026/NĐ-CP"]),
        ("1.000 tỷ – 3,5 (05)", [" 1.000", " tỷ", " –", " 3,5", " (", "05", ")"]),
        ("Một.\nHai.", [" Một", ".", "\n", " Hai", "."]),
        ("a\u0300\u0323 e\u0309", [" a\u0300\u0323", " e\u0309"]),
        ("", []),
    ],
)
def test_syllables_figures_and_symbols_stay_whole(text, words):
    assert tokens(text) == words


def test_a_changed_word_stands_between_what_stayed():
    assert compare("gia hạn 05 tháng nộp thuế.", "gia hạn 06 tháng nộp thuế.") == (
        Segment("same", "gia hạn"),
        Segment("removed", " 05"),
        Segment("added", " 06"),
        Segment("same", " tháng nộp thuế."),
    )


def test_a_tone_changes_the_whole_syllable():
    assert [segment for segment in compare("bảo lãnh tín dụng", "bảo lành tín dụng") if segment.kind != "same"] == [
        Segment("removed", " lãnh"),
        Segment("added", " lành"),
    ]


def test_a_comma_between_two_changes_is_no_common_ground():
    assert [segment.kind for segment in compare("rà một, hai soát", "rà ba, bốn soát")] == [
        "same",
        "removed",
        "added",
        "same",
    ]


def test_words_at_the_ends_come_and_go():
    assert compare("nộp thuế", "gia hạn nộp thuế;") == (
        Segment("added", "gia hạn"),
        Segment("same", " nộp thuế"),
        Segment("added", ";"),
    )
    assert compare("", "nộp") == (Segment("added", "nộp"),)
    assert compare("nộp", "") == (Segment("removed", "nộp"),)
    assert compare("nộp", "nộp") == (Segment("same", "nộp"),)
    assert compare("", "") == ()


def test_texts_that_share_little_are_not_interleaved():
    assert compare("Giao Bộ Tài chính cấp vốn.", "Ủy ban nhân dân tỉnh Lào Cai báo cáo.") == (
        Segment("removed", "Giao Bộ Tài chính cấp vốn."),
        Segment("added", "Ủy ban nhân dân tỉnh Lào Cai báo cáo."),
    )


def test_a_new_paragraph_shows():
    assert Segment("added", "\n") in compare("Một. Hai.", "Một.\nHai.")


@given(prose | st.just(""), prose | st.just(""))
def test_both_texts_can_be_read_out_of_the_segments(old, new):
    segments = compare(old, new)
    assert joined(segments, "same", "removed") == old
    assert joined(segments, "same", "added") == new
    assert all(segment.words for segment in segments)
    assert all(one.kind != other.kind for one, other in pairwise(segments))


def test_a_long_text_is_compared_in_time():
    old, new = "a b " * 1250, "b a a " * 830
    assert joined(compare(old.strip(), new.strip()), "same", "added") == new.strip()


def test_likeness_is_the_share_of_common_words():
    def like(old, new):
        return likeness(Counter(tokens(old)), Counter(tokens(new)))

    assert like("giao Bộ Tài chính", "giao Bộ Y tế") == 0.5
    assert like("một", "hai") == 0
    assert like("một hai", "hai một") == 1
    assert like("", "") == 1
