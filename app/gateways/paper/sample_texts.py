"""Decides what the demo papers speak about: thirteen invented, plausible matters, one file of prose each."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "samples"
SHARED = FOLDER / "every-paper.toml"


@dataclass(frozen=True)
class Article:
    """Điều: its heading and its clauses (khoản), all without numbers."""

    heading: str
    clauses: tuple[str, ...]


@dataclass(frozen=True)
class Matter:
    """A matter put before the Government by a ministry, with the prose of all its papers; every figure is invented."""

    title: str  # as on the agenda
    subject: str  # after "Về"
    resolution: str  # summary of the draft Resolution
    ministry: str
    abbreviation: str
    leader: str  # the post that signs
    unit: str  # symbol of the drafting unit
    bases: tuple[str, ...]
    need: tuple[str, ...]
    state: tuple[str, ...]
    aims: tuple[str, ...]
    content: tuple[str, ...]
    impact: tuple[str, ...]
    resources: tuple[str, ...]
    opinions: tuple[str, ...]
    proposal: str
    remarks: tuple[str, ...]  # of the appraisal
    articles: tuple[Article, ...]


@cache
def matters() -> tuple[Matter, ...]:
    """The thirteen public matters, in the order of their numbers."""
    return tuple(_matter(_read(path)) for path in sorted(FOLDER.glob("[0-9]*.toml")))


@cache
def shared() -> dict[str, Any]:
    """The prose that every matter shares: texts, lists of texts, and the tables "resolution" and "appraisal"."""
    return _read(SHARED)


def _matter(read: dict[str, Any]) -> Matter:
    articles = tuple(Article(article["heading"], tuple(article["clauses"])) for article in read.pop("articles"))
    plain: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in read.items()}
    return Matter(**plain, articles=articles)


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text("utf-8"))
