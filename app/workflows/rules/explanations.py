"""When the table of accepted and explained opinions (bảng tiếp thu, giải trình) is complete."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.workflows.rules.passages import Link, judge_link


class Gap(StrEnum):
    """What keeps a row from being submitted."""

    NO_STANCE = "no_stance"
    NO_EXPLANATION = "no_explanation"
    NO_LINK = "no_link"
    BROKEN_LINK = "broken_link"
    MOVED_LINK = "moved_link"


ACCEPTED, PARTLY, NOT_ACCEPTED = STANCES = ("accepted", "partly", "not")


@dataclass(frozen=True)
class Explained:
    """What stands in one row; `stance` None, texts empty while nobody filled them in."""

    stance: str | None = None
    explanation: str = ""
    path: str = ""
    quote: str = ""


def gap(row: Explained, draft: Mapping[str, Any] | None) -> Gap | None:
    """Why a row cannot be submitted, the first reason; None for a complete one (rule:R66).

    `draft` is the text of the newest draft, None for a slip without one. What was accepted, wholly or partly, names
    the passage that was changed, where there is a draft; a link that is given must hold, whatever was decided.
    """
    if row.stance is None:
        return Gap.NO_STANCE
    if not row.explanation:
        return Gap.NO_EXPLANATION
    if draft is None:
        return None
    if not row.path:
        return Gap.NO_LINK if row.stance in (ACCEPTED, PARTLY) else None
    state, _where = judge_link(draft, row.path, row.quote)
    return {Link.HOLDS: None, Link.MOVED: Gap.MOVED_LINK, Link.BROKEN: Gap.BROKEN_LINK}[state]


def gaps(rows: Sequence[Explained], draft: Mapping[str, Any] | None) -> dict[int, Gap]:
    """The rows that cannot be submitted, numbered from 1, each with its reason."""
    found = {number: gap(row, draft) for number, row in enumerate(rows, start=1)}
    return {number: why for number, why in found.items() if why is not None}
