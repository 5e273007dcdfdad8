"""The draft Resolution of a slip begins with what the slip is about."""

import pytest

from app.views.slip_draft_text import subject_of


@pytest.mark.parametrize(
    ("matter", "subject"),
    [
        ("Dự thảo Nghị quyết về kinh tế số", "Về kinh tế số"),
        ("Phương án nghỉ Tết Nguyên đán", "Phương án nghỉ Tết Nguyên đán"),
        ("Dự thảo Nghị quyết ", ""),
    ],
)
def test_the_words_before_the_subject_are_left_out(matter, subject):
    assert subject_of(matter) == subject
