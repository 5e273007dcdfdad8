"""What an opinion may hold: text that every reader sees alike, without marks that hide or reorder anything."""

import unicodedata

from app.workflows.rules.canonical import clean_text

LONGEST_OPINION = 10_000  # characters
_KEPT = "\n\t"
_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})  # categories of Unicode
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")  # letters and marks that show nothing
_NO_CHARACTERS = range(0xFDD0, 0xFDF0)  # which Unicode promises never to give out, like the last two of each plane
_SELECTORS = (range(0x180B, 0x1810), range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))


class HiddenSign(ValueError):
    """Text holds a sign that is not shown; `sign` is the first one, `line` and `column` say where (from 1)."""

    def __init__(self, text: str, at: int) -> None:
        self.sign = text[at]
        self.line = text.count("\n", 0, at) + 1
        self.column = at - text.rfind("\n", 0, at)
        super().__init__(f"the text holds the hidden sign U+{ord(self.sign):04X}")


def clean_opinion(text: str) -> str:
    """Text as it may be signed: that of `clean_text`, and nothing in it that is not shown (rule:R61).

    HiddenSign for a control, a mark that turns the direction of reading, a character without width and whatever else
    shows nothing; ValueError for half a character. Nothing is dropped from inside without being asked for.
    """
    text = text.replace("\r\n", "\n")
    for at, sign in enumerate(text):
        if is_hidden(sign):
            raise HiddenSign(text, at)
    return clean_text(text)


def is_hidden(sign: str) -> bool:
    """Whether a character shows nothing by itself; line ends, tabs and spaces do."""
    if sign in _KEPT:
        return False
    if ord(sign) & 0xFFFE == 0xFFFE or ord(sign) in _NO_CHARACTERS:  # noqa: PLR2004
        return True
    return unicodedata.category(sign) in _HIDDEN or sign in _BLANK or any(ord(sign) in each for each in _SELECTORS)


def without_hidden(text: str) -> str:
    """What a page offers instead of a text that was refused: the same without its hidden signs."""
    return clean_text("".join(sign for sign in text.replace("\r\n", "\n") if not is_hidden(sign)))
