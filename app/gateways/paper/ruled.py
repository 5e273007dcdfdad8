"""Decides how a ruled table stands on its pages: lines measured once, rows whole, the head again on every page.

It is drawn directly: hundreds of rows as paragraphs in a general table cost most of the time of a record.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise

from reportlab.pdfbase.pdfmetrics import getFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable

from app.gateways.paper import fonts
from app.gateways.paper import measures as m

ABOVE, BELOW, BESIDE = 2.5, 3.5, 4  # pt kept free inside a cell
LEAN = 0.4  # pt by which a line may reach into the free room at its right: better than a lone last syllable
RULE = 0.5  # pt
HEAD_SHADE = 0.93  # of white
LEAST = 3  # lines of a torn row that stand together

Cell = Sequence[tuple[str, float]]  # lines, each with its length in points


class Lengths(dict[str, float]):
    """The length of every word in one kind of letters, in points; a word that comes again is not measured again."""

    def __init__(self, letter: m.Letter) -> None:
        super().__init__()
        self.letter, face = letter, getFont(letter.face).face
        self._widths, self._scale = face.charWidths, letter.size / 1000

    def __missing__(self, word: str) -> float:
        length = self[word] = sum(self._widths[ord(sign)] for sign in word) * self._scale
        return length

    def lines(self, words: str, room: float) -> Cell:
        """`words` broken between words, or inside one that is longer than `room`."""
        lines: list[tuple[str, float]] = []
        line, used, blank = "", 0.0, self[" "]
        for word in words.split(" "):
            if line and used + blank + self[word] <= room:
                line, used = f"{line} {word}", used + blank + self[word]
                continue
            lines += [(line, used)] if line else []
            *whole, line = [word] if self[word] <= room else self._cut(word, room)
            lines += [(piece, self[piece]) for piece in whole]
            used = self[line]
        return [*lines, (line, used)] if line else lines

    def _cut(self, word: str, room: float) -> list[str]:
        pieces, used = [""], 0.0
        for sign in word:
            if pieces[-1] and used + self[sign] > room:
                pieces.append("")
                used = 0.0
            pieces[-1] += sign
            used += self[sign]
        return pieces


@dataclass(frozen=True)
class Row:
    """Measured cells and the height they need."""

    cells: Sequence[Cell]
    letter: m.Letter

    @cached_property
    def height(self) -> float:
        return max(map(len, self.cells)) * self.letter.pitch + ABOVE + BELOW

    def torn(self, room: float) -> "tuple[Row, Row]":
        """As many lines as fit into `room`, and the rest."""
        lines = int((room - ABOVE - BELOW) / self.letter.pitch)
        upper, lower = [cell[:lines] for cell in self.cells], [cell[lines:] for cell in self.cells]
        return Row(upper, self.letter), Row(lower, self.letter)


@dataclass(frozen=True)
class Columns:
    """The left edges of the columns and the right edge of the last, in points, and which columns are centred."""

    edges: Sequence[float]
    middle: frozenset[int]

    def measured(self, rows: Sequence[Sequence[str]], letter: m.Letter) -> list[Row]:
        lengths = Lengths(letter)
        rooms = [right - left - 2 * BESIDE + LEAN for left, right in pairwise(self.edges)]
        return [
            Row([lengths.lines(fonts.printable(words), room) for words, room in zip(row, rooms, strict=True)], letter)
            for row in rows
        ]


class Ruled(Flowable):
    """A ruled table as wide as the text; a row is torn only when it is taller than a page.

    `columns` and `rows` are measured; `head` is drawn, shaded and centred, at the top of every part.
    """

    def __init__(self, columns: Columns, head: Row, rows: Sequence[Row]) -> None:
        super().__init__()
        self.columns, self.head, self.rows = columns, head, rows
        self.spaceBefore = m.PARAGRAPH_GAP
        self.width = columns.edges[-1]
        self.height = head.height + sum(row.height for row in rows)

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        return self.width, self.height

    def split(self, _width: float, height: float) -> list[Flowable]:
        """The rows that fit into `height` and the others; nothing when not even the first one does."""
        room = height - self.head.height
        fitting, used = 0, 0.0
        while fitting < len(self.rows) and (used := used + self.rows[fitting].height) <= room:
            fitting += 1
        if fitting == 0 and self.rows:
            return self._tear(room)
        return [self._part(part) for part in (self.rows[:fitting], self.rows[fitting:]) if part]

    def _tear(self, room: float) -> list[Flowable]:
        first, *others = self.rows
        fits_a_page = first.height + self.head.height <= m.TEXT_HEIGHT
        if fits_a_page or room < LEAST * first.letter.pitch + ABOVE + BELOW:
            return []
        upper, lower = first.torn(room)
        return [self._part([upper]), self._part([lower, *others])]

    def _part(self, rows: Sequence[Row]) -> "Ruled":
        return Ruled(self.columns, self.head, rows)

    def draw(self) -> None:
        """Shade, words, rules; the words row by row, so that the text is found in the order it is read."""
        edges = self.columns.edges
        heights = list(accumulate((-row.height for row in (self.head, *self.rows)), initial=self.height))
        shade = f"{HEAD_SHADE} g 0 {heights[1]:.2f} {self.width:.2f} {self.head.height:.2f} re f"
        words = _words([self.head], heights, Columns(edges, frozenset(range(len(edges)))), self.canv)
        words += _words(self.rows, heights[1:], self.columns, self.canv)
        across = [f"0 {height:.2f} m {self.width:.2f} {height:.2f} l" for height in heights]
        down = [f"{edge:.2f} 0 m {edge:.2f} {self.height:.2f} l" for edge in edges]
        content = [shade, "0 g 0 G BT", *words, f"ET 2 J {RULE} w", *across, *down, "S"]
        self.canv.addLiteral("\n".join(content))


def _words(rows: Sequence[Row], tops: Sequence[float], columns: Columns, canvas: Canvas) -> list[str]:
    """The operators that show every line of the rows below the given heights."""
    if not rows:
        return []
    letter, sides = rows[0].letter, list(enumerate(pairwise(columns.edges)))
    pen = Pen(letter, canvas)
    drawn = [pen.taken()]
    for row, top in zip(rows, tops, strict=False):
        for (column, (left, right)), cell in zip(sides, row.cells, strict=True):
            base = top - (row.height + ABOVE - BELOW - len(cell) * letter.pitch) / 2 - letter.size
            for words, length in cell:
                start = (left + right - length) / 2 if column in columns.middle else left + BESIDE
                drawn.append(f"1 0 0 1 {start:.2f} {base:.2f} Tm {pen[words]}")
                base -= letter.pitch
    return drawn


class Pen(dict[str, str]):
    """The operators that show a text in one kind of letters; a text that comes again is not encoded again."""

    def __init__(self, letter: m.Letter, canvas: Canvas) -> None:
        super().__init__()
        self._letter, self._font, self._document = letter, getFont(letter.face), canvas._doc

    def taken(self, subset: int = 0) -> str:
        """Choose a subset of the embedded font; the first has room for nearly all that a document says."""
        return f"{self._font.getSubsetInternalName(subset, self._document)} {self._letter.size} Tf"

    def __missing__(self, words: str) -> str:
        runs = self._font.splitString(words, self._document)
        shown = [
            f"<{run.hex()}> Tj" if subset == 0 else f"{self.taken(subset)} <{run.hex()}> Tj {self.taken()}"
            for subset, run in runs
        ]
        self[words] = " ".join(shown)
        return self[words]


def ruled(head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float], middle: Sequence[int]) -> Ruled:
    """The table of these words; `widths` are shares of the text width, `middle` names the centred columns."""
    fonts.register()
    whole = sum(widths)
    columns = Columns([m.TEXT_WIDTH * sum(widths[:at]) / whole for at in range(len(widths) + 1)], frozenset(middle))
    (first,) = columns.measured([head], m.TABLE_HEAD)
    return Ruled(columns, first, columns.measured(rows, m.TABLE_CELL))
