"""What is frozen of a slip and what members sign: exact shapes, read back exactly."""

import json
import unicodedata

import pytest

from app.workflows.rules.canonical import canonical
from app.workflows.rules.slip import (
    article_choice,
    check_answer,
    main_question,
    parse_answer,
    parse_slip_definition,
    slip_definition,
    slip_hash,
)
from tests.rules.poll_case import fake_sha256
from tests.rules.slip_case import MAIN, SlipCase, definition_fields, part, question

ARTICLES = [{"index": number, "label": f"Điều {number}", "title": "Phạm vi"} for number in (1, 2)]
PICK = question(2, "pick", options=("A", "B"))


def definition(**changes):
    return slip_definition(**definition_fields(**changes))


def answer(*parts, case=None, **changes):
    return (case or SlipCase()).statement(2, list(parts) or [part(1, "agree")], **changes)


def test_a_definition_is_read_back_from_its_bytes():
    found = definition(questions=[MAIN, PICK, question(3, "articles")], articles=ARTICLES)
    assert parse_slip_definition(canonical(found)) == found
    assert (found["v"], found["ctx"], main_question(found)) == (1, "vn.ecabinet.slip.v1", 1)
    assert slip_hash(found).startswith("sha256:")


def test_an_answer_is_read_back_from_its_bytes():
    found = answer(part(1, "other", text="Đề nghị\nbổ sung"), reservation=True)
    assert parse_answer(canonical(found)) == found
    assert (found["v"], found["ctx"], found["type"]) == (1, "vn.ecabinet.slip-answer.v1", "slip_answer")


def test_the_first_question_of_consent_need_not_be_the_first_of_all():
    assert main_question(definition(questions=[question(1, "text"), question(2, main=True)])) == 2
    assert main_question(definition(questions=[question(1, "text")])) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"questions": []}, {"questions": [question(n) for n in range(1, 22)]}, {"questions": [question(2, main=True)]},
        {"questions": [question(1)]}, {"questions": [MAIN, question(2, main=True)]},
        {"questions": [question(1, "text", main=True)]}, {"questions": [question(1, "vote")]},
        {"questions": [question(1, "pick", options=("A",))]}, {"questions": [question(1, "pick", options=("A", "a"))]},
        {"questions": [{**MAIN, "options": ["A", "B"]}]}, {"questions": [{**MAIN, "text": " "}]},
        {"questions": [{**MAIN, "text": "Đồng\u200b ý?"}]}, {"questions": [{**MAIN, "more": 1}]},
        {"questions": [question(1, "articles")]}, {"articles": [{**ARTICLES[0], "index": 2}]},
        {"questions": [question(1, "pick", options=tuple(map(str, range(21))))]},
        {"round": 2}, {"previous": f"sha256:{'0' * 64}"}, {"round": 0}, {"roll": []}, {"slip_id": 0},
        {"slip_id": 2**53}, {"urgency": "now"}, {"evidence": "none"}, {"deadline_at": "2026-07-30T02:00:00Z"},
        {"deadline_at": "2026-07-29T02:00:00Z"}, {"deadline_at": "2026-08-05 17:00"}, {"matter": "x" * 501},
        {"matter": "Dự\u202eảo"}, {"number": ""}, {"organisation": {"name": "Bộ"}},
        {"rule_set": {**definition_fields()["rule_set"], "parameters": {}}},
        {"papers": [{**definition_fields()["papers"][0], "version": n} for n in (1, 2)]},
    ],
)  # fmt: skip
def test_a_slip_that_cannot_be_is_never_frozen(changes):
    with pytest.raises(ValueError, match=r"."):
        definition(**changes)


def test_a_later_round_names_the_one_before():
    first = definition()
    assert definition(round=2, previous=slip_hash(first))["previous"] == slip_hash(first)


ATTACHED = {"name": "y-kien.pdf", "sha256": fake_sha256("a"), "size": 10}


@pytest.mark.parametrize(
    "changes",
    [
        {"member": "M03"}, {"member": "M2"}, {"roll_index": 0}, {"slip_id": True}, {"slip_id": 10**30},
        {"answers": [part(2, "agree")]}, {"answers": [part(1, "yes")]}, {"answers": [part(1, "deemed")]},
        {"answers": [part(1, "agree", text="x" * 10_001)]}, {"answers": [part(1, "agree", text="Đồng\u200bý")]},
        {"answers": [part(1, "agree", text="a\u202eb")]}, {"answers": [part(1, "agree", text="\x00")]},
        {"answers": [part(1, "agree", option=0)]}, {"answers": [{"question": 1, "choice": "agree"}]},
        {"answers": [part(1, articles=[{"article": 2, "choice": "agree", "text": ""}] * 2)]},
        {"answers": [part(1, articles=[{"article": 1, "choice": None, "text": ""}])]},
        {"answers": [part(n, "agree") for n in range(1, 22)]},
        {"attachments": [ATTACHED, ATTACHED]}, {"attachments": [{**ATTACHED, "size": 0}]},
        {"attachments": [{**ATTACHED, "name": "a\u202efdp.exe"}]},
        {"attachments": [{**ATTACHED, "name": str(n), "sha256": fake_sha256(str(n))} for n in range(11)]},
        {"nonce": "short"}, {"supersedes": "0" * 64}, {"server_time": "2026-08-01T02:00:30+07:00"},
        {"seen": {"size": 0, "root": "0" * 64}}, {"reservation": 1},
    ],
)  # fmt: skip
def test_an_answer_of_another_shape_is_never_signed(changes):
    with pytest.raises(ValueError, match=r"."):
        answer(**changes) if "answers" not in changes else answer(*changes["answers"])


def test_ten_thousand_letters_are_an_opinion():
    assert len(answer(part(1, "other", text="Đ" * 10_000))["answers"][0]["text"]) == 10_000


QUESTIONS = [MAIN, PICK, question(3, "text"), question(4, "articles")]
OPEN = [part(2), part(3), part(4)]


def fitting():
    return SlipCase(questions=QUESTIONS, articles=ARTICLES)


@pytest.mark.parametrize(
    "parts",
    [
        [part(1, "agree"), *OPEN],
        [part(1, "disagree", text="Lý do"), part(2, option=2), part(3, text="Thêm"), part(4, text="Chung")],
        [part(1, "other"), part(2), part(3), part(4, articles=[{"article": 2, "choice": None, "text": "Sửa"}])],
    ],
)
def test_an_answer_that_fits_its_slip_is_accepted(parts):
    """rule:R62"""
    case = fitting()
    statement = answer(*parts, case=case)
    check_answer(case.definition, statement)
    assert [each["question"] for each in statement["answers"]] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ([part(1, "agree")], "one for each question"), ([part(1), *OPEN], "must be answered"),
        ([part(1, "agree", option=1), *OPEN], "none of the options"),
        ([part(1, "agree"), part(2, "agree"), *OPEN[1:]], "belongs to a question of consent"),
        ([part(1, "agree"), part(2, option=3), *OPEN[1:]], "none of the options"),
        ([part(1, "agree"), part(2), part(3, option=1), part(4)], "none of the options"),
        ([part(1, "agree"), part(2), part(3), part(4, articles=[{"article": 3, "choice": "agree", "text": ""}])],
         "none of the articles"),
        ([part(1, "agree", articles=[{"article": 1, "choice": "agree", "text": ""}]), *OPEN], "none of the articles"),
    ],
)  # fmt: skip
def test_an_answer_that_does_not_fit_its_slip_is_refused(parts, why):
    """rule:R62"""
    case = fitting()
    with pytest.raises(ValueError, match=why):
        check_answer(case.definition, answer(*parts, case=case))


@pytest.mark.parametrize(("choice", "reserves"), [("agree", False), ("disagree", True), ("other", True)])
def test_only_who_dissents_on_the_question_that_decides_may_reserve(choice, reserves):
    """rule:R15"""
    case = SlipCase()
    statement = answer(part(1, choice), case=case, reservation=True)
    if reserves:
        check_answer(case.definition, statement)
    else:
        with pytest.raises(ValueError, match="nothing to reserve"):
            check_answer(case.definition, statement)
    assert statement["reservation"] is True


def test_an_answer_says_something():
    case = SlipCase(questions=[question(1, "text")])
    with pytest.raises(ValueError, match="says something"):
        check_answer(case.definition, answer(part(1), case=case))
    check_answer(case.definition, answer(part(1), case=case, attachments=[ATTACHED]))
    with pytest.raises(ValueError, match="nothing to reserve"):
        check_answer(case.definition, answer(part(1, text="Có"), case=case, reservation=True))


@pytest.mark.parametrize(
    ("changes", "why"),
    [({"slip_id": 6}, "another slip"), ({"slip_hash": f"sha256:{'0' * 64}"}, "another slip"),
     ({"member": "M28", "roll_index": 28}, "nobody on the roll")],
)  # fmt: skip
def test_an_answer_for_another_slip_or_of_a_stranger_is_refused(changes, why):
    case = SlipCase()
    with pytest.raises(ValueError, match=why):
        check_answer(case.definition, answer(case=case, **changes))


def written(value):
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


STATEMENT = answer(part(1, "other", text="Đồng ý một phần"))
DEFINITION = definition()


@pytest.mark.parametrize(
    "hostile",
    [
        b"", b"[]", b"null", b"\xff\xfe", b"{}", written(STATEMENT)[:-1], written(STATEMENT) + b"\n",
        b" " + written(STATEMENT), json.dumps(STATEMENT).encode(),
        written(STATEMENT).replace(b'"v":1', b'"v":1,"v":1'), written(STATEMENT).replace(b'"v":1', b'"v":1.0'),
        written(STATEMENT).replace(b'"slip_id":5', b'"slip_id":5e0'),
        written(STATEMENT).replace(b'"slip_id":5', b'"slip_id":' + b"9" * 400),
        written(STATEMENT).replace(b'"slip_id":5', b'"slip_id":9007199254740992'),
        written(STATEMENT).replace("Đồng ý".encode(), unicodedata.normalize("NFD", "Đồng ý").encode()),
        written(STATEMENT).replace("Đồng ý".encode(), " Đồng ý".encode()),
        written(STATEMENT).replace("Đồng ý".encode(), "Đồng\\u200bý".encode()),
        written(STATEMENT).replace(b'"reservation":false', b'"reservation":0'),
        b"[" * 100_000, b'{"a":' * 50_000, b" " * (5 << 20), written(DEFINITION),
    ],
)  # fmt: skip
def test_bytes_that_were_not_written_by_us_are_no_answer(hostile):
    with pytest.raises(ValueError, match=r"."):
        parse_answer(hostile)


@pytest.mark.parametrize(
    "hostile",
    [written(STATEMENT), written(DEFINITION).replace(b'"round":1', b'"round":1,"round":1'),
     written(DEFINITION).replace("định danh".encode(), unicodedata.normalize("NFD", "định danh").encode()),
     written(DEFINITION).replace(b'"round":1', b'"round":' + b"1" * 30), written({**DEFINITION, "more": 1})],
)  # fmt: skip
def test_bytes_that_were_not_written_by_us_are_no_slip(hostile):
    with pytest.raises(ValueError, match=r"."):
        parse_slip_definition(hostile)


@pytest.mark.parametrize(
    ("choice", "said", "counted"),
    [(None, "", None), (None, "Ghi rõ", "other"), ("agree", "Ghi rõ", "agree"), ("agree", "", "agree")],
)
def test_an_article_that_is_only_written_about_has_another_opinion(choice, said, counted):
    """rule:R76"""
    assert article_choice(choice, said) == counted
