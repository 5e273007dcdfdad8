"""What a closed slip says, from signed data only; both counts of it agree."""

import ast
import copy
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.workflows.rules import slip_recount as module
from app.workflows.rules.canonical import canonical, digest
from app.workflows.rules.slip_parameters import SlipParameters
from app.workflows.rules.slip_recount import recount_slip, slip_contradictions
from app.workflows.rules.slip_result import slip_result, ways_on
from tests.rules.slip_case import AGREES, DEADLINE, MAIN, NOTHING, SlipCase, part, question

PICK = question(2, "pick", options=("Phương án 1", "Phương án 2", "Phương án 3"))
ARTICLES = [{"index": number, "label": f"Điều {number}", "title": ""} for number in (1, 2, 3)]


def result(case):
    return slip_result(case.definition, case.log, case.answers)


def counted(case):
    """The result, once the second count agrees with it."""
    found = result(case)
    again = recount_slip(canonical(case.definition), [canonical(each["statement"]) for each in case.answers])
    assert slip_contradictions(found, again) == []
    return found


def decisive(found):
    return found["questions"][found["main"] - 1]


BOUNDARY = [
    # members, agree, disagree, other, silence, counted for, outcome
    (27, 14, 13, 0, NOTHING, 14, "adopted"),
    (27, 13, 14, 0, NOTHING, 13, "not_adopted"),
    (27, 13, 10, 4, NOTHING, 13, "not_adopted"),
    (27, 13, 13, 1, NOTHING, 13, "adopted"),  # a tie, and the head (the first) agrees
    (26, 13, 13, 0, NOTHING, 13, "adopted"),
    (26, 14, 12, 0, NOTHING, 14, "adopted"),
    (26, 13, 12, 1, NOTHING, 13, "not_adopted"),
    (25, 13, 12, 0, NOTHING, 13, "adopted"),
    (25, 12, 12, 1, NOTHING, 12, "adopted"),
    (25, 12, 13, 0, NOTHING, 12, "not_adopted"),
    (27, 10, 13, 0, AGREES, 14, "adopted"),  # 10 and 4 deemed
    (27, 10, 5, 9, AGREES, 13, "not_adopted"),  # 10 and 3 deemed
    (27, 12, 8, 3, AGREES, 16, "adopted"),
    (27, 12, 8, 3, NOTHING, 12, "not_adopted"),
    (27, 0, 0, 0, AGREES, 27, "adopted"),
    (27, 0, 0, 0, NOTHING, 0, "undecided"),
    (27, 0, 27, 0, AGREES, 0, "not_adopted"),
    (1, 1, 0, 0, NOTHING, 1, "adopted"),
]


@pytest.mark.parametrize(("members", "agree", "disagree", "other", "rules", "counted_for", "outcome"), BOUNDARY)
def test_more_than_half_of_all_members_adopt_and_deemed_agreement_counts_where_the_rules_say_so(
    members, agree, disagree, other, rules, counted_for, outcome
):
    """rule:R1, rule:R2, rule:R60"""
    found = counted(SlipCase(members=members, parameters=rules).all_say(agree, disagree, other).close())
    silent = members - agree - disagree - other
    deemed = silent if rules is AGREES else 0
    main = decisive(found)
    assert (main["counted_for"], main["outcome"], found["outcome"]) == (counted_for, outcome, outcome)
    assert [main[name] for name in ("agree", "disagree", "other", "deemed", "missing")] == [
        agree, disagree, other, deemed, silent - deemed,
    ]  # fmt: skip
    assert (len(found["deemed"]), len(found["missing"])) == (deemed, silent - deemed)
    assert found["answered"] == len(found["answers"]) == members - silent


@pytest.mark.parametrize(
    ("said", "rules", "outcome"),
    [("agree", NOTHING, "adopted"), ("disagree", NOTHING, "not_adopted"), ("other", NOTHING, "undecided"),
     (None, NOTHING, "undecided"), ("agree", SlipParameters(tie="fails"), "not_adopted")],
)  # fmt: skip
def test_a_tie_follows_what_the_head_has_answered(said, rules, outcome):
    """rule:R2"""
    case = SlipCase(parameters=rules)
    others = {"agree": (12, 13), "disagree": (13, 12)}.get(said, (13, 13))
    if said:
        case.answer(1, said)
    found = counted(case.all_say(*others, 0, first=2).close())
    main = decisive(found)
    assert (main["agree"], main["disagree"]) == (13, 13)
    assert (found["outcome"], main["head_choice"]) == (outcome, said)
    assert main["by_head"] is (said in ("agree", "disagree") and rules is NOTHING)


def test_a_deemed_answer_of_the_head_makes_a_tie_and_never_breaks_it():
    """rule:R2, rule:R60"""
    case = SlipCase(members=26).all_say(12, 13, 0, first=2)
    found = counted(case.close())
    assert [entry["member"] for entry in found["deemed"]] == ["M01"]
    assert (decisive(found)["counted_for"], decisive(found)["disagree"], found["outcome"]) == (13, 13, "undecided")
    assert "không trả lời đồng ý hoặc không đồng ý nên chưa có quyết định" in found["sentence"]


def test_a_body_without_a_head_decides_no_tie():
    roll = SlipCase(members=26).definition["roll"]
    case = SlipCase(members=26, parameters=NOTHING, roll=[{**entry, "head": False} for entry in roll])
    found = counted(case.all_say(13, 13, 0).close())
    assert found["outcome"] == "undecided"
    assert "Chính phủ không có người đứng đầu" in found["sentence"]


def test_another_majority_is_counted_of_all_members():
    rules = SlipParameters(silence="agree", majority_numerator=2, majority_denominator=3)
    found = counted(SlipCase(parameters=rules).all_say(14, 9, 0).close())
    assert (decisive(found)["threshold"], decisive(found)["counted_for"], found["outcome"]) == (19, 18, "not_adopted")


def test_the_sentence_keeps_cast_deemed_and_missing_apart_and_cites_the_rules():
    """rule:R60"""
    with_deemed = result(SlipCase().all_say(12, 8, 3).close())["sentence"]
    assert with_deemed == (
        "Kết quả lấy ý kiến: tán thành 16/27 thành viên Chính phủ (trong đó mặc nhiên đồng ý: 4), đạt 59,3% tổng số "
        "thành viên; không đồng ý: 8; ý kiến khác: 3; chưa trả lời: 0. Nội dung lấy ý kiến được thông qua do có quá "
        "nửa tổng số thành viên Chính phủ tán thành (cần ít nhất 14 thành viên). Áp dụng bộ quy tắc QC-191-2026: "
        "Điều 7, Điều 17 Quy chế làm việc của Chính phủ."
    )
    without = result(SlipCase(parameters=NOTHING).all_say(12, 8, 3).close())["sentence"]
    assert "tán thành 12/27 thành viên Chính phủ, đạt 44,4%" in without
    assert "chưa trả lời: 4. Nội dung lấy ý kiến không được thông qua" in without


def test_questions_are_counted_by_their_kind():
    questions = [MAIN, PICK, question(3, "text"), question(4, "articles"), question(5)]
    case = SlipCase(questions=questions, articles=ARTICLES)
    opined = [{"article": 1, "choice": "disagree", "text": "Bỏ"}, {"article": 3, "choice": None, "text": "Sửa câu chữ"}]
    case.say(1, part(1, "agree"), part(2, option=2), part(3, text="Thêm phụ lục"), part(4), part(5, "disagree"))
    case.say(2, part(1, "other"), part(2, option=2), part(3), part(4, articles=opined), part(5))
    case.say(3, part(1, "agree"), part(2), part(3), part(4, text="Nhất trí"), part(5, "agree"))
    found = counted(case.close())
    main, pick, text, articles, second = found["questions"]
    assert (main["agree"], main["other"], main["deemed"], main["outcome"]) == (2, 1, 24, "adopted")
    assert [(each["option"], each["count"]) for each in pick["options"]] == [(1, 0), (2, 2), (3, 0)]
    assert (pick["deemed"], pick["missing"]) == (0, 25)
    assert (text["spoken"], text["missing"]) == (1, 26)
    assert (articles["spoken"], articles["missing"]) == (2, 25)
    assert articles["articles"][0] == {
        "article": 1, "agree": 0, "disagree": 1, "other": 0, "deemed": 24, "missing": 2,
    }  # fmt: skip
    assert (second["agree"], second["disagree"], second["deemed"], second["missing"]) == (1, 1, 24, 1)
    assert found["outcome"] == main["outcome"]


def test_a_slip_that_asks_nobody_s_consent_has_no_outcome_and_nothing_to_decide():
    case = SlipCase(questions=[question(1, "pick", options=("A", "B"))])
    found = counted(case.say(1, part(1, option=1)).close())
    assert (found["main"], found["outcome"], found["ways"]) == (None, None, [])
    assert "1/27 thành viên Chính phủ đã trả lời" in found["sentence"]


@pytest.mark.parametrize(
    ("outcome", "ways"),
    [("adopted", ("submit",)), ("not_adopted", ("submit", "session", "return")),
     ("undecided", ("submit", "session", "return")), (None, ())],
)  # fmt: skip
def test_without_a_majority_there_are_exactly_three_ways_on(outcome, ways):
    """rule:R11"""
    assert ways_on(outcome) == ways


def test_the_last_answer_stands_and_every_one_is_kept_in_the_log():
    case = SlipCase().answer(1, "disagree").answer(2, "agree").answer(1, "agree").close()
    found = counted(case)
    assert [(each["member"], each["leaf_seq"]) for each in found["answers"]] == [("M01", 3), ("M02", 2)]
    assert (decisive(found)["agree"], found["log"]["size"]) == (2, 5)


def test_extensions_and_an_early_close_stand_in_the_result():
    later = "2026-08-06T10:00:00Z"
    case = SlipCase().extend(DEADLINE, later, "2026-08-04T02:00:00Z")
    case.all_say(27, 0, 0).close("2026-08-05T11:00:00Z", "Tất cả thành viên đã trả lời")
    found = counted(case)
    assert (found["deadline_at"], found["early"]) == (later, "Tất cả thành viên đã trả lời")
    assert [(each["before"], each["after"]) for each in found["extensions"]] == [(DEADLINE, later)]


# -- what contradicts is never counted --------------------------------------------------------------------------------


def _of_another_slip(case):
    case.say(2, part(1, "agree"), slip_id=6)


def _of_another_definition(case):
    case.say(2, part(1, "agree"), slip_hash=f"sha256:{'0' * 64}")


def _of_a_stranger(case):
    case.say(2, part(1, "agree"), member="M99", roll_index=99)


def _in_another_s_name(case):
    case.say(2, part(1, "agree"))
    case.log[-1]["member"] = "M03"


def _a_second_first_answer(case):
    case.answer(1, "disagree", supersedes=None)


def _one_nonce_twice(case):
    case.answer(2, "agree", nonce=case.answers[0]["statement"]["nonce"])


def _that_saw_another_log(case):
    case.answer(2, "agree", seen={"size": 1, "root": "0" * 64})


def _that_saw_the_future(case):
    case.answer(2, "agree", seen={"size": 40, "root": "0" * 64})


@pytest.mark.parametrize(
    "wrong",
    [_of_another_slip, _of_another_definition, _of_a_stranger, _in_another_s_name, _a_second_first_answer,
     _one_nonce_twice, _that_saw_another_log, _that_saw_the_future],
)  # fmt: skip
def test_an_answer_that_cannot_be_is_never_counted(wrong):
    case = SlipCase().answer(1, "agree")
    wrong(case)
    with pytest.raises(ValueError, match=r"another slip|nobody|supersedes|nonce|another log"):
        result(case.close())


def test_a_member_without_a_certificate_is_deemed_and_cannot_answer():
    roll = SlipCase().definition["roll"]
    roll[2] |= {"certificate_sha256": None, "key_place": None}
    assert decisive(counted(SlipCase(roll=roll).all_say(2, 0, 0).close()))["deemed"] == 25
    with pytest.raises(ValueError, match="holds a certificate"):
        result(SlipCase(roll=roll).answer(3, "agree").close())


def test_a_change_is_refused_where_the_rules_allow_none():
    rules = SlipParameters(answer_change_allowed=False)
    with pytest.raises(ValueError, match="answered twice"):
        result(SlipCase(parameters=rules).answer(1, "agree").answer(1, "other").close())


def _lost(case):
    del case.answers[0]


def _doubled(case):
    case.answers.append(copy.deepcopy(case.answers[0]))


def _described_otherwise(case):
    case.answers[0]["leaf_seq"] = 2


def _deeming_somebody_else(case):
    case.log[-1]["deemed"] = case.log[-1]["deemed"][1:]


def _opened_for_another(case):
    case.log[0]["slip_hash"] = f"sha256:{'0' * 64}"


def _with_another_deadline(case):
    case.log[0]["deadline_at"] = "2026-08-04T10:00:00Z"


@pytest.mark.parametrize(
    "tampered",
    [_lost, _doubled, _described_otherwise, _deeming_somebody_else, _opened_for_another, _with_another_deadline],
)
def test_a_log_that_says_otherwise_is_never_counted(tampered):
    case = SlipCase().answer(1, "agree").close()
    tampered(case)
    with pytest.raises(ValueError, match=r"not in the log|missing|otherwise than|deems others|another definition"):
        result(case)


def test_a_slip_that_was_recalled_has_no_result():
    with pytest.raises(ValueError, match="recalled has no result"):
        result(SlipCase().answer(1, "agree").recall())


# -- the second count -------------------------------------------------------------------------------------------------


def test_the_second_count_uses_nothing_of_the_first():
    imported = [
        node.module if isinstance(node, ast.ImportFrom) else name.name
        for node in ast.walk(ast.parse(Path(module.__file__).read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    ]
    assert [name for name in imported if name.startswith("app")] == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"outcome": "not_adopted"}, ["outcome"]), ({"members": 26}, ["members"]),
        ({"silence": "nothing"}, ["silence"]), ({"deemed": []}, ["deemed"]),
        ({"slip_hash": "sha256:0"}, ["slip_hash"]), ({"answered": 3}, ["answered"]),
        ({"answers": []}, ["standing"]), ({"questions": []}, ["question 1", "question 2"]),
    ],
)  # fmt: skip
def test_every_difference_is_named(change, named):
    """rule:R45"""
    case = SlipCase(questions=[MAIN, PICK]).answer(1, "agree").close()
    again = recount_slip(canonical(case.definition), [canonical(each["statement"]) for each in case.answers])
    assert slip_contradictions({**result(case), **change}, again) == named


@pytest.mark.parametrize("name", ["agree", "disagree", "other", "deemed", "missing", "counted_for", "threshold"])
def test_a_number_of_a_question_that_differs_is_named(name):
    """rule:R45"""
    case = SlipCase().all_say(12, 8, 3).close()
    found = counted(case)
    again = recount_slip(canonical(case.definition), [canonical(each["statement"]) for each in case.answers])
    found["questions"][0][name] += 1
    assert slip_contradictions(found, again) == ["question 1"]


CHOICE = st.sampled_from(["agree", "disagree", "other"])
OPTION = st.none() | st.integers(1, 3)
ANSWERS = st.lists(st.tuples(st.integers(1, 9), CHOICE, OPTION, st.none() | CHOICE), max_size=14)
RULES = st.builds(
    SlipParameters, silence=st.sampled_from(["agree", "nothing"]), tie=st.sampled_from(["head", "fails"]),
    majority_denominator=st.sampled_from([3, 4]), majority_numerator=st.just(2),
) | st.sampled_from([AGREES, NOTHING])  # fmt: skip


def answered(given_answers, rules, order=None):
    questions = [MAIN, PICK, question(3, "articles")]
    case = SlipCase(members=9, parameters=rules, questions=questions, articles=ARTICLES)
    for index, choice, option, mark in order or given_answers:
        marks = [{"article": 2, "choice": mark, "text": ""}] if mark else []
        case.say(index, part(1, choice), part(2, option=option), part(3, articles=marks))
    return case.close()


@settings(max_examples=120, deadline=None)
@given(ANSWERS, RULES)
def test_both_counts_agree_and_every_question_adds_up_to_all_members(given_answers, rules):
    """rule:R45, rule:R60"""
    found = counted(answered(given_answers, rules))
    main, pick, articles = found["questions"]
    columns = ("agree", "disagree", "other", "deemed", "missing")
    for each in (main, *articles["articles"]):
        assert sum(each[name] for name in columns) == 9
    assert sum(each["count"] for each in pick["options"]) + pick["missing"] == 9
    assert found["answered"] + len(found["deemed"]) + len(found["missing"]) == 9


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.integers(1, 9), st.tuples(CHOICE, OPTION, st.none())), RULES, st.data())
def test_the_order_of_the_answers_does_not_matter(by_member, rules, data):
    given_answers = [(index, *said) for index, said in by_member.items()]
    order = data.draw(st.permutations(given_answers))
    one, other = counted(answered(given_answers, rules)), counted(answered(given_answers, rules, order))
    same = ("questions", "outcome", "sentence", "ways", "deemed", "missing")
    assert {name: one[name] for name in same} == {name: other[name] for name in same}


def test_the_result_of_the_same_bytes_is_the_same():
    first, second = (SlipCase().all_say(12, 8, 3).close() for _ in range(2))
    assert digest(canonical(result(first))) == digest(canonical(result(second)))
