"""Who may do what. One row per act; read it as a table."""

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import CompoundSelect, Date, Integer, String, bindparam, literal_column, null, select, type_coerce

from app.extensions import db
from app.models import Appointment, Meeting, Office, Person, Seat, SeatRole
from app.workflows.engine.errors import NotAllowed, Subject
from app.workflows.engine.tables import table

(HEAD, DEPUTY_HEAD, MINISTER_CHAIRMAN, MEMBER, DEPUTY_MINISTER, UNIT_HEAD, CLERK, RECORDS, AUDITOR,
 ADMINISTRATOR) = Office  # fmt: skip
CHAIR, SECRETARY, ATTENDEE, SUBSTITUTE, GUEST = SeatRole
Capacity = Office | SeatRole

MEMBERS = frozenset({HEAD, DEPUTY_HEAD, MINISTER_CHAIRMAN, MEMBER})
APPROVERS = frozenset({UNIT_HEAD, DEPUTY_HEAD, MINISTER_CHAIRMAN, HEAD})  # may stand in a chain of approval
BOARD = frozenset({CLERK, MINISTER_CHAIRMAN, HEAD, DEPUTY_HEAD, AUDITOR})  # see what was answered before the close
RECEIVING = MEMBERS | {DEPUTY_MINISTER, UNIT_HEAD, CLERK, RECORDS}  # open what is sent to their organisation
EVERY_SEAT = frozenset(SeatRole)
DESK = frozenset({CHAIR, SECRETARY})  # seats of those who hold a post in the body: without one they count for nothing


class Right(StrEnum):
    MEETING_PREPARE = "meeting:prepare"
    MEETING_INVITE = "meeting:invite"
    MEETING_RUN = "meeting:run"
    MEETING_CALL_OFF = "meeting:call_off"
    CHAIR_HAND = "chair:hand"
    SEAT_REPLY = "seat:reply"
    ABSENCE_ASK = "absence:ask"
    ABSENCE_DECIDE = "absence:decide"
    PRESENCE_CONFIRM = "presence:confirm"
    PRESENCE_RECORD = "presence:record"
    ITEM_RUN = "item:run"
    PAPER_MANAGE = "paper:manage"
    POLL_DRAFT = "poll:draft"
    POLL_RUN = "poll:run"
    POLL_PUBLISH = "poll:publish"
    POLL_ANNUL = "poll:annul"
    POLL_CONFIRM_TIE = "poll:confirm_tie"
    POLL_VOTE = "poll:vote"
    POLL_SPLIT = "poll:split"
    EVIDENCE_READ = "evidence:read"
    DOSSIER_TAKE = "dossier:take"
    MINUTES_READ = "minutes:read"
    MINUTES_MAKE = "minutes:make"
    RESOLUTION_DRAFT = "resolution:draft"
    RESOLUTION_SIGN = "resolution:sign"
    RESOLUTION_STOP = "resolution:stop"
    RESOLUTION_ISSUE = "resolution:issue"
    RESOLUTION_RECALL = "resolution:recall"
    SLIP_DRAFT = "slip:draft"
    SLIP_APPROVE = "slip:approve"
    SLIP_ISSUE = "slip:issue"
    SLIP_RUN = "slip:run"
    SLIP_ANSWER = "slip:answer"
    SLIP_BOARD = "slip:board"
    SLIP_DECIDE = "slip:decide"
    SEAL_KEEP = "seal:keep"
    KEY_RECOVER = "key:recover"
    ROLL_MANAGE = "roll:manage"
    RULES_MANAGE = "rules:manage"
    CALENDAR_KEEP = "calendar:keep"
    ACCOUNT_MANAGE = "account:manage"
    AUDIT_READ = "audit:read"
    JOB_READ = "job:read"
    JOB_MANAGE = "job:manage"
    MESSAGE_SEND = "message:send"
    REPORT_READ = "report:read"
    GAP_DECIDE = "gap:decide"


GRANTS: dict[Right, frozenset[Capacity]] = {
    #                                  by office in the body                              by seat in the meeting
    Right.MEETING_PREPARE:  frozenset({CLERK}),
    Right.MEETING_INVITE:   frozenset({CLERK, MINISTER_CHAIRMAN}),
    Right.MEETING_RUN:      frozenset({                                                  CHAIR, SECRETARY}),
    Right.MEETING_CALL_OFF: frozenset({HEAD, MINISTER_CHAIRMAN, CLERK,                   CHAIR}),
    Right.CHAIR_HAND:       frozenset({HEAD}),
    Right.SEAT_REPLY:       EVERY_SEAT,
    Right.ABSENCE_ASK:      MEMBERS,
    Right.ABSENCE_DECIDE:   frozenset({HEAD}),
    Right.PRESENCE_CONFIRM: EVERY_SEAT,
    Right.PRESENCE_RECORD:  frozenset({CLERK,                                            CHAIR, SECRETARY}),
    Right.ITEM_RUN:         frozenset({                                                  CHAIR, SECRETARY}),
    Right.PAPER_MANAGE:     frozenset({CLERK}),
    Right.POLL_DRAFT:       frozenset({CLERK,                                            CHAIR, SECRETARY}),
    Right.POLL_RUN:         frozenset({                                                  CHAIR, SECRETARY}),
    Right.POLL_PUBLISH:     frozenset({                                                  CHAIR, SECRETARY}),
    Right.POLL_ANNUL:       frozenset({                                                  CHAIR}),
    Right.POLL_CONFIRM_TIE: frozenset({HEAD}),
    Right.POLL_VOTE:        MEMBERS,
    Right.POLL_SPLIT:       frozenset({                                                  CHAIR, SECRETARY}),
    Right.EVIDENCE_READ:    MEMBERS | frozenset({AUDITOR,                                SECRETARY}),
    Right.DOSSIER_TAKE:     MEMBERS | {CLERK, RECORDS, AUDITOR} | EVERY_SEAT,
    Right.MINUTES_READ:     MEMBERS | {CLERK, AUDITOR} | EVERY_SEAT - {GUEST},
    Right.MINUTES_MAKE:     frozenset({CLERK,                                            CHAIR, SECRETARY}),
    Right.RESOLUTION_DRAFT: frozenset({CLERK,                                            SECRETARY}),
    Right.RESOLUTION_SIGN:  frozenset({HEAD, DEPUTY_HEAD}),
    Right.RESOLUTION_STOP:  frozenset({HEAD}),
    Right.RESOLUTION_ISSUE: frozenset({RECORDS}),
    Right.RESOLUTION_RECALL: frozenset({HEAD}),
    Right.SLIP_DRAFT:       frozenset({CLERK}),
    Right.SLIP_APPROVE:     APPROVERS,
    Right.SLIP_ISSUE:       frozenset({MINISTER_CHAIRMAN, DEPUTY_HEAD}),
    Right.SLIP_RUN:         frozenset({CLERK, MINISTER_CHAIRMAN}),
    Right.SLIP_ANSWER:      MEMBERS,
    Right.SLIP_BOARD:       BOARD,
    Right.SLIP_DECIDE:      frozenset({HEAD}),
    Right.SEAL_KEEP:        frozenset({RECORDS}),
    Right.KEY_RECOVER:      frozenset({MINISTER_CHAIRMAN, CLERK, RECORDS}),
    Right.ROLL_MANAGE:      frozenset({MINISTER_CHAIRMAN, CLERK}),
    Right.RULES_MANAGE:     frozenset({MINISTER_CHAIRMAN, CLERK}),
    Right.CALENDAR_KEEP:    frozenset({MINISTER_CHAIRMAN, CLERK}),
    Right.ACCOUNT_MANAGE:   frozenset({ADMINISTRATOR}),
    Right.AUDIT_READ:       frozenset({AUDITOR}),
    Right.JOB_READ:         frozenset({ADMINISTRATOR}),
    Right.JOB_MANAGE:       frozenset({ADMINISTRATOR}),
    Right.MESSAGE_SEND:     frozenset(),
    Right.REPORT_READ:      frozenset({HEAD, DEPUTY_HEAD, MINISTER_CHAIRMAN, CLERK}),
    Right.GAP_DECIDE:       frozenset({HEAD, AUDITOR}),
}  # fmt: skip

CLOCK_MAY = frozenset({Right.POLL_RUN, Right.SLIP_RUN, Right.MESSAGE_SEND})

SAID = {
    Right.MEETING_PREPARE: _("preparing meetings is for the clerks of the Government Office"),
    Right.MEETING_INVITE: _("invitations are issued by the Government Office"),
    Right.MEETING_RUN: _("only the chair or the secretary of this meeting runs it"),
    Right.MEETING_CALL_OFF: _("only the head of the body, the chair or the Government Office calls a meeting off"),
    Right.CHAIR_HAND: _("only the head of the body hands the chair over"),
    Right.SEAT_REPLY: _("only those who are invited answer the invitation"),
    Right.ABSENCE_ASK: _("only members ask for leave of absence"),
    Right.ABSENCE_DECIDE: _("only the head of the body decides on absences"),
    Right.PRESENCE_CONFIRM: _("only those who have a seat confirm their presence"),
    Right.PRESENCE_RECORD: _("only the chair, the secretary or a clerk records presence"),
    Right.ITEM_RUN: _("only the chair or the secretary opens and closes agenda items"),
    Right.PAPER_MANAGE: _("papers are managed by the clerks of the Government Office"),
    Right.POLL_DRAFT: _("only the chair, the secretary or a clerk drafts a question"),
    Right.POLL_RUN: _("only the chair or the secretary opens and closes a vote"),
    Right.POLL_PUBLISH: _("only the chair or the secretary publishes a result"),
    Right.POLL_ANNUL: _("only the chair annuls a vote, with a signature"),
    Right.POLL_CONFIRM_TIE: _("only the head of the body confirms the consequence of a tie"),
    Right.POLL_VOTE: _("only members of the body vote; substitutes, guests and staff have no ballot"),
    Right.POLL_SPLIT: _("the split is shown after publication"),
    Right.EVIDENCE_READ: _("the evidence is open to those who took part and to auditors"),
    Right.DOSSIER_TAKE: _("the dossier is for those who take part in the meeting and for the offices that keep it"),
    Right.MINUTES_READ: _("the minutes are open to those who took part in the session, to clerks and auditors"),
    Right.MINUTES_MAKE: _("the minutes are drawn up for the chair, the secretary and the clerks"),
    Right.RESOLUTION_DRAFT: _("Resolutions are drafted by the clerks of the Government Office"),
    Right.RESOLUTION_SIGN: _("only the head of the body or a deputy signs a Resolution"),
    Right.RESOLUTION_STOP: _("only the head of the body stops a Resolution that is signed"),
    Right.RESOLUTION_ISSUE: _("numbers and the seal are kept by the records office"),
    Right.RESOLUTION_RECALL: _("only the head of the body recalls a Resolution"),
    Right.SLIP_DRAFT: _("opinion slips are drafted by the clerks of the Government Office"),
    Right.SLIP_APPROVE: _("a slip is approved by the office whose step it is"),
    Right.SLIP_ISSUE: _("only the Minister-Chairman or a deputy of the head issues a slip"),
    Right.SLIP_RUN: _("slips under way are in the care of the Government Office"),
    Right.SLIP_ANSWER: _("only members of the body answer a slip; aides, substitutes and staff have no answer"),
    Right.SLIP_BOARD: _("what was answered is open to the Government Office, the head, the deputies and auditors"),
    Right.SLIP_DECIDE: _("only the head of the body decides on the outcome of a slip"),
    Right.SEAL_KEEP: _("the seal and the specimen signatures are kept by the records office"),
    Right.KEY_RECOVER: _("keys are unlocked or replaced by two people of the Government Office"),
    Right.ROLL_MANAGE: _("the roll is kept by the Government Office"),
    Right.RULES_MANAGE: _("rule sets are kept by the Government Office"),
    Right.CALENDAR_KEEP: _("the working calendar is kept by the Government Office"),
    Right.ACCOUNT_MANAGE: _("accounts are managed by administrators"),
    Right.AUDIT_READ: _("the audit log is open to auditors"),
    Right.JOB_READ: _("background work is watched by administrators"),
    Right.JOB_MANAGE: _("background work is tried again and called off by administrators"),
    Right.MESSAGE_SEND: _("messages are sent by the system alone"),
    Right.REPORT_READ: _("the weekly report is open to the head of the body, the deputies and the Government Office"),
    Right.GAP_DECIDE: _("a gap of the log is declared by the head of the body and an auditor"),
}


@dataclass(frozen=True)
class Actor:
    """Who is asking, with every office held today and every seat. The clock acts as SYSTEM.

    `organisations` are those for which the person receives documents today; `on` is that day, by Hanoi date.
    """

    person_id: int | None
    offices: frozenset[tuple[int, Office]] = frozenset()
    seats: frozenset[tuple[int, SeatRole]] = frozenset()
    name: str = field(default="", compare=False)
    post: str = field(default="", compare=False)
    organisations: frozenset[int] = frozenset()
    on: dt.date | None = field(default=None, compare=False)

    @cached_property
    def body_ids(self) -> frozenset[int]:
        return frozenset(body_id for body_id, _office in self.offices)

    def holds(self, offices: frozenset[Any], body_id: int | None = None) -> bool:
        """Whether one of the offices is held, in that body or in any."""
        return any(office in offices and body_id in (None, where) for where, office in self.offices)

    def capacities(self, subject: Subject) -> frozenset[Capacity]:
        """Offices in the subject's body and seats in its meeting; an item's own chair takes the chair there."""
        in_body = {office for body_id, office in self.offices if body_id == subject.body_id}
        in_meeting = {role for meeting_id, role in self.seats if meeting_id == subject.meeting_id}
        if presiding := getattr(subject, "presiding_id", None):
            in_meeting = in_meeting - {CHAIR} | ({CHAIR} if presiding == self.person_id else set())
        return frozenset[Capacity](in_body | in_meeting)

    def may(self, right: Right, subject: Subject) -> bool:
        if self is SYSTEM:
            return right in CLOCK_MAY
        return bool(self.capacities(subject) & GRANTS[right])

    def may_somewhere(self, *rights: Right) -> bool:
        """Whether there can be something on which one of these is held; if not, nothing has to be looked up.

        Anybody may be given the chair of an item, so that rights of the chair are never ruled out.
        """
        granted = frozenset[Any]().union(*(GRANTS[right] for right in rights))
        return CHAIR in granted or self.holds(granted) or any(role in granted for _meeting, role in self.seats)

    def require(self, right: Right, subject: Subject) -> None:
        """Refuse with the reason unless the right is held; the single place that decides it."""
        if not self.may(right, subject):
            raise NotAllowed(subject, right=SAID[right])


SYSTEM = Actor(person_id=None, name="system")
NOBODY = Actor(person_id=None, name="nobody")


def actor_of(user_id: int, on: dt.date) -> Actor:
    """The capacities of an account on a Hanoi date; an account without a person has none."""
    person = db.session.execute(select(Person.id, Person.full_name).where(Person.user_id == user_id)).one_or_none()
    return NOBODY if person is None else actor_for(person.id, on, person.full_name)


def _capacities() -> CompoundSelect[Any]:
    """Posts in force on a date, by rank, and then seats: every request wants to know both, so it asks once."""
    post, seat, meeting = table(Appointment).c, table(Seat).c, table(Meeting).c
    person, on, nothing = bindparam("person", type_=Integer), bindparam("on", type_=Date), null()
    posts = select(
        literal_column("0", Integer).label("seated"), post.id, post.body_id,
        type_coerce(post.office, String).label("capacity"), post.post, post.organisation_id, post.rank,
    ).where(post.person_id == person, post.valid_from <= on, post.valid_to > on)  # fmt: skip
    seats = select(
        literal_column("1", Integer), meeting.id, meeting.body_id, type_coerce(seat.role, String),
        nothing, nothing, nothing,
    ).join_from(table(Seat), table(Meeting), meeting.id == seat.meeting_id).where(seat.person_id == person)  # fmt: skip
    return posts.union_all(seats).order_by("seated", "rank", "id")


CAPACITIES = _capacities()


def actor_for(person_id: int, on: dt.date, name: str = "") -> Actor:
    """The capacities of a person on a Hanoi date."""
    rows = db.session.execute(CAPACITIES, {"person": person_id, "on": on}).all()
    offices = [(row, Office(row.capacity)) for row in rows if not row.seated]
    seats = [(row, SeatRole(row.capacity)) for row in rows if row.seated]
    in_bodies = frozenset((row.body_id, office) for row, office in offices)
    bodies = {body_id for body_id, _office in in_bodies}
    in_meetings = frozenset((row.id, role) for row, role in seats if role not in DESK or row.body_id in bodies)
    receives = frozenset(row.organisation_id for row, office in offices if row.organisation_id and office in RECEIVING)
    return Actor(person_id, in_bodies, in_meetings, name, offices[0][0].post if offices else "", receives, on)
