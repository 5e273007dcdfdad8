"""The sentences that say why the typed text of a Resolution cannot be read, one for each code."""

from typing import Any

from flask_babel import lazy_gettext as _

from app.workflows.rules.drafting import NotationError

SENTENCES: dict[str, Any] = {
    "article_expected": _("Line %(line)s: the body begins with “%(expected)s”, not with “%(found)s”."),
    "article_order": _(
        "Line %(line)s: “%(expected)s” comes next, not “%(found)s”. Articles are numbered one after the other."
    ),
    "clause_order": _(
        "Line %(line)s: the clause “%(expected)s” comes next, not “%(found)s”. In each article clauses count from 1."
    ),
    "point_order": _(
        "Line %(line)s: the point “%(expected)s” comes next, not “%(found)s”. Points follow the Vietnamese alphabet, "
        "with “đ” after “d” and without “f”."
    ),
    "point_without_clause": _(
        "Line %(line)s: the point “%(found)s” belongs to no clause. Write the clause “%(expected)s” before it."
    ),
    "mark": _(
        "Line %(line)s: “%(found)s” begins with a number in another form. Write “1.” for a clause, “a)” for a point, "
        "and one number a line."
    ),
    "empty_mark": _("Line %(line)s: nothing is written after “%(found)s”."),
    "annex_order": _(
        "Line %(line)s: “%(expected)s” comes next, not “%(found)s”. Two or more annexes carry Roman numerals."
    ),
    "annex_title": _("Line %(line)s: the title of the annex is missing."),
    "too_long": _("Line %(line)s: the text has more than %(expected)s characters."),
    "too_many": _("Line %(line)s: at most %(expected)s entries are possible here."),
    "bad_letter": _("Line %(line)s: there is an invisible character (%(found)s). Delete the line and type it again."),
    "empty": _("This field must not be empty."),
}


def notation_word(error: NotationError) -> str:
    """What is wrong with the typed text, in the language of the reader."""
    return str(SENTENCES[error.code]) % error.details
