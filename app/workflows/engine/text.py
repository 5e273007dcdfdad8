"""What typed text must be before it is stored: clean, not empty where something is wanted, not too long."""

from collections.abc import Callable
from typing import Any

from flask_babel import lazy_gettext as _

from app.workflows.engine.errors import BadValue, WorkflowError
from app.workflows.rules.canonical import clean_text


class BadText(BadValue):
    code = "bad_text"
    message = _("This text is empty, too long, or contains invisible control characters.")

    def __init__(self, subject: Any, field: str) -> None:
        super().__init__(subject)
        self.field = field  # type: ignore[misc]


Refusal = Callable[[Any], WorkflowError]


def line(
    subject: Any, value: str | None, field: str, most: int, *, wanted: bool = True, refusal: Refusal | None = None
) -> str:
    """One line of clean text (NFC) of at most so many letters; the refusal (BadText by itself) names the field."""
    text = block(subject, value, field, most, wanted=wanted, refusal=refusal)
    if "\n" in text or "\t" in text:
        raise _refused(subject, field, refusal)
    return text


def block(
    subject: Any, value: str | None, field: str, most: int, *, wanted: bool = True, refusal: Refusal | None = None
) -> str:
    """Clean text of one or more lines."""
    try:
        text = clean_text(value or "")
    except ValueError as unclean:
        raise _refused(subject, field, refusal) from unclean
    if len(text) > most or (wanted and not text):
        raise _refused(subject, field, refusal)
    return text


def _refused(subject: Any, field: str, refusal: Refusal | None) -> WorkflowError:
    return refusal(subject) if refusal else BadText(subject, field)
