"""Decides what stands in the margins: page number, demo mark, address, electronic copy line, code for checking."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from reportlab.lib.colors import Color
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from app.gateways.paper import fonts
from app.gateways.paper import measures as m
from app.gateways.paper.qr import modules, runs

DEMO_MARK = "VĂN BẢN DEMO – KHÔNG CÓ GIÁ TRỊ PHÁP LÝ"
CHECK = ("Quét mã để", "kiểm tra văn bản")
GREY = Color(0.45, 0.45, 0.45)
MIDDLE = m.MARGIN_LEFT + m.TEXT_WIDTH / 2


@dataclass(frozen=True)
class Furniture:
    """Box 13 (`address`), box 14 or the seal of an annex (`corner`), and what the code on each page says (`qr`)."""

    qr: str = ""
    address: str = ""
    corner: Sequence[str] = field(default=())

    def draw(self, canvas: Canvas, *, sheet: int, number: int, demo: bool) -> None:
        """The margins of one page: `sheet` counts in the whole file, `number` in the document or the annex."""
        if number > 1:
            canvas.setFont(m.PAGE_NUMBER.face, m.PAGE_NUMBER.size)
            canvas.drawCentredString(MIDDLE, m.PAGE[1] - m.PAGE_NUMBER_TOP - m.PAGE_NUMBER.size / 2, str(number))
        if sheet == 1:
            self._corner(canvas)
            self._address(canvas)
        if demo:
            canvas.setFillColor(GREY)
            canvas.setFont(m.FINE_PRINT.face, m.FINE_PRINT.size)
            canvas.drawCentredString(MIDDLE, m.MARK_BOTTOM, DEMO_MARK)
            canvas.setFillGray(0)
        if self.qr:
            self._code(canvas)

    def _corner(self, canvas: Canvas) -> None:
        canvas.setFont(m.CORNER.face, m.CORNER.size)
        for row, words in enumerate(self.corner):
            canvas.drawRightString(
                m.PAGE[0] - m.MARGIN_RIGHT, m.PAGE[1] - m.CORNER_TOP - row * m.CORNER.pitch, fonts.printable(words)
            )

    def _address(self, canvas: Canvas) -> None:
        if self.address:
            canvas.setLineWidth(m.RULE)
            canvas.line(m.MARGIN_LEFT, m.ADDRESS_RULE, m.MARGIN_LEFT + m.TEXT_WIDTH, m.ADDRESS_RULE)
            canvas.setFont(m.ADDRESS.face, m.ADDRESS.size)
            canvas.drawCentredString(MIDDLE, m.ADDRESS_RULE - m.ADDRESS.pitch, fonts.printable(self.address))

    def _code(self, canvas: Canvas) -> None:
        canvas._code.append(self._drawn_code)
        canvas.setFont(m.FINE_PRINT.face, m.FINE_PRINT.size)
        left, middle = m.MARGIN_LEFT + m.CODE + 2 * mm, m.CODE_BOTTOM + m.CODE / 2
        for row, words in enumerate(CHECK):
            canvas.drawString(left, middle + 2 - row * m.FINE_PRINT.pitch, words)

    @cached_property
    def _drawn_code(self) -> str:
        """The dark modules, one box for each run of a row, in the unit of a module."""
        rows = modules(self.qr)
        unit = m.CODE / len(rows)
        boxes = [
            f"{left} {len(rows) - 1 - row} {wide} 1 re" for row, line in enumerate(rows) for left, wide in runs(line)
        ]
        return "\n".join([f"q {unit:.5f} 0 0 {unit:.5f} {m.MARGIN_LEFT:.2f} {m.CODE_BOTTOM:.2f} cm 0 g", *boxes, "f Q"])
