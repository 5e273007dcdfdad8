"""What waits for a person (chờ tôi xử lý): votes, invitations, absences, ties, results, keys."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import exists, func, select
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.models import (
    Absence,
    AbsenceState,
    Ballot,
    Dispatch,
    KeyRecovery,
    Meeting,
    MeetingState,
    Outcome,
    Poll,
    PollState,
    RecoveryKind,
    Reply,
    Resolution,
    ResolutionState,
    RollEntry,
    Seat,
    SeatRole,
    Slip,
    SlipState,
)
from app.workflows import polls, slip_advice, slip_approval, slip_decisions
from app.workflows.attendance import ANSWERABLE
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.visibility import visible
from app.workflows.resolution_sources import origin_of
from app.workflows.rules.calendar import HANOI, hanoi_date
from app.workflows.slip_waiting import waiting_slips


class TaskKind(StrEnum):
    """In the order in which they wait: what holds up a meeting comes first."""

    VOTE = "vote"
    OPINION = "opinion"
    ADVISE = "advise"
    TIE = "tie"
    PUBLISH = "publish"
    DECIDE = "decide"
    SIGN = "sign"
    ISSUE = "issue"
    RELEASE = "release"
    APPROVE = "approve"
    MEND = "mend"
    RECEIVE = "receive"
    DRAFT = "draft"
    REPORT = "report"
    RESUBMIT = "resubmit"
    RECOVERY = "recovery"
    ABSENCE = "absence"
    ANSWER = "answer"
    ENROL = "enrol"


@dataclass(frozen=True)
class Task:
    """One thing to do. `subject_id` is a poll, a slip, a meeting, an absence or a recovery, by `kind`; `at` aware."""

    kind: TaskKind
    subject_id: int
    body_id: int
    title: str
    where: str = ""
    meeting_id: int | None = None
    at: dt.datetime | None = None


def waiting_for(actor: Actor, now: dt.datetime) -> list[Task]:
    """Everything that waits for this person at this moment; its length is the number on the badge."""
    if actor.person_id is None:
        return []
    mine = [part for part, rights in PARTS.items() if not rights or actor.may_somewhere(*rights)]
    return [task for part in mine for task in part(actor, now)]


def _of_poll(kind: TaskKind, poll: Poll, at: dt.datetime | None) -> Task:
    return Task(kind, poll.id, poll.body_id, poll.question, poll.meeting.title, poll.meeting_id, at)


def _votes(actor: Actor, now: dt.datetime) -> Iterator[Task]:
    """Votes that take ballots now, on whose roll this person stands with a certificate and without a ballot."""
    cast = exists().where(Ballot.poll_id == Poll.id, Ballot.member_id == actor.person_id)
    rows = select(Poll).join(RollEntry, RollEntry.poll_id == Poll.id).where(Poll.state == PollState.OPEN, ~cast)
    rows = rows.where(RollEntry.member_id == actor.person_id, RollEntry.certificate_id.is_not(None))
    for poll in db.session.scalars(rows.options(joinedload(Poll.meeting)).order_by(Poll.opened_at)):
        if polls.takes_ballots(poll, now) and actor.may(Right.POLL_VOTE, poll):
            yield _of_poll(TaskKind.VOTE, poll, poll.opened_at)


def _opinions(actor: Actor, now: dt.datetime) -> Iterator[Task]:
    """Opinion slips, by their deadline."""
    for slip in waiting_slips(actor, now):
        where = slip.organisation.name if slip.organisation else ""
        yield Task(TaskKind.OPINION, slip.id, slip.body_id, slip.matter, where, at=slip.deadline_at)


def _advice(actor: Actor, now: dt.datetime) -> Iterator[Task]:
    """Opinion slips about which this person is to advise a member, by their deadline."""
    for slip in slip_advice.slips_to_advise(actor, now):
        where = slip.organisation.name if slip.organisation else ""
        yield Task(TaskKind.ADVISE, slip.id, slip.body_id, slip.matter, where, at=slip.deadline_at)


def _slips(actor: Actor, _now: dt.datetime) -> Iterator[Task]:
    """Slips on their way to the issue whose next step is this person's."""
    kinds = {SlipState.SUBMITTED: TaskKind.APPROVE, SlipState.APPROVED: TaskKind.RELEASE}
    for slip in slip_approval.waiting_slips_of(actor):
        where = slip.organisation.name if slip.organisation else ""
        last = max(slip.approvals, key=lambda row: row.seq, default=None)
        at = last.at if last else slip.drafted_at
        yield Task(kinds.get(slip.state, TaskKind.MEND), slip.id, slip.body_id, slip.matter, where, at=at)


def _closed_polls(actor: Actor, _now: dt.datetime) -> Iterator[Task]:
    """A tie waits for the head of the body; every other closed vote for the chair and the secretary."""
    rows = select(Poll).where(Poll.state == PollState.CLOSED, visible(actor, Poll)).order_by(Poll.closed_at)
    for poll in db.session.scalars(rows.options(joinedload(Poll.meeting), joinedload(Poll.item))):
        tie = poll.outcome is Outcome.TIE_CONFIRM and poll.tie_confirmation_id is None
        right, kind = (Right.POLL_CONFIRM_TIE, TaskKind.TIE) if tie else (Right.POLL_PUBLISH, TaskKind.PUBLISH)
        if actor.may(right, poll):
            yield _of_poll(kind, poll, poll.closed_at)


def _outcomes(actor: Actor, _now: dt.datetime) -> Iterator[Task]:
    """A closed slip waits to be laid before the head of the body, a reported one for the decision of the head."""
    stages = {
        SlipState.REPORTED: (TaskKind.DECIDE, Right.SLIP_DECIDE), SlipState.CLOSED: (TaskKind.REPORT, Right.SLIP_RUN),
    }  # fmt: skip
    rows = select(Slip).where(Slip.state.in_(stages), Slip.outcome.is_not(None), visible(actor, Slip))
    for slip in db.session.scalars(rows.order_by(Slip.closed_at, Slip.id)):
        kind, right = stages[slip.state]
        if actor.may(right, slip):
            yield Task(kind, slip.id, slip.body_id, slip.matter, slip.number_text, None, slip.closed_at)


def _returned(actor: Actor, _now: dt.datetime) -> Iterator[Task]:
    """A returned matter waits for whoever drafts slips until its next round is begun; `at` is the start of its day."""
    for slip, decision in slip_decisions.returned(actor):
        if actor.may(Right.SLIP_DRAFT, slip) and decision.resubmit_on is not None:
            at = dt.datetime.combine(decision.resubmit_on, dt.time(), HANOI)
            yield Task(TaskKind.RESUBMIT, slip.id, slip.body_id, slip.matter, slip.number_text, None, at)


def _resolutions(actor: Actor, _now: dt.datetime) -> Iterator[Task]:
    """What is presented waits for its signer; what is signed for the records office, up to the promulgation."""
    stages = {ResolutionState.PRESENTED: TaskKind.SIGN}
    stages |= dict.fromkeys(
        (ResolutionState.SIGNED, ResolutionState.NUMBERED, ResolutionState.SEALED), TaskKind.ISSUE
    )
    rows = select(Resolution).where(Resolution.state.in_(stages), visible(actor, Resolution))
    origin = (joinedload(Resolution.meeting), joinedload(Resolution.slip))
    for resolution in db.session.scalars(rows.options(*origin).order_by(Resolution.drafted_at)):
        kind, title, where = stages[resolution.state], resolution.subject, origin_of(resolution)
        mine = resolution.signer_id == actor.person_id and actor.may(Right.RESOLUTION_SIGN, resolution)
        if mine if kind is TaskKind.SIGN else actor.may(Right.RESOLUTION_ISSUE, resolution):
            at = resolution.presented_at if kind is TaskKind.SIGN else resolution.signed_at
            yield Task(kind, resolution.id, resolution.body_id, title, where, resolution.meeting_id, at)


def _received(actor: Actor, _now: dt.datetime) -> Iterator[Task]:
    """Promulgated Resolutions sent to this member that were not yet confirmed."""
    rows = select(Resolution).join(Dispatch, Dispatch.resolution_id == Resolution.id)
    rows = rows.where(Dispatch.person_id == (actor.person_id or 0), Dispatch.received_at.is_(None))
    rows = rows.where(Resolution.state == ResolutionState.PROMULGATED).options(joinedload(Resolution.number))
    for resolution in db.session.scalars(rows.order_by(Resolution.promulgated_at)):
        about = (resolution.body_id, resolution.subject, resolution.number.text if resolution.number else "")
        yield Task(TaskKind.RECEIVE, resolution.id, *about, resolution.meeting_id, resolution.promulgated_at)


def _undrafted(actor: Actor, _now: dt.datetime) -> Iterator[Task]:
    """Published, adopted votes on a draft without a Resolution yet."""
    living = exists().where(Resolution.poll_id == Poll.id, Resolution.state != ResolutionState.ABANDONED)
    outcome = func.coalesce(Poll.confirmed_outcome, Poll.outcome)
    rows = select(Poll).where(Poll.state == PollState.PUBLISHED, outcome == Outcome.ADOPTED, ~living)
    rows = rows.where(Poll.document_version_id.is_not(None), visible(actor, Poll)).order_by(Poll.published_at)
    for poll in db.session.scalars(rows.options(joinedload(Poll.meeting))):
        if actor.may(Right.RESOLUTION_DRAFT, poll):
            yield _of_poll(TaskKind.DRAFT, poll, poll.published_at)


def _recoveries(actor: Actor, _now: dt.datetime) -> Iterator[Task]:
    """Requests to unlock or replace a key that need a second person."""
    rows = select(KeyRecovery).where(KeyRecovery.approved_at.is_(None), visible(actor, KeyRecovery))
    others = rows.where(KeyRecovery.requested_by_id != actor.person_id, KeyRecovery.person_id != actor.person_id)
    for asked in db.session.scalars(others.options(joinedload(KeyRecovery.person)).order_by(KeyRecovery.requested_at)):
        if actor.may(Right.KEY_RECOVER, asked):
            name, at = asked.person.full_name, asked.requested_at
            yield Task(TaskKind.RECOVERY, asked.id, asked.body_id, name, asked.reason, at=at)


def _absences(actor: Actor, _now: dt.datetime) -> Iterator[Task]:
    rows = select(Absence).join(Meeting).where(Absence.state == AbsenceState.REQUESTED, visible(actor, Absence))
    rows = rows.where(Meeting.state.in_(ANSWERABLE)).order_by(Meeting.starts_at, Absence.id)
    for asked in db.session.scalars(rows.options(joinedload(Absence.meeting), joinedload(Absence.member))):
        if actor.may(Right.ABSENCE_DECIDE, asked):
            name, meeting = asked.member.full_name, asked.meeting
            yield Task(TaskKind.ABSENCE, asked.id, meeting.body_id, name, meeting.title, meeting.id, meeting.starts_at)


def _invitations(actor: Actor, now: dt.datetime) -> Iterator[Task]:
    """Meetings still to come that this person has not answered; a substitute's coming is settled by the consent."""
    rows = select(Meeting).join(Seat, Seat.meeting_id == Meeting.id).where(Seat.person_id == actor.person_id)
    rows = rows.where(Seat.reply == Reply.NONE, Seat.role != SeatRole.SUBSTITUTE)
    rows = rows.where(Meeting.state == MeetingState.INVITED, Meeting.held_on >= hanoi_date(now))
    for meeting in db.session.scalars(rows.order_by(Meeting.starts_at, Meeting.id)):
        about = (meeting.body_id, meeting.title, meeting.place)
        yield Task(TaskKind.ANSWER, meeting.id, *about, meeting.id, meeting.starts_at)


def _keys(actor: Actor, _now: dt.datetime) -> Iterator[Task]:
    """A replacement that two people confirmed waits for its owner."""
    rows = select(KeyRecovery).where(KeyRecovery.person_id == actor.person_id, KeyRecovery.used_at.is_(None))
    rows = rows.where(KeyRecovery.kind == RecoveryKind.REPLACE, KeyRecovery.approved_at.is_not(None))
    if confirmed := db.session.scalars(rows.order_by(KeyRecovery.id.desc())).first():
        yield Task(TaskKind.ENROL, confirmed.id, confirmed.body_id, confirmed.reason, at=confirmed.approved_at)


# What is looked up for whom: on every page, so that nobody asks for what they could do nothing about.
PARTS: dict[Callable[[Actor, dt.datetime], Iterator[Task]], tuple[Right, ...]] = {
    _votes: (Right.POLL_VOTE,), _opinions: (Right.SLIP_ANSWER,), _advice: (),
    _closed_polls: (Right.POLL_CONFIRM_TIE, Right.POLL_PUBLISH), _outcomes: (Right.SLIP_DECIDE, Right.SLIP_RUN),
    _resolutions: (Right.RESOLUTION_SIGN, Right.RESOLUTION_ISSUE), _slips: (), _received: (),
    _undrafted: (Right.RESOLUTION_DRAFT,), _returned: (Right.SLIP_DRAFT,), _recoveries: (Right.KEY_RECOVER,),
    _absences: (Right.ABSENCE_DECIDE,), _invitations: (), _keys: (),
}  # fmt: skip
