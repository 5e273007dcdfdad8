"""A whole Resolution in the fields of a form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workflows.rules.drafting import NotationError
from app.workflows.rules.resolution import MOST_BASES, MOST_LETTERS, MOST_RECIPIENTS, MOST_SUBJECT
from app.workflows.rules.typed_draft import FIELDS, read_form, write_form
from tests.rules.resolution_case import BODY_NOTATION, example, texts

FORM = write_form(example())


def test_the_fields_hold_the_text():
    assert tuple(FORM) == FIELDS
    assert FORM["body"] == BODY_NOTATION
    assert FORM["recipients"].split("\n")[2] == "Văn phòng Quốc hội"
    assert read_form(FORM) == example()


@given(texts)
def test_what_stands_in_the_fields_is_read_back_as_it_was(text):
    assert read_form(write_form(text)) == text


@given(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=60) | st.sampled_from(list(FORM.values()))))
def test_anything_typed_is_read_or_refused_in_a_field(form):
    refused = None
    try:
        read = read_form(form)
    except NotationError as error:
        refused = error
    if refused:
        assert refused.code in NotationError.CODES
        assert refused.field in FIELDS
        return
    assert read_form(write_form(read)) == read


def test_stops_hyphens_and_line_ends_of_the_printed_form_are_left_to_the_paper():
    typed = {
        **FORM,
        "subject": "Về một số giải pháp\r\nhỗ trợ doanh nghiệp nhỏ và vừa",
        "bases": FORM["bases"].replace("\n", ";\n\n") + ";",
        "formula": FORM["formula"] + ".",
        "recipients": "- " + FORM["recipients"].replace("\n", ";\n- ") + ";\n- Lưu: VT, KTTH (2).",
        "archive": "",
    }
    assert read_form(typed) == example()
    assert read_form({**typed, "archive": "- Lưu: VT."})["archive"] == "VT"


@pytest.mark.parametrize(
    ("typed", "code", "field", "line"),
    [
        ({"subject": " "}, "empty", "subject", 1),
        ({"subject": "x" * (MOST_SUBJECT + 1)}, "too_long", "subject", 1),
        ({"subject": "Về\u202eviệc"}, "bad_letter", "subject", 1),
        ({"bases": "Căn cứ Luật\n" + "x" * 1001}, "too_long", "bases", 2),
        ({"bases": "Căn cứ\n" * (MOST_BASES + 1)}, "too_many", "bases", MOST_BASES + 1),
        ({"recipients": "Bộ\n" * (MOST_RECIPIENTS + 1)}, "too_many", "recipients", MOST_RECIPIENTS + 1),
        ({"archive": "x" * 501}, "too_long", "archive", 1),
        ({"formula": "x" * 1001}, "too_long", "formula", 1),
        ({"body": "Điều 2. Tên"}, "article_order", "body", 1),
        ({"body": "Điều 1. Tên\nPhụ lục I\nTên\n" + ("x" * 9_999 + "\n") * (MOST_LETTERS // 9_999 + 1)}, "too_long",
         "body", 1),
    ],
)  # fmt: skip
def test_a_refusal_names_field_and_line(typed, code, field, line):
    with pytest.raises(NotationError) as refused:
        read_form({**FORM, **typed})
    assert (refused.value.code, refused.value.field, refused.value.line) == (code, field, line)
