"""The clerk's notation: tolerant of space, strict about order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workflows.rules.drafting import (
    NotationError,
    article_lines,
    read_body,
    read_line,
    read_lines,
    split_archive,
    write_body,
    write_lines,
)
from app.workflows.rules.resolution import MOST_CLAUSE, POINT_LETTERS, resolution_text
from tests.rules.resolution_case import BODY_NOTATION, FIELDS, example, fields, listed, texts

CLAUSES = "Điều 1. Tên\n1. Gồm:\n"


def test_the_notation_reads_as_it_is_printed():
    """rule:R20"""
    assert read_body(BODY_NOTATION) == (FIELDS["articles"], FIELDS["annexes"])
    assert write_body(example()) == BODY_NOTATION


@given(texts)
def test_what_is_written_is_read_back_as_it_was(text):
    assert read_body(write_body(text)) == (text["articles"], text["annexes"])


@given(texts, st.sampled_from((" ", "\u00a0", "\t", "\r")), st.sampled_from(("\n", "\n\n", "\r\n")))
def test_space_never_matters(text, space, line_end):
    loose = write_body(text).replace(" ", f" {space} ".replace("\r", "")).replace("\n", line_end)
    assert read_body(f"\n{loose}\n") == (text["articles"], text["annexes"])


notation = st.lists(st.sampled_from([*"abđ12./):; \n\n", "\nĐiều 1.", "\n1. ", "\na) ", "\nPhụ lục I\n", "./."])).map(
    "".join
)


@given(st.text(max_size=200) | notation)
def test_any_text_is_read_into_a_valid_shape_or_refused_at_a_line(typed):
    refused = None
    try:
        articles, annexes = read_body(typed)
    except NotationError as error:
        refused = error
    if refused:
        assert 1 <= refused.line <= len(typed.split("\n"))
        assert set(refused.details) == {"line", "found", "expected"}
        return
    read = resolution_text(**fields(articles=articles, annexes=annexes))
    assert read_body(write_body(read)) == (articles, annexes)


def test_nothing_typed_is_no_article():
    assert read_body(" \n\n") == ([], [])


@pytest.mark.parametrize(
    ("typed", "heading", "intro"),
    [
        ("Điều 1. Mục tiêu", "Mục tiêu", ""),
        ("ĐIỀU 1: Mục tiêu", "Mục tiêu", ""),
        ("Điều 1", "", ""),
        ("Điều 1.Mục tiêu", "Mục tiêu", ""),
        ("Điều 1. Nghị quyết này có hiệu lực từ ngày ký.", "", "Nghị quyết này có hiệu lực từ ngày ký."),
        ("Điều 1. Thông qua Đề án, gồm:\nPhần một", "", "Thông qua Đề án, gồm:\nPhần một"),
        ("Điều 1.\nMục tiêu", "", "Mục tiêu"),
        ("Điều 1. Mục tiêu\nĐiều 5 Luật này được áp dụng.", "Mục tiêu", "Điều 5 Luật này được áp dụng."),
        ("Điều 1. Thi hành Nghị quyết này./.", "", "Thi hành Nghị quyết này."),
        ("Điều 1. Thi\u00ad hành\ufeff", "Thi hành", ""),
    ],
)
def test_the_line_of_an_article_is_its_heading_unless_it_ends_with_a_stop(typed, heading, intro):
    [article], _annexes = read_body(typed)
    assert (article["heading"], article["intro"]) == (heading, intro)


def test_a_line_without_a_number_belongs_to_what_stands_before_it():
    [article], _annexes = read_body("Điều 1. Tên\nĐoạn.\nĐoạn hai.\n1. Khoản.\nĐoạn của khoản.\n2. Gồm:\na) Một\nthêm.")
    assert article["intro"] == "Đoạn.\nĐoạn hai."
    assert article["clauses"] == [
        {"text": "Khoản.\nĐoạn của khoản.", "points": []},
        {"text": "Gồm:", "points": ["Một\nthêm."]},
    ]


def test_the_closing_mark_of_the_document_is_left_to_the_paper():
    assert read_body("Điều 1. Một./.\n./.\nĐiều 2. Hai.")[0][0]["intro"] == "Một."
    assert read_body("Điều 1. Tên\n1. Thi hành./.")[0][0]["clauses"][0]["text"] == "Thi hành."
    assert read_body("Điều 1. Tên\n1. Gồm:\na) Thi hành ./.")[0][0]["clauses"][0]["points"] == ["Thi hành."]
    assert read_body("Điều 1. Thi hành./.\nPhụ lục I\nDanh mục\nHết./.") == (
        [{"heading": "", "intro": "Thi hành.", "clauses": []}],
        [{"title": "Danh mục", "paragraphs": ["Hết."]}],
    )


def test_the_letters_of_points_run_to_the_end_of_the_alphabet():
    """rule:R20"""
    typed = CLAUSES + "\n".join(f"{letter}) Điểm;" for letter in POINT_LETTERS)
    assert len(read_body(typed)[0][0]["clauses"][0]["points"]) == 23
    with pytest.raises(NotationError) as refused:
        read_body(typed + "\nz) Điểm.")
    assert (refused.value.code, refused.value.expected) == ("too_many", "23")


@pytest.mark.parametrize(
    ("typed", "code", "line", "found", "expected"),
    [
        ("Giao Bộ Tài chính", "article_expected", 1, "Giao Bộ Tài chính", "Điều 1."),
        ("\n1. Giao Bộ Tài chính", "article_expected", 2, "1. Giao Bộ Tài chính", "Điều 1."),
        ("Điều 2. Tên", "article_order", 1, "Điều 2", "Điều 1"),
        ("Điều 1. Tên\nĐiều 3. Tên", "article_order", 2, "Điều 3", "Điều 2"),
        ("Điều 1. Tên\nĐiều 1. Tên", "article_order", 2, "Điều 1", "Điều 2"),
        ("Điều 1. Tên\n2. Khoản", "clause_order", 2, "2.", "1."),
        ("Điều 1. Tên\n1. Khoản\n1. Khoản", "clause_order", 3, "1.", "2."),
        ("Điều 1. Tên\n1. Khoản\n3. Khoản", "clause_order", 3, "3.", "2."),
        ("Điều 1. Tên\na) Điểm", "point_without_clause", 2, "a)", "1."),
        (CLAUSES + "b) Điểm", "point_order", 3, "b)", "a)"),
        (CLAUSES + "a) Điểm\na) Điểm", "point_order", 4, "a)", "b)"),
        (CLAUSES + "a) M\nb) H\nc) B\nd) B\ne) N", "point_order", 7, "e)", "đ)"),
        (CLAUSES + "a) M\nb) H\nc) B\nd) B\nđ) N\nf) S", "point_order", 8, "f)", "e)"),
        (CLAUSES + "a) M\nb) H\nc) B\nd) B\nđ) N\ne) S\nf) B", "point_order", 9, "f)", "g)"),
        (CLAUSES + "A) Điểm", "point_order", 3, "A)", "a)"),
        ("Điều 1. Tên\n1.", "empty_mark", 2, "1.", ""),
        (CLAUSES + "a)", "empty_mark", 3, "a)", ""),
        ("Điều 1. Tên\n1) Khoản", "mark", 2, "1) Khoản", "1."),
        (CLAUSES + "a. Điểm", "mark", 3, "a. Điểm", "2. / a)"),
        (CLAUSES + "1.1. Tiểu khoản", "mark", 3, "1.1. Tiểu khoản", "2. / a)"),
        ("Điều 1. Tên\n1. a) Điểm", "mark", 2, "a) Điểm", ""),
        ("Điều 1. 1. Khoản", "mark", 1, "1. Khoản", ""),
        ("Điều 1. Tên\nPhụ lục II\nTên", "annex_order", 2, "Phụ lục II", "Phụ lục I"),
        ("Điều 1. Tên\nPhụ lục I\nTên\nPhụ lục III\nTên", "annex_order", 4, "Phụ lục III", "Phụ lục II"),
        ("Điều 1. Tên\nPhụ lục\nTên\nPhụ lục II\nTên", "annex_order", 2, "Phụ lục", "Phụ lục I"),
        ("Điều 1. Tên\nPhụ lục I\nTên\nPhụ lục 2\nTên", "annex_order", 4, "Phụ lục 2", "Phụ lục II"),
        ("Điều 1. Tên\nPhụ lục I", "annex_title", 2, "", ""),
        ("Điều 1. Tên\nPhụ lục I\nPhụ lục II", "annex_title", 3, "Phụ lục II", ""),
        ("Điều 1. Tên\n1. " + "x" * MOST_CLAUSE, "too_long", 2, "1. " + "x" * 37, "10000"),
        ("Điều 1. Tên\n" + "x" * 6000 + "\n" + "y" * 6000, "too_long", 3, "y" * 40, "10000"),
        ("\n".join(f"Điều {n}. Tên" for n in range(1, 202)), "too_many", 201, "Điều 201. Tên", "200"),
        ("Điều 1. Tên\n1. Khoản\u202e", "bad_letter", 2, "U+202E", ""),
        ("Điều 1. Tên\u200b\n1. Khoản\x07", "bad_letter", 2, "U+0007", ""),
        ("Điều 1.\u200e Tên", "bad_letter", 1, "U+200E", ""),
    ],
)
def test_what_is_out_of_order_is_named_with_its_line_and_what_was_expected(typed, code, line, found, expected):
    """rule:R20"""
    with pytest.raises(NotationError) as refused:
        read_body(typed)
    error = refused.value
    assert (error.code, error.line, error.found, error.expected) == (code, line, found, expected)


def test_lists_are_typed_one_a_line_with_or_without_hyphen_and_stop():
    typed = "\n - Thủ tướng Chính phủ;\n–Các bộ , cơ quan ngang bộ ;\r\n\n* Văn phòng Quốc hội./."
    assert read_lines(typed) == ["Thủ tướng Chính phủ", "Các bộ , cơ quan ngang bộ", "Văn phòng Quốc hội"]
    with pytest.raises(NotationError, match="line 2: bad_letter"):
        read_lines("Thủ tướng\nVăn\u202ephòng")


@pytest.mark.parametrize(
    ("typed", "code", "line"), [("ngắn\n" + "x" * 21, "too_long", 2), ("a\nb\n\nc", "too_many", 4)]
)
def test_a_list_has_limits(typed, code, line):
    with pytest.raises(NotationError) as refused:
        read_lines(typed, most=20, many=2)
    assert (refused.value.code, refused.value.line) == (code, line)


def test_what_is_one_line_is_joined():
    assert read_line(" Về việc\n  phát triển ", 20) == "Về việc phát triển"
    assert read_line("", 20) == ""
    with pytest.raises(NotationError, match="too_long"):
        read_line("Về việc phát triển", 10)


@given(listed)
def test_a_list_is_read_back_as_it_was(lines):
    assert read_lines(write_lines(lines)) == lines


def test_the_archive_note_closes_the_recipients():
    assert split_archive(["Văn phòng Quốc hội", "Lưu: VT, TH (2)"]) == (["Văn phòng Quốc hội"], "VT, TH (2)")
    assert split_archive(["Như trên"]) == (["Như trên"], "")
    assert split_archive(["Lưu học sinh"]) == (["Lưu học sinh"], "")
    assert split_archive([]) == ([], "")


def test_an_article_is_written_with_all_its_numbers():
    lines = article_lines(7, FIELDS["articles"][1])
    assert lines[0] == "Điều 7. Nhiệm vụ và giải pháp"
    assert [line[:2] for line in lines[1:]] == ["1.", "a)", "b)", "2."]
