"""What a Resolution says: structured text in one exact shape, whose numbers follow from the places alone."""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from app.workflows.rules.canonical import clean_text, parse_canonical
from app.workflows.rules.schema import Check, list_of, one_of, record

TEXT_CONTEXT = "vn.ecabinet.resolution_text.v1"
FORMULA = "Trên cơ sở kết quả biểu quyết của các Thành viên {body}"
FORMULA_OF_SLIP = "Trên cơ sở kết quả lấy ý kiến bằng phiếu của các Thành viên {body}"
FORMULA_OPENING = "Trên cơ sở"  # of the sentence above, and of the older ones on the discussion of the members
END = "./."  # closes the printed document; no part of the text
POINT_LETTERS = "abcdđeghiklmnopqrstuvxy"  # the Vietnamese alphabet without the letters that carry a mark, but with đ
MOST_SUBJECT, MOST_BASE, MOST_HEADING, MOST_CLAUSE, MOST_RECIPIENT = 500, 1_000, 500, 10_000, 500  # letters
MOST_BASES, MOST_ARTICLES, MOST_CLAUSES, MOST_RECIPIENTS = 50, 200, 200, 100
MOST_POINTS = len(POINT_LETTERS)
MOST_ANNEXES, MOST_PARAGRAPHS = 50, 2_000
MOST_LETTERS = 400_000  # of the whole text: about two hundred pages

RUNNING_ENDS = (".", ";", ":", ",", "!", "?", "…")
"""What ends running text; the heading of an article ends with none of them, and is told apart by that."""

ARTICLE_MARK = re.compile(r"[Đđ][Ii][Ềề][Uu]\s+(\d{1,4})\s*(?:[.:]\s*|$)(.*)", re.DOTALL)
CLAUSE_MARK = re.compile(r"(\d{1,4})\s*\.(?!\d)\s*(.*)", re.DOTALL)
POINT_MARK = re.compile(r"([^\W\d_])\s*\)\s*(.*)", re.DOTALL)
ANNEX_MARK = re.compile(r"PHỤ LỤC(?:\s+([IVXLCDM]+|\d{1,4}|[A-ZĐ]))?\s*[.:]?", re.IGNORECASE)
STRAY_MARK = re.compile(
    r"(\d{1,4}\s*[)/]|\d{1,4}(?:\.\d{1,4})+\.|[^\W\d_]\s*\.|khoản\s+\d{1,4}\s*[.):]|điểm\s+[^\W\d_]\s*[.):])(?=\s|$)",
    re.IGNORECASE,
)
"""What looks like the number of a clause or the letter of a point and is written otherwise: "1)", "a.", "2.1."."""

_ROMAN = ((50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))
LISTED_BEFORE, LISTED_BEHIND = "-–—•*+", ";.,"  # what stands around a line of a list, and is no part of it
_UNSEEN = ("Cf", "Co", "Cn")  # letters that a reader does not see, or that mean nothing


def formula(body: str, by_slip: bool = False) -> str:
    """The sentence that ties the Resolution to the vote, or to the opinions that members gave on a slip (rule:R21).

    `body` is a name such as "Chính phủ".
    """
    return (FORMULA_OF_SLIP if by_slip else FORMULA).format(body=body)


def point_letter(position: int) -> str:
    """The letter of the first, second … point, in the order of the Vietnamese alphabet: a, b, c, d, đ, e, g (rule:R20).

    ValueError beyond the last letter.
    """
    if not 1 <= position <= MOST_POINTS:
        raise ValueError(f"a clause has 1 to {MOST_POINTS} points")
    return POINT_LETTERS[position - 1]


def roman(number: int) -> str:
    """1 to 89 in Roman numerals, as annexes are numbered."""
    if not 1 <= number < 90:  # noqa: PLR2004
        raise ValueError("annexes are numbered from I to LXXXIX")
    numeral = ""
    for value, letters in _ROMAN:
        numeral += letters * (number // value)
        number %= value
    return numeral


def annex_name(position: int, count: int) -> str:
    """ "Phụ lục II"; a single annex has no number (Decree 30/2020/NĐ-CP, Appendix I)."""
    return "Phụ lục" if count == 1 else f"Phụ lục {roman(position)}"


def tidy(line: str) -> str:
    """One line as it is stored: NFC, single spaces, none at its ends; ValueError for invisible letters."""
    shown = " ".join(clean_text(line).split())
    for letter in dict.fromkeys(shown):
        if unicodedata.category(letter) in _UNSEEN:
            raise ValueError(f"the text holds the invisible letter U+{ord(letter):04X}")
    return shown


def _line(most: int, *, empty: bool = False) -> Check:
    def check(value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError("must be text")
        if "\n" in value:
            raise ValueError("must stand on one line")
        return _sized(tidy(value), most, empty)

    return check


def _prose(most: int, *, empty: bool = False) -> Check:
    """One or more paragraphs, each on a line of its own, none with a number of its own."""

    def check(value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError("must be text")
        paragraphs = [tidied for line in clean_text(value).split("\n") if (tidied := tidy(line))]
        for paragraph in paragraphs:
            _refuse_number(paragraph)
        return _sized("\n".join(paragraphs), most, empty)

    return check


def _sized(shown: str, most: int, empty: bool) -> str:
    if not shown and not empty:
        raise ValueError("must not be empty")
    if len(shown) > most:
        raise ValueError(f"has more than {most} characters")
    if shown.endswith(END):
        raise ValueError(f"the mark {END} belongs to the printed document")
    return shown


def is_numbered(paragraph: str) -> bool:
    """Whether a paragraph begins with what is, or looks like, the number of an article, clause, point or annex."""
    marks = (ARTICLE_MARK, CLAUSE_MARK, POINT_MARK, STRAY_MARK)
    return any(mark.match(paragraph) for mark in marks) or ANNEX_MARK.fullmatch(paragraph) is not None


def _refuse_number(paragraph: str) -> None:
    if is_numbered(paragraph):
        raise ValueError(f"numbers follow from the place and are not written: {paragraph[:20]!r}")


def _heading(value: Any) -> str:
    found: str = _prose(MOST_HEADING, empty=True)(value)
    if found.endswith(RUNNING_ENDS) or "\n" in found:
        raise ValueError("a heading stands on one line and ends without a stop")
    return found


def _annex_line(most: int) -> Check:
    def check(value: Any) -> str:
        found: str = _line(most)(value)
        if ANNEX_MARK.fullmatch(found):
            raise ValueError("numbers of annexes follow from the place and are not written")
        return found

    return check


def _listed(most: int, *, empty: bool = False) -> Check:
    """A line of a list: the paper sets the hyphen before it and the stop behind it."""

    def check(value: Any) -> str:
        found: str = _line(most, empty=empty)(value)
        if found.endswith(tuple(LISTED_BEHIND)) or found.startswith(tuple(LISTED_BEFORE)):
            raise ValueError("the hyphen before and the stop behind a line belong to the printed document")
        return found

    return check


_clause = record(text=_prose(MOST_CLAUSE), points=list_of(_prose(MOST_CLAUSE), MOST_POINTS))
_article = record(
    heading=_heading, intro=_prose(MOST_CLAUSE, empty=True), clauses=list_of(_clause, MOST_CLAUSES)
)  # fmt: skip
_annex = record(title=_annex_line(MOST_SUBJECT), paragraphs=list_of(_annex_line(MOST_CLAUSE), MOST_PARAGRAPHS))
_text = record(
    v=one_of(1),
    ctx=one_of(TEXT_CONTEXT),
    kind=one_of("resolution"),
    subject=_line(MOST_SUBJECT),
    bases=list_of(_listed(MOST_BASE), MOST_BASES),
    formula=_listed(MOST_BASE, empty=True),  # an uploaded draft may lack it; nothing is presented without it
    articles=list_of(_article, MOST_ARTICLES),
    annexes=list_of(_annex, MOST_ANNEXES),
    recipients=list_of(_listed(MOST_RECIPIENT), MOST_RECIPIENTS),
    archive=_listed(MOST_RECIPIENT, empty=True),
)


def resolution_text(**fields: Any) -> dict[str, Any]:
    """The structured text of a Resolution; `v`, `ctx` and `kind` are filled in, every other member is required.

    `intro`, `text` and points may hold several paragraphs, one a line. ValueError names the place of what is wrong:
    too long, too many, invisible letters, a number written out, a stop or hyphen that the paper sets by itself.
    """
    return _checked({"v": 1, "ctx": TEXT_CONTEXT, "kind": "resolution", **fields})


def parse_text(data: bytes) -> dict[str, Any]:
    """Read canonical bytes of exactly this shape, whose every line is already clean; ValueError for anything else."""
    _judge(data)
    found: dict[str, Any] = json.loads(data)
    return found


@lru_cache(maxsize=8)
def _judge(data: bytes) -> None:
    """One text is read by many acts in turn, and is large: it is judged once."""
    value = parse_canonical(data)
    if _checked(value) != value:
        raise ValueError("a text holds space that nobody sees")


def _checked(value: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = _text(value)
    if sum(map(len, strings(found))) > MOST_LETTERS:
        raise ValueError(f"has more than {MOST_LETTERS} characters in all")
    return found


def strings(value: Any) -> Iterator[str]:
    """Every piece of text in a structured text, in the order in which it is stored."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from strings(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from strings(part)
