"""Polls (biểu quyết): draft, open, close, publish; whoever opens freezes question, roll, rules and draft."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import Select, select
from sqlalchemy.orm import aliased
from sqlalchemy.orm.attributes import set_committed_value

from app.extensions import db
from app.models import (
    AgendaItem,
    Appointment,
    Ballot,
    Document,
    DocumentKind,
    DocumentVersion,
    ItemState,
    Meeting,
    MeetingState,
    Outcome,
    Poll,
    PollState,
    Presence,
    Procedure,
    Resolution,
    RollEntry,
    RuleSet,
    Visibility,
)
from app.workflows import keys, poll_log, poll_passkeys, witnessing
from app.workflows.engine.errors import BadValue, WorkflowError
from app.workflows.engine.moves import Lifecycle, Move
from app.workflows.engine.rights import MEMBERS, Actor, Right
from app.workflows.engine.text import line
from app.workflows.engine.transaction import MeetingFact, record_live, use_case
from app.workflows.engine.visibility import seen
from app.workflows.engine.words import word
from app.workflows.poll_definition import definition_of
from app.workflows.poll_passkeys import AboutPasskeys
from app.workflows.recounts import counted_alike
from app.workflows.rules import quorum as quorum_rule
from app.workflows.rules.ballot import parse_ballot, parse_definition
from app.workflows.rules.calendar import iso_utc
from app.workflows.rules.canonical import canonical, digest, tagged_digest
from app.workflows.rules.deadline import is_over
from app.workflows.rules.log import closing_leaf, opening_leaf
from app.workflows.rules.result import result_of
from app.workflows.rules.rulesets import RuleParameters, applicable

DRAFT, OPEN, CLOSED, PUBLISHED, ANNULLED = PollState
LONGEST_QUESTION = 500


class NoQuestion(BadValue):
    code, field = "no_question", "question"
    message = _("Write the question that is put to the vote.")


class QuestionUnclean(BadValue):
    code, field = "question_unclean", "question"
    message = _("The question is too long or contains invisible control characters.")


class ClosingTimePast(BadValue):
    code, field = "closing_time_past", "closes_at"
    message = _("The closing time must lie ahead.")


class NoQuorum(WorkflowError):
    code = "no_quorum"
    message = _(
        "%(present)s of %(members)s members are present; at least %(needed)s are needed. Legal basis: %(source)s."
    )


class MeetingNotOpen(WorkflowError):
    code = "meeting_not_open"
    message = _("The meeting is not in session.")


class ItemNotCurrent(WorkflowError):
    code = "item_not_current"
    message = _("Open the agenda item first; a vote belongs to the item under way.")


class AnotherPollOpen(WorkflowError):
    code = "another_poll_open"
    message = _("Another vote is open in this meeting. Close it first.")


class AlreadyDecided(WorkflowError):
    code = "already_decided"
    message = _("This item already has a vote that stands. Annul it first; a new vote never resets an old one.")


class NoRules(WorkflowError):
    code = "no_rules"
    message = _("No rule set is in force on the date of the meeting, or more than one is.")


class DraftChanged(WorkflowError):
    code = "draft_changed"
    message = _("The draft has a newer version than the one this vote was prepared for. Prepare the vote again.")


class PollFrozen(WorkflowError):
    code = "poll_frozen"
    message = _("The question was frozen when the vote was opened (%(state)s). A new vote is a new question.")


class TieUnconfirmed(WorkflowError):
    code = "tie_unconfirmed"
    message = _("The votes are equal. The head of the body confirms the legal consequence before publication.")


class ResolutionStands(WorkflowError):
    code = "resolution_stands"
    message = _("A Resolution on this vote is signed. Stop or recall it first, then annul the vote.")


@dataclass(frozen=True)
class PollDrafted(MeetingFact):
    question: str


@dataclass(frozen=True)
class PollChanged(MeetingFact):
    question: str


@dataclass(frozen=True)
class PollOpened(MeetingFact):
    """`without_passkey` are the members who cannot vote for want of one, as the chair knew."""

    definition_sha256: str
    closes_at: dt.datetime | None
    without_passkey: tuple[int, ...] = ()


@dataclass(frozen=True)
class PollClosed(MeetingFact):
    """Carries the hash of the result, never the outcome: auditors read facts before the result is published."""

    result_sha256: str


@dataclass(frozen=True)
class PollPublished(MeetingFact):
    outcome: Outcome


def parameters_of(meeting: Meeting) -> tuple[RuleSet, RuleParameters]:
    """The one rule set in force on the day of the meeting; refuses when the law of that day is not clear."""
    rows = select(RuleSet).where(RuleSet.body_id == meeting.body_id, RuleSet.procedure == Procedure.MEETING)
    try:
        row = applicable(list(db.session.scalars(rows)), Procedure.MEETING.value, meeting.held_on)
    except LookupError as unclear:
        raise NoRules(meeting) from unclear
    return row, RuleParameters.parse(row.parameters)


def members_of(body_id: int, on: dt.date) -> list[Appointment]:
    """Members in office on a Hanoi date, by rank; a vacancy does not count, nor does a person twice (rule:R1)."""
    in_office = select(Appointment).where(Appointment.body_id == body_id, Appointment.office.in_(MEMBERS))
    posts = db.session.scalars(in_office.where(Appointment.in_force(on)).order_by(Appointment.rank, Appointment.id))
    first: dict[int, Appointment] = {}
    for post in posts:
        first.setdefault(post.person_id, post)
    return list(first.values())


def presence_of(meeting: Meeting) -> quorum_rule.Presence:
    """Members present in the room and remotely; substitutes and guests never count (rule:R3, rule:R6)."""
    members = {post.person_id for post in members_of(meeting.body_id, meeting.held_on)}
    here = [seat.presence for seat in meeting.seats if seat.person_id in members]
    return quorum_rule.Presence(len(members), here.count(Presence.IN_ROOM), here.count(Presence.REMOTE))


def require_quorum(meeting: Meeting) -> quorum_rule.Presence:
    """Refuse unless enough members are present; nobody can override it (rule:R3)."""
    rule_set, parameters = parameters_of(meeting)
    presence = presence_of(meeting) if members_of(meeting.body_id, meeting.held_on) else None
    if presence is None or not quorum_rule.quorum_reached(presence, parameters):
        members = presence.members if presence else 0
        raise NoQuorum(
            meeting, members=members, present=presence.present(parameters) if presence else 0,
            needed=quorum_rule.quorum(members, parameters) if members else 1, source=rule_set.legal_source,
        )  # fmt: skip
    return presence


def quorum_present(poll: Poll) -> None:
    require_quorum(poll.meeting)


def meeting_in_session(poll: Poll) -> None:
    if poll.meeting.state is not MeetingState.OPEN:
        raise MeetingNotOpen(poll)


def item_under_way(poll: Poll) -> None:
    if poll.item.state is not ItemState.CURRENT:
        raise ItemNotCurrent(poll)


def no_other_poll(poll: Poll) -> None:
    others = select(Poll).where(Poll.meeting_id == poll.meeting_id, Poll.id != poll.id)
    if db.session.scalar(others.where(Poll.state == OPEN).limit(1)):
        raise AnotherPollOpen(poll)
    standing = others.where(Poll.item_id == poll.item_id, Poll.state.in_([CLOSED, PUBLISHED]))
    if db.session.scalar(standing.where(Poll.outcome != Outcome.UNDECIDED).limit(1)):
        raise AlreadyDecided(poll)


def draft_is_current(poll: Poll) -> None:
    version = poll.document_version
    if version is not None and version.document.current is not version:
        raise DraftChanged(poll)


def tie_confirmed(poll: Poll) -> None:
    if poll.outcome is Outcome.TIE_CONFIRM and poll.tie_confirmation_id is None:
        raise TieUnconfirmed(poll)


def nothing_signed(poll: Poll) -> None:
    """Who annuls a vote first takes back what was signed on its ground."""
    signed = select(Resolution.id).where(Resolution.poll_id == poll.id, Resolution.signed_at.is_not(None))
    if db.session.scalar(signed.where(Resolution.ended_at.is_(None)).limit(1)):
        raise ResolutionStands(poll)


LIFECYCLE = Lifecycle(
    PollState,
    #    name       from                                 to         who may
    Move("open",    frozenset({DRAFT}),                  OPEN,      Right.POLL_RUN,
         (meeting_in_session, item_under_way, no_other_poll, draft_is_current, quorum_present)),
    Move("close",   frozenset({OPEN}),                   CLOSED,    Right.POLL_RUN),
    Move("publish", frozenset({CLOSED}),                 PUBLISHED, Right.POLL_PUBLISH, (tie_confirmed, counted_alike)),
    Move("annul",   frozenset({OPEN, CLOSED, PUBLISHED}), ANNULLED, Right.POLL_ANNUL, (nothing_signed,)),
)  # fmt: skip


@use_case
def draft_poll(
    actor: Actor,
    item_id: int,
    question: str,
    now: dt.datetime,
    document_version_id: int | None = None,
    visibility: Visibility = Visibility.NAMED,
    passkey_demanded: bool | None = None,
) -> Poll:
    """Write down the question; nothing is frozen before the poll opens.

    Whether a passkey is asked for beside the PIN is as in the meeting unless it is said here.
    """
    item = seen(actor, AgendaItem, item_id)
    meeting = locked_meeting(item.meeting_id)
    actor.require(Right.POLL_DRAFT, item)
    poll = Poll(
        body_id=item.body_id, meeting=meeting, item=item, question=_clean_question(item, question),
        visibility=visibility, document_version=_version_of(item, document_version_id),
        passkey_demanded=meeting.passkey_demanded if passkey_demanded is None else passkey_demanded,
    )  # fmt: skip
    db.session.add(poll)
    db.session.flush()
    record_live(actor, meeting, poll, PollDrafted, now, question=poll.question)
    return poll


@use_case
def edit_poll(
    actor: Actor,
    poll_id: int,
    question: str,
    now: dt.datetime,
    document_version_id: int | None = None,
    visibility: Visibility = Visibility.NAMED,
    passkey_demanded: bool | None = None,
) -> Poll:
    """Word a drafted question otherwise; once it was opened it is what it is, and a new vote is a new poll."""
    poll = locked(actor, poll_id)
    actor.require(Right.POLL_DRAFT, poll)
    if poll.state is not DRAFT:
        raise PollFrozen(poll, state=word(poll.state))
    poll.question = _clean_question(poll.item, question)
    poll.document_version, poll.visibility = _version_of(poll.item, document_version_id), visibility
    if passkey_demanded is not None:
        poll.passkey_demanded = passkey_demanded
    record_live(actor, poll.meeting, poll, PollChanged, now, question=poll.question)
    return poll


@use_case
def put_to_vote(
    actor: Actor,
    item_id: int,
    now: dt.datetime,
    closes_at: dt.datetime | None = None,
    about_passkeys: AboutPasskeys | None = None,
) -> Poll:
    """Open the vote on an item in one step: the question drafted last, or the usual one over its current draft."""
    item = seen(actor, AgendaItem, item_id)
    actor.require(Right.POLL_RUN, item)
    drafted = select(Poll).where(Poll.item_id == item_id, Poll.state == DRAFT).order_by(Poll.id.desc())
    poll = db.session.scalars(drafted).first()
    if poll is None:
        draft = draft_of(item_id)
        version = draft.current if draft else None
        question = usual_question(item.title)
        poll = draft_poll(actor, item_id, question, now, document_version_id=version and version.id)
    return open_poll(actor, poll.id, now, closes_at, about_passkeys)


def will_demand_passkey(meeting: Meeting, poll: Poll | None) -> bool:
    """Whether the vote that `put_to_vote` opens asks for a passkey: the drafted one, or a new one of the meeting."""
    return poll.passkey_demanded if poll is not None and poll.state is DRAFT else meeting.passkey_demanded


def usual_question(title: str) -> str:
    """The question as it is put when nobody wrote another; official Vietnamese, like everything that is signed."""
    return f"Thông qua {title[:1].lower() + title[1:] if title.startswith('Dự thảo') else title}?"


@use_case
def open_poll(
    actor: Actor,
    poll_id: int,
    now: dt.datetime,
    closes_at: dt.datetime | None = None,
    about_passkeys: AboutPasskeys | None = None,
) -> Poll:
    """Freeze question, roll with certificates, rule set, presence and draft version, and begin the log.

    With `closes_at` the clock ends the vote at that moment; it stays as it is from then on. A vote that asks for
    passkeys opens while members have none only when the chair says so (`about_passkeys`, rule:R35).
    """
    poll = locked(actor, poll_id)
    move = LIFECYCLE.admit("open", poll, actor)
    witnessing.require_sound(poll, now)
    if is_over(closes_at, now):
        raise ClosingTimePast(poll)
    missing = poll_passkeys.settle(poll, members_of(poll.body_id, poll.meeting.held_on), about_passkeys)
    rule_set, parameters = parameters_of(poll.meeting)
    presence = presence_of(poll.meeting)
    roll = _roll(poll)
    by = _post_of(poll, actor)
    definition = definition_of(poll, rule_set, parameters, presence, roll, opened_at=now, by=by)
    frozen = canonical(definition)
    if rule_set.used_at is None:
        rule_set.used_at = now
    move.apply(
        poll, opened_at=now, closes_at=closes_at, definition=frozen, definition_sha256=digest(frozen),
        rule_set=rule_set, roll=roll,
    )  # fmt: skip
    db.session.flush()
    poll_log.append(poll, opening_leaf(tagged_digest(frozen), iso_utc(now)))
    record_live(actor, poll.meeting, poll, PollOpened, now, definition_sha256=digest(frozen), closes_at=closes_at,
                without_passkey=missing)  # fmt: skip
    return poll


@use_case
def close_poll(actor: Actor, poll_id: int, now: dt.datetime) -> Poll:
    """Count the standing ballots from the signed bytes and seal the result."""
    poll = locked(actor, poll_id)
    move = LIFECYCLE.admit("close", poll, actor)
    seq, at = poll_log.next_place(poll, now)
    poll_log.append(poll, closing_leaf(seq, at, ballots=seq - 1))
    db.session.flush()
    counted = count(poll)
    result, outcome = canonical(counted), Outcome(counted["outcome"])
    move.apply(poll, closed_at=now, result=result, outcome=outcome)
    record_live(actor, poll.meeting, poll, PollClosed, now, result_sha256=digest(result))
    return poll


@use_case
def publish_poll(actor: Actor, poll_id: int, now: dt.datetime) -> Poll:
    """Show the result to everybody entitled."""
    poll = locked(actor, poll_id)
    move = LIFECYCLE.admit("publish", poll, actor)
    move.apply(poll, published_at=now)
    record_live(actor, poll.meeting, poll, PollPublished, now, outcome=poll.confirmed_outcome or poll.outcome)
    return poll


def count(poll: Poll, confirmation: dict[str, Any] | None = None) -> dict[str, Any]:
    """The result of a closed poll, from the definition, the log and the ballots as they were signed."""
    log = poll_log.entries(poll)
    ballots = [
        {"statement": parse_ballot(ballot.statement.statement), "leaf_seq": ballot.leaf_seq}
        for ballot in db.session.scalars(select(Ballot).where(Ballot.poll_id == poll.id).order_by(Ballot.leaf_seq))
    ]
    definition = parse_definition(poll.definition or b"")
    return result_of(definition, log, ballots, log[-1]["at"], confirmation=confirmation)


def takes_ballots(poll: Poll, now: dt.datetime) -> bool:
    """Whether somebody can vote at this moment: a vote whose time is over is closed, even while nobody counted it."""
    return poll.state is OPEN and not is_over(poll.closes_at, now)


def state_word(poll: Poll, now: dt.datetime) -> Any:
    """What the state of a poll is called at this moment."""
    over = poll.state is OPEN and not takes_ballots(poll, now)
    return _("Voting time is over, waiting for the count") if over else word(poll.state)


def overdue_poll_ids(now: dt.datetime) -> list[int]:
    """Open polls whose time is over; the clock closes them."""
    return list(db.session.scalars(select(Poll.id).where(Poll.state == OPEN, Poll.closes_at <= now)))


def locked_meeting(meeting_id: int) -> Meeting:
    """The meeting's row, held until the end of the transaction; always taken before any poll of it."""
    rows = select(Meeting).where(Meeting.id == meeting_id).with_for_update()
    return db.session.execute(rows.execution_options(populate_existing=True)).scalar_one()


def locked(actor: Actor, poll_id: int) -> Poll:
    """A visible poll and its meeting, both held until the end of the transaction, the meeting first."""
    meeting = locked_meeting(seen(actor, Poll, poll_id).meeting_id)
    rows = select(Poll).where(Poll.id == poll_id).with_for_update()
    poll = db.session.execute(rows.execution_options(populate_existing=True)).scalar_one()
    set_committed_value(poll, "meeting", meeting)  # the row that is locked, not one read again
    return poll


def draft_of(item_id: int) -> Document | None:
    """The draft Resolution of an item: the first paper of that kind, which is the one a vote is about."""
    drafts = select(Document).where(Document.item_id == item_id, Document.kind == DocumentKind.DRAFT_RESOLUTION)
    return db.session.scalars(drafts.order_by(Document.position)).first()


def standing(poll: Poll) -> dict[int, Ballot]:
    """The ballot of each member that no later one supersedes."""
    return {ballot.member_id: ballot for ballot in db.session.scalars(_standing().where(Ballot.poll_id == poll.id))}


def standing_of(poll: Poll, member_id: int | None) -> Ballot | None:
    """The standing ballot of one member; casting must not look at everybody else's."""
    return db.session.scalar(_standing().where(Ballot.poll_id == poll.id, Ballot.member_id == member_id))


def _standing() -> Select[tuple[Ballot]]:
    later = aliased(Ballot)
    return select(Ballot).where(~select(later.id).where(later.supersedes_id == Ballot.id).exists())


def _clean_question(item: AgendaItem, question: str) -> str:
    text = line(item, question, "question", LONGEST_QUESTION, wanted=False, refusal=QuestionUnclean)
    if not text.strip(" ?.!"):
        raise NoQuestion(item)
    return text


def _version_of(item: AgendaItem, version_id: int | None) -> DocumentVersion | None:
    if version_id is None:
        return None
    version = db.session.get(DocumentVersion, version_id)
    if version is None or version.document.item_id != item.id:
        raise BadValue(item)
    return version


def _roll(poll: Poll) -> list[RollEntry]:
    posts = members_of(poll.body_id, poll.meeting.held_on)
    held = keys.pin_keys(post.person_id for post in posts)
    return [
        RollEntry(
            member_id=post.person_id, body_id=poll.body_id, appointment_id=post.id, roll_index=index,
            name=post.person.full_name, post=post.post, abbreviation=post.abbreviation,
            is_head=post.office.value == "head",
            certificate_id=held[post.person_id].certificate_id if post.person_id in held else None,
            certificate=held[post.person_id].certificate if post.person_id in held else None,
        )
        for index, post in enumerate(posts, start=1)
    ]  # fmt: skip


def _post_of(poll: Poll, actor: Actor) -> str:
    return next((seat.post for seat in poll.meeting.seats if seat.person_id == actor.person_id), "system")
