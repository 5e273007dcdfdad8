"""Decides which letters a document may use: the four faces of Liberation Serif beside this file, no others."""

import re
import unicodedata
from functools import cache
from pathlib import Path
from threading import Lock

from reportlab import rl_config
from reportlab.pdfbase import pdfmetrics

from app.gateways.paper.faces import Face
from app.gateways.paper.measures import BOLD, BOLD_ITALIC, ITALIC, REGULAR

FOLDER = Path(__file__).parent / "fonts"
FACES = {REGULAR: "Regular", BOLD: "Bold", ITALIC: "Italic", BOLD_ITALIC: "BoldItalic"}
BLANKS = re.compile(r"[ \t\r\n\v\f\u2028\u2029]+")
PERCENT = re.compile(r"(?<=\d) %")  # a figure and its sign stay on one line
ABSENT = "\N{WHITE SQUARE}"  # what is printed for a letter that the font does not have

_ONCE = Lock()

rl_config.trustedHosts = ["none.invalid"]  # no text can make the renderer fetch an image
rl_config.trustedSchemes = ["data"]
rl_config.useA85 = 0  # streams are kept as bytes: a quarter smaller, and not encoded in Python


def register() -> None:
    """Make the four faces known to the renderer, once per process; two documents at once wait for the same faces."""
    with _ONCE:
        _register()


@cache
def _register() -> None:
    for name, face in FACES.items():
        pdfmetrics.registerFont(Face(name, FOLDER / f"LiberationSerif-{face}.ttf"))
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=ITALIC, boldItalic=BOLD_ITALIC)


def printable(text: str) -> str:
    """NFC, on one line, without control, format and bidi characters; letters outside the font become a visible square.

    An NFD text would print alike and never be found again; a missing letter would vanish without a trace.
    """
    line = PERCENT.sub("\N{NO-BREAK SPACE}%", BLANKS.sub(" ", text).strip())
    return unicodedata.normalize("NFC", line).translate(_LETTERS)


class _Letters(dict[int, str]):
    """What is printed for each code point, decided when it is first met."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        if unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co", "Cn"):
            letter = ""
        elif code not in _glyphs():
            letter = ABSENT
        self[code] = letter
        return letter


_LETTERS = _Letters()


@cache
def _glyphs() -> frozenset[int]:
    register()
    faces = (pdfmetrics.getFont(name).face.charToGlyph for name in FACES)
    return frozenset.intersection(*(frozenset(face) for face in faces))
