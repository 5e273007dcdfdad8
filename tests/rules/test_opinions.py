"""The list of opinions in signed answers, and whether it agrees with the result (rule:R64)."""

import copy

from app.workflows.rules.opinions import Opinion, contradictions, opinions_in


def statement(member, *parts):
    return {"member": member, "answers": list(parts)}


def part(question, choice=None, text="", articles=()):
    return {"question": question, "choice": choice, "option": None, "text": text, "articles": list(articles)}


def on(article, choice, text=""):
    return {"article": article, "choice": choice, "text": text}


ANSWERS = [
    statement("M10", part(1, "disagree", "Sửa Điều 3"), part(2, articles=[on(3, "other", "Bỏ khoản 2")])),
    statement("M02", part(1, "agree"), part(2, text="Chung", articles=[on(1, "agree"), on(3, "agree", "Giữ")])),
]
LISTED = [
    Opinion("M10", 1, 0, "disagree", "Sửa Điều 3"),
    Opinion("M02", 2, 0, None, "Chung"),
    Opinion("M02", 2, 3, "agree", "Giữ"),
    Opinion("M10", 2, 3, "other", "Bỏ khoản 2"),
]
NONE = {"agree": 0, "disagree": 0, "other": 0, "deemed": 1, "missing": 2}
RESULT = {
    "members": 3,
    "questions": [
        {"index": 1, "kind": "consent", **NONE, "agree": 1, "disagree": 1, "missing": 0},
        {"index": 2, "kind": "articles", "articles": [
            {"article": 1, **NONE, "agree": 1, "missing": 1},
            {"article": 2, **NONE},
            {"article": 3, **NONE, "agree": 1, "other": 1, "missing": 0},
        ]},
    ],
}  # fmt: skip


def test_every_text_is_listed_once_by_question_article_and_place_on_the_roll():
    assert opinions_in(ANSWERS) == LISTED
    assert opinions_in([statement("M01", part(1, "agree"))]) == []


def test_a_list_that_says_otherwise_than_the_result_is_found_at_its_place():
    assert contradictions(RESULT, ANSWERS, LISTED) == []
    assert contradictions(RESULT, ANSWERS, LISTED[1:]) == ["1"]
    assert contradictions(RESULT, ANSWERS, [*LISTED, LISTED[3]]) == ["2.3"]
    changed = [*LISTED[:3], Opinion("M10", 2, 3, "other", "Giữ khoản 2")]
    assert contradictions(RESULT, ANSWERS, changed) == ["2.3"]


def test_columns_that_do_not_add_up_or_are_not_those_of_the_answers_are_found():
    short = copy.deepcopy(RESULT)
    short["questions"][0]["deemed"] = 0
    assert contradictions(short, ANSWERS, LISTED) == ["1"]
    swapped = copy.deepcopy(RESULT)
    swapped["questions"][1]["articles"][0] |= {"agree": 0, "disagree": 1}
    assert contradictions(swapped, ANSWERS, LISTED) == ["2.1"]
