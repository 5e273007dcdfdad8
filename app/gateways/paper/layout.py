"""Decides how a story of components becomes the bytes of a PDF: page, margins, page number, language, fonts."""

import datetime as dt
from collections.abc import Sequence
from functools import partial
from io import BytesIO
from typing import Any

from reportlab.lib.colors import Color
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate

from app.gateways.paper import fonts
from app.gateways.paper import measures as m

DEMO_MARK = "VĂN BẢN DEMO – KHÔNG CÓ GIÁ TRỊ PHÁP LÝ"
GREY = Color(0.45, 0.45, 0.45)


class _Document(BaseDocTemplate):
    """A4, one frame without padding; the first page carries no number."""

    def __init__(self, target: BytesIO, *, demo: bool, **about: Any) -> None:
        super().__init__(
            target, pagesize=m.PAGE, leftMargin=m.MARGIN_LEFT, rightMargin=m.MARGIN_RIGHT, topMargin=m.MARGIN_TOP,
            bottomMargin=m.MARGIN_BOTTOM, allowSplitting=1, lang="vi-VN", invariant=1, creator="e-Cabinet",
            initialFontName=m.REGULAR,  # otherwise Helvetica is listed, and is not embedded
            producer="e-Cabinet", **about,
        )  # fmt: skip
        frame = Frame(
            m.MARGIN_LEFT, m.MARGIN_BOTTOM, m.TEXT_WIDTH, m.TEXT_HEIGHT,
            leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0,
        )  # fmt: skip
        self.addPageTemplates(PageTemplate("page", frames=[frame], onPage=partial(_furnish, demo=demo)))


def build(
    story: Sequence[Flowable], *, title: str, issuer: str, made_at: dt.datetime, demo: bool, keywords: str = ""
) -> bytes:
    """The PDF; the same story and `made_at` (aware) give the same bytes, on any day and any machine."""
    fonts.register()
    target = BytesIO()
    document = _Document(
        target, demo=demo, title=fonts.printable(title), author=fonts.printable(issuer), keywords=keywords,
    )  # fmt: skip
    document.build(list(story), canvasmaker=partial(_DatedCanvas, made_at=made_at))
    return target.getvalue()


class _DatedCanvas(Canvas):
    """Carries the clock of the caller instead of that of the machine."""

    def __init__(self, *args: Any, made_at: dt.datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stamp = self._doc._timeStamp
        utc = made_at.astimezone(dt.UTC)
        stamp.t, stamp.lt, stamp.YMDhms = utc.timestamp(), utc.timetuple(), tuple(utc.timetuple())[:6]
        stamp.dhh = stamp.dmm = 0
        stamp.tzname = "UTC"
        self._doc.signature.update(utc.isoformat().encode())


def _furnish(canvas: Canvas, document: BaseDocTemplate, *, demo: bool) -> None:
    canvas.saveState()
    middle = m.MARGIN_LEFT + m.TEXT_WIDTH / 2
    if document.page > 1:
        canvas.setFont(m.PAGE_NUMBER.face, m.PAGE_NUMBER.size)
        canvas.drawCentredString(middle, m.PAGE[1] - m.PAGE_NUMBER_TOP - m.PAGE_NUMBER.size / 2, str(document.page))
    if demo:
        canvas.setFillColor(GREY)
        canvas.setFont(m.FINE_PRINT.face, m.FINE_PRINT.size)
        canvas.drawCentredString(middle, m.MARK_BOTTOM, DEMO_MARK)
    canvas.restoreState()
