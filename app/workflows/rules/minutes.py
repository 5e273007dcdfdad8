"""What the minutes of a session say of who was there, and that of a vote they say no more than everybody may know."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

AWAY = "away"


class Stay(NamedTuple):
    """Where somebody took part last ("in_room", "remote", "" for not at all), and when he came late or left early."""

    place: str
    came: dt.datetime | None = None
    left: dt.datetime | None = None


def stay(steps: Sequence[tuple[dt.datetime, str]], opened_at: dt.datetime, closed_at: dt.datetime) -> Stay:
    """rule:R73: whoever was checked in at some moment between opening and end took part.

    `steps` are the moments from which somebody was "in_room", "remote" or "away", in their order; nobody is there
    before the first one. What happened at the very moment of the opening counts as before it.
    """
    before = [place for at, place in steps if at <= opened_at]
    within = [(at, place) for at, place in steps if opened_at < at <= closed_at]
    states = [*before[-1:], *(place for _at, place in within)]
    here = [place for place in states if place != AWAY]
    if not here:
        return Stay("")
    late = before[-1:] in ([], [AWAY])
    came = next(at for at, place in within if place != AWAY) if late else None
    left = None
    for at, place in within:
        left = (left or at) if place == AWAY else None
    return Stay(here[-1], came, left)


def dissents(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """rule:R74: who did not agree, reserved an opinion or added words, with name only where names are displayed.

    `result` is what everybody entitled may see of a published vote (rules/result.public_view).
    """
    if result["visibility"] != "named":
        return []
    return [
        dict(vote) for vote in result["votes"] if vote["choice"] != "agree" or vote["reservation"] or vote["remark"]
    ]
