"""Deadlines of slips (thời hạn trả lời): in the working calendar of the body, refused with the text of its rules."""

import datetime as dt
from collections.abc import Callable
from typing import TypeVar

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.models import Procedure, RuleSet
from app.workflows.engine.errors import BadValue, Subject, WorkflowError
from app.workflows.rules.calendar import hanoi_date
from app.workflows.rules.rulesets import applicable
from app.workflows.rules.slip_deadline import DeadlineRefused, Fault, days_until, deadline_after, extended
from app.workflows.rules.slip_parameters import SlipParameters
from app.workflows.working_calendar import exceptions_of

Found = TypeVar("Found")


class NoSlipRules(WorkflowError):
    code = "no_slip_rules"
    message = _("No rule set for opinion slips, or more than one, is in force on %(day)s.")


class DeadlineTooSoon(BadValue):
    code, field = "deadline_too_soon", "working_days"
    message = _("Members have at least %(least)d working days to answer (%(source)s).")


class DeadlineTooLate(BadValue):
    code, field = "deadline_too_late", "working_days"
    message = _(
        "Members have at most %(most)d working days to answer, counted from the issue: until %(last)s (%(source)s)."
    )


class DeadlinePast(BadValue):
    code, field = "deadline_past", "deadline_at"
    message = _("This deadline is over already.")


class DeadlineOnDayOff(BadValue):
    code, field = "deadline_on_day_off", "deadline_at"
    message = _("A deadline ends on a working day; this day is off in the working calendar.")


class DeadlineNotLater(BadValue):
    code, field = "deadline_not_later", "deadline_at"
    message = _("The deadline can only be moved to a later day.")


REFUSALS: dict[Fault, type[BadValue]] = {
    Fault.TOO_SOON: DeadlineTooSoon, Fault.TOO_LATE: DeadlineTooLate, Fault.PAST: DeadlinePast,
    Fault.DAY_OFF: DeadlineOnDayOff, Fault.NOT_LATER: DeadlineNotLater,
}  # fmt: skip


def rules_of(subject: Subject, at: dt.datetime) -> RuleSet:
    """The rule set for slips that is in force in the body of a subject at a moment; NoSlipRules unless it is one."""
    rows = select(RuleSet).where(RuleSet.body_id == subject.body_id, RuleSet.procedure == Procedure.SLIP)
    day = hanoi_date(at)
    try:
        return applicable(list(db.session.scalars(rows)), Procedure.SLIP.value, day)
    except LookupError as none:
        raise NoSlipRules(subject, day=day.strftime("%d/%m/%Y")) from none


def deadline_of(subject: Subject, rule_set: RuleSet, issued_at: dt.datetime, working_days: int) -> dt.datetime:
    """Until when a slip that is issued then can be answered (rule:R10)."""
    parameters, exceptions = SlipParameters.parse(rule_set.parameters), exceptions_of(subject.body_id)
    return _allowed(subject, rule_set, lambda: deadline_after(issued_at, working_days, parameters, exceptions))


def days_of(subject: Subject, rule_set: RuleSet, day: dt.date, issued_at: dt.datetime, now: dt.datetime) -> int:
    """How many working days members have to answer by a chosen day, where the rules allow that day (rule:R10)."""
    parameters, exceptions = SlipParameters.parse(rule_set.parameters), exceptions_of(subject.body_id)
    return _allowed(subject, rule_set, lambda: days_until(day, issued_at, now, parameters, exceptions))


def extended_to(
    subject: Subject,
    rule_set: RuleSet,
    day: dt.date,
    issued_at: dt.datetime,
    standing: dt.datetime,
    now: dt.datetime,
) -> dt.datetime:
    """The end of a later day, as far as the longest window counted from the issue reaches (rule:R10)."""
    parameters, exceptions = SlipParameters.parse(rule_set.parameters), exceptions_of(subject.body_id)
    return _allowed(subject, rule_set, lambda: extended(day, issued_at, standing, now, parameters, exceptions))


def _allowed(subject: Subject, rule_set: RuleSet, asked: Callable[[], Found]) -> Found:
    try:
        return asked()
    except DeadlineRefused as refused:
        window = {"least": refused.least, "most": refused.most, "last": refused.last.strftime("%d/%m/%Y")}
        raise REFUSALS[refused.fault](subject, source=rule_set.legal_source, **window) from refused
