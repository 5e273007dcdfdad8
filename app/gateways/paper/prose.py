"""Decides how a paragraph is broken into lines and torn between pages: no first or last line ever stands alone.

Drawn directly: lines between words that are measured once for each process, one operator for each line.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import count

from reportlab.pdfbase.pdfmetrics import getFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable

from app.gateways.paper import measures as m
from app.gateways.paper.faces import encoded

LEAST = 2  # lines of a paragraph that stand together at the foot or the top of a page
RISE = 0.8  # share of the size between the top of a letter and its base line
WHOLE = 1000  # units of length in one size


@dataclass(frozen=True)
class Manner:
    """How the lines stand: "left", "center" or "justify", first line indented and room above, in points."""

    align: str = "left"
    indent: float = 0
    gap: float = 0


@dataclass(frozen=True)
class Line:
    """Words from `start` up to `end` of the paragraph, their length in points with single blanks between them."""

    start: int
    end: int
    length: float
    full: bool  # followed by another line of the same sentence, and so stretched when justified


class Prose(Flowable):
    """A paragraph in one size; the first `lead` words may be in a face of their own. `words` are printable."""

    def __init__(
        self, words: str, letter: m.Letter, manner: Manner, *, lead: str = "", face: str = "", keep: bool = False
    ) -> None:
        super().__init__()
        self.letter, self.manner, self.face = letter, manner, face or letter.face
        self.words = [*lead.split(" "), *words.split(" ")] if lead else words.split(" ")
        self.lead = len(lead.split(" ")) if lead else 0
        self.spaceBefore, self.keepWithNext = manner.gap, keep
        self.room = -1.0
        self.lines: list[Line] = []

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        if width != self.room:
            self.room = width
            self.lines = self._broken(width)
        self.width, self.height = width, len(self.lines) * self.letter.pitch
        return width, self.height

    def split(self, width: float, height: float) -> list[Flowable]:
        """Two parts of at least LEAST lines, the first not higher than `height`; nothing when that cannot be."""
        self.wrap(width, height)
        return self.torn(min(int(height / self.letter.pitch + m.ROUNDING), len(self.lines) - LEAST))

    def torn(self, lines: int) -> list[Flowable]:
        """The first `lines` and the others; nothing when that leaves fewer than LEAST at either side."""
        if not LEAST <= lines <= len(self.lines) - LEAST:
            return []
        return [
            self._part(self.lines[:lines], self.manner),
            self._part(self.lines[lines:], replace(self.manner, indent=0, gap=0)),
        ]

    def _part(self, lines: list[Line], manner: Manner) -> "Prose":
        part = Prose("", self.letter, manner, face=self.face)
        part.words, part.lead, part.room, part.lines = self.words, self.lead, self.room, lines
        return part

    def _broken(self, width: float) -> list[Line]:
        size, faces = self.letter.size, self._faces()
        lengths = [length(word, face) * size / WHOLE for word, face in faces]
        forced: set[int] = set()
        if max(lengths) > width - self.manner.indent:
            lengths, forced = self._cut(lengths, width)
        return _lines(lengths, forced, width - self.manner.indent, width, length(" ", self.face) * size / WHOLE)

    def _faces(self) -> list[tuple[str, str]]:
        return [(word, self.face if at < self.lead else self.letter.face) for at, word in enumerate(self.words)]

    def _cut(self, lengths: list[float], width: float) -> tuple[list[float], set[int]]:
        """Words longer than a line in pieces; also the places after which a line ends inside a word."""
        words: list[str] = []
        forced: set[int] = set()
        lead, size = self.lead, self.letter.size
        for at, (word, face) in enumerate(self._faces()):
            if lengths[at] <= width - self.manner.indent:
                words.append(word)
                continue
            pieces = _pieces(word, face, (width - self.manner.indent) / size * WHOLE, width / size * WHOLE)
            forced.update(range(len(words), len(words) + len(pieces) - 1))
            words += pieces
            self.lead += len(pieces) - 1 if at < lead else 0
        self.words = words
        return [length(word, face) * size / WHOLE for word, face in self._faces()], forced

    def drawOn(self, canvas: Canvas, x: float, y: float, _sW: float = 0) -> None:
        """One text object; the word space is set for each justified line and taken back at the end."""
        pitch, size = self.letter.pitch, self.letter.size
        base = y + self.height - (pitch - size) / 2 - size * RISE
        drawn, stretched = ["BT"], False
        for line, number in zip(self.lines, count()):
            indent = self.manner.indent if number == 0 else 0
            spare = self.room - indent - line.length
            start = x + (spare / 2 if self.manner.align == "center" else indent)
            if self.manner.align == "justify":
                blanks = sum(word.count("\N{NO-BREAK SPACE}") for word in self.words[line.start : line.end])
                blanks += line.end - line.start - 1
                drawn.append(f"{spare / blanks if line.full and blanks else 0:.3f} Tw")
                stretched = True
            drawn.append(f"1 0 0 1 {start:.2f} {base - number * pitch:.2f} Tm {self._shown(line, canvas)}")
        canvas._code.append("\n".join([*drawn, "0 Tw ET" if stretched else "ET"]))

    def _shown(self, line: Line, canvas: Canvas) -> str:
        middle = min(max(self.lead, line.start), line.end)
        first, rest = " ".join(self.words[line.start : middle]), " ".join(self.words[middle : line.end])
        if not first:
            return shown(rest, self.letter.face, self.letter.size, canvas)
        between = " " if rest else ""
        lead = shown(first + between, self.face, self.letter.size, canvas)
        return lead + (f" {shown(rest, self.letter.face, self.letter.size, canvas)}" if rest else "")


def _lines(lengths: list[float], forced: set[int], first: float, others: float, blank: float) -> list[Line]:
    lines: list[Line] = []
    start, used, limit = 0, -blank, first
    for at, long in enumerate(lengths):
        if at > start and (used + blank + long > limit or at - 1 in forced):
            lines.append(Line(start, at, used, at - 1 not in forced))
            start, used, limit = at, -blank, others
        used += blank + long
    lines.append(Line(start, len(lengths), used, False))
    return lines


def _pieces(word: str, face: str, first: float, others: float) -> list[str]:
    """A word longer than a line, cut where each line ends."""
    pieces, used, limit = [""], 0.0, first
    for sign in word:
        wide = length(sign, face)
        if pieces[-1] and used + wide > limit:
            pieces.append("")
            used, limit = 0.0, others
        pieces[-1] += sign
        used += wide
    return pieces


@lru_cache(maxsize=20_000)
def length(words: str, face: str) -> float:
    """In thousandths of the size."""
    widths, absent = getFont(face).face.charWidths, getFont(face).face.defaultWidth
    return float(sum(widths.get(ord(sign), absent) for sign in words))


def shown(words: str, face: str, size: float, canvas: Canvas) -> str:
    """The operators that show the words; letters outside the common subset choose another and come back."""
    font, document = getFont(face), canvas._doc
    name = font.getSubsetInternalName(0, document)
    try:
        return f"{name} {size:g} Tf <{encoded(words).hex()}> Tj"
    except UnicodeEncodeError:
        runs = font.splitString(words, document)
        return " ".join(
            f"{font.getSubsetInternalName(subset, document)} {size:g} Tf <{run.hex()}> Tj" for subset, run in runs
        )
