"""Decides how the head of page 1 is drawn: boxes 1 to 5 with rules of the prescribed lengths."""

from collections.abc import Sequence

from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import Flowable

from app.gateways.paper import fonts
from app.gateways.paper import measures as m

COUNTRY = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO = "Độc lập - Tự do - Hạnh phúc"


class Head(Flowable):
    """Boxes 1-4: issuing body and number at the left, country, motto, place and date at the right.

    `number` and `mark` (for example "DỰ THẢO") may be empty; a long name of a body is broken into even lines.
    """

    def __init__(self, issuer: str, place_date: str, *, superior: str = "", number: str = "", mark: str = "") -> None:
        super().__init__()
        fonts.register()
        self.superior, self.issuer = _lines(superior, m.SUPERIOR), _lines(issuer, m.ISSUER)
        self.place_date, self.number = fonts.printable(place_date), fonts.printable(number)
        self.mark = fonts.printable(mark)
        self.width = m.TEXT_WIDTH
        # Box 3 stands level with box 4: whichever half is taller decides where.
        self.level = max(m.COUNTRY.pitch + m.MOTTO.pitch, m.ISSUER.pitch * len(self.superior + self.issuer)) + 8
        self.height = self.level + m.NUMBER.pitch + (m.BOXED_MARK.pitch + 12 if self.mark else 0) + 10

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        return self.width, self.height

    def draw(self) -> None:
        left, right = m.TEXT_WIDTH * m.LEFT_HALF / 2, m.TEXT_WIDTH * (1 + m.LEFT_HALF) / 2
        top = self.height
        self._line(COUNTRY, m.COUNTRY, right, top - m.COUNTRY.size)
        motto = top - m.COUNTRY.pitch - m.MOTTO.size
        self._line(MOTTO, m.MOTTO, right, motto)
        self._rule(right, motto - m.RULE_DROP, stringWidth(MOTTO, m.MOTTO.face, m.MOTTO.size))
        line = top - m.ISSUER.size
        for words, letter in [(w, m.SUPERIOR) for w in self.superior] + [(w, m.ISSUER) for w in self.issuer]:
            self._line(words, letter, left, line)
            line -= letter.pitch
        longest = max(stringWidth(words, m.ISSUER.face, m.ISSUER.size) for words in self.issuer)
        self._rule(left, line + m.ISSUER.pitch - m.RULE_DROP, longest * 0.4)
        level = top - self.level - m.NUMBER.size
        self._line(self.number, m.NUMBER, left, level)
        self._line(self.place_date, m.PLACE_DATE, right, level)
        if self.mark:
            self._boxed(self.mark, left, level - m.BOXED_MARK.pitch - 10)

    def _line(self, words: str, letter: m.Letter, middle: float, base: float) -> None:
        self.canv.setFont(letter.face, letter.size)
        self.canv.drawCentredString(middle, base, words)

    def _rule(self, middle: float, height: float, length: float) -> None:
        self.canv.setLineWidth(m.RULE)
        self.canv.line(middle - length / 2, height, middle + length / 2, height)

    def _boxed(self, words: str, middle: float, base: float) -> None:
        width = stringWidth(words, m.BOXED_MARK.face, m.BOXED_MARK.size) + 16
        self.canv.setLineWidth(m.RULE)
        self.canv.rect(middle - width / 2, base - 5, width, m.BOXED_MARK.pitch + 2)
        self._line(words, m.BOXED_MARK, middle, base)


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
        length = 0.4 * stringWidth(self.lines[-1], m.SUMMARY.face, m.SUMMARY.size)
        length = min(max(length, m.TEXT_WIDTH / 8), m.TEXT_WIDTH / 3)
        self.canv.setLineWidth(m.RULE)
        self.canv.line(middle - length / 2, base - m.RULE_DROP - 2, middle + length / 2, base - m.RULE_DROP - 2)


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
