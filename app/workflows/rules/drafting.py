"""How a clerk types the body of a Resolution: plain lines whose numbers must be in order."""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from app.workflows.rules.printed_draft import take_apart
from app.workflows.rules.resolution import (
    ANNEX_MARK,
    ARTICLE_MARK,
    CLAUSE_MARK,
    END,
    FORMULA_OPENING,
    LISTED_BEFORE,
    LISTED_BEHIND,
    MOST_ANNEXES,
    MOST_ARTICLES,
    MOST_BASE,
    MOST_CLAUSE,
    MOST_CLAUSES,
    MOST_HEADING,
    MOST_PARAGRAPHS,
    MOST_POINTS,
    MOST_RECIPIENTS,
    MOST_SUBJECT,
    POINT_LETTERS,
    POINT_MARK,
    RUNNING_ENDS,
    STRAY_MARK,
    annex_name,
    is_numbered,
    point_letter,
    resolution_text,
    roman,
    tidy,
)

_NOTHING = dict.fromkeys((0xAD, 0x200B, 0x2060, 0xFEFF))  # soft hyphens and spaces of no width: word processors' traces
_ARCHIVE = "lưu"


class NotationError(ValueError):
    """A line that cannot be read as typed.

    `code`: one of CODES. `line` counts from 1; `found` is the beginning of the line, `expected` what should have stood
    there (may be empty). `field` is the field of the form, where a whole form was read.
    """

    CODES = (
        "article_expected", "article_order", "clause_order", "point_order", "point_without_clause", "mark",
        "empty_mark", "annex_order", "annex_title", "too_long", "too_many", "bad_letter", "empty",
    )  # fmt: skip

    def __init__(self, code: str, line: int, found: str = "", expected: str = "", field: str = "body") -> None:
        super().__init__(f"{field}, line {line}: {code}: found {found!r}, expected {expected!r}")
        self.code, self.line, self.found, self.expected, self.field = code, line, found, expected, field

    @property
    def details(self) -> dict[str, Any]:
        return {"line": self.line, "found": self.found, "expected": self.expected}


class _Line(NamedTuple):
    number: int
    words: str

    def error(self, code: str, found: str = "", expected: str = "") -> NotationError:
        return NotationError(code, self.number, found or self.words[:40], expected)


def read_body(text: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Articles and annexes from the clerk's notation (rule:R20), in the shape of the structured text.

    "Điều 1. Tên điều", paragraphs, "1. khoản", "a) điểm", then "Phụ lục I", its title, its paragraphs. A line without
    a number is one more paragraph of what stands before it. What follows "Điều 1." is the heading, or running text if
    it ends with a stop. Space does not matter; NotationError for any number or letter out of order.
    """
    body = _Body()
    lines = _lines(text)
    for line in lines:
        body.take(line)
    body.finish(lines[-1].number if lines else 1)
    return body.articles, body.annexes


def _lines(text: str) -> list[_Line]:
    found = []
    for number, raw in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        try:
            words = tidy(raw.translate(_NOTHING))
        except ValueError as error:
            raise NotationError("bad_letter", number, _first_unseen(raw)) from error
        if words and words != END:
            found.append(_Line(number, without_end(words)))
    return found


def _first_unseen(raw: str) -> str:
    unseen = (letter for letter in raw if letter != "\t" and unicodedata.category(letter).startswith("C"))
    return next(f"U+{ord(letter):04X}" for letter in unseen if ord(letter) not in _NOTHING)


class _Body:
    """What has been read so far."""

    def __init__(self) -> None:
        self.articles: list[dict[str, Any]] = []
        self.annexes: list[dict[str, Any]] = []
        self.unnumbered: _Line | None = None  # an annex without a number, which must stay the only one

    def take(self, line: _Line) -> None:
        if len(line.words) > MOST_CLAUSE:
            raise line.error("too_long", expected=str(MOST_CLAUSE))
        if found := ANNEX_MARK.fullmatch(line.words):
            self._annex(line, found[1])
        elif self.annexes:
            self._annex_line(line)
        elif found := ARTICLE_MARK.fullmatch(line.words):
            self._article(line, int(found[1]), found[2])
        else:
            self._inside(line)

    def finish(self, last: int) -> None:
        if self.annexes and not self.annexes[-1]["title"]:
            raise NotationError("annex_title", last)

    def _article(self, line: _Line, number: int, rest: str) -> None:
        expected = len(self.articles) + 1
        if number != expected:
            raise line.error("article_order", f"Điều {number}", f"Điều {expected}")
        _room(line, self.articles, MOST_ARTICLES)
        _plain(line, rest)
        headed = _is_heading(rest)
        self.articles.append({"heading": rest if headed else "", "intro": "" if headed else rest, "clauses": []})

    def _inside(self, line: _Line) -> None:
        if not self.articles:
            raise line.error("article_expected", expected="Điều 1.")
        clauses = self.articles[-1]["clauses"]
        if found := CLAUSE_MARK.fullmatch(line.words):
            _next(line, "clause_order", f"{int(found[1])}.", f"{len(clauses) + 1}.", found[2])
            _room(line, clauses, MOST_CLAUSES)
            clauses.append({"text": found[2], "points": []})
        elif found := POINT_MARK.fullmatch(line.words):
            self._point(line, found[1], found[2])
        elif STRAY_MARK.match(line.words):
            raise line.error("mark", expected=_expected(clauses))
        else:
            self._paragraph(line)

    def _point(self, line: _Line, letter: str, rest: str) -> None:
        clauses = self.articles[-1]["clauses"]
        if not clauses:
            raise line.error("point_without_clause", f"{letter})", "1.")
        points = clauses[-1]["points"]
        _room(line, points, MOST_POINTS)
        _next(line, "point_order", f"{letter})", f"{point_letter(len(points) + 1)})", rest)
        points.append(rest)

    def _paragraph(self, line: _Line) -> None:
        article = self.articles[-1]
        if not article["clauses"]:
            article["intro"] = _more(line, article["intro"])
        elif points := article["clauses"][-1]["points"]:
            points[-1] = _more(line, points[-1])
        else:
            clause = article["clauses"][-1]
            clause["text"] = _more(line, clause["text"])

    def _annex(self, line: _Line, numeral: str | None) -> None:
        if self.annexes and not self.annexes[-1]["title"]:
            raise line.error("annex_title")
        _room(line, self.annexes, MOST_ANNEXES)
        if self.unnumbered:
            raise self.unnumbered.error("annex_order", expected=annex_name(1, 2))
        expected = roman(len(self.annexes) + 1)
        if numeral is None and not self.annexes:
            self.unnumbered = line
        elif numeral is None or numeral.upper() != expected:
            raise line.error("annex_order", expected=f"Phụ lục {expected}")
        self.annexes.append({"title": "", "paragraphs": []})

    def _annex_line(self, line: _Line) -> None:
        annex = self.annexes[-1]
        if annex["title"]:
            _room(line, annex["paragraphs"], MOST_PARAGRAPHS)
            annex["paragraphs"].append(line.words)
        elif len(line.words) > MOST_SUBJECT:
            raise line.error("too_long", expected=str(MOST_SUBJECT))
        else:
            annex["title"] = line.words


def _next(line: _Line, code: str, found: str, expected: str, rest: str) -> None:
    if found != expected:
        raise line.error(code, found, expected)
    if not rest:
        raise line.error("empty_mark", found)
    _plain(line, rest)


def _plain(line: _Line, rest: str) -> None:
    if is_numbered(rest):
        raise line.error("mark", rest[:40])


def _room(line: _Line, filled: Sequence[Any], most: int) -> None:
    if len(filled) >= most:
        raise line.error("too_many", expected=str(most))


def _more(line: _Line, before: str) -> str:
    joined = f"{before}\n{line.words}" if before else line.words
    if len(joined) > MOST_CLAUSE:
        raise line.error("too_long", expected=str(MOST_CLAUSE))
    return joined


def _expected(clauses: Sequence[Mapping[str, Any]]) -> str:
    """What could have been numbered here."""
    marks = [f"{len(clauses) + 1}."]
    if clauses and len(clauses[-1]["points"]) < MOST_POINTS:
        marks.append(f"{POINT_LETTERS[len(clauses[-1]['points'])]})")
    return " / ".join(marks)


def _is_heading(rest: str) -> bool:
    return 0 < len(rest) <= MOST_HEADING and not rest.endswith(RUNNING_ENDS)


def without_end(words: str) -> str:
    """A line without the mark that closes a printed document: "Nghị quyết này./." ends with one stop."""
    return words.removesuffix(END).rstrip() + "." if words.endswith(END) else words


def write_body(text: Mapping[str, Any]) -> str:
    """The notation of a structured text; `read_body` reads it back as it was."""
    lines: list[str] = []
    for number, article in enumerate(text["articles"], start=1):
        lines += [*([""] if lines else []), *article_lines(number, article)]
    annexes = text["annexes"]
    for number, annex in enumerate(annexes, start=1):
        lines += ["", annex_name(number, len(annexes)), annex["title"], *annex["paragraphs"]]
    return "\n".join(lines).strip("\n")


def article_lines(number: int, article: Mapping[str, Any]) -> list[str]:
    """The lines of one article with all its numbers, as they are printed."""
    intro = article["intro"].split("\n") if article["intro"] else []
    first = article["heading"]
    if not first and intro and not _is_heading(intro[0]):
        first = intro.pop(0)
    lines = [f"Điều {number}. {first}".rstrip(), *intro]
    for place, clause in enumerate(article["clauses"], start=1):
        lines += f"{place}. {clause['text']}".split("\n")
        for letter, point in zip(POINT_LETTERS, clause["points"], strict=False):
            lines += f"{letter}) {point}".split("\n")
    return lines


def read_lines(text: str, most: int = MOST_BASE, many: int = MOST_RECIPIENTS) -> list[str]:
    """Bases or recipients typed one a line: without the hyphen before and the stop behind, without empty lines.

    NotationError for invisible letters, a line of more than `most` letters, more than `many` lines.
    """
    found: list[str] = []
    for line in _lines(text):
        if len(words := unlisted(line.words)) > most:
            raise line.error("too_long", expected=str(most))
        if words:
            _room(line, found, many)
            found.append(words)
    return found


def unlisted(words: str) -> str:
    """Without the hyphen before and the stop behind, which the paper sets."""
    return words.rstrip(LISTED_BEHIND + " ").lstrip(LISTED_BEFORE + " ")


def read_line(text: str, most: int) -> str:
    """What is one line, however many were typed; NotationError for invisible letters or more than `most` letters."""
    words = " ".join(line.words for line in _lines(text))
    if len(words) > most:
        raise NotationError("too_long", 1, words[:40], str(most))
    return words


def write_lines(lines: Sequence[str]) -> str:
    """What `read_lines` reads."""
    return "\n".join(lines)


def from_pdf_text(pages: Sequence[str]) -> dict[str, Any] | None:
    """The structured text of a draft Resolution that was uploaded as a PDF, from the text of its pages.

    None when it cannot be read with confidence: no such document, annexes, numbers out of order, lines that could be
    read in two ways. The last base is the formula when it begins like one, whoever it names.
    """
    try:
        printed = take_apart(pages)
        articles, annexes = read_body(printed.body)
        recipients, archive = split_archive(printed.recipients)
        voted = bool(printed.bases) and printed.bases[-1].startswith(FORMULA_OPENING)
        return resolution_text(
            subject=printed.subject,
            bases=printed.bases[:-1] if voted else printed.bases,
            formula=printed.bases[-1] if voted else "",
            articles=articles,
            annexes=annexes,
            recipients=recipients,
            archive=archive,
        )
    except ValueError:
        return None


def split_archive(lines: Sequence[str]) -> tuple[list[str], str]:
    """Recipients and the archive note that closes their list: "Lưu: VT, TH (2)" becomes "VT, TH (2)"."""
    last = lines[-1] if lines else ""
    word, colon, note = last.partition(":")
    if word.strip().casefold() != _ARCHIVE or not colon:
        return list(lines), ""
    return list(lines[:-1]), note.strip()
