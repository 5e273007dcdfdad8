"""What is typed into a slip: refused with its place and with what would be right, never mended silently."""

from typing import Any

from flask_babel import lazy_gettext as _

from app.workflows.engine.errors import BadValue, Subject
from app.workflows.engine.text import BadText
from app.workflows.rules.legacy_text import Encoding, legacy
from app.workflows.rules.opinion_text import LONGEST_OPINION, HiddenSign, clean_opinion, without_hidden

NAMES = {Encoding.TCVN3: "TCVN3 (ABC)", Encoding.VNI: "VNI"}


class OfferedText(BadValue):
    """Typed text that is refused; `offered` is what the page proposes instead."""

    def __init__(self, subject: Subject, field: str, offered: str, **details: object) -> None:
        super().__init__(subject, **details)
        self.field, self.offered = field, offered  # type: ignore[misc]


class HiddenText(OfferedText):
    code = "hidden_text"
    message = _("Line %(line)d, sign %(column)d is a hidden character (%(sign)s). Remove it, or take the text without.")


class LegacyText(OfferedText):
    code = "legacy_text"
    message = _("This text seems to be written in the old encoding %(encoding)s. Take it converted to Unicode?")


class TooLong(OfferedText):
    code = "text_too_long"
    message = _("This text has %(length)d characters; at most %(most)d are possible.")


def opinion(
    subject: Any, value: str | None, field: str, most: int = LONGEST_OPINION, *, wanted: bool = False, ask: bool = True
) -> str:
    """Text of an opinion as it may be signed (rule:R61, rule:R63); the refusal names the field and what is offered.

    `ask`: whether a text that looks like an old encoding is refused once; who looked at it and means it sends it again
    without.
    """
    typed = value or ""
    if len(typed) > most:
        raise TooLong(subject, field, typed[:most], length=len(typed), most=most)
    if ask and (old := legacy(typed)):
        raise LegacyText(subject, field, without_hidden(old.text), encoding=NAMES[old.encoding])
    try:
        text = clean_opinion(typed)
    except HiddenSign as hidden:
        where = {"line": hidden.line, "column": hidden.column, "sign": f"U+{ord(hidden.sign):04X}"}
        raise HiddenText(subject, field, without_hidden(typed), **where) from hidden
    except ValueError as unclean:
        raise BadText(subject, field) from unclean
    if wanted and not text:
        raise BadText(subject, field)
    return text
