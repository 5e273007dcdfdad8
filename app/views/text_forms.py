"""The form in which a clerk types a Resolution: what was typed, which line cannot be read, and what was expected."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from app.views.parsing import BadField
from app.workflows.engine.check_words import check_word
from app.workflows.rules.completeness import Finding, advice
from app.workflows.rules.drafting import NotationError
from app.workflows.rules.resolution import formula
from app.workflows.rules.typed_draft import read_form, write_form

TYPED = ("subject", "bases", "body", "recipients", "archive")
LONGEST = 800_000  # letters of one field; what a text may hold is judged line by line
EMPTY = "…"  # stands for a field that cannot be read, while the others are looked at
SENTENCES: dict[str, Any] = {
    "article_expected": lazy_gettext("The body begins with “%(expected)s”; here stands “%(found)s”."),
    "article_order": lazy_gettext("Here stands “%(found)s”; “%(expected)s” comes next."),
    "clause_order": lazy_gettext("Here stands clause “%(found)s”; “%(expected)s” comes next."),
    "point_order": lazy_gettext("Here stands point “%(found)s”; “%(expected)s” comes next (a, b, c, d, đ, e, g …)."),
    "point_without_clause": lazy_gettext("Point “%(found)s” needs a clause before it: write “%(expected)s” first."),
    "mark": lazy_gettext("“%(found)s” is no number that is used here. What may come next: %(expected)s"),
    "empty_mark": lazy_gettext("Nothing is written behind “%(found)s”."),
    "annex_order": lazy_gettext("Here stands “%(found)s”; “%(expected)s” comes next."),
    "annex_title": lazy_gettext("The annex has no title: write it on the line below “Phụ lục”."),
    "too_long": lazy_gettext("This is longer than %(expected)s characters."),
    "too_many": lazy_gettext("There are more than %(expected)s of these."),
    "bad_letter": lazy_gettext("There is an invisible or unusable character (%(found)s). Type this place again."),
    "empty": lazy_gettext("Please fill in this field."),
}
FREELY = lazy_gettext("text without a number")


@dataclass
class TypedText:
    """What stands in the form; `text` is the structured text once every field can be read."""

    typed: dict[str, str]
    problems: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    text: dict[str, Any] | None = None

    @property
    def fields(self) -> dict[str, dict[str, Any]]:
        """For the template: value and problems by field."""
        return {name: {"value": self.typed[name], "problems": self.problems.get(name, [])} for name in TYPED}


def of_text(text: Mapping[str, Any]) -> TypedText:
    """The form as it stands for a text that was saved."""
    return TypedText({name: write_form(text)[name] for name in TYPED}, text=dict(text))


def nothing_typed(**given: str) -> TypedText:
    return TypedText(dict.fromkeys(TYPED, "") | given)


def typed_text(body: str, by_slip: bool = False) -> TypedText:
    """What was sent, read field by field; the sentence about the vote belongs to the form and is not typed."""
    typed = {name: _sent(name) for name in TYPED}
    found, tried = TypedText(typed), dict(typed)
    for _field in TYPED:  # every field with its first line that cannot be read, not only the first field
        try:
            text = read_form({**tried, "formula": formula(body, by_slip)})
        except NotationError as error:
            found.problems[error.field] = [problem(error)]
            tried[error.field] = EMPTY if error.field == "subject" else ""
        else:
            found.text = None if found.problems else text
            break
    return found


def _sent(name: str) -> str:
    value = request.form.get(name, "")
    if len(value) > LONGEST:
        raise BadField(name)
    return value


def problem(error: NotationError) -> dict[str, Any]:
    """The line and what is wrong with it, in the language of the page."""
    values = {"found": error.found, "expected": error.expected or FREELY}
    return {"line": error.line, "sentence": str(SENTENCES[error.code]) % values, "code": error.code}


def checks(findings: tuple[Finding, ...], text: Mapping[str, Any]) -> dict[str, Any]:
    """The check list for the template: what is missing first, then remarks, then what is in order."""
    rows = [_check(finding) for finding in findings]
    remarks = [_check(finding) for finding in advice(text) if not finding.ok]
    passed = sum(row["ok"] for row in rows)
    return {
        "missing": [row for row in rows if not row["ok"]], "passed": [row for row in rows if row["ok"]],
        "remarks": remarks, "complete": passed == len(rows),
        "said": _("%(passed)s of %(all)s checks passed", passed=passed, all=len(rows)),
    }  # fmt: skip


def _check(finding: Finding) -> dict[str, Any]:
    return {"ok": finding.ok, "said": check_word(finding.code), "found": finding.found, "wanted": finding.wanted}
