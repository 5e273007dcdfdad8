"""What an official document must say before it is presented."""

import unicodedata

import pytest
from hypothesis import given

from app.workflows.rules.completeness import Finding, advice, completeness
from app.workflows.rules.resolution import formula, resolution_text
from tests.rules.resolution_case import BODY, example, fields, texts

BARE = {"heading": "", "intro": "", "clauses": []}
CODES = [
    "subject_present", "subject_stop", "subject_case", "bases_present", "base_opening", "formula_last",
    "formula_exact", "articles_present", "articles_filled", "words_present", "references", "recipients_present",
    "recipients_once", "recipients_archive", "archive_present", "letters", "placeholders",
]  # fmt: skip


def against(text, body=BODY, **issue):
    """What speaks against a text, by code."""
    return {finding.code: finding.found for finding in completeness(text, body, **issue) if not finding.ok}


def saying(*paragraphs):
    return example(articles=[{**BARE, "intro": paragraph} for paragraph in paragraphs])


def test_a_whole_text_passes_every_check():
    """rule:R22"""
    found = completeness(example(), BODY, symbol="NQ-CP", signer="Nguyễn Văn Giả Định", authority=("TM.", "THỦ TƯỚNG"))
    assert [finding.code for finding in found] == [*CODES, "symbol_form", "signer_named", "authority_named"]
    assert all(finding == Finding(finding.code, True, "", "") for finding in found)


@pytest.mark.parametrize(
    ("changed", "code", "found"),
    [
        ({"subject": "Về một số giải pháp."}, "subject_stop", "Về một số giải pháp."),
        ({"subject": "Về một số giải pháp:"}, "subject_stop", "Về một số giải pháp:"),
        ({"subject": "về một số giải pháp"}, "subject_case", "về một số giải pháp"),
        ({"subject": "VỀ MỘT SỐ GIẢI PHÁP"}, "subject_case", "VỀ MỘT SỐ GIẢI PHÁP"),
        ({"subject": "“về” một số giải pháp"}, "subject_case", "“về” một số giải pháp"),
        ({"bases": []}, "bases_present", "Căn cứ ban hành"),
        ({"bases": ["Căn cứ Luật", "Luật Ngân sách"]}, "base_opening", "Luật Ngân sách"),
        ({"bases": ["Căn cứu Luật"]}, "base_opening", "Căn cứu Luật"),
        ({"bases": [formula(BODY), "Căn cứ Luật"]}, "formula_last", formula(BODY)),
        ({"formula": ""}, "formula_exact", "Câu về kết quả biểu quyết"),
        ({"formula": formula("Bộ Tài chính")}, "formula_exact", formula("Bộ Tài chính")),
        ({"articles": []}, "articles_present", "Điều 1"),
        ({"articles": [{**BARE, "intro": "Một."}, {**BARE, "heading": "Tên"}]}, "articles_filled", "Điều 2"),
        ({"articles": [{**BARE, "clauses": [{"text": "–", "points": []}]}]}, "words_present", "Điều 1, khoản 1"),
        ({"articles": [{**BARE, "clauses": [{"text": "Gồm:", "points": ["Một;", ";"]}]}]}, "words_present",
         "Điều 1, khoản 1, điểm b"),
        ({"recipients": []}, "recipients_present", "Nơi nhận"),
        ({"recipients": ["Văn phòng Quốc hội", "văn phòng Quốc hội"]}, "recipients_once", "Văn phòng Quốc hội"),
        ({"recipients": ["Lưu: VT, TH"]}, "recipients_archive", "Lưu: VT, TH"),
        ({"archive": ""}, "archive_present", "Lưu"),
        ({"archive": "TH, VT"}, "archive_present", "TH, VT"),
        ({"archive": "VTS, TH"}, "archive_present", "VTS, TH"),
    ],
)  # fmt: skip
def test_what_is_missing_or_odd_is_named(changed, code, found):
    """rule:R22"""
    assert against(example(**changed)) == {code: found}


@pytest.mark.parametrize("opening", ["Căn cứ", "Theo đề nghị", "Xét", "Trên cơ sở"])
def test_a_base_opens_as_bases_do(opening):
    assert against(example(bases=[f"{opening} của Bộ trưởng"])) == {}


@pytest.mark.parametrize("archive", ["VT", "VT, KTTH (2)", "VT (05)", "VT; TH"])
def test_the_records_office_keeps_the_original(archive):
    assert against(example(archive=archive)) == {}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("Bố trí … tỷ đồng.", "…"),
        ("Bố trí ... tỷ đồng.", "..."),
        ("Trước ngày ____ năm 2026.", "____"),
        ("Giao [tên cơ quan] thực hiện.", "[tên cơ quan]"),
        ("Giao [ ] thực hiện.", "[ ]"),
        ("Giao {ministry} thực hiện.", "{ministry}"),
        ("Giao <cơ quan> thực hiện.", "<cơ quan>"),
        ("Theo Tờ trình số " + "X" * 3 + ".", "X" * 3),
        ("Theo Tờ trình số xxxx/TTr.", "xxxx"),
        ("Lorem ipsum.", "Lorem"),
        ("Bố trí ??? tỷ đồng.", "???"),
    ],
)
def test_a_placeholder_is_found_where_it_stands(words, found):
    """rule:R22"""
    assert against(saying("Một.", words)) == {"placeholders": f"Điều 2: {found}"}


@pytest.mark.parametrize(
    "words",
    [
        "Gồm điện, nước, v.v…",
        "Gồm điện, nước, v.v...",
        "Tăng trên 8% (05 tháng).",
        "Mức < 5% và > 2%.",
        "Số 1.000.000.",
    ],
)
def test_what_only_looks_like_a_placeholder_passes(words):
    assert against(saying(words)) == {}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("Thực hiện Điều 9 Nghị quyết này.", "Điều 2: Điều 9"),
        ("Thực hiện khoản 3 Điều 1 của Nghị quyết này.", "Điều 2: khoản 3 Điều 1"),
        ("Thực hiện điểm đ khoản 1 Điều 1 Nghị quyết này.", "Điều 2: điểm đ khoản 1 Điều 1"),
        ("Thực hiện khoản 1 Điều này.", "Điều 2: khoản 1 Điều 2"),
        ("Theo Phụ lục II kèm theo Nghị quyết này.", "Điều 2: Phụ lục II"),
    ],
)
def test_a_reference_to_what_is_not_there_is_found(words, found):
    """rule:R22"""
    clauses = [{"text": "Gồm:", "points": ["Một;", "Hai."]}, {"text": "Ba.", "points": []}]
    text = example(articles=[{**BARE, "clauses": clauses}, {**BARE, "intro": words}])
    assert against(text) == {"references": found}


def test_references_to_what_is_there_and_to_other_texts_pass():
    clauses = [{"text": "Gồm:", "points": ["Một;", "Như điểm a khoản 1 Điều này."]}, {"text": "Ba.", "points": []}]
    words = (
        "Thực hiện Điều 1, khoản 2 Điều 1, Điểm b khoản 1 Điều 1 Nghị quyết này, Điều 99 Luật Ngân sách nhà nước và "
        "Phụ lục I kèm theo Nghị quyết này."
    )
    assert against(example(articles=[{**BARE, "clauses": clauses}, {**BARE, "intro": words}])) == {}


def test_letters_that_are_decomposed_or_hidden_are_found():
    for odd in (unicodedata.normalize("NFD", "phố"), "phố\u200b"):
        text = example()
        text["articles"][0]["intro"] = odd
        assert against(text) == {"letters": "Điều 1"}


@pytest.mark.parametrize(
    ("issue", "code"),
    [
        ({"symbol": ""}, "symbol_form"),
        ({"symbol": "NQ/CP"}, "symbol_form"),
        ({"signer": ""}, "signer_named"),
        ({"signer": "Giả"}, "signer_named"),
        ({"authority": ()}, "authority_named"),
        ({"authority": ("TM. CHÍNH PHỦ",)}, "authority_named"),
        ({"authority": ("TM. CHÍNH PHỦ", "")}, "authority_named"),
    ],
)
def test_number_signer_and_authority_are_checked_where_they_are_given(issue, code):
    assert list(against(example(), **issue)) == [code]


def test_another_body_wants_its_own_formula():
    """rule:R22"""
    body = "Ủy ban nhân dân tỉnh Lào Cai"
    finding = next(each for each in completeness(example(), body) if not each.ok)
    assert (finding.code, finding.found, finding.wanted) == ("formula_exact", formula(BODY), formula(body))


@given(texts)
def test_every_check_is_answered_for_every_text(text):
    found = completeness(text, BODY)
    assert [finding.code for finding in found] == CODES
    assert all(finding.ok == (not finding.found) for finding in found)
    assert [finding.code for finding in advice(text)] == [
        "subject_opening", "lone_clause", "lone_point", "sentence_end", "in_force",
    ]  # fmt: skip


def test_advice_names_what_is_unusual_and_nothing_else():
    lone = [{"text": "Gồm:", "points": ["Một"]}]
    text = resolution_text(**fields(subject="Một số giải pháp", articles=[{**BARE, "clauses": lone}]))
    assert {finding.code: finding.found for finding in advice(text)} == {
        "subject_opening": "Một số giải pháp",
        "lone_clause": "Điều 1",
        "lone_point": "Điều 1, khoản 1",
        "sentence_end": "Điều 1, khoản 1, điểm a",
        "in_force": "Điều …",
    }
    assert all(finding.ok for finding in advice(example()))
