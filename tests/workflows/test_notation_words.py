"""Every way in which a typed text cannot be read has its sentence."""

import pytest
from flask_babel import force_locale

from app.workflows.engine.notation_words import SENTENCES, notation_word
from app.workflows.rules.drafting import NotationError, read_body


def test_every_code_has_a_sentence():
    assert set(SENTENCES) == set(NotationError.CODES)


@pytest.mark.parametrize("code", NotationError.CODES)
def test_every_sentence_is_filled_in(app, code):
    with force_locale("en"):
        said = notation_word(NotationError(code, 7, "f)", "e)"))
    assert "%" not in said
    assert said.endswith(".")
    assert "7" in said or code == "empty"


def test_a_wrong_letter_is_told_with_its_line_and_the_letter_that_was_expected(app):
    with pytest.raises(NotationError) as refused:
        read_body("Điều 1. Tên\n1. Gồm:\na) Một;\nb) Hai;\nc) Ba;\nd) Bốn;\nđ) Năm;\nf) Sáu.")
    with force_locale("en"):
        assert notation_word(refused.value).startswith("Line 8: the point “e)” comes next, not “f)”.")
