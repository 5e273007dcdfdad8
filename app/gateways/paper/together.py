"""Decides what is never torn apart: the end of the text, its recipients and its signature."""

from collections.abc import Sequence

from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, PageBreak

from app.gateways.paper import measures as m
from app.gateways.paper.prose import Prose


class NewPart(PageBreak):
    """The beginning of an annex: a new page, numbered from 1 again."""


ROOM_FOR_TEXT = (m.LINES_WITH_SIGNATURE + 1) * m.BODY.pitch + m.CLOSING_GAP

Column = tuple[float, float, list[Flowable]]  # left edge and width in points, what stands in it from the top


def bound(story: Sequence[Flowable]) -> list[Flowable]:
    """The story with each closing block tied to the last lines of text before it."""
    made: list[Flowable] = []
    for component in story:
        made.append(_with_text(made, component) if isinstance(component, Closing) else component)
    return made


def _with_text(before: list[Flowable], closing: "Closing") -> Flowable:
    """Takes off `before` the paragraphs that hold its last lines; a block that fills a page stands for itself."""
    if closing.wrap(m.TEXT_WIDTH, 0)[1] > m.TEXT_HEIGHT - ROOM_FOR_TEXT:
        return closing
    held: list[Flowable] = []
    lines = 0
    while before and isinstance(before[-1], Prose) and lines < m.LINES_WITH_SIGNATURE:
        last = before.pop()
        last.wrap(m.TEXT_WIDTH, 0)
        lines += len(last.lines)
        held.insert(0, last)
    return Ending([*held, closing]) if held else closing


class Ending(Flowable):
    """Paragraphs and the closing block, which takes at least the last lines of text to its page."""

    def __init__(self, parts: list[Flowable]) -> None:
        super().__init__()
        self.parts = parts
        self.spaceBefore = parts[0].getSpaceBefore()

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        sizes = [part.wrap(width, height)[1] for part in self.parts]
        gaps = [0, *(part.getSpaceBefore() for part in self.parts[1:])]
        self.drops = [gap + size for gap, size in zip(gaps, sizes, strict=True)]
        self.width, self.height = width, sum(self.drops)
        return width, self.height

    def split(self, width: float, height: float) -> list[Flowable]:
        """Lines of the first paragraph may stay behind."""
        self.wrap(width, height)
        first, *others = self.parts
        if not isinstance(first, Prose):
            return []
        elsewhere = sum(len(part.lines) for part in others if isinstance(part, Prose))
        torn = first.torn(min(int(height / first.letter.pitch), len(first.lines) - m.LINES_WITH_SIGNATURE + elsewhere))
        return [torn[0], Ending([torn[1], *others])] if torn else []

    def drawOn(self, canvas: Canvas, x: float, y: float, _sW: float = 0) -> None:
        low = y + self.height
        for part, drop in zip(self.parts, self.drops, strict=True):
            low -= drop
            part.drawOn(canvas, x, low)


class Beside(Flowable):
    """Columns beside each other, level at the top."""

    def __init__(self, columns: Sequence[Column]) -> None:
        super().__init__()
        self.columns = columns
        self.spaceBefore = m.CLOSING_GAP

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        self.heights = [sum(part.wrap(room, height)[1] for part in parts) for _left, room, parts in self.columns]
        self.width, self.height = width, max(self.heights)
        return width, self.height

    def drawOn(self, canvas: Canvas, x: float, y: float, _sW: float = 0) -> None:
        for left, _room, parts in self.columns:
            low = y + self.height
            for part in parts:
                low -= part.height
                part.drawOn(canvas, x + left, low)


class Closing(Beside):
    """Recipients and signature, or two signatures; only recipients that are more than a page are torn."""

    def split(self, width: float, height: float) -> list[Flowable]:
        if self.wrap(width, height)[1] <= m.TEXT_HEIGHT or max(self.heights[1:], default=0) > height:
            return []
        (left, room, parts), *others = self.columns
        fitting, used = 0, 0.0
        while fitting < len(parts) and (used := used + parts[fitting].height) <= height:
            fitting += 1
        upper, lower = Closing([(left, room, parts[:fitting]), *others]), Closing([(left, room, parts[fitting:])])
        return [upper, lower] if fitting else []
