"""Rows of the table of explanations, and links into a draft that changes below them (rule:R66)."""

import pytest

from app.workflows.rules.explanations import Explained, Gap, gap, gaps
from app.workflows.rules.passages import Link, judge_link, passages, words_of

SENTENCE = "Ủy ban nhân dân cấp tỉnh báo cáo trước ngày 15 tháng 12."
DRAFT = {
    "articles": [
        {"heading": "Phạm vi", "intro": "Nghị quyết này quy định về hỗ trợ.", "clauses": []},
        {"heading": "Tổ chức", "intro": "", "clauses": [
            {"text": "Bộ Tài chính chủ trì.", "points": []},
            {"text": "Trách nhiệm của địa phương:", "points": ["bố trí kinh phí;", SENTENCE]},
        ]},
    ],
    "annexes": [{"title": "Danh mục", "paragraphs": ["Dòng thứ nhất"]}],
}  # fmt: skip


def without(sentence):
    clauses = DRAFT["articles"][1]["clauses"]
    cut = [clauses[0], {**clauses[1], "points": [one for one in clauses[1]["points"] if one != sentence]}]
    return {**DRAFT, "articles": [DRAFT["articles"][0], {**DRAFT["articles"][1], "clauses": cut}]}


def test_passages_are_cited_as_the_law_cites_them():
    cited = [(one.path, one.label) for one in passages(DRAFT)]
    assert cited == [
        ("1", "Điều 1"), ("2", "Điều 2"), ("2.1", "khoản 1 Điều 2"), ("2.2", "khoản 2 Điều 2"),
        ("2.2.a", "điểm a khoản 2 Điều 2"), ("2.2.b", "điểm b khoản 2 Điều 2"), ("PL1", "Phụ lục"),
    ]  # fmt: skip
    assert SENTENCE in passages(DRAFT)[1].text


@pytest.mark.parametrize("path", ["2", "2.2", "2.2.b"])
def test_a_link_holds_while_its_words_stand_at_its_place(path):
    assert judge_link(DRAFT, path, "  báo cáo\ntrước ngày 15  ")[0] is Link.HOLDS


def test_a_link_is_broken_when_the_sentence_is_gone_and_moved_when_it_stands_elsewhere():
    assert judge_link(without(SENTENCE), "2.2.b", SENTENCE) == (Link.BROKEN, None)
    state, where = judge_link(DRAFT, "1", SENTENCE)
    assert (state, where.path) == (Link.MOVED, "2.2.b")
    assert judge_link(DRAFT, "2.2.b", SENTENCE.upper())[0] is Link.BROKEN


def test_a_quotation_says_something():
    for nothing in ("", "  \n", "x" * 2001):
        with pytest.raises(ValueError, match="quotation"):
            words_of(nothing)


@pytest.mark.parametrize(
    ("row", "draft", "why"),
    [
        (Explained(), DRAFT, Gap.NO_STANCE),
        (Explained("accepted"), DRAFT, Gap.NO_EXPLANATION),
        (Explained("accepted", "Đã sửa"), DRAFT, Gap.NO_LINK),
        (Explained("partly", "Đã sửa"), DRAFT, Gap.NO_LINK),
        (Explained("not", "Vì trái luật"), DRAFT, None),
        (Explained("accepted", "Đã sửa"), None, None),
        (Explained("accepted", "Đã sửa", "2.2.b", SENTENCE), DRAFT, None),
        (Explained("accepted", "Đã sửa", "1", SENTENCE), DRAFT, Gap.MOVED_LINK),
        (Explained("not", "Vì trái luật", "2.2.b", SENTENCE), without(SENTENCE), Gap.BROKEN_LINK),
    ],
)
def test_a_row_is_complete_or_says_what_is_missing(row, draft, why):
    assert gap(row, draft) is why


def test_the_rows_that_are_not_complete_are_numbered():
    complete = Explained("not", "Vì trái luật")
    assert gaps([complete, Explained(), complete, Explained("not")], DRAFT) == {
        2: Gap.NO_STANCE, 4: Gap.NO_EXPLANATION,
    }  # fmt: skip
