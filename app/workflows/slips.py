"""Opinion slips (phiếu lấy ý kiến): what is asked, and the table of moves from the draft to the decision."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.models import (
    Body,
    Organisation,
    Outcome,
    QuestionKind,
    Slip,
    SlipPaper,
    SlipQuestion,
    SlipState,
    Urgency,
)
from app.workflows import slip_deadlines
from app.workflows.engine.errors import BadValue, Detached, WorkflowError, WrongState
from app.workflows.engine.moves import Lifecycle, Move
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.text import block, line
from app.workflows.engine.transaction import record, use_case
from app.workflows.engine.visibility import seen
from app.workflows.engine.words import word
from app.workflows.rules.names import fold
from app.workflows.rules.opinion_text import clean_opinion
from app.workflows.rules.slip_parameters import SlipParameters
from app.workflows.slip_facts import SlipAbandoned, SlipChanged, SlipDrafted, record_slip

DRAFT, SUBMITTED, APPROVED, ISSUED, CLOSED, REPORTED, DECIDED, ABANDONED, RECALLED = SlipState
LONGEST_MATTER, LONGEST_BASIS, LONGEST_QUESTION, LONGEST_OPTION, LONGEST_REASON = 500, 4000, 4000, 500, 2000
MOST_QUESTIONS, MOST_OPTIONS, FEWEST_OPTIONS = 20, 20, 2


class NoMatter(BadValue):
    code, field = "no_matter", "matter"
    message = _("Write the matter on which opinions are asked, in one line of at most 500 letters.")


class BadBasis(BadValue):
    code, field = "bad_basis", "legal_basis"
    message = _("The legal basis is too long, or holds signs that are not shown.")


class BadQuestion(BadValue):
    code, field = "bad_question", "questions"
    message = _("Question %(number)s: %(why)s")


class QuestionCount(BadValue):
    code, field = "question_count", "questions"
    message = _("A slip has 1 to 20 questions.")


class TwoMainQuestions(BadValue):
    code, field = "two_main_questions", "questions"
    message = _("Only one question decides, and it is one of agreeing or not.")


class SlipFrozen(WorkflowError):
    code = "slip_frozen"
    message = _("The slip is not a draft any more (%(state)s). An issued slip never changes; a change is a new round.")


class DraftChanged(WorkflowError):
    code = "draft_changed"
    message = _(
        "Somebody has saved this draft since you opened it. What you typed is kept here; look at the saved draft, and"
        " save again if yours is to replace it."
    )


class ReasonMissing(BadValue):
    code, field = "no_reason", "reason"
    message = _("Write the reason.")


@dataclass(frozen=True)
class Question:
    """One question as it is composed; `options` of a question of the kind "pick" only."""

    kind: QuestionKind
    text: str
    options: Sequence[str] = ()
    main: bool = False


LIFECYCLE = Lifecycle(
    SlipState,
    #    name        from                                    to         who may
    Move("submit",   frozenset({DRAFT}),                     SUBMITTED, Right.SLIP_DRAFT),
    Move("withdraw", frozenset({SUBMITTED, APPROVED}),       DRAFT,     Right.SLIP_DRAFT),
    Move("return",   frozenset({SUBMITTED, APPROVED}),       DRAFT,     Right.SLIP_APPROVE),
    Move("approve",  frozenset({SUBMITTED}),                 APPROVED,  Right.SLIP_APPROVE),
    Move("abandon",  frozenset({DRAFT, SUBMITTED, APPROVED}), ABANDONED, Right.SLIP_DRAFT),
    Move("issue",    frozenset({APPROVED}),                  ISSUED,    Right.SLIP_ISSUE),
    Move("close",    frozenset({ISSUED}),                    CLOSED,    Right.SLIP_RUN),
    Move("recall",   frozenset({ISSUED}),                    RECALLED,  Right.SLIP_RUN),
    Move("report",   frozenset({CLOSED}),                    REPORTED,  Right.SLIP_RUN),
    Move("decide",   frozenset({REPORTED}),                  DECIDED,   Right.SLIP_DECIDE),
)  # fmt: skip


@dataclass(frozen=True)
class Content:
    """What is composed of a slip; without `working_days`, the shortest time that the rules allow."""

    matter: str
    questions: Sequence[Question]
    organisation_id: int | None = None
    legal_basis: str = ""
    urgency: Urgency = Urgency.NORMAL
    working_days: int | None = None
    passkey_demanded: bool = False


@use_case
def compose_slip(actor: Actor, body_id: int, content: Content, now: dt.datetime) -> Slip:
    """Draft a slip; nothing is frozen before it is issued."""
    body = seen(actor, Body, body_id)
    about = Detached(Slip.__tablename__, 0, None, body.id)
    actor.require(Right.SLIP_DRAFT, about)
    slip = Slip(body_id=body.id, drafted_by_id=actor.person_id, drafted_at=now, chain=[], version=0)
    _write(slip, about, content, now)
    slip.questions = _rows(about, content.questions)
    db.session.add(slip)
    db.session.flush()
    record_slip(actor, slip, SlipDrafted, now, matter=slip.matter)
    return slip


@use_case
def change_slip(
    actor: Actor, slip_id: int, content: Content, now: dt.datetime, known_version: int | None = None
) -> Slip:
    """Word a draft otherwise, all of it; refused where it has another version than the one that was worked on."""
    slip = locked_draft(actor, slip_id)
    if known_version not in (None, slip.version):
        raise DraftChanged(slip)
    _write(slip, slip, content, now)
    rows = _rows(slip, content.questions)
    slip.questions = []
    db.session.flush()  # places are given anew: the old rows go first
    slip.questions = rows
    record_slip(actor, slip, SlipChanged, now, matter=slip.matter)
    return slip


@use_case
def clone_slip(actor: Actor, slip_id: int, now: dt.datetime) -> Slip:
    """A new draft with the same matter, questions and papers; the first round of a slip of its own."""
    source = seen(actor, Slip, slip_id)
    actor.require(Right.SLIP_DRAFT, source)
    return copied(actor, source, now)


@use_case
def copied(actor: Actor, source: Slip, now: dt.datetime, **fields: Any) -> Slip:
    """A draft with what another slip asks, inside the act that admits it; `fields` tell it from its source."""
    slip = Slip(
        body_id=source.body_id, matter=source.matter, title_fold=source.title_fold, legal_basis=source.legal_basis,
        organisation_id=source.organisation_id, urgency=source.urgency, working_days=source.working_days,
        passkey_demanded=source.passkey_demanded, drafted_by_id=actor.person_id, drafted_at=now, chain=[], version=0,
        questions=[
            SlipQuestion(body_id=row.body_id, position=row.position, kind=row.kind, text=row.text,
                         options=list(row.options), main=row.main)
            for row in source.questions
        ],
        papers=[
            SlipPaper(body_id=row.body_id, position=row.position, document_version_id=row.document_version_id,
                      draft=row.draft)
            for row in source.papers
        ],
        **fields,
    )  # fmt: skip
    db.session.add(slip)
    db.session.flush()
    record_slip(actor, slip, SlipDrafted, now, matter=slip.matter)
    return slip


@use_case
def abandon_slip(actor: Actor, slip_id: int, reason: str, now: dt.datetime) -> Slip:
    """Give a slip up that was never issued; it stays with its history, and another next round can be begun."""
    slip = locked(actor, slip_id)
    move = LIFECYCLE.admit("abandon", slip, actor)
    why = reason_of(slip, reason)
    slip.version += 1
    move.apply(slip, reason=why, ended_at=now, previous_id=None, round=1)
    record(actor, SlipAbandoned.about(slip, version=slip.version, reason=why), now)
    return slip


def rules_of(slip: Slip) -> SlipParameters:
    """The parameters that were frozen with an issued slip; the row is immutable once used."""
    return SlipParameters.parse(slip.rule_set.parameters if slip.rule_set else {})


def main_question(slip: Slip) -> SlipQuestion | None:
    """The question that decides: the one that is marked, else the first of agreeing or not; None without one."""
    asked = [row for row in slip.questions if row.kind is QuestionKind.CONSENT]
    return next((row for row in asked if row.main), asked[0] if asked else None)


def successor_of(slip: Slip) -> Slip | None:
    """The next round, if one was begun."""
    return db.session.scalar(select(Slip).where(Slip.previous_id == slip.id))


def locked(actor: Actor, slip_id: int) -> Slip:
    """A visible slip, held until the end of the transaction."""
    seen(actor, Slip, slip_id)
    rows = select(Slip).where(Slip.id == slip_id).with_for_update()
    return db.session.execute(rows.execution_options(populate_existing=True)).scalar_one()


def locked_draft(actor: Actor, slip_id: int) -> Slip:
    """The same for whoever may still change what it asks; SlipFrozen once it was submitted."""
    slip = locked(actor, slip_id)
    actor.require(Right.SLIP_DRAFT, slip)
    if slip.state is not DRAFT:
        raise SlipFrozen(slip, state=word(slip.state))
    return slip


def reason_of(slip: Slip, reason: str) -> str:
    """A reason that is written and shows all it holds; ReasonMissing otherwise."""
    return shown(slip, block(slip, reason, "reason", LONGEST_REASON, refusal=ReasonMissing), ReasonMissing)


def shown(about: Any, text: str, refusal: Callable[[Any], WorkflowError]) -> str:
    """The text, if it holds nothing that is not shown (rule:R61)."""
    try:
        return clean_opinion(text)
    except ValueError as hidden:
        raise refusal(about) from hidden


def watched(actor: Actor, slip_id: int) -> Slip:
    """A slip that was issued, for those who see its board; refused for everybody else."""
    slip = seen(actor, Slip, slip_id)
    actor.require(Right.SLIP_BOARD, slip)
    require_state(slip, ISSUED, CLOSED, REPORTED, DECIDED, RECALLED)
    return slip


def require_state(slip: Slip, *states: SlipState) -> None:
    if slip.state not in states:
        raise WrongState(slip, state=word(slip.state))


def outcome_of(code: str | None) -> Outcome | None:
    return Outcome(code) if code else None


def _write(slip: Slip, about: Any, content: Content, now: dt.datetime) -> None:
    rule_set = slip_deadlines.rules_of(about, now)
    shortest = SlipParameters.parse(rule_set.parameters).min_working_days
    days = shortest if content.working_days is None else content.working_days
    slip_deadlines.deadline_of(about, rule_set, now, days)
    slip.matter = shown(about, line(about, content.matter, "matter", LONGEST_MATTER, refusal=NoMatter), NoMatter)
    slip.title_fold = fold(slip.matter)
    basis = block(about, content.legal_basis, "legal_basis", LONGEST_BASIS, wanted=False, refusal=BadBasis)
    slip.legal_basis = shown(about, basis, BadBasis)
    slip.working_days, slip.urgency, slip.passkey_demanded = days, content.urgency, content.passkey_demanded
    slip.organisation_id = _organisation(about, content.organisation_id)


def _organisation(about: Any, organisation_id: int | None) -> int | None:
    if organisation_id is None:
        return None
    found = db.session.get(Organisation, organisation_id)
    if found is None or found.body_id != about.body_id:
        raise BadValue(about)
    return found.id


def _rows(about: Any, questions: Sequence[Question]) -> list[SlipQuestion]:
    if not 1 <= len(questions) <= MOST_QUESTIONS:
        raise QuestionCount(about)
    if sum(question.main for question in questions) > 1:
        raise TwoMainQuestions(about)
    return [_row(about, number, question) for number, question in enumerate(questions, start=1)]


def _row(about: Any, number: int, question: Question) -> SlipQuestion:
    def bad(why: Any) -> BadQuestion:
        return BadQuestion(about, number=number, why=why)

    if question.main and question.kind is not QuestionKind.CONSENT:
        raise TwoMainQuestions(about)
    def unclean(_about: Any) -> BadQuestion:
        return bad(_("the text is empty, too long, or holds signs that are not shown."))

    text = shown(about, block(about, question.text, "questions", LONGEST_QUESTION, refusal=unclean), unclean)
    options = [
        shown(about, line(about, each, "questions", LONGEST_OPTION, refusal=unclean), unclean)
        for each in question.options
    ]
    picks, different = question.kind is QuestionKind.PICK, {each.casefold() for each in options}
    if not picks and options:
        raise bad(_("only a choice among options has options."))
    if picks and not FEWEST_OPTIONS <= len(different) == len(options) <= MOST_OPTIONS:
        raise bad(_("write 2 to 20 different options."))
    return SlipQuestion(
        body_id=about.body_id, position=number, kind=question.kind, text=text, options=options, main=question.main
    )
