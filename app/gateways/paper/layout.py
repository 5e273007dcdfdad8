"""Decides how a story of components becomes the bytes of a PDF: pages, their furniture, what stays together."""

import datetime as dt
from collections import deque
from collections.abc import Sequence
from io import BytesIO
from itertools import takewhile
from typing import Any

from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, PageBreak

from app.gateways.paper import fonts
from app.gateways.paper import measures as m
from app.gateways.paper.furniture import Furniture
from app.gateways.paper.together import NewPart, bound


class TooHigh(ValueError):
    """A component is higher than a page and cannot be torn."""


def build(
    story: Sequence[Flowable], *, title: str, issuer: str, made_at: dt.datetime, demo: bool, keywords: str = "",
    furniture: Furniture | None = None,
) -> bytes:  # fmt: skip
    """The PDF; the same story and `made_at` (aware) give the same bytes, on any day and any machine.

    `furniture` is what stands in the margins beside page number and demo mark. Raises TooHigh.
    """
    fonts.register()
    target = BytesIO()
    canvas = _DatedCanvas(
        target, made_at=made_at, pagesize=m.PAGE, pageCompression=1, invariant=1, lang="vi-VN",
        initialFontName=m.REGULAR,  # otherwise Helvetica is listed, and is not embedded
    )  # fmt: skip
    canvas.setTitle(fonts.printable(title))
    canvas.setAuthor(fonts.printable(issuer))
    canvas.setKeywords(keywords)
    canvas.setCreator("e-Cabinet")
    canvas.setProducer("e-Cabinet")
    _Pages(canvas, furniture or Furniture(), demo=demo).place(story)
    canvas.save()
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


class _Pages:
    """Puts components under each other, the next one on a new page where the old one is full."""

    def __init__(self, canvas: Canvas, furniture: Furniture, *, demo: bool) -> None:
        self.canvas, self.furniture, self.demo = canvas, furniture, demo
        self.sheet = self.number = 0
        self._begin()

    def place(self, story: Sequence[Flowable]) -> None:
        waiting = deque(bound(story))
        while waiting:
            component = waiting.popleft()
            if isinstance(component, PageBreak):
                self._turn(new_part=isinstance(component, NewPart))
            else:
                waiting.extendleft(reversed(self._put(component, waiting)))
        self.canvas.showPage()

    def _put(self, component: Flowable, following: deque[Flowable]) -> list[Flowable]:
        """Draw what fits on the page; what is left comes on the next one, which is begun."""
        gap = self._gap(component)
        room = self.low - m.MARGIN_BOTTOM - gap
        _width, height = component.wrapOn(self.canvas, m.TEXT_WIDTH, room)
        alone = component.getKeepWithNext() and not self._followed(room - height, following)
        if height <= room + m.ROUNDING and (self.blank or not alone):
            self._draw(component, gap, height)
            return []
        parts: list[Flowable] = [] if alone else component.splitOn(self.canvas, m.TEXT_WIDTH, room)
        if parts:
            self._draw(parts[0], gap, parts[0].wrapOn(self.canvas, m.TEXT_WIDTH, room)[1])
            parts = parts[1:]
        elif self.blank:
            raise TooHigh(type(component).__name__)
        else:
            parts = [component]
        if parts:
            self._turn()
        return parts

    def _followed(self, room: float, following: deque[Flowable]) -> bool:
        """Whether something of what a heading announces stands below it on the same page."""
        for component in takewhile(lambda found: not isinstance(found, PageBreak), following):
            room -= component.getSpaceBefore()
            _width, height = component.wrapOn(self.canvas, m.TEXT_WIDTH, room)
            if not component.getKeepWithNext():
                return height <= room or bool(component.splitOn(self.canvas, m.TEXT_WIDTH, room))
            room -= height
        return room >= 0

    def _gap(self, component: Flowable) -> float:
        return 0 if self.blank else max(component.getSpaceBefore(), self.after)

    def _draw(self, component: Flowable, gap: float, height: float) -> None:
        self.low -= gap + height
        component.drawOn(self.canvas, m.MARGIN_LEFT, self.low)
        self.after, self.blank = component.getSpaceAfter(), False

    def _turn(self, *, new_part: bool = False) -> None:
        self.canvas.showPage()
        self.number = 0 if new_part else self.number
        self._begin()

    def _begin(self) -> None:
        self.sheet, self.number = self.sheet + 1, self.number + 1
        self.low, self.after, self.blank = m.PAGE[1] - m.MARGIN_TOP, 0.0, True
        self.furniture.draw(self.canvas, sheet=self.sheet, number=self.number, demo=self.demo)
