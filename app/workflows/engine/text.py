"""What typed text must be before it is stored: clean, not empty where something is wanted, not too long."""

from typing import Any

from flask_babel import lazy_gettext as _

from app.workflows.engine.errors import BadValue
from app.workflows.rules.canonical import clean_text


class BadText(BadValue):
    code = "bad_text"
    message = _("This text is empty, too long, or contains invisible control characters.")

    def __init__(self, subject: Any, field: str) -> None:
        super().__init__(subject)
        self.field = field  # type: ignore[misc]


def line(subject: Any, value: str | None, field: str, most: int, *, wanted: bool = True) -> str:
    """One line of clean text (NFC) of at most so many letters; BadText names the field."""
    text = block(subject, value, field, most, wanted=wanted)
    if "\n" in text or "\t" in text:
        raise BadText(subject, field)
    return text


def block(subject: Any, value: str | None, field: str, most: int, *, wanted: bool = True) -> str:
    """Clean text of one or more lines."""
    try:
        text = clean_text(value or "")
    except ValueError as unclean:
        raise BadText(subject, field) from unclean
    if len(text) > most or (wanted and not text):
        raise BadText(subject, field)
    return text
