"""Deadlines of slips in the calendar of a body, refused with the text of the rules."""

import datetime as dt

import pytest
from sqlalchemy import insert

from app.extensions import db
from app.models import DayKind, RuleSet, Slip
from app.workflows import rule_sets, slip_deadlines, working_calendar
from app.workflows.engine.errors import Detached
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import use_case
from app.workflows.rules.calendar import HANOI
from app.workflows.series import locked_series
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


@both
def test_rules_that_a_slip_was_issued_under_cannot_have_ended_before(people, rules):
    rule_set_id, clerk = rules.id, people["clerk"]

    @use_case
    def issue(_actor):
        series = locked_series(1, "PLYK", False, 2026)
        series.last_number += 1
        db.session.flush()
        frozen = {"definition": b"x", "definition_sha256": "x", "issued_at": ISSUED, "deadline_at": five(THURSDAY)}
        about = {"state": "issued", "number": 1, "series_id": series.id, "rule_set_id": rule_set_id}
        kept = {"matter": "Việc", "title_fold": "viec", "working_days": 5, "drafted_at": NOW}
        db.session.execute(insert(Slip).values(body_id=1, round=1, version=0, chain=[], **kept, **about, **frozen))

    issue(SYSTEM)
    with pytest.raises(rule_sets.SlipsLater, match="30/07/2026") as refused:
        rule_sets.end_rule_set(clerk, rule_set_id, dt.date(2026, 7, 30), NOW)
    assert refused.value.field == "valid_to"
    ended = rule_sets.end_rule_set(clerk, rule_set_id, dt.date(2026, 7, 31), NOW)
    assert ended.valid_to == dt.date(2026, 7, 31)
