"""Decides how a digest (bản tin) fits on one page: every part has its share, and what is left out is counted."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable

from app.gateways.paper import blocks, dates, fonts
from app.gateways.paper import measures as m
from app.gateways.paper.furniture import Furniture
from app.gateways.paper.head import Head, Title
from app.gateways.paper.layout import build
from app.gateways.paper.prose import Manner, Prose

MOST = 60  # lines of a part that are ever measured: no page holds more
LINES, NOTE_LINES = 3, 2  # of the words of one matter
LONG_WORD = 20  # letters
WORDS = m.TEXT_WIDTH - m.DIGEST_COLUMN


@dataclass(frozen=True)
class Entry:
    """One matter in words: `time` stands before it, `marks` behind it; `below` belongs to the one above.

    `address` is a path of the application.
    """

    title: str
    note: str = ""
    time: str = ""
    marks: Sequence[str] = ()
    address: str = ""
    below: bool = False


@dataclass(frozen=True)
class Part:
    """Matters under a title."""

    title: str
    entries: Sequence[Entry]

    @property
    def timed(self) -> bool:
        """Whether any of them has a time: otherwise there is no column for it."""
        return any(entry.time for entry in self.entries)


@dataclass(frozen=True)
class DigestSheet:
    """What stands on the page: `name` and `about` are its title, `url` is where all of it can be read.

    `person` and `post` are the recipient, `day` and `place` make the date line, `made_at` is aware.
    """

    name: str
    about: str
    body: str
    place: str
    person: str
    post: str
    day: dt.date
    made_at: dt.datetime
    parts: Sequence[Part]
    url: str = ""
    demo: bool = False


def digest(sheet: DigestSheet) -> bytes:
    """The PDF of one A4 page, byte for byte the same for the same sheet; `sheet` is in Vietnamese."""
    fonts.register()
    addressee = f"{sheet.person}, {sheet.post}" if sheet.post else sheet.person
    place = f"{sheet.place}, {dates.long_date(sheet.day)}" if sheet.place else dates.long_date(sheet.day).capitalize()
    top = [Head(sheet.body.upper(), place), Title(sheet.name.upper(), sheet.about), *blocks.addressees([addressee])]
    made = dates.moment(sheet.made_at.isoformat())
    return build(
        [*top, Stack(list(_fitting(sheet.parts, m.TEXT_HEIGHT - _height(top))))],
        title=f"{sheet.name}: {sheet.about}", issuer=sheet.body, made_at=sheet.made_at, demo=sheet.demo,
        furniture=Furniture(address=_where(sheet.url, f"{made:%H:%M}, ngày {dates.short_date(made)}")),
    )  # fmt: skip


def _where(url: str, made: str) -> str:
    """The line at the foot, never longer than the page is wide."""
    told = f"Lập tự động lúc {made}."
    return _one_line(f"{told} Xem đầy đủ tại {url}", m.ADDRESS, m.TEXT_WIDTH) if url else told


def _height(components: Sequence[Flowable]) -> float:
    """What the components take from the top of a page."""
    gaps = [0, *(component.getSpaceBefore() for component in components[1:])]
    return sum(component.wrap(m.TEXT_WIDTH, m.TEXT_HEIGHT)[1] for component in components) + sum(gaps)


# -- what fits --------------------------------------------------------------------------------------------------------


class Block:
    """A part with its measured rows, of which the first `shown` stand on the page."""

    def __init__(self, number: int, part: Part) -> None:
        self.heading = _heading(f"{blocks.roman(number)}. {part.title}")
        self.rows = [Row(entry, timed=part.timed) for entry in islice(part.entries, MOST)]
        self.count, self.shown = len(part.entries), 0

    @property
    def left_out(self) -> int:
        return self.count - self.shown

    @property
    def story(self) -> list[Flowable]:
        """Nothing of a part of which no row fits."""
        if not self.shown:
            return []
        more = [_more(self.left_out)] if self.left_out else []
        return [self.heading, *self.rows[: self.shown], *more]


def _fitting(parts: Sequence[Part], room: float) -> Iterator[Flowable]:
    """In turn one row more of every part, as long as everything fits; a part that is full stays as it is."""
    blocks_ = [Block(number, part) for number, part in enumerate(parts, start=1)]
    growing = list(blocks_)
    while growing:
        for block in list(growing):
            block.shown += 1
            if block.shown > len(block.rows) or Stack(_story(blocks_)).wrap(m.TEXT_WIDTH, room)[1] > room:
                block.shown -= 1
                growing.remove(block)
    yield from _story(blocks_)


def _story(blocks_: Sequence[Block]) -> list[Flowable]:
    elsewhere = sum(block.count for block in blocks_ if not block.shown)
    tail = [_more(elsewhere)] if elsewhere else []
    return [component for block in blocks_ for component in block.story] + tail


def _heading(words: str) -> Prose:
    return _clipped(words, m.DIGEST_PART, m.TEXT_WIDTH, LINES, m.DIGEST_GAP)


def _more(count: int) -> Prose:
    return Prose(f"… và {count} mục khác", m.DIGEST_NOTE, Manner("left", 0, m.DIGEST_LINE_GAP))


def _one_line(words: str, letter: m.Letter, width: float) -> str:
    return " ".join(_clipped(words, letter, width, 1).words)


def _clipped(words: str, letter: m.Letter, width: float, most: int, gap: float = 0) -> Prose:
    """A paragraph of at most so many lines; what is left out shows as an ellipsis."""
    manner = Manner("left", 0, gap)
    made = Prose(fonts.printable(words), letter, manner)
    made.wrap(width, 0)
    while len(made.lines) > most:
        made = Prose(_shorter(" ".join(made.words[: made.lines[most - 1].end])), letter, manner)
        made.wrap(width, 0)
    return made


def _shorter(words: str) -> str:
    """Without the last word, or without the end of one that is a line by itself; an ellipsis in its place."""
    kept, _, last = words.removesuffix("…").rstrip().rpartition(" ")
    return f"{kept} …" if len(last) < LONG_WORD else f"{words.removesuffix('…').rstrip()[:-2]}…"


# -- how it stands ----------------------------------------------------------------------------------------------------


class Row(Flowable):
    """One matter: its time in a column at the left, its words beside it."""

    def __init__(self, entry: Entry, *, timed: bool) -> None:
        super().__init__()
        self.spaceBefore = 1 if entry.below else m.DIGEST_LINE_GAP
        self.left = (m.DIGEST_COLUMN if timed else 0) + (m.DIGEST_INDENT if entry.below else 0)
        marks = f" ({', '.join(entry.marks)})" if entry.marks else ""
        letter = m.DIGEST_BELOW if entry.below else m.DIGEST_LINE
        room = m.TEXT_WIDTH - self.left
        self.words = [_clipped(entry.title + marks, letter, room, LINES)]
        self.words += [_clipped(entry.note, m.DIGEST_NOTE, room, NOTE_LINES)] if entry.note else []
        self.time = None if entry.below or not timed else Prose(fonts.printable(entry.time), m.DIGEST_TIME, Manner())
        self.dash = Prose("–", letter, Manner()) if entry.below else None

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        self.width = width
        self.height = sum(part.wrap(m.TEXT_WIDTH - self.left, height)[1] for part in self.words)
        return width, self.height

    def drawOn(self, canvas: Canvas, x: float, y: float, _sW: float = 0) -> None:
        top = y + self.height
        for beside, left in ((self.time, 0.0), (self.dash, self.left - m.DIGEST_INDENT)):
            if beside:
                beside.wrap(m.DIGEST_COLUMN, 0)
                beside.drawOn(canvas, x + left, top - beside.height)
        for part in self.words:
            top -= part.height
            part.drawOn(canvas, x + self.left, top)


class Stack(Flowable):
    """Components under each other that are never torn."""

    def __init__(self, parts: Sequence[Flowable]) -> None:
        super().__init__()
        self.parts = parts

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        self.drops = [part.getSpaceBefore() + part.wrap(width, height)[1] for part in self.parts]
        self.width, self.height = width, sum(self.drops)
        return width, self.height

    def drawOn(self, canvas: Canvas, x: float, y: float, _sW: float = 0) -> None:
        low = y + self.height
        for part, drop in zip(self.parts, self.drops, strict=True):
            low -= drop
            part.drawOn(canvas, x, low)
