"""Deadlines of slips in the calendar of a body, refused with the text of the rules."""

import datetime as dt

import pytest

from app.extensions import db
from app.models import DayKind, RuleSet
from app.workflows import slip_deadlines, working_calendar
from app.workflows.engine.errors import Detached
from app.workflows.rules.calendar import HANOI
from tests.cabinet import NOW
from tests.conftest import both

ISSUED = dt.datetime(2026, 7, 30, 9, 0, tzinfo=HANOI)
SLIP = Detached("slip", 0, None, 1)
THURSDAY = dt.date(2026, 8, 6)  # the fifth working day


def five(day):
    return dt.datetime.combine(day, dt.time(17), HANOI)


@pytest.fixture
def rules(people):
    return slip_deadlines.rules_of(SLIP, ISSUED)


@both
def test_the_rules_of_the_day_of_issue_and_the_calendar_of_the_body_set_the_deadline(people, rules):
    """rule:R10"""
    assert (rules.code, rules.procedure, rules.parameters["silence"]) == ("QC-191-2026", "slip", "agree")
    assert slip_deadlines.deadline_of(SLIP, rules, ISSUED, 2) == five(dt.date(2026, 8, 3))
    working_calendar.add_calendar_day(people["clerk"], 1, dt.date(2026, 7, 31), DayKind.OFF, "Bão", now=NOW)
    assert slip_deadlines.deadline_of(SLIP, rules, ISSUED, 2) == five(dt.date(2026, 8, 4))
    assert slip_deadlines.days_of(SLIP, rules, dt.date(2026, 8, 4), ISSUED, ISSUED) == 2


@pytest.mark.parametrize(
    ("count", "refusal"), [(1, slip_deadlines.DeadlineTooSoon), (6, slip_deadlines.DeadlineTooLate)]
)
def test_a_window_that_the_law_does_not_know_is_refused_with_its_text(rules, count, refusal):
    """rule:R10"""
    with pytest.raises(refusal) as refused:
        slip_deadlines.deadline_of(SLIP, rules, ISSUED, count)
    assert "Điều 7, Điều 17" in str(refused.value)
    assert refused.value.field == "working_days"


@pytest.mark.parametrize(
    ("day", "refusal"),
    [(dt.date(2026, 7, 29), slip_deadlines.DeadlinePast), (dt.date(2026, 8, 1), slip_deadlines.DeadlineOnDayOff),
     (dt.date(2026, 7, 31), slip_deadlines.DeadlineTooSoon), (dt.date(2026, 8, 7), slip_deadlines.DeadlineTooLate)],
)  # fmt: skip
def test_a_day_that_cannot_be_is_refused_in_clear_words(rules, day, refusal):
    """rule:R10"""
    with pytest.raises(refusal) as refused:
        slip_deadlines.days_of(SLIP, rules, day, ISSUED, ISSUED)
    assert "%(" not in str(refused.value)


def test_an_extension_stays_within_the_longest_window(rules):
    """rule:R10"""
    standing = slip_deadlines.deadline_of(SLIP, rules, ISSUED, 2)
    assert slip_deadlines.extended_to(SLIP, rules, THURSDAY, ISSUED, standing, ISSUED) == five(THURSDAY)
    for day, refusal in (
        (dt.date(2026, 8, 7), slip_deadlines.DeadlineTooLate), (standing.date(), slip_deadlines.DeadlineNotLater),
    ):  # fmt: skip
        with pytest.raises(refusal):
            slip_deadlines.extended_to(SLIP, rules, day, ISSUED, standing, ISSUED)


def test_a_body_without_rules_for_slips_is_told_so(people):
    db.session.query(RuleSet).filter_by(procedure="slip", code="QC-138-2016").delete()
    db.session.commit()
    with pytest.raises(slip_deadlines.NoSlipRules, match="24/06/2019"):
        slip_deadlines.rules_of(SLIP, dt.datetime(2019, 6, 24, 9, 0, tzinfo=HANOI))
