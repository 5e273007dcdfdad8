"""By when the Government Office and the head deal with a matter that goes by opinion slip."""

import datetime as dt
from enum import StrEnum

from app.workflows.rules.working_days import Exceptions, working_days_after


class Clock(StrEnum):
    """What is due: the completeness check of a slip, its report to the head, the decision, the matter laid again."""

    CHECK = "check"
    REPORT = "report"
    DECIDE = "decide"
    RESUBMIT = "resubmit"


LEGAL_TEXT = 5  # working days until a legal text is laid before the head
SPANS = {Clock.CHECK: 2, Clock.REPORT: 3, Clock.DECIDE: 3}  # working days; a report without a draft of a legal text


def clock_ends(clock: Clock, since: dt.date, exceptions: Exceptions, *, legal_text: bool = False) -> dt.date:
    """The last day of the time that the Office or the head has, counted from the day after (rule:R14).

    KeyError for a matter that is laid again: the head names that day.
    """
    days = LEGAL_TEXT if clock is Clock.REPORT and legal_text else SPANS[clock]
    return working_days_after(since, days, exceptions)
