"""Decides how the head of page 1 is drawn: boxes 1 to 5 with rules of the prescribed lengths."""

from collections.abc import Sequence
from dataclasses import dataclass

from reportlab.lib.colors import Color, black
from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import Flowable

from app.gateways.paper import fields, fonts
from app.gateways.paper import measures as m

COUNTRY = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO = "Độc lập - Tự do - Hạnh phúc"


@dataclass(frozen=True)
class Slot:
    """A place for a form field within a line, as wide as `like`; `align` is that of the field."""

    name: str
    like: str
    align: int = fields.CENTRED


Line = tuple[str | Slot, ...]


class Head(Flowable):
    """Boxes 1-4, 5b, 10b and 11: body and number at the left, country, motto, place and date at the right.

    `number` and `place_date` are words, or printable words with slots for form fields between them; `about` is the
    summary of a letter (5b), `urgency` one of measures.URGENCY (10b), `mark` another boxed word such as "DỰ THẢO" (11).
    Everything but the body may be empty; a long name of a body is broken into even lines. There is no box 10a: papers
    with a degree of secrecy never enter, so nothing here can print one.
    """

    def __init__(
        self, issuer: str, place_date: str | Line, *, superior: str = "", number: str | Line = "", about: str = "",
        urgency: str = "", mark: str = "",
    ) -> None:  # fmt: skip
        super().__init__()
        fonts.register()
        self.superior, self.issuer = _lines(superior, m.SUPERIOR), _lines(issuer, m.ISSUER)
        self.place_date, self.number = _line(place_date), _line(number)
        self.about, self.urgency, self.mark = _lines(about, m.LETTER_SUMMARY), urgency, fonts.printable(mark)
        self.width = m.TEXT_WIDTH
        # Box 3 stands level with box 4: whichever half is taller decides where.
        self.level = max(m.COUNTRY.pitch + m.MOTTO.pitch, m.ISSUER.pitch * len(self.superior + self.issuer)) + 8
        boxes = sum(height + m.BOX_GAP for _words, _width, height, _colour in self._boxes())
        letter = m.PARAGRAPH_GAP + m.LETTER_SUMMARY.pitch * len(self.about) if self.about else 0
        self.height = self.level + m.NUMBER.pitch + letter + boxes + 10

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        return self.width, self.height

    def draw(self) -> None:
        left, right = m.TEXT_WIDTH * m.LEFT_HALF / 2, m.TEXT_WIDTH * (1 + m.LEFT_HALF) / 2
        top = self.height
        self._words(COUNTRY, m.COUNTRY, right, top - m.COUNTRY.size)
        motto = top - m.COUNTRY.pitch - m.MOTTO.size
        self._words(MOTTO, m.MOTTO, right, motto)
        self._rule(right, motto - m.RULE_DROP, stringWidth(MOTTO, m.MOTTO.face, m.MOTTO.size))
        base = top - m.ISSUER.size
        for words, letter in [(w, m.SUPERIOR) for w in self.superior] + [(w, m.ISSUER) for w in self.issuer]:
            self._words(words, letter, left, base)
            base -= letter.pitch
        longest = max(stringWidth(words, m.ISSUER.face, m.ISSUER.size) for words in self.issuer)
        self._rule(left, base + m.ISSUER.pitch - m.RULE_DROP, longest * m.RULE_SHARE)
        level = top - self.level - m.NUMBER.size
        self._segments(self.number, m.NUMBER, left, level)
        self._segments(self.place_date, m.PLACE_DATE, right, level)
        self._below(left, level)

    def _below(self, middle: float, base: float) -> None:
        if self.about:
            base -= m.PARAGRAPH_GAP
        for words in self.about:
            base -= m.LETTER_SUMMARY.pitch
            self._words(words, m.LETTER_SUMMARY, middle, base)
        low = base - m.NUMBER.pitch + m.NUMBER.size
        for words, width, height, colour in self._boxes():
            low -= height + m.BOX_GAP
            self.canv.saveState()
            self.canv.setStrokeColor(colour)
            self.canv.setFillColor(colour)
            self.canv.setLineWidth(m.RULE)
            self.canv.rect(middle - width / 2, low, width, height)
            self._words(words, m.BOXED_MARK, middle, low + (height - m.CAPITALS * m.BOXED_MARK.size) / 2)
            self.canv.restoreState()

    def _boxes(self) -> list[tuple[str, float, float, Color]]:
        """(words, width, height, colour) of the boxes under the number."""
        found = [(self.urgency, *m.URGENCY[self.urgency], m.BRIGHT_RED)] if self.urgency else []
        if self.mark:
            width = stringWidth(self.mark, m.BOXED_MARK.face, m.BOXED_MARK.size) + 16
            found.append((self.mark, width, m.BOX_HEIGHT, black))
        return found

    def _words(self, words: str, letter: m.Letter, middle: float, base: float) -> None:
        self.canv.setFont(letter.face, letter.size)
        self.canv.drawCentredString(middle, base, words)

    def _segments(self, line: Line, letter: m.Letter, middle: float, base: float) -> None:
        widths = [stringWidth(_like(part), letter.face, letter.size) for part in line]
        at = middle - sum(widths) / 2
        space = stringWidth(" ", letter.face, letter.size)
        for part, width in zip(line, widths, strict=True):
            self.canv.setFont(letter.face, letter.size)
            if isinstance(part, str):
                self.canv.drawString(at, base, part)
            else:  # the spaces around a field belong to it too: a longer value than expected is still whole
                left, low = self.canv.absolutePosition(at - space, base - fields.drop(letter.size))
                right = left + space + width + (space if part.align == fields.CENTRED else 0)
                fields.text_field(self.canv, part.name, (left, low, right, low + letter.pitch), letter, part.align)
            at += width

    def _rule(self, middle: float, height: float, length: float) -> None:
        self.canv.setLineWidth(m.RULE)
        self.canv.line(middle - length / 2, height, middle + length / 2, height)


class Title(Flowable):
    """Box 5a: the name of the type in capitals, the summary in bold, a rule of 1/3 to 1/2 of it underneath."""

    def __init__(self, type_name: str, summary: str) -> None:
        super().__init__()
        fonts.register()
        self.type_name = fonts.printable(type_name)
        self.lines = _even(fonts.printable(summary), m.SUMMARY, m.TEXT_WIDTH * 0.86)
        self.width = m.TEXT_WIDTH
        self.height = 6 + m.TYPE_NAME.pitch + m.SUMMARY.pitch * len(self.lines) + 14

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        return self.width, self.height

    def draw(self) -> None:
        middle, base = m.TEXT_WIDTH / 2, self.height - 6 - m.TYPE_NAME.size
        self.canv.setFont(m.TYPE_NAME.face, m.TYPE_NAME.size)
        self.canv.drawCentredString(middle, base, self.type_name)
        self.canv.setFont(m.SUMMARY.face, m.SUMMARY.size)
        for line in self.lines:
            base -= m.SUMMARY.pitch
            self.canv.drawCentredString(middle, base, line)
        length = m.RULE_SHARE * max(stringWidth(line, m.SUMMARY.face, m.SUMMARY.size) for line in self.lines)
        self.canv.setLineWidth(m.RULE)
        self.canv.line(middle - length / 2, base - m.RULE_DROP - 2, middle + length / 2, base - m.RULE_DROP - 2)


def _line(words: str | Line) -> Line:
    return (fonts.printable(words),) if isinstance(words, str) else words


def _like(part: str | Slot) -> str:
    return part if isinstance(part, str) else part.like


def _lines(words: str, letter: m.Letter) -> list[str]:
    return _even(fonts.printable(words), letter, m.TEXT_WIDTH * m.LEFT_HALF - m.HALF_GUTTER) if words else []


def _even(words: str, letter: m.Letter, room: float) -> list[str]:
    """As few lines as fit, each about as long as the others: a lone last syllable looks like a mistake."""
    lines: Sequence[str] = simpleSplit(words, letter.face, letter.size, room)
    narrow = room
    while len(lines) > 1 and narrow > room / 3:
        narrow -= 2
        tighter = simpleSplit(words, letter.face, letter.size, narrow)
        if len(tighter) > len(lines):
            break
        lines = tighter
    return list(lines)
