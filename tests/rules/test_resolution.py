"""The structured text of a Resolution has one shape and one spelling."""

import json
import unicodedata

import pytest
from hypothesis import given

from app.workflows.rules.canonical import canonical
from app.workflows.rules.resolution import (
    MOST_ARTICLES,
    MOST_CLAUSE,
    MOST_POINTS,
    MOST_SUBJECT,
    annex_name,
    formula,
    parse_text,
    point_letter,
    resolution_text,
    roman,
    strings,
)
from tests.rules.resolution_case import FIELDS, example, fields, texts

BARE = {"heading": "", "intro": "", "clauses": []}


def with_article(**parts):
    return fields(articles=[{**BARE, **parts}])


def test_the_formula_names_the_body():
    """rule:R21"""
    assert formula("Chính phủ") == "Trên cơ sở kết quả biểu quyết của các Thành viên Chính phủ"
    assert formula("Ủy ban nhân dân tỉnh Lào Cai").endswith("các Thành viên Ủy ban nhân dân tỉnh Lào Cai")


def test_a_text_comes_back_from_its_canonical_bytes():
    text = example()
    assert text == {"v": 1, "ctx": "vn.ecabinet.resolution_text.v1", "kind": "resolution", **FIELDS}
    assert parse_text(canonical(text)) == text


@given(texts)
def test_every_text_comes_back_from_its_canonical_bytes(text):
    assert parse_text(canonical(text)) == text


def test_text_that_is_typed_becomes_clean():
    typed = unicodedata.normalize("NFD", "  Về  phát\u00a0triển ")
    text = resolution_text(**fields(subject=typed, articles=[{**BARE, "intro": " Một.\r\n\n\tHai. "}]))
    assert text["subject"] == "Về phát triển"
    assert text["articles"][0]["intro"] == "Một.\nHai."


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.update(subject="Về  hai khoảng trắng"),
        lambda text: text.update(subject="Về phát\u00a0triển"),
        lambda text: text["articles"][0].update(intro="Một. \nHai."),
        lambda text: text.update(number="115"),
        lambda text: text.pop("archive"),
        lambda text: text.update(v=2),
        lambda text: text.update(kind="decision"),
        lambda text: text.update(ctx="vn.ecabinet.ballot.v1"),
    ],
)
def test_bytes_that_say_anything_else_are_refused(spoil):
    text = example()
    spoil(text)
    with pytest.raises(ValueError, match=r"space|missing or unknown|must be"):
        parse_text(canonical(text))


def test_the_same_text_in_another_spelling_is_refused():
    with pytest.raises(ValueError, match="canonical"):
        parse_text(json.dumps(example(), ensure_ascii=False).encode())


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (fields(subject=""), "subject: must not be empty"),
        (fields(subject="x" * (MOST_SUBJECT + 1)), "subject: has more than 500"),
        (fields(subject="Về\nhai dòng"), "subject: must stand on one line"),
        (fields(subject="Về\u200bviệc"), r"subject: .*U\+200B"),
        (fields(subject="Về \u202eviệc"), r"subject: .*U\+202E"),
        (fields(subject=7), "subject: must be text"),
        (fields(bases=["Căn cứ Luật;"]), r"bases: \[0\]: the hyphen"),
        (fields(recipients=["- Văn phòng Quốc hội"]), r"recipients: \[0\]: the hyphen"),
        (fields(recipients=["Văn phòng Quốc hội."]), r"recipients: \[0\]: the hyphen"),
        (fields(formula=f"{formula('Chính phủ')}."), "formula: the hyphen"),
        (fields(bases=["Căn cứ Luật"] * 51), "bases: has more than 50 entries"),
        (fields(articles=[BARE] * (MOST_ARTICLES + 1)), "articles: has more than 200"),
        (with_article(clauses=[{"text": "", "points": []}]), r"articles: \[0\]: clauses: \[0\]: text: must not be"),
        (with_article(clauses=[{"text": "x" * (MOST_CLAUSE + 1), "points": []}]), "more than 10000"),
        (with_article(clauses=[{"text": "Gồm:", "points": ["x"] * (MOST_POINTS + 1)}]), "points: has more than 23"),
        (with_article(clauses=[{"text": "Gồm.", "points": [], "number": 1}]), "missing or unknown: number"),
        (with_article(heading="Mục tiêu."), "without a stop"),
        (with_article(heading="Mục tiêu\nYêu cầu"), "one line"),
        (with_article(intro="Thi hành./."), "belongs to the printed document"),
        (fields(annexes=[{"title": "", "paragraphs": []}]), "title: must not be empty"),
        (fields(annexes=[{"title": "Phụ lục II", "paragraphs": []}]), "numbers of annexes"),
        (fields(annexes=[{"title": "Danh mục", "paragraphs": ["x" * 10_000] * 41}]), "more than 400000"),
    ],
)  # fmt: skip
def test_another_shape_is_refused_and_the_place_is_named(changed, reason):
    with pytest.raises(ValueError, match=reason):
        resolution_text(**changed)


@pytest.mark.parametrize(
    "numbered",
    ["1. Giao Bộ", "a) Giao Bộ", "Điều 2. Giao Bộ", "đ) Giao Bộ", "1) Giao Bộ", "a. Giao Bộ", "2.1. Giao Bộ",
     "Khoản 1. Giao Bộ", "Giao Bộ:\n1. Một", "Phụ lục I"],
)  # fmt: skip
def test_a_number_is_never_stored(numbered):
    for changed in (
        with_article(intro=numbered),
        with_article(clauses=[{"text": numbered, "points": []}]),
        with_article(clauses=[{"text": "Gồm:", "points": [numbered]}]),
    ):
        with pytest.raises(ValueError, match="numbers follow from the place"):
            resolution_text(**changed)


@pytest.mark.parametrize(
    "words",
    ["1.000 tỷ đồng được bố trí.", "27 thành viên Chính phủ.", "Điều 5 Luật Ngân sách nhà nước được áp dụng.",
     "khoản 2 Điều này không áp dụng.", "Phụ lục kèm theo Nghị quyết này.", "VT. lưu hồ sơ.", "3,5% tổng chi."],
)  # fmt: skip
def test_a_figure_at_the_beginning_is_no_number_of_a_clause(words):
    assert resolution_text(**with_article(intro=words))["articles"][0]["intro"] == words


def test_points_follow_the_vietnamese_alphabet():
    """rule:R20"""
    letters = [point_letter(position) for position in range(1, MOST_POINTS + 1)]
    assert letters[:9] == ["a", "b", "c", "d", "đ", "e", "g", "h", "i"]
    assert not {"f", "j", "w", "z", "ă", "â", "ê", "ô", "ơ", "ư"} & set(letters)
    assert len(set(letters)) == 23
    for position in (0, MOST_POINTS + 1):
        with pytest.raises(ValueError, match="1 to 23"):
            point_letter(position)


@pytest.mark.parametrize(
    ("number", "numeral"), [(1, "I"), (4, "IV"), (9, "IX"), (14, "XIV"), (49, "XLIX"), (89, "LXXXIX")]
)
def test_annexes_are_numbered_in_roman(number, numeral):
    assert roman(number) == numeral
    for outside in (0, 90):
        with pytest.raises(ValueError, match="LXXXIX"):
            roman(outside)


def test_a_single_annex_has_no_number():
    assert [annex_name(1, 1), annex_name(1, 2), annex_name(2, 2)] == ["Phụ lục", "Phụ lục I", "Phụ lục II"]


def test_every_text_of_a_structure_is_found():
    found = list(strings(FIELDS))
    assert "Danh mục nhiệm vụ" in found
    assert len(found) == 22
