"""How a result reads in the minutes."""

import unicodedata
from dataclasses import replace

import pytest

from app.workflows.rules.rulesets import RuleParameters
from app.workflows.rules.sentence import Ruling, verdict_sentence
from app.workflows.rules.tally import Tally, Verdict

HEAD = "Thủ tướng Chính phủ"
TIE = Ruling("Chính phủ", Verdict.TIE_CONFIRM, RuleParameters(), HEAD, "agree")


def said(tally, **changes):
    sentence = verdict_sentence(Tally(*tally), replace(TIE, **changes))
    assert unicodedata.is_normalized("NFC", sentence)
    return sentence


def test_an_adopted_matter():
    """rule:R1"""
    assert said((27, 25, 0, 0), verdict=Verdict.ADOPTED) == (
        "Kết quả biểu quyết: 25/27 thành viên Chính phủ tán thành (đạt 92,6% tổng số thành viên); "
        "không tán thành: 0; ý kiến khác: 0; không bỏ phiếu: 2. "
        "Nội dung biểu quyết được thông qua do có quá nửa tổng số thành viên Chính phủ biểu quyết tán thành "
        "(cần ít nhất 14 thành viên)."
    )


def test_a_matter_that_is_not_adopted():
    """rule:R1"""
    assert said((27, 13, 10, 4), verdict=Verdict.NOT_ADOPTED) == (
        "Kết quả biểu quyết: 13/27 thành viên Chính phủ tán thành (đạt 48,1% tổng số thành viên); "
        "không tán thành: 10; ý kiến khác: 4; không bỏ phiếu: 0. "
        "Nội dung biểu quyết không được thông qua do không có quá nửa tổng số thành viên Chính phủ biểu quyết "
        "tán thành (cần ít nhất 14 thành viên)."
    )


def test_a_tie_that_waits_for_the_head():
    """rule:R2"""
    assert said((27, 13, 13, 1)).endswith(
        "Số phiếu tán thành và không tán thành ngang nhau (13 – 13); thực hiện theo ý kiến mà Thủ tướng Chính phủ "
        "đã biểu quyết (tán thành). Kết quả chờ Thủ tướng Chính phủ xác nhận."
    )
    assert "đã biểu quyết (không tán thành)." in said((27, 13, 13, 1), head_choice="disagree")


@pytest.mark.parametrize(
    ("verdict", "choice", "end"),
    [
        (Verdict.ADOPTED, "agree", "đã biểu quyết (tán thành), nội dung biểu quyết được thông qua."),
        (Verdict.NOT_ADOPTED, "disagree", "đã biểu quyết (không tán thành), nội dung biểu quyết không được thông qua."),
    ],
)
def test_a_tie_that_the_head_has_confirmed(verdict, choice, end):
    """rule:R2"""
    sentence = said((27, 13, 13, 1), verdict=verdict, head_choice=choice, confirmed=True)
    assert sentence.endswith(f"{end} Thủ tướng Chính phủ đã xác nhận kết quả này.")


def test_a_tie_without_a_side_of_the_head():
    assert said((27, 13, 13, 1), verdict=Verdict.UNDECIDED, head_choice="other").endswith(
        "Số phiếu tán thành và không tán thành ngang nhau (13 – 13) và Thủ tướng Chính phủ không bỏ phiếu tán thành "
        "hoặc không tán thành nên chưa có quyết định. Nội dung này phải được biểu quyết lại hoặc chuyển sang phiên "
        "họp khác."
    )


def test_a_tie_while_nobody_heads_the_body():
    sentence = said((26, 13, 13, 0), verdict=Verdict.UNDECIDED, head_post=None, head_choice=None)
    assert "Chính phủ không có người đứng đầu tại thời điểm biểu quyết nên chưa có quyết định." in sentence
    assert "None" not in sentence


def test_a_tie_that_fails_by_the_rule_set_says_that_the_votes_were_equal():
    sentence = said((26, 13, 13, 0), verdict=Verdict.NOT_ADOPTED, parameters=replace(RuleParameters(), tie="fails"))
    assert "ngang nhau (13 – 13); nội dung biểu quyết không được thông qua do không có quá nửa" in sentence


def test_the_side_of_the_head_is_not_told_where_it_is_not_to_be_shown():
    sentence = said((27, 13, 13, 1), head_choice=None)
    assert "mà Thủ tướng Chính phủ đã biểu quyết. Kết quả chờ" in sentence


def test_a_larger_majority_and_another_body_are_named():
    parameters = replace(RuleParameters(), majority_numerator=2, majority_denominator=3)
    sentence = said((9, 7, 2, 0), verdict=Verdict.ADOPTED, parameters=parameters, body="Ủy ban nhân dân tỉnh Lào Cai")
    assert "do có quá 2/3 tổng số thành viên Ủy ban nhân dân tỉnh Lào Cai biểu quyết tán thành" in sentence
    assert "(cần ít nhất 7 thành viên)" in sentence
