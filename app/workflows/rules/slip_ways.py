"""What the head of the body may do with the outcome of a slip, and when the reason has to be said."""

import datetime as dt

from app.workflows.rules.slip_result import RETURN, SUBMIT, WAYS
from app.workflows.rules.tally import Verdict

MAY_TAKE = ("draft", "invited", "postponed")  # states of a meeting that has not begun
NOT_URGENT = "normal"
LONGEST_WAIT = 366  # days until a matter is laid again


def ways_of_head(outcome: str | None) -> tuple[str, ...]:
    """The ways among which the head decides: ký, đưa ra phiên họp, trả lại (rule:R11).

    The three are open whatever the members said: a majority may be brought to a session or returned as well. Where
    nothing was put to consent there is nothing to decide.
    """
    return () if outcome is None else WAYS


def may_be_brought(state: str) -> bool:
    """Whether a meeting in this state can still take a matter in that was asked about on a slip (rule:R9)."""
    return state in MAY_TAKE


def told_to_session(urgency: str) -> bool:
    """Whether what the head signs without a session goes on the next agenda by itself: urgent matters (rule:R12)."""
    return urgency != NOT_URGENT


def reason_needed(way: str, outcome: str | None) -> bool:
    """Signing without the majority and returning are explained; the two other cases may be (rule:R11)."""
    return way == RETURN or (way == SUBMIT and outcome != Verdict.ADOPTED.value)


def may_be_laid_again(on: dt.date, today: dt.date) -> bool:
    """A day after this one, within a year (rule:R11)."""
    return today < on <= today + dt.timedelta(days=LONGEST_WAIT)
