"""The passages of a draft that an explanation points to, and whether the words it quotes still stand there."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.workflows.rules.canonical import clean_text
from app.workflows.rules.resolution import annex_name, point_letter

MOST_QUOTE = 2_000
PATH = re.compile(r"\d{1,3}(\.\d{1,3}(\.[a-zđ])?)?|PL\d{1,2}")


@dataclass(frozen=True)
class Passage:
    """`path` such as "3", "3.2", "3.2.đ" or "PL1", `label` as it is cited, and all the words below it."""

    path: str
    label: str
    text: str


class Link(StrEnum):
    """What became of a link: it holds, its words stand in another place, or nowhere in the draft any more."""

    HOLDS = "holds"
    MOVED = "moved"
    BROKEN = "broken"


def passages(text: Mapping[str, Any]) -> list[Passage]:
    """Articles, clauses and points of a structured text, then its annexes; what contains comes before what it holds."""
    found = [one for number, article in enumerate(text["articles"], start=1) for one in _of_article(number, article)]
    annexes = text["annexes"]
    return found + [
        Passage(f"PL{number}", annex_name(number, len(annexes)), _run(annex["title"], *annex["paragraphs"]))
        for number, annex in enumerate(annexes, start=1)
    ]


def words_of(quote: str) -> str:
    """A quotation as it is compared: clean, in NFC, every space single; ValueError when it shows nothing."""
    words = " ".join(clean_text(quote).split())
    if not words or len(words) > MOST_QUOTE:
        raise ValueError(f"a quotation has 1 to {MOST_QUOTE} characters")
    return words


def judge_link(text: Mapping[str, Any], path: str, quote: str) -> tuple[Link, Passage | None]:
    """Whether the quoted words still stand at the place (rule:R66); if not, the smallest other place that has them.

    The words are compared as they are written, with diacritics and case; only space and line ends do not matter.
    """
    wanted, all_passages = words_of(quote), passages(text)
    holding = [one for one in all_passages if wanted in one.text]
    if (there := next((one for one in holding if one.path == path), None)) is not None:
        return Link.HOLDS, there
    if not holding:
        return Link.BROKEN, None
    return Link.MOVED, max(holding, key=lambda one: one.path.count("."))


def _of_article(number: int, article: Mapping[str, Any]) -> Iterator[Passage]:
    clauses = [_run(each["text"], *each["points"]) for each in article["clauses"]]
    label = f"Điều {number}"
    yield Passage(f"{number}", label, _run(article["heading"], article["intro"], *clauses))
    for place, (clause, whole) in enumerate(zip(article["clauses"], clauses, strict=True), start=1):
        yield Passage(f"{number}.{place}", f"khoản {place} {label}", whole)
        for at, point in enumerate(clause["points"], start=1):
            letter = point_letter(at)
            yield Passage(f"{number}.{place}.{letter}", f"điểm {letter} khoản {place} {label}", _run(point))


def _run(*parts: str) -> str:
    return " ".join(" ".join(parts).split())
