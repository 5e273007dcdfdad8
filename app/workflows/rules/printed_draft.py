"""How the text of a printed draft Resolution is taken apart: head, subject, bases, body, recipients; or not at all.

What a page says is read line by line, as a text extractor gives it. Wherever two readings are possible nothing is
read: a draft that is typed again is better than one that says something else than what was voted.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from app.workflows.rules.completeness import BASE_OPENINGS
from app.workflows.rules.resolution import (
    ANNEX_MARK,
    ARTICLE_MARK,
    CLAUSE_MARK,
    END,
    POINT_LETTERS,
    POINT_MARK,
    RUNNING_ENDS,
    is_numbered,
    tidy,
)

_DEMO_MARK = "VĂN BẢN DEMO"
_TYPE, _DECIDES = "NGHỊQUYẾT", "QUYẾTNGHỊ"
_RECIPIENTS = "nơi nhận"
_LISTED = "-–"
_BULLETS = ("- ", "– ", "+ ", "• ")
_OPENINGS = tuple(f"{word} " for word in BASE_OPENINGS)
_AUTHORITY = re.compile(r"(?:TM|KT|TL|TUQ|Q)\.\s|(?:PHÓ )?(?:THỦ TƯỚNG|CHỦ TỊCH)\b")
_UNBROKEN = re.compile(r"(?<=\S)[-/]$")  # a symbol such as 191/2026/NĐ-CP torn at the end of a line
_SHORT = 0.8  # of the longest line: where a shorter line ends, the next word would have fitted, so a paragraph ended
_MOST_AFTER = 8  # lines after the recipients: authority, post, name; more is something else


class Printed(NamedTuple):
    """The parts of a printed draft; `body` has one paragraph a line, with the numbers that are printed."""

    subject: str
    bases: list[str]
    body: str
    recipients: list[str]


class Unsure(ValueError):
    """The page can be read in two ways, or is no draft Resolution."""


def take_apart(pages: Sequence[str]) -> Printed:
    """The parts of a draft, from the text of its pages; ValueError (Unsure, invisible letters) when it is not clear."""
    lines = list(_lines(pages))
    kind = _only([at for at, line in enumerate(lines) if _squeezed(line) == _TYPE])
    decides = _only([at for at, line in enumerate(lines) if _squeezed(line).rstrip(":") == _DECIDES])
    if decides < kind:
        raise Unsure("the decision stands before the title")
    subject, rest = _subject(lines[kind + 1 : decides])
    body, after = _body_and_rest(lines[decides + 1 :])
    width = max(map(len, lines))
    return Printed(subject, _bases(rest), "\n".join(_paragraphs(body, width * _SHORT)), _recipients(after))


def _lines(pages: Sequence[str]) -> Iterator[str]:
    """Every line of the text, without page numbers and the mark of a demo paper."""
    for number, page in enumerate(pages, start=1):
        lines = [line for raw in page.replace("\u00ad", "").split("\n") if (line := tidy(raw))]
        lines = [line for line in lines if not line.startswith(_DEMO_MARK)]
        for end in (0, -1):
            if lines and lines[end] == str(number):
                del lines[end]
        yield from lines


def _only(found: list[int]) -> int:
    if len(found) != 1:
        raise Unsure("the title or the decision is missing or stands there twice")
    return found[0]


def _squeezed(line: str) -> str:
    return line.replace(" ", "")


def _subject(lines: Sequence[str]) -> tuple[str, list[str]]:
    """The subject, up to the name of the body in capitals; then the lines of the bases."""
    spoken = [line for line in lines if any(sign.isalnum() for sign in line)]  # without drawn rules
    end = next((at for at, line in enumerate(spoken) if line.isupper() or line.startswith(_OPENINGS)), 0)
    if not end:
        raise Unsure("no subject between the title and the bases")
    rest = spoken[end:]
    while rest and rest[0].isupper():
        rest.pop(0)
    return _joined(spoken[:end]), rest


def _bases(lines: Sequence[str]) -> list[str]:
    bases: list[list[str]] = []
    for line in lines:
        closed = not bases or bases[-1][-1].endswith((";", "."))
        if line.startswith(_OPENINGS):
            bases.append([line])
        elif closed:
            raise Unsure(f"no base begins like this: {line[:40]}")
        else:
            bases[-1].append(line)
    return [_joined(base).rstrip(";., ") for base in bases]


def _body_and_rest(lines: Sequence[str]) -> tuple[list[str], list[str]]:
    """What was decided, to its closing mark or to the recipients; and the list of recipients with what follows."""
    if any(ANNEX_MARK.fullmatch(line) for line in lines):
        raise Unsure("where the paragraphs of an annex end cannot be told")
    closing = [at for at, line in enumerate(lines) if line.endswith(END)]
    heads = [at for at, line in enumerate(lines) if line.casefold().startswith(_RECIPIENTS)]
    if len(closing) > 1 or len(heads) > 1 or not closing + heads:
        raise Unsure("where the body ends cannot be told")
    end = closing[0] + 1 if closing else heads[0]
    start = heads[0] if heads else len(lines)
    if start < end or start - end > _MOST_AFTER:
        raise Unsure("there is more text after the body")
    return list(lines[:end]), list(lines[start:])


def _recipients(lines: Sequence[str]) -> list[str]:
    """Each recipient after its hyphen, to the line of the archive or to the first line of the signature."""
    if not lines:
        return []
    if lines[0].partition(":")[2].strip():
        raise Unsure("recipients and signature share their lines")
    found: list[list[str]] = []
    for at, line in enumerate(lines[1:], start=1):
        closed = not found or found[-1][-1].endswith((";", "."))
        if line.startswith(tuple(_LISTED)):
            found.append([line.lstrip(_LISTED + " ")])
        elif found and (found[-1][-1].endswith(".") or _AUTHORITY.match(line)):
            if len(lines) - at > _MOST_AFTER:
                raise Unsure("there is more text after the recipients")
            break
        elif closed:
            raise Unsure(f"no recipient begins like this: {line[:40]}")
        else:
            found[-1].append(line)
    return [_joined(recipient).rstrip(";., ") for recipient in found]


class _Expected:
    """The numbers that could come next."""

    def __init__(self) -> None:
        self.article, self.clause, self.points = 1, 1, 0

    def take(self, line: str) -> bool:
        """Whether the line begins with a number that could stand here; it is then counted."""
        if (found := ARTICLE_MARK.fullmatch(line)) and int(found[1]) == self.article:
            self.article, self.clause, self.points = self.article + 1, 1, 0
        elif (found := CLAUSE_MARK.fullmatch(line)) and int(found[1]) == self.clause:
            self.clause, self.points = self.clause + 1, 0
        elif (found := POINT_MARK.fullmatch(line)) and self.clause > 1 and found[1] in POINT_LETTERS[self.points :][:1]:
            self.points += 1
        else:
            return False
        return True


def _paragraphs(lines: Sequence[str], short: float) -> Iterator[str]:
    """Lines joined to paragraphs; every number begins one, and so does what follows a line that ended early."""
    expected, current = _Expected(), ""
    for at, line in enumerate(lines):
        before = lines[at - 1] if at else ""
        ended = not at or current.endswith(RUNNING_ENDS)
        heading = ARTICLE_MARK.fullmatch(current) is not None
        numbered = expected.take(line)
        if numbered is not (is_numbered(line) and (ended or heading)):
            # Within a sentence only a number that could stand here is doubtful: "năm 2026." is just a year.
            raise Unsure(f"a number out of place, or words that only look like one: {line[:40]}")
        early = len(before) + 1 + len(line.split(" ")[0]) <= short or line.startswith(_BULLETS)
        if numbered or (early and (ended or heading)):
            if current:
                yield current
            current = line
        else:
            current = _joined([current, line])
    yield current


def _joined(lines: Sequence[str]) -> str:
    text = ""
    for line in lines:
        text += line if not text or _UNBROKEN.search(text) else f" {line}"
    return text
