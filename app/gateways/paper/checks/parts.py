"""Decides which line of a Resolution is which of the prescribed components, by place and words, however it is set."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from app.gateways.paper.checks.reading import Line, Page, Reading, Stroke
from app.gateways.paper.fields import DAY, MONTH, NUMBER, YEAR

FINE_PRINT = 9  # pt: demo mark and the words beside the code
MARGIN_ZONE = 56.7  # pt: 20 mm
LEVEL = 1.0  # pt between base lines that are level
BLOCK_GAP = 40  # pt of blank room for a signature
INDENTED = 18  # pt from the margin: the first line of a paragraph
TYPE_NAME, DECIDES, RECIPIENTS = "NGHỊ QUYẾT", "QUYẾT NGHỊ", "NƠI NHẬN"
AUTHORITY = re.compile(r"(TM|KT|TL|TUQ|Q)\.\s?\S")
ANNEX = re.compile(r"phụ lục(\s+\S+)?", re.IGNORECASE)
Wanted = Callable[[Line], bool]
GAP = "…"  # where a field is still empty


@dataclass(frozen=True)
class Paragraph:
    """Lines from one first-line indent to the next; `page` is where it begins."""

    lines: tuple[Line, ...]

    @cached_property
    def text(self) -> str:
        return " ".join(line.text for line in self.lines)

    @property
    def page(self) -> int:
        return self.lines[0].page


class Parts:
    """The components of a Resolution as they were found; what is not there is None or empty."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.first = reading.pages[0]
        self.half = self.first.width / 2
        self.flow = [line for page in reading.pages for line in content(page)]

    @cached_property
    def head(self) -> list[Line]:
        """The lines of page 1 above the name of the type."""
        lines = content(self.first)
        end = _where(lines, lambda line: line.text.upper() == TYPE_NAME)
        return lines[: len(lines) if end is None else end]

    @cached_property
    def left(self) -> list[Line]:
        return [line for line in self.head if line.middle < self.half]

    @cached_property
    def right(self) -> list[Line]:
        return [line for line in self.head if line.middle >= self.half]

    @property
    def country(self) -> Line | None:
        return self.right[0] if self.right else None

    @property
    def motto(self) -> Line | None:
        others = [line for line in self.right[1:] if line not in self.date_pieces]
        return others[0] if others else None

    @cached_property
    def number_pieces(self) -> list[Line]:
        return _level(self.left, lambda line: line.text.upper().startswith("SỐ"))

    @cached_property
    def date_pieces(self) -> list[Line]:
        return _level(self.right, lambda line: "ngày" in line.text.lower())

    @property
    def number(self) -> str:
        """Box 3 with the value of its field, or with a sign for the gap."""
        return self._filled(self.number_pieces, (NUMBER,))

    @property
    def date(self) -> str:
        return self._filled(self.date_pieces, (DAY, MONTH, YEAR))

    @cached_property
    def issuers(self) -> list[Line]:
        """The lines of box 2: above the number."""
        base = self.number_pieces[0].base if self.number_pieces else 0
        return [line for line in self.left if line.base > base + LEVEL]

    @cached_property
    def marks(self) -> list[Line]:
        """Boxed words below the number."""
        if not self.number_pieces:
            return []
        return [line for line in self.left if line.base < self.number_pieces[0].base - LEVEL]

    @cached_property
    def type_name(self) -> Line | None:
        at = len(self.head)
        return content(self.first)[at] if at < len(content(self.first)) else None

    @cached_property
    def after_title(self) -> list[Line]:
        return self.flow[len(self.head) + 1 :]

    @cached_property
    def summary(self) -> list[Line]:
        """From the name of the type to the name of the body."""
        body = " ".join(line.text for line in self.issuers if line.main.bold)
        end = _where(self.after_title, lambda line: line.text.upper() == body or line.main.italic)
        return self.after_title[: end or 0]

    @property
    def decider(self) -> Line | None:
        """The body named again before the bases."""
        rest = self.after_title[len(self.summary) :]
        return rest[0] if rest and not rest[0].main.italic else None

    @cached_property
    def _decides_at(self) -> int | None:
        return _where(self.flow, lambda line: line.text.upper().startswith(DECIDES))

    @property
    def decides(self) -> Line | None:
        return None if self._decides_at is None else self.flow[self._decides_at]

    @cached_property
    def bases(self) -> list[Paragraph]:
        start = len(self.head) + 1 + len(self.summary) + (1 if self.decider else 0)
        return self.paragraphs(self.flow[start : self._decides_at or start])

    @cached_property
    def _annex_at(self) -> int:
        for at, line in enumerate(self.flow):
            first = at > 0 and self.flow[at - 1].page != line.page
            if first and ANNEX.fullmatch(line.text):
                return at
        return len(self.flow)

    @cached_property
    def _closing_at(self) -> int:
        start = (self._decides_at or 0) + 1
        for at in range(start, self._annex_at):
            line = self.flow[at]
            if line.text.upper().startswith(RECIPIENTS) or (line.left > self.half and AUTHORITY.match(line.text)):
                return at
        return self._annex_at

    @cached_property
    def body(self) -> list[Line]:
        return self.flow[(self._decides_at or 0) + 1 : self._closing_at] if self._decides_at is not None else []

    @cached_property
    def paragraphs_of_body(self) -> list[Paragraph]:
        return self.paragraphs(self.body)

    @cached_property
    def closing(self) -> list[Line]:
        return self.flow[self._closing_at : self._annex_at]

    @cached_property
    def recipients(self) -> list[Line]:
        """Box 9b with its head, lines as they stand."""
        return [line for line in self.closing if line.left <= self.half]

    @cached_property
    def signature(self) -> tuple[list[Line], list[Line]]:
        """Box 7a above the room for the signature, box 7b below it."""
        lines = [line for line in self.closing if line.left > self.half]
        for at in range(1, len(lines)):
            if lines[at - 1].base - lines[at].base > BLOCK_GAP:
                return lines[:at], lines[at:]
        return lines, []

    @cached_property
    def annexes(self) -> list[Line]:
        """The heading line of each annex."""
        lines = self.flow[self._annex_at :]
        before = [None, *lines]
        return [
            line
            for line, last in zip(lines, before, strict=False)
            if ANNEX.fullmatch(line.text) and (last is None or last.page != line.page)
        ]

    def paragraphs(self, lines: Sequence[Line]) -> list[Paragraph]:
        """Lines in paragraphs; a line further in than the margin begins one, a centred line is one of its own."""
        made: list[list[Line]] = []
        for line in lines:
            if made and line.left < self.margin + INDENTED:
                made[-1].append(line)
            else:
                made.append([line])
        return [Paragraph(tuple(found)) for found in made]

    @cached_property
    def margin(self) -> float:
        """The left edge of the text in points."""
        return min((line.left for line in self.flow), default=0.0)

    def rule_below(self, line: Line) -> Stroke | None:
        """The nearest drawn rule under a line of page 1, about centred below it."""
        below = [
            stroke
            for stroke in self.first.strokes
            if stroke.height < LEVEL * 3 and 0 < line.base - stroke.bottom < line.size * 1.2
            and line.left - line.size < stroke.middle < line.right + line.size
        ]  # fmt: skip
        return max(below, key=lambda stroke: stroke.bottom, default=None)

    def box_around(self, line: Line) -> Stroke | None:
        """The drawn box around a word of page 1."""
        around = [
            stroke
            for stroke in self.first.strokes
            if stroke.left < line.left and stroke.right > line.right and stroke.bottom < line.base < stroke.top
        ]
        return min(around, key=lambda stroke: stroke.width, default=None)

    def _filled(self, pieces: Sequence[Line], names: Iterable[str]) -> str:
        """Pieces and fields of one line in the order of their left edges."""
        if not pieces:
            return ""
        words = [(line.left, line.text) for line in pieces]
        fields = [self.reading.fields[name] for name in names if name in self.reading.fields]
        words += [((field.left + field.right) / 2, field.value or GAP) for field in fields]
        line = " ".join(text for _left, text in sorted(words))
        return re.sub(r"\s+/\s*", "/", line)


def content(page: Page) -> list[Line]:
    """The lines of a page without page number and fine print."""
    return [line for line in page.lines if line.size > FINE_PRINT and not is_page_number(page, line)]


def is_page_number(page: Page, line: Line) -> bool:
    return line.text.isdigit() and line.base > page.height - MARGIN_ZONE


def _where(lines: Sequence[Line], wanted: Wanted) -> int | None:
    return next((at for at, line in enumerate(lines) if wanted(line)), None)


def _level(lines: Sequence[Line], wanted: Wanted) -> list[Line]:
    """The first such line and all that is level with it."""
    at = _where(lines, wanted)
    return [] if at is None else [line for line in lines if abs(line.base - lines[at].base) < LEVEL]
