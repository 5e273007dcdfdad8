"""Rule sets (bộ quy tắc): which decision rules hold in a body from which day; a used one is history."""

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import func, select

from app.extensions import db
from app.models import FOREVER, Body, Meeting, Poll, Procedure, RuleSet, Slip
from app.workflows.engine.errors import BadValue, WorkflowError
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.text import block, line
from app.workflows.engine.transaction import Fact, record, use_case
from app.workflows.engine.visibility import seen
from app.workflows.identity import changes, check_period, overlapping
from app.workflows.rules.calendar import hanoi_date
from app.workflows.rules.parameters import LARGEST
from app.workflows.rules.rulesets import RuleParameters, RuleSetPreset
from app.workflows.rules.slip_parameters import SlipParameters

LONGEST_CODE, LONGEST_NAME, LONGEST_SOURCE = 40, 200, 4000


class RuleSetUsed(WorkflowError):
    code = "rule_set_used"
    message = _("Votes were decided by this rule set; it cannot be changed. End it and enter its successor.")


class CodeTaken(BadValue):
    code, field = "code_taken", "code"
    message = _("Another rule set of this body and procedure already has this code.")


class TwoInForce(BadValue):
    code, field = "two_in_force", "valid_from"
    message = _("“%(name)s” is in force in that period. End it first: two rule sets never hold on one day.")


class UsedLater(BadValue):
    code, field = "used_later", "valid_to"
    message = _("A vote was decided by this rule set on %(day)s; it cannot have ended before.")


class SlipsLater(BadValue):
    code, field = "slips_later", "valid_to"
    message = _("An opinion slip was issued under this rule set on %(day)s; it cannot have ended before.")


class BadNumber(BadValue):
    code = "bad_number"
    message = _("Write a whole number from %(least)s to %(most)s.")

    def __init__(self, subject: Any, field: str, **bounds: object) -> None:
        super().__init__(subject, **bounds)
        self.field = field  # type: ignore[misc]


class WindowImpossible(BadValue):
    code, field = "window_impossible", "max_working_days"
    message = _("The longest time to answer is at least as long as the shortest.")


class BadTime(BadValue):
    code, field = "bad_time", "ends_at"
    message = _("Write the time as 17:00.")


class BadReminders(BadValue):
    code, field = "bad_reminders", "reminder_hours"
    message = _("Write at most six whole numbers of hours, each smaller than the one before: 24, 4.")


class QuorumImpossible(BadValue):
    code, field = "quorum_impossible", "quorum_numerator"
    message = _("The quorum cannot exceed all members.")


class MajorityImpossible(BadValue):
    code, field = "majority_impossible", "majority_numerator"
    message = _("The majority to be exceeded is at least one half and less than all members.")


@dataclass(frozen=True)
class RuleSetCreated(Fact):
    rule_set_code: str
    valid_from: dt.date
    parameters: dict[str, Any]


@dataclass(frozen=True)
class RuleSetChanged(Fact):
    changed: dict[str, Any]


@dataclass(frozen=True)
class RuleSetEnded(Fact):
    valid_to: dt.date


def enter_known(body: Body, presets: Iterable[RuleSetPreset]) -> None:
    """Write the rule sets that a new body begins with, inside the act that founds it."""
    for preset in presets:
        db.session.add(
            RuleSet(
                body_id=body.id, code=preset.code, name=preset.name_vi, procedure=preset.procedure,
                valid_from=preset.valid_from, valid_to=preset.valid_to or FOREVER,
                parameters=preset.parameters.as_dict(), legal_source=preset.legal_source_vi,
                confirmed=preset.confirmed,
            )
        )  # fmt: skip
    db.session.flush()


@use_case
def create_rule_set(
    actor: Actor, body_id: int, procedure: Procedure, now: dt.datetime, parameters: dict[str, Any], **values: Any
) -> RuleSet:
    """Enter the rules that hold from a day on.

    `values`: code, name, legal_source, confirmed, valid_from, valid_to (None: without end). `parameters`: the fields
    of RuleParameters or, for slips, of SlipParameters, as typed.
    """
    body = seen(actor, Body, body_id)
    rule_set = RuleSet(body_id=body_id, procedure=procedure)
    actor.require(Right.RULES_MANAGE, rule_set)
    _write(rule_set, parameters, values)
    rule_set.body = body
    db.session.add(rule_set)
    db.session.flush()
    about = {"rule_set_code": rule_set.code, "valid_from": rule_set.valid_from, "parameters": rule_set.parameters}
    record(actor, RuleSetCreated.about(rule_set, **about), now)
    return rule_set


@use_case
def edit_rule_set(
    actor: Actor, rule_set_id: int, now: dt.datetime, parameters: dict[str, Any], **values: Any
) -> RuleSet:
    """Correct rules by which nothing was decided yet."""
    rule_set = _locked(actor, rule_set_id)
    if rule_set.used_at is not None:
        raise RuleSetUsed(rule_set)
    before = {name: getattr(rule_set, name) for name in (*values, "parameters")}
    with db.session.no_autoflush:
        _write(rule_set, parameters, values)
    record(actor, RuleSetChanged.about(rule_set, changed=changes(rule_set, before)), now)
    return rule_set


@use_case
def end_rule_set(actor: Actor, rule_set_id: int, valid_to: dt.date, now: dt.datetime) -> RuleSet:
    """Let a rule set end (first day on which it no longer holds), so that a successor can begin; used or not."""
    rule_set = _locked(actor, rule_set_id)
    _refuse_before_use(rule_set, valid_to)
    with db.session.no_autoflush:
        rule_set.valid_to = valid_to
        check_period(rule_set, rule_set.valid_from, valid_to)
        _refuse_two_in_force(rule_set)
    record(actor, RuleSetEnded.about(rule_set, valid_to=valid_to), now)
    return rule_set


def _refuse_before_use(rule_set: RuleSet, valid_to: dt.date) -> None:
    """Whatever was decided or issued under a rule set stays under one that was in force on its day."""
    held = select(func.max(Meeting.held_on)).join(Poll, Poll.meeting_id == Meeting.id)
    voted = db.session.scalar(held.where(Poll.rule_set_id == rule_set.id))
    if voted is not None and valid_to <= voted:
        raise UsedLater(rule_set, day=voted.strftime("%d/%m/%Y"))
    issued = db.session.scalar(select(func.max(Slip.issued_at)).where(Slip.rule_set_id == rule_set.id))
    if issued is not None and valid_to <= hanoi_date(issued):
        raise SlipsLater(rule_set, day=hanoi_date(issued).strftime("%d/%m/%Y"))


def _locked(actor: Actor, rule_set_id: int) -> RuleSet:
    rule_set = seen(actor, RuleSet, rule_set_id)
    actor.require(Right.RULES_MANAGE, rule_set)
    return db.session.scalars(select(RuleSet).where(RuleSet.id == rule_set.id).with_for_update()).one()


def _write(rule_set: RuleSet, parameters: dict[str, Any], values: dict[str, Any]) -> None:
    rule_set.code = line(rule_set, values["code"], "code", LONGEST_CODE)
    rule_set.name = line(rule_set, values["name"], "name", LONGEST_NAME)
    rule_set.legal_source = block(rule_set, values["legal_source"], "legal_source", LONGEST_SOURCE)
    rule_set.confirmed = bool(values["confirmed"])
    rule_set.valid_from, rule_set.valid_to = values["valid_from"], values["valid_to"] or FOREVER
    check_period(rule_set, rule_set.valid_from, rule_set.valid_to)
    rule_set.parameters = _parameters(rule_set, parameters)
    others = _others(rule_set).where(RuleSet.code == rule_set.code)
    if db.session.scalar(others.limit(1)):
        raise CodeTaken(rule_set)
    _refuse_two_in_force(rule_set)


def _others(rule_set: RuleSet) -> Any:
    return select(RuleSet).where(
        RuleSet.body_id == rule_set.body_id, RuleSet.procedure == rule_set.procedure, RuleSet.id != (rule_set.id or 0)
    )


def _refuse_two_in_force(rule_set: RuleSet) -> None:
    if other := db.session.scalar(_others(rule_set).where(overlapping(RuleSet, rule_set)).limit(1)):
        raise TwoInForce(rule_set, name=other.name)


def _parameters(rule_set: RuleSet, parameters: dict[str, Any]) -> dict[str, Any]:
    try:
        if rule_set.procedure is Procedure.SLIP:
            return SlipParameters.parse(parameters).as_dict()
        return RuleParameters.parse({**parameters, "substitute_votes": False}).as_dict()
    except (ValueError, TypeError) as odd:
        raise _refusal(rule_set, str(odd)) from odd


def _refusal(rule_set: RuleSet, said: str) -> BadValue:
    """The refusal for what the rules said of odd parameters; the name of one comes first, where it is about one."""
    if bounds := re.fullmatch(r"(\w+) must be a whole number from (\d+) to (\d+)", said):
        return BadNumber(rule_set, bounds[1], least=bounds[2], most=bounds[3])
    known = {
        "the quorum": QuorumImpossible, "min_working_days": WindowImpossible, "ends_at": BadTime,
        "reminder_hours": BadReminders, "the majority": MajorityImpossible, "less than half": MajorityImpossible,
    }  # fmt: skip
    found = next((refusal for begins, refusal in known.items() if said.startswith(begins)), None)
    return found(rule_set) if found else BadNumber(rule_set, said.split(" ", maxsplit=1)[0], least=1, most=LARGEST)
