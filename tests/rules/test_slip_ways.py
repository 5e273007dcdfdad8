"""What the head may do with the outcome of a slip (rule:R11), and which sessions hear of it (rule:R9, rule:R12)."""

import datetime as dt

import pytest

from app.models import MeetingState
from app.workflows.rules.slip_ways import (
    may_be_brought,
    may_be_laid_again,
    reason_needed,
    told_to_session,
    ways_of_head,
)

TODAY = dt.date(2026, 8, 3)


@pytest.mark.parametrize("outcome", ["adopted", "not_adopted", "undecided"])
def test_the_head_has_three_ways_whatever_was_answered(outcome):
    assert ways_of_head(outcome) == ("submit", "session", "return")


def test_where_nobody_was_asked_to_agree_nothing_is_decided():
    assert ways_of_head(None) == ()


@pytest.mark.parametrize(
    ("way", "outcome", "needed"),
    [
        ("submit", "adopted", False), ("submit", "not_adopted", True), ("submit", "undecided", True),
        ("session", "adopted", False), ("session", "not_adopted", False), ("return", "adopted", True),
        ("return", "not_adopted", True),
    ],
)  # fmt: skip
def test_signing_without_the_majority_and_returning_are_explained(way, outcome, needed):
    assert reason_needed(way, outcome) is needed


@pytest.mark.parametrize(
    ("days", "fits"), [(-1, False), (0, False), (1, True), (366, True), (367, False)]
)  # fmt: skip
def test_a_matter_is_laid_again_after_today_and_within_a_year(days, fits):
    assert may_be_laid_again(TODAY + dt.timedelta(days=days), TODAY) is fits


def test_a_matter_is_brought_to_a_session_that_has_not_begun():
    assert [state for state in MeetingState if may_be_brought(state)] == [
        MeetingState.DRAFT, MeetingState.INVITED, MeetingState.POSTPONED
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("urgency", "told"), [("normal", False), ("urgent", True), ("very_urgent", True), ("express", True)]
)  # fmt: skip
def test_what_is_signed_in_urgency_is_told_to_the_next_session(urgency, told):
    assert told_to_session(urgency) is told
