"""How a whole Resolution is typed into a form and read from it: six fields of plain text."""

from collections.abc import Callable, Mapping
from typing import Any

from app.workflows.rules.drafting import (
    NotationError,
    read_body,
    read_line,
    read_lines,
    split_archive,
    unlisted,
    write_body,
    write_lines,
)
from app.workflows.rules.resolution import (
    MOST_BASE,
    MOST_BASES,
    MOST_LETTERS,
    MOST_RECIPIENT,
    MOST_RECIPIENTS,
    MOST_SUBJECT,
    resolution_text,
)

FIELDS = ("subject", "bases", "formula", "body", "recipients", "archive")


def write_form(text: Mapping[str, Any]) -> dict[str, str]:
    """What the six fields hold for a structured text."""
    return {
        "subject": text["subject"],
        "bases": write_lines(text["bases"]),
        "formula": text["formula"],
        "body": write_body(text),
        "recipients": write_lines(text["recipients"]),
        "archive": text["archive"],
    }


def read_form(form: Mapping[str, str]) -> dict[str, Any]:
    """The structured text that was typed; a missing field is an empty one.

    Several lines of subject, formula or archive note are one; a note "Lưu: …" at the end of the recipients is the
    archive note where that field is empty. NotationError names field, line and what was expected.
    """
    subject = _field(form, "subject", lambda typed: read_line(typed, MOST_SUBJECT))
    if not subject:
        raise NotationError("empty", 1, field="subject")
    articles, annexes = _field(form, "body", read_body)
    recipients, kept = split_archive(
        _field(form, "recipients", lambda typed: read_lines(typed, MOST_RECIPIENT, MOST_RECIPIENTS))
    )
    archive = unlisted(_field(form, "archive", lambda typed: read_line(typed, MOST_RECIPIENT)))
    fields = {
        "subject": subject,
        "bases": _field(form, "bases", lambda typed: read_lines(typed, many=MOST_BASES)),
        "formula": unlisted(_field(form, "formula", lambda typed: read_line(typed, MOST_BASE))),
        "articles": articles,
        "annexes": annexes,
        "recipients": recipients,
        "archive": split_archive([archive])[1] or archive or kept,
    }
    try:
        return resolution_text(**fields)
    except ValueError as error:  # each part is clean by now: only the whole can be too long
        raise NotationError("too_long", 1, expected=str(MOST_LETTERS)) from error


def _field(form: Mapping[str, str], name: str, read: Callable[[str], Any]) -> Any:
    try:
        return read(form.get(name, ""))
    except NotationError as error:
        error.field = name
        raise
