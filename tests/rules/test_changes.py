"""What was changed after the vote is said place by place."""

import copy
from collections import Counter

import pytest
from hypothesis import given

from app.workflows.rules.canonical import canonical, parse_canonical
from app.workflows.rules.changes import KINDS, Change, as_record, changes, needs_reason
from app.workflows.rules.resolution import resolution_text, strings
from app.workflows.rules.wording import Segment, joined, tokens
from tests.rules.resolution_case import FIELDS, example, fields, listed, texts, words


def edited(edit):
    """The example after an edit of its members, compared with the example."""
    made = copy.deepcopy(FIELDS)
    edit(made)
    return changes(example(), resolution_text(**made))


def shown(found):
    return [(change.kind, change.place, change.was) for change in found]


def test_equal_texts_do_not_differ():
    """rule:R27"""
    assert changes(example(), example()) == ()
    assert not needs_reason(())


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (lambda m: m.update(subject="Về hỗ trợ hộ kinh doanh"), [("changed", "Trích yếu", "")]),
        (lambda m: m["bases"].insert(1, "Căn cứ Luật Quản lý thuế"), [("added", "Căn cứ thứ 2", "")]),
        (lambda m: m["bases"].pop(1), [("removed", "Căn cứ thứ 2", "")]),
        (lambda m: m["bases"].reverse(), [("moved", "Căn cứ thứ 1", "Căn cứ thứ 3"),
                                         ("moved", "Căn cứ thứ 2", "")]),
        (lambda m: m.update(formula=""), [("removed", "Câu về kết quả biểu quyết", "")]),
        (lambda m: m["articles"][0].update(heading="Mục đích"), [("changed", "Điều 1, tên điều", "")]),
        (lambda m: m["articles"][0].update(intro=""), [("removed", "Điều 1", "")]),
        (lambda m: m["articles"][1].update(intro="Gồm có:"), [("added", "Điều 2, đoạn mở đầu", "")]),
        (lambda m: m["articles"][1]["clauses"][0]["points"].pop(), [("removed", "Điều 2, khoản 1, điểm b", "")]),
        (lambda m: m["articles"][1]["clauses"][0]["points"].append("Báo cáo Chính phủ."),
         [("added", "Điều 2, khoản 1, điểm c", "")]),
        (lambda m: m["articles"][1]["clauses"].reverse(), [("moved", "Điều 2, khoản 1", "Điều 2, khoản 2")]),
        (lambda m: m["articles"].insert(0, {"heading": "Phạm vi", "intro": "", "clauses": [
            {"text": "Áp dụng trên cả nước.", "points": []}]}),
         [("added", "Điều 1, tên điều", ""), ("added", "Điều 1, khoản 1", "")]),
        (lambda m: m["articles"].append({"heading": "", "intro": "", "clauses": []}), [("added", "Điều 4", "")]),
        (lambda m: m["annexes"][0].update(title="Danh mục các nhiệm vụ"), [("changed", "Phụ lục, tên", "")]),
        (lambda m: m["annexes"].insert(0, {"title": "Biểu mẫu", "paragraphs": ["Mẫu số 01"]}),
         [("added", "Phụ lục I, tên", ""), ("added", "Phụ lục I, đoạn 1", "")]),
        (lambda m: m["annexes"][0]["paragraphs"].pop(), [("removed", "Phụ lục, đoạn 2", "")]),
        (lambda m: m["annexes"].clear(), [("removed", "Phụ lục, tên", ""), ("removed", "Phụ lục, đoạn 1", ""),
                                          ("removed", "Phụ lục, đoạn 2", "")]),
        (lambda m: m["recipients"].pop(), [("removed", "Nơi nhận, dòng 3", "")]),
        (lambda m: m.update(archive="VT, TH (2)"), [("changed", "Nơi nhận, dòng lưu", "")]),
    ],
)  # fmt: skip
def test_every_place_has_its_name(edit, expected):
    assert shown(edited(edit)) == expected


def test_words_that_changed_are_told_apart_from_those_that_stayed():
    [change] = edited(lambda m: m["articles"][1]["clauses"][0]["points"].__setitem__(
        0, "Trình cấp có thẩm quyền gia hạn thời hạn nộp thuế trong quý III năm 2026;"))  # fmt: skip
    assert (change.place, change.part) == ("Điều 2, khoản 1, điểm a", "article")
    assert change.segments == (
        Segment("same", "Trình cấp có thẩm quyền gia hạn thời hạn nộp thuế trong quý"),
        Segment("removed", " IV"),
        Segment("added", " III"),
        Segment("same", " năm 2026;"),
    )


def test_an_article_that_moved_is_shown_once_and_its_changes_at_its_new_place():
    found = edited(
        lambda m: (
            m["articles"].insert(0, m["articles"].pop(1)),
            m["articles"][0]["clauses"][1].update(text="Ngân hàng Nhà nước Việt Nam cơ cấu lại nợ."),
        )
    )
    assert shown(found) == [
        ("moved", "Điều 1", "Điều 2"),
        ("changed", "Điều 1, khoản 2", "Điều 2, khoản 2"),
    ]
    assert [segment.kind for segment in found[0].segments] == ["moved"]
    assert found[0].segments[0].words.startswith("Điều 1. Nhiệm vụ và giải pháp\n1. Bộ Tài chính")


def test_a_change_in_an_article_that_only_got_another_number_names_both_places():
    found = edited(lambda m: (m["articles"].pop(0), m["articles"][0]["clauses"].pop()))
    assert ("removed", "Điều 2, khoản 2", "") in shown(found)
    found = edited(lambda m: (m["articles"].pop(0), m["articles"][0].update(heading="Nhiệm vụ, giải pháp")))
    assert ("changed", "Điều 1, tên điều", "Điều 2, tên điều") in shown(found)


def test_a_clause_that_went_to_another_article_has_moved():
    found = edited(lambda m: m["articles"][0]["clauses"].append(m["articles"][1]["clauses"].pop()))
    assert shown(found) == [("moved", "Điều 1, khoản 1", "Điều 2, khoản 2")]
    assert found[0].segments == (Segment("moved", "Ngân hàng Nhà nước Việt Nam cơ cấu lại thời hạn trả nợ."),)


@given(listed, words)
def test_bases_and_formula_may_be_written_after_the_vote(bases, formula):
    """rule:R27"""
    found = changes(example(), example(bases=bases, formula=formula))
    assert found
    assert not needs_reason(found)


@given(texts, texts)
def test_anything_else_needs_a_reason(voted, drafted):
    """rule:R27"""
    drafted = {**drafted, "bases": voted["bases"], "formula": "Trên cơ sở khác"}
    assert needs_reason(changes(voted, drafted)) == ({**drafted, "formula": voted["formula"]} != voted)


def counted(pieces):
    return Counter(token.strip(" ") for piece in pieces for token in tokens(piece))


def everything(text):
    return counted(strings({name: text[name] for name in FIELDS}))


def of_kind(found, kind):
    return counted(segment.words for change in found for segment in change.segments if segment.kind == kind)


@given(texts, texts)
def test_nothing_comes_or_goes_unseen(voted, drafted):
    found = changes(voted, drafted)
    assert bool(found) == (voted != drafted)
    before, after = everything(voted), everything(drafted)
    before.update(of_kind(found, "added"))
    after.update(of_kind(found, "removed"))
    assert before == after
    for change in found:
        assert change.kind in KINDS
        assert change.was != change.place


@given(texts)
def test_a_text_is_not_changed_against_itself(text):
    assert changes(text, copy.deepcopy(text)) == ()


@given(texts, texts)
def test_the_record_is_canonical(voted, drafted):
    found = changes(voted, drafted)
    record = as_record(found)
    assert parse_canonical(canonical(record)) == record
    assert record["needs_reason"] == needs_reason(found)
    assert len(record["changes"]) == len(found)


def test_a_record_holds_every_change_in_full():
    record = as_record(changes(example(), example(archive="VT, TH (2)")))
    assert record["changes"] == [
        {
            "kind": "changed",
            "part": "archive",
            "place": "Nơi nhận, dòng lưu",
            "was": "",
            "segments": [
                {"kind": "same", "words": "VT,"},
                {"kind": "removed", "words": " KTTH"},
                {"kind": "added", "words": " TH"},
                {"kind": "same", "words": " (2)"},
            ],
        }
    ]
    assert record["needs_reason"] is True


def test_a_large_text_is_compared_in_time():
    articles = [
        {"heading": f"Tên {number}", "intro": "", "clauses": [
            {"text": f"Giao {number} cơ quan {place} thực hiện nhiệm vụ {place * number}.", "points": []}
            for place in range(10)]}
        for number in range(200)
    ]  # fmt: skip
    voted = resolution_text(**fields(articles=articles))
    drafted = resolution_text(**fields(articles=[*articles[100:], *articles[:100]]))
    assert {change.kind for change in changes(voted, drafted)} == {"moved"}
    assert isinstance(changes(voted, drafted)[0], Change)
    assert joined(changes(voted, drafted)[0].segments, "moved").startswith("Điều 1. Tên 100")
