"""What the law leaves to numbers and choices when a body decides by opinion slip (phiếu lấy ý kiến)."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from app.workflows.rules.parameters import check_majority, check_whole, parsed

Silence = Literal["agree", "nothing"]
MOST_WORKING_DAYS, MOST_REMINDERS, LONGEST_REMINDER, MOST_PER_DAY = 60, 6, 240, 50
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


@dataclass(frozen=True)
class SlipParameters:
    """The parameters of a rule set for slips.

    `min_working_days`, `max_working_days`: the reply window (rule:R10). `ends_at`: the Hanoi time at which its last day
    ends, "17:00". `silence`: what no reply until the deadline counts as, "agree" or "nothing" (rule:R60).
    `majority_*`: the part of ALL members that must be exceeded (rule:R1). `tie`: "head" follows the counted answer of
    the head of the body, "fails" rejects (rule:R2). `reminder_hours`: how long before the deadline those who have not
    answered are reminded, falling. `most_per_day`: how many deadlines on one day a member should have at most.
    """

    min_working_days: int = 2
    max_working_days: int = 5
    ends_at: str = "17:00"
    silence: Silence = "nothing"
    majority_numerator: int = 1
    majority_denominator: int = 2
    tie: Literal["head", "fails"] = "head"
    answer_change_allowed: bool = True
    reminder_hours: tuple[int, ...] = (24, 4)
    most_per_day: int = 3

    def __post_init__(self) -> None:
        check_whole("min_working_days", self.min_working_days, 1, MOST_WORKING_DAYS)
        check_whole("max_working_days", self.max_working_days, 1, MOST_WORKING_DAYS)
        if self.min_working_days > self.max_working_days:
            raise ValueError("min_working_days must not exceed max_working_days")
        if not isinstance(self.ends_at, str) or not _TIME.fullmatch(self.ends_at):
            raise ValueError("ends_at must be a time like 17:00")
        if self.silence not in ("agree", "nothing"):
            raise ValueError("silence must be 'agree' or 'nothing'")
        check_majority(self.majority_numerator, self.majority_denominator)
        if self.tie not in ("head", "fails"):
            raise ValueError("tie must be 'head' or 'fails'")
        if not isinstance(self.answer_change_allowed, bool):
            raise ValueError("answer_change_allowed must be true or false")
        self._check_reminders()
        check_whole("most_per_day", self.most_per_day, 1, MOST_PER_DAY)

    def _check_reminders(self) -> None:
        hours = self.reminder_hours
        if not isinstance(hours, tuple) or len(hours) > MOST_REMINDERS:
            raise ValueError(f"reminder_hours must be a list of at most {MOST_REMINDERS} whole numbers")
        for each in hours:
            check_whole("reminder_hours", each, 1, LONGEST_REMINDER)
        if list(hours) != sorted(set(hours), reverse=True):
            raise ValueError("reminder_hours must fall, each once")

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> "SlipParameters":
        """Read stored parameters; ValueError names every unknown, missing or odd entry."""
        hours = values.get("reminder_hours")
        return parsed(cls, {**values, "reminder_hours": tuple(hours)} if isinstance(hours, list) else values)

    def as_dict(self) -> dict[str, Any]:
        """As they are stored and signed: JSON, with a list where this holds a tuple."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**found, "reminder_hours": list(self.reminder_hours)}

    @property
    def ends(self) -> dt.time:
        return dt.time.fromisoformat(self.ends_at)

    @property
    def deemed(self) -> bool:
        """Whether a member who does not reply is deemed to agree, mặc nhiên đồng ý (rule:R60)."""
        return self.silence == "agree"
