"""Decides how opinions stand on paper: the board, the synthesis, and the table of what was accepted and explained."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from reportlab.platypus import Flowable

from app.gateways.paper import blocks, dates
from app.gateways.paper import measures as m
from app.gateways.paper.head import Head, Title
from app.gateways.paper.layout import build

NOTHING = "Không có ý kiến bằng lời."
TOTALS = "Kết quả lấy ý kiến"
TOTALS_HEAD = ("Nội dung", "Đồng ý", "Không đồng ý", "Ý kiến khác", "Mặc nhiên đồng ý", "Không trả lời", "Tổng số")
TOTALS_WIDTHS = (5.2, 1.5, 1.6, 1.5, 1.8, 1.6, 1.4)
TOTALS_MIDDLE = (1, 2, 3, 4, 5, 6)


class Form(StrEnum):
    """Which of the papers it is."""

    BOARD = "board"
    SYNTHESIS = "synthesis"
    EXPLANATIONS = "explanations"


@dataclass(frozen=True)
class Shape:
    """Name of the form, head of its rows, shares of the width, centred columns."""

    name: str
    head: Sequence[str]
    widths: Sequence[float]
    middle: Sequence[int]


SHAPES = {
    Form.BOARD: Shape(
        "BẢNG THEO DÕI TRẢ LỜI PHIẾU",
        ("TT", "Thành viên", "Ý kiến đã gửi", "Mặc nhiên đồng ý", "Không trả lời", "Thời điểm"),
        (0.8, 5.2, 2.4, 1.6, 1.6, 2.2), (0, 2, 3, 4, 5),
    ),
    Form.SYNTHESIS: Shape(
        "BẢN TỔNG HỢP", ("TT", "Thành viên", "Lựa chọn", "Nội dung ý kiến"), (0.8, 3.4, 1.7, 7.2), (0, 2)
    ),
    Form.EXPLANATIONS: Shape(
        "BẢNG TIẾP THU, GIẢI TRÌNH",
        ("TT", "Ý kiến, thành viên có ý kiến", "Kết quả", "Nội dung giải trình", "Thể hiện tại dự thảo"),
        (0.8, 4.4, 1.7, 3.8, 2.8), (0, 2),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class OpinionPart:
    """A question or an article: its title and rows, as many words in each as its form has columns."""

    title: str
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class OpinionSheet:
    """What stands in the paper, in Vietnamese; `totals` are rows of seven words, `made_at` is aware.

    `mark` is boxed under the number, such as "DỰ THẢO" while the table is not submitted.
    """

    form: Form
    about: str
    body: str
    place: str
    made_at: dt.datetime
    facts: Sequence[str]
    totals: Sequence[Sequence[str]]
    parts: Sequence[OpinionPart]
    mark: str = ""
    demo: bool = False

    @property
    def shape(self) -> Shape:
        return SHAPES[self.form]

    @property
    def first_part(self) -> int:
        """The number of the first part: the totals, where there are any, are number one."""
        return 2 if self.totals else 1

    @property
    def place_date(self) -> str:
        day = dates.long_date(dates.moment(self.made_at.isoformat()))
        return f"{self.place}, {day}" if self.place else day[0].upper() + day[1:]

    @property
    def as_of(self) -> str:
        return f"(Số liệu do hệ thống tổng hợp đến {dates.clock(dates.moment(self.made_at.isoformat()))}.)"


def opinions(sheet: OpinionSheet) -> bytes:
    """The PDF, as many A4 pages as it takes, byte for byte the same for the same sheet."""
    shape = sheet.shape
    return build(
        [
            Head(sheet.body.upper(), sheet.place_date, mark=sheet.mark),
            Title(shape.name, sheet.about),
            *(blocks.paragraph(fact) for fact in sheet.facts),
            *_totals(sheet),
            *_parts(sheet),
            blocks.text(sheet.as_of, m.BASES, gap=m.CLOSING_GAP),
        ],
        title=f"{shape.name}: {sheet.about}", issuer=sheet.body, made_at=sheet.made_at, demo=sheet.demo,
    )  # fmt: skip


def _totals(sheet: OpinionSheet) -> list[Flowable]:
    if not sheet.totals:
        return []
    return [
        blocks.heading(f"{blocks.roman(1)}. {TOTALS}"),
        blocks.table(TOTALS_HEAD, sheet.totals, TOTALS_WIDTHS, TOTALS_MIDDLE),
    ]


def _parts(sheet: OpinionSheet) -> list[Flowable]:
    numbered = enumerate(sheet.parts, start=sheet.first_part)
    return [component for number, part in numbered for component in _part(number, part, sheet.shape)]


def _part(number: int, part: OpinionPart, shape: Shape) -> list[Flowable]:
    heading = blocks.heading(f"{blocks.roman(number)}. {part.title}")
    if not part.rows:
        return [heading, blocks.paragraph(NOTHING)]
    return [heading, blocks.table(shape.head, part.rows, shape.widths, shape.middle)]
