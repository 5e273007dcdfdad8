"""How soon members answer slips, and how often in time: figures over answers that were counted."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from statistics import median


class Promptness(StrEnum):
    """How a member met the deadline that was given at the issue."""

    ON_TIME = "on_time"
    EXTENDED = "extended"
    SILENT = "silent"


def promptness(answered_at: dt.datetime | None, first_deadline: dt.datetime) -> Promptness:
    """By the first answer; one that came only within a later, extended deadline was not in time (rule:R72)."""
    if answered_at is None:
        return Promptness.SILENT
    return Promptness.ON_TIME if answered_at < first_deadline else Promptness.EXTENDED


@dataclass(frozen=True)
class Figures:
    """Over the askings of somebody: how many there were and how they were met; spans from issue to first answer."""

    asked: int
    on_time: int
    extended: int
    silent: int
    middle: dt.timedelta | None
    longest: dt.timedelta | None

    @property
    def answered(self) -> int:
        return self.on_time + self.extended

    @property
    def share(self) -> Decimal | None:
        """In time, of all askings, from 0 to 1; None without any."""
        return Decimal(self.on_time) / self.asked if self.asked else None


def figures(met: Sequence[tuple[Promptness, dt.timedelta | None]]) -> Figures:
    """Counts that add up to the askings, the median and the longest span; silence has none (rule:R72)."""
    counts = {each: sum(one is each for one, _span in met) for each in Promptness}
    spans = [span for _one, span in met if span is not None]
    return Figures(
        len(met), counts[Promptness.ON_TIME], counts[Promptness.EXTENDED], counts[Promptness.SILENT],
        _middle(spans), max(spans, default=None),
    )  # fmt: skip


def _middle(spans: Sequence[dt.timedelta]) -> dt.timedelta | None:
    return dt.timedelta(seconds=median(span.total_seconds() for span in spans)) if spans else None
