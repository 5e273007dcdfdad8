"""How long the way from the vote to the promulgated Resolution took, step by step, beside the mark of 2019."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

STEPS = ("vote_closed", "published", "drafted", "presented", "signed", "numbered", "sealed", "promulgated")


@dataclass(frozen=True)
class Mark:
    """A time to compare with; `seconds` is what was reported, not measured."""

    seconds: int
    year: int
    source_vi: str


MARK_2019 = Mark(
    seconds=60,
    year=2019,
    source_vi=(
        "Phiên họp Chính phủ đầu tiên qua hệ thống e-Cabinet ngày 24 tháng 6 năm 2019: theo tin báo chí, Nghị quyết "
        "được ký ban hành chỉ hơn 1 phút sau khi Thủ tướng Chính phủ yêu cầu làm thủ tục trình ký"
    ),
)


@dataclass(frozen=True)
class Step:
    """One step: when it was reached, seconds since the vote closed and since the step reached before it.

    All three are None while the step is not reached; `since_close` also without a close, `since_before` for the first.
    `stepped_back`: the clock showed less than at a step before, so that the step counts as taken at once.
    """

    code: str
    at: dt.datetime | None = None
    since_close: float | None = None
    since_before: float | None = None
    stepped_back: bool = False


def stopwatch(moments: Mapping[str, dt.datetime | None]) -> tuple[Step, ...]:
    """Every step in its order, from the moments at which steps were reached; a missing one is None.

    No time is ever negative: a step counts from the latest moment before it. ValueError for an unknown step and for
    a moment without a time zone.
    """
    if unknown := sorted(set(moments) - set(STEPS)):
        raise ValueError(f"unknown steps: {', '.join(unknown)}")
    found: list[Step] = []
    closed, latest = moments.get("vote_closed"), None
    for code in STEPS:
        at = moments.get(code)
        if at is None:
            found.append(Step(code))
            continue
        if at.tzinfo is None:
            raise ValueError(f"{code}: a moment without a time zone")
        reached = at if latest is None else max(at, latest)
        found.append(Step(code, at, _seconds(closed, reached), _seconds(latest, reached), reached != at))
        latest = reached
    return tuple(found)


def elapsed(steps: Sequence[Step], code: str) -> float | None:
    """Seconds from the close of the vote to a step; None while one of them is not reached."""
    return next(step.since_close for step in steps if step.code == code)


def _seconds(start: dt.datetime | None, end: dt.datetime) -> float | None:
    return None if start is None else round((end - start).total_seconds(), 3)
