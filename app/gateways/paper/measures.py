"""One table of measures for the fourteen boxes of an official document, in millimetres and points.

Source: Decree 30/2020/NĐ-CP, Appendix I. Where the decree leaves a range, the value in common use is taken.
"""

from dataclasses import dataclass

from reportlab.lib.colors import Color
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import cm, mm

REGULAR, BOLD, ITALIC, BOLD_ITALIC = "LiberationSerif", "LiberationSerif-B", "LiberationSerif-I", "LiberationSerif-BI"

PAGE = A4
MARGIN_TOP = 20 * mm  # 20-25
MARGIN_BOTTOM = 20 * mm  # 20-25
MARGIN_LEFT = 30 * mm  # 30-35
MARGIN_RIGHT = 15 * mm  # 15-20
TEXT_WIDTH = PAGE[0] - MARGIN_LEFT - MARGIN_RIGHT
TEXT_HEIGHT = PAGE[1] - MARGIN_TOP - MARGIN_BOTTOM
PAGE_NUMBER_TOP = 11 * mm  # from the upper edge to the base line: inside the top margin
MARK_BOTTOM = 9 * mm  # the demo mark, inside the bottom margin
CODE, CODE_BOTTOM = 13 * mm, 5 * mm  # the code for checking, at the left inside the bottom margin
MARK_CODE, MARK_QUIET = 26 * mm, 4 * mm  # the code of a checkpoint in the text, and the blank around it
ADDRESS_RULE = 17.5 * mm  # 13, from the lower edge of page 1
CORNER_TOP = 12 * mm  # 14 and the seal of an annex, from the upper edge of page 1
ROUNDING = 0.001  # pt: sums of heights are not exact

LEFT_HALF = 0.41  # boxes 2, 3 and 9b take this share of the text width, boxes 1, 4 and 7 the rest
INDENT = 1.27 * cm
RECIPIENTS_WIDTH, SIGNATURE_LEFT = 72 * mm, 78 * mm  # 9b; 7 has the room from there to the right margin
CLOSING_GAP = 14  # pt above 7 and 9b
LINES_WITH_SIGNATURE = 2  # of the text, on the page of the signature
HALF_GUTTER = 4 * mm  # kept free between the halves of the head
ADDRESSEE_LABEL, ADDRESSEE_NAMES = 24 * mm, 100 * mm  # 9a with several addressees
PARAGRAPH_GAP = 6  # pt, at least
RULE = 0.7  # pt, thickness of the rules under boxes 1, 2 and 5a
RULE_DROP = 4.5  # pt from the base line down to a rule
RULE_SHARE = 0.4  # of the words above: 1/3-1/2 (2, 5a)
SIGNATURE_ROOM = 30 * mm  # box 7c, between post and name
SIGNATURE = 54 * mm, 26 * mm  # the picture of the signature in box 7c
SEAL = 36 * mm  # box 8, real size; the seal covers a third of the signature, at its left
BRIGHT_RED = Color(1, 0, 0)
URGENCY = {"HỎA TỐC": (30 * mm, 8 * mm), "THƯỢNG KHẨN": (40 * mm, 8 * mm), "KHẨN": (20 * mm, 8 * mm)}  # 10b, exact
BOX_HEIGHT = 7 * mm  # 11
BOX_GAP = 6  # pt above a boxed word
CAPITALS = 0.66  # height of a capital, in shares of the size
DIGEST_COLUMN, DIGEST_INDENT = 17 * mm, 5 * mm  # the times of a digest; what belongs to the line above
DIGEST_GAP, DIGEST_LINE_GAP = 9, 4  # pt above a part and above a line of a digest


@dataclass(frozen=True)
class Letter:
    """The letters of one box: face, size and line pitch in points."""

    face: str
    size: float
    pitch: float


COUNTRY = Letter(BOLD, 12.5, 16)  # 1
MOTTO = Letter(BOLD, 13.5, 16)  # 1
SUPERIOR = Letter(REGULAR, 12.5, 16)  # 2
ISSUER = Letter(BOLD, 12.5, 16)  # 2
NUMBER = Letter(REGULAR, 13, 17)  # 3
PLACE_DATE = Letter(ITALIC, 13, 17)  # 4
TYPE_NAME = Letter(BOLD, 14, 19)  # 5a
SUMMARY = Letter(BOLD, 14, 19)  # 5a
LETTER_SUMMARY = Letter(REGULAR, 12.5, 15)  # 5b
BASES = Letter(ITALIC, 14, 20)  # 6
BODY = Letter(REGULAR, 14, 20)  # 6
ARTICLE = Letter(BOLD, 14, 20)  # 6, "Điều 1."
AUTHORITY = Letter(BOLD, 13.5, 18)  # 7a
SIGNER = Letter(BOLD, 13.5, 18)  # 7b
ADDRESSEE = Letter(REGULAR, 14, 19)  # 9a
RECIPIENTS_HEAD = Letter(BOLD_ITALIC, 12, 15)  # 9b
RECIPIENTS = Letter(REGULAR, 11, 13.5)  # 9b
BOXED_MARK = Letter(BOLD, 13, 16)  # 11
COPIES = Letter(REGULAR, 11, 13.5)  # 12
ADDRESS = Letter(REGULAR, 11, 13.5)  # 13
CORNER = Letter(REGULAR, 10, 12)  # 14
PAGE_NUMBER = Letter(REGULAR, 13, 16)
TABLE_HEAD = Letter(BOLD, 11.5, 14)
TABLE_CELL = Letter(REGULAR, 11.5, 14)
HASH = Letter(REGULAR, 12, 15)  # 64 hex digits on one line
DIGEST_PART = Letter(BOLD, 13, 17)
DIGEST_TIME = Letter(BOLD, 13, 16.5)
DIGEST_LINE = Letter(REGULAR, 13, 16.5)
DIGEST_NOTE = Letter(ITALIC, 12, 15)
DIGEST_BELOW = Letter(REGULAR, 12, 15)
FINE_PRINT = Letter(REGULAR, 8, 10)
