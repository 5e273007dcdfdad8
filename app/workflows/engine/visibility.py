"""Who may see which rows: one criterion per table, used by pages, API, downloads, search, sockets and jobs alike."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask_appbuilder import Model
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import ColumnElement, Select, and_, false, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute

from app.extensions import db
from app.models import (
    Absence,
    AgendaItem,
    Appointment,
    ApprovalStep,
    AuditEntry,
    Ballot,
    Body,
    CalendarDay,
    CalendarFeed,
    Certificate,
    ContactAddress,
    DeclaredGap,
    Delivery,
    Digest,
    Dispatch,
    Document,
    DocumentVersion,
    Export,
    GuestItem,
    IssuedNumber,
    Job,
    KeyRecovery,
    LoginSession,
    Meeting,
    MeetingState,
    MemberStaff,
    MemberTrip,
    MinutesFile,
    Notice,
    Office,
    Opinion,
    Organisation,
    Passkey,
    Person,
    Poll,
    PollState,
    Refusal,
    Resolution,
    ResolutionFile,
    ResolutionState,
    RuleSet,
    SealKey,
    Seat,
    SeatRole,
    SignaturePicture,
    SigningKey,
    Slip,
    SlipAdvice,
    SlipAide,
    SlipAnswer,
    SlipAttachment,
    SlipDecision,
    SlipDelivery,
    SlipDraft,
    SlipPaper,
    SlipRecipient,
    SlipReminder,
    SlipState,
    SlipTemplate,
    SlipUpload,
    WitnessReport,
)
from app.workflows.engine.errors import Detached, NotFound, Subject
from app.workflows.engine.rights import (
    ADMINISTRATOR,
    APPROVERS,
    AUDITOR,
    BOARD,
    CLERK,
    GUEST,
    HEAD,
    MEMBERS,
    MINISTER_CHAIRMAN,
    RECORDS,
    SYSTEM,
    Actor,
)

Criterion = ColumnElement[bool]
Row = TypeVar("Row", bound=Model)

PREPARING = frozenset({CLERK, MINISTER_CHAIRMAN, HEAD, AUDITOR})  # see meetings and questions while they are drafts
ATTENDING = MEMBERS | {CLERK, RECORDS, AUDITOR}  # see every meeting of the body once it is called
KEEPERS = frozenset({MINISTER_CHAIRMAN, CLERK, RECORDS, AUDITOR})  # see which seals and specimen signatures stand
STAFF = MEMBERS | {CLERK, RECORDS, AUDITOR}


def _bodies(actor: Actor, offices: frozenset[Office]) -> list[int]:
    return [body_id for body_id, office in actor.offices if office in offices]


def _in_bodies(column: InstrumentedAttribute[int], actor: Actor, offices: frozenset[Office]) -> Criterion:
    ids = _bodies(actor, offices)
    return column.in_(ids) if ids else false()


def _seated(actor: Actor, *without: SeatRole) -> list[int]:
    return [meeting_id for meeting_id, role in actor.seats if role not in without]


def _meetings(actor: Actor) -> Criterion:
    called = Meeting.state != MeetingState.DRAFT
    return or_(
        _in_bodies(Meeting.body_id, actor, PREPARING),
        and_(called, _in_bodies(Meeting.body_id, actor, ATTENDING)),
        and_(called, Meeting.id.in_(_seated(actor))),
    )


def _of_visible_meetings(column: InstrumentedAttribute[Any], actor: Actor, *without: SeatRole) -> Criterion:
    """Rows of meetings the actor attends or prepares; seats `without` do not count."""
    ids = select(Meeting.id).where(
        or_(
            _in_bodies(Meeting.body_id, actor, PREPARING),
            and_(
                Meeting.state != MeetingState.DRAFT,
                or_(_in_bodies(Meeting.body_id, actor, ATTENDING), Meeting.id.in_(_seated(actor, *without))),
            ),
        )
    )
    return column.in_(ids)


def _own_guest_items(actor: Actor) -> Select[Any]:
    """The agenda items this guest is invited to, in meetings that are called."""
    return (
        select(GuestItem.item_id)
        .join(Seat, Seat.id == GuestItem.seat_id)
        .join(Meeting, Meeting.id == Seat.meeting_id)
        .where(Seat.person_id == actor.person_id, Meeting.state != MeetingState.DRAFT)
    )


def _items(actor: Actor) -> Criterion:
    return or_(_of_visible_meetings(AgendaItem.meeting_id, actor, GUEST), AgendaItem.id.in_(_own_guest_items(actor)))


def _documents(actor: Actor) -> Criterion:
    pinned = select(DocumentVersion.document_id).where(DocumentVersion.id.in_(_pinned(actor)))
    return or_(
        _of_visible_meetings(Document.meeting_id, actor, GUEST),
        Document.item_id.in_(_own_guest_items(actor)),
        and_(Document.slip_id.is_not(None), _in_bodies(Document.body_id, actor, PREPARING)),
        Document.id.in_(pinned),
    )


def _versions(actor: Actor) -> Criterion:
    return or_(
        _of_visible_meetings(DocumentVersion.meeting_id, actor, GUEST),
        DocumentVersion.document_id.in_(select(Document.id).where(Document.item_id.in_(_own_guest_items(actor)))),
        DocumentVersion.id.in_(_pinned(actor)),
        DocumentVersion.document_id.in_(_new_drafts(actor)),
    )


def _new_drafts(actor: Actor) -> Select[Any]:
    """Papers of slips in the care of those who prepare them; later versions go with no slip until one is sent again."""
    return select(Document.id).where(Document.slip_id.is_not(None), _in_bodies(Document.body_id, actor, PREPARING))


def _pinned(actor: Actor) -> Select[Any]:
    """The versions that go with a slip which this person sees, wherever they come from."""
    return select(SlipPaper.document_version_id).where(SlipPaper.slip_id.in_(select(Slip.id).where(_slips(actor))))


def _slips(actor: Actor) -> Criterion:
    """In the making to those who prepare it, submitted to those who approve, issued to those who are asked."""
    asked = select(SlipRecipient.slip_id).where(SlipRecipient.member_id == (actor.person_id or 0))
    return or_(
        _in_bodies(Slip.body_id, actor, PREPARING),
        and_(Slip.state.in_(SUBMITTED), _in_bodies(Slip.body_id, actor, APPROVERS)),
        Slip.id.in_(asked),
        Slip.id.in_(_helped(actor)),
    )


def _helped(actor: Actor) -> Select[Any]:
    """Slips about which a member is asked who lets this person, an aide of that day, see them."""
    asked = select(SlipRecipient.slip_id).join(SlipAide, SlipAide.member_id == SlipRecipient.member_id)
    if actor.on is None:
        return asked.where(false())
    helps = and_(
        MemberStaff.member_id == SlipAide.member_id, MemberStaff.aide_id == SlipAide.aide_id,
        MemberStaff.valid_from <= actor.on, MemberStaff.valid_to > actor.on,
    )  # fmt: skip
    return asked.join(MemberStaff, helps).where(SlipAide.aide_id == (actor.person_id or 0), SlipAide.allowed)


def _of_member(slip_part: Any, actor: Actor) -> Criterion:
    """What members did with slips: each the own, and all of it those who see the board."""
    return or_(slip_part.member_id == (actor.person_id or 0), _in_bodies(slip_part.body_id, actor, BOARD))


def _uploads(actor: Actor) -> Criterion:
    """Each the own; those who see the board only what a signed answer names."""
    signed = SlipUpload.id.in_(select(SlipAttachment.upload_id))
    return or_(
        SlipUpload.member_id == (actor.person_id or 0), and_(signed, _in_bodies(SlipUpload.body_id, actor, BOARD))
    )


def _polls(actor: Actor) -> Criterion:
    asked = Poll.state != PollState.DRAFT
    running = [m for m, role in actor.seats if role in (SeatRole.CHAIR, SeatRole.SECRETARY)]
    return or_(
        _in_bodies(Poll.body_id, actor, PREPARING),
        Poll.meeting_id.in_(running),
        Poll.item_id.in_(select(AgendaItem.id).where(AgendaItem.chair_id == (actor.person_id or 0))),
        and_(asked, _of_visible_meetings(Poll.meeting_id, actor, GUEST)),
        and_(asked, Poll.item_id.in_(_own_guest_items(actor))),
    )


def _minutes(actor: Actor) -> Criterion:
    """Those of a whole session: a guest is invited to single items only."""
    read = MEMBERS | {CLERK, AUDITOR}
    return or_(_in_bodies(MinutesFile.body_id, actor, read), MinutesFile.meeting_id.in_(_seated(actor, GUEST)))


SUBMITTED = tuple(state for state in SlipState if state not in (SlipState.DRAFT, SlipState.ABANDONED))
OUT = (ResolutionState.PROMULGATED, ResolutionState.RECALLED, ResolutionState.REPLACED)
SIGNED = (ResolutionState.SIGNED, ResolutionState.NUMBERED, ResolutionState.SEALED, *OUT)


def _resolutions(actor: Actor) -> Criterion:
    """In the making to those who make it; once signed to the members; once promulgated to its recipients."""
    running = [m for m, role in actor.seats if role in (SeatRole.CHAIR, SeatRole.SECRETARY)]
    signer = Resolution.signer_id == (actor.person_id or 0)
    sent = select(Dispatch.resolution_id).where(
        or_(Dispatch.person_id == (actor.person_id or 0), Dispatch.organisation_id.in_(sorted(actor.organisations)))
    )
    return or_(
        _in_bodies(Resolution.body_id, actor, PREPARING | {RECORDS}),
        and_(signer, or_(Resolution.state.in_(SIGNED), _in_bodies(Resolution.body_id, actor, MEMBERS))),
        Resolution.meeting_id.in_(running),
        and_(Resolution.state.in_(SIGNED), _in_bodies(Resolution.body_id, actor, MEMBERS)),
        and_(Resolution.state.in_(OUT), Resolution.id.in_(sent)),
    )


def _of_visible_resolutions(column: InstrumentedAttribute[int], actor: Actor) -> Criterion:
    return column.in_(select(Resolution.id).where(_resolutions(actor)))


def _people(actor: Actor) -> Criterion:
    return or_(_in_bodies(Person.home_body_id, actor, STAFF | {ADMINISTRATOR}), Person.id == (actor.person_id or 0))


def _account_ids(actor: Actor) -> Select[Any]:
    """The accounts of the people whose accounts this actor manages."""
    people = select(Person.user_id).where(Person.user_id.is_not(None))
    return people.where(_in_bodies(Person.home_body_id, actor, frozenset({ADMINISTRATOR})))


def _calendar(actor: Actor) -> Criterion:
    """The entries of the own body, and those that hold for all."""
    staff = [body_id for body_id, office in actor.offices if office in STAFF]
    return or_(CalendarDay.body_id.in_(staff), CalendarDay.for_all) if staff else false()


def _key_keepers(column: InstrumentedAttribute[int], person: InstrumentedAttribute[int], actor: Actor) -> Criterion:
    keepers = frozenset({MINISTER_CHAIRMAN, CLERK, RECORDS})
    return or_(_in_bodies(column, actor, keepers), person == (actor.person_id or 0))


_BY_TABLE: dict[type[Model], Callable[[Actor], Criterion]] = {
    Meeting: _meetings,
    Seat: lambda actor: _of_visible_meetings(Seat.meeting_id, actor),
    Absence: lambda actor: or_(
        _in_bodies(Absence.body_id, actor, PREPARING), Absence.member_id == (actor.person_id or 0)
    ),
    AgendaItem: _items,
    Document: _documents,
    DocumentVersion: _versions,
    Poll: _polls,
    Ballot: lambda actor: _in_bodies(Ballot.body_id, actor, frozenset({AUDITOR})),
    MinutesFile: _minutes,
    Resolution: _resolutions,
    ResolutionFile: lambda actor: _of_visible_resolutions(ResolutionFile.resolution_id, actor),
    Dispatch: lambda actor: _of_visible_resolutions(Dispatch.resolution_id, actor),
    IssuedNumber: lambda actor: _in_bodies(IssuedNumber.body_id, actor, STAFF),
    SealKey: lambda actor: _in_bodies(SealKey.body_id, actor, KEEPERS),
    SignaturePicture: lambda actor: or_(
        _in_bodies(SignaturePicture.body_id, actor, KEEPERS), SignaturePicture.person_id == (actor.person_id or 0)
    ),
    Slip: _slips,
    SlipPaper: lambda actor: SlipPaper.slip_id.in_(select(Slip.id).where(_slips(actor))),
    SlipRecipient: lambda actor: SlipRecipient.slip_id.in_(select(Slip.id).where(_slips(actor))),
    SlipDecision: lambda actor: SlipDecision.slip_id.in_(select(Slip.id).where(_slips(actor))),
    SlipAnswer: lambda actor: _of_member(SlipAnswer, actor),
    SlipDelivery: lambda actor: _of_member(SlipDelivery, actor),
    Opinion: lambda actor: _of_member(Opinion, actor),
    SlipReminder: lambda actor: _of_member(SlipReminder, actor),
    CalendarFeed: lambda actor: CalendarFeed.person_id == (actor.person_id or 0),
    SlipUpload: _uploads,
    SlipAdvice: lambda actor: or_(
        SlipAdvice.member_id == (actor.person_id or 0), SlipAdvice.aide_id == (actor.person_id or 0)
    ),
    SlipDraft: lambda actor: SlipDraft.member_id == (actor.person_id or 0),
    SlipTemplate: lambda actor: _in_bodies(SlipTemplate.body_id, actor, PREPARING),
    ApprovalStep: lambda actor: _in_bodies(ApprovalStep.body_id, actor, STAFF | APPROVERS),
    Body: lambda actor: Body.id.in_(actor.body_ids),
    Organisation: lambda actor: _in_bodies(Organisation.body_id, actor, STAFF),
    Person: _people,
    Appointment: lambda actor: _in_bodies(Appointment.body_id, actor, STAFF),
    MemberTrip: lambda actor: or_(
        _in_bodies(MemberTrip.body_id, actor, BOARD), MemberTrip.member_id == (actor.person_id or 0)
    ),
    MemberStaff: lambda actor: _in_bodies(MemberStaff.body_id, actor, frozenset({CLERK, MINISTER_CHAIRMAN, HEAD})),
    RuleSet: lambda actor: _in_bodies(RuleSet.body_id, actor, STAFF),
    CalendarDay: _calendar,
    SigningKey: lambda actor: _key_keepers(SigningKey.body_id, SigningKey.person_id, actor),
    Passkey: lambda actor: Passkey.person_id == (actor.person_id or 0),
    Certificate: lambda actor: _in_bodies(Certificate.body_id, actor, frozenset({AUDITOR, ADMINISTRATOR})),
    KeyRecovery: lambda actor: _key_keepers(KeyRecovery.body_id, KeyRecovery.person_id, actor),
    AuditEntry: lambda actor: _in_bodies(AuditEntry.body_id, actor, frozenset({AUDITOR})),
    Refusal: lambda actor: _in_bodies(Refusal.body_id, actor, frozenset({AUDITOR})),
    DeclaredGap: lambda actor: _in_bodies(DeclaredGap.body_id, actor, frozenset({HEAD, AUDITOR})),
    WitnessReport: lambda actor: _in_bodies(WitnessReport.body_id, actor, frozenset({HEAD, AUDITOR})),
    Job: lambda actor: _in_bodies(Job.body_id, actor, frozenset({ADMINISTRATOR})),
    Delivery: lambda actor: _in_bodies(Delivery.body_id, actor, frozenset({ADMINISTRATOR})),
    User: lambda actor: User.id.in_(_account_ids(actor)),
    LoginSession: lambda actor: LoginSession.user_id.in_(_account_ids(actor)),
    Notice: lambda actor: Notice.person_id == (actor.person_id or 0),
    Digest: lambda actor: Digest.person_id == (actor.person_id or 0),
    Export: lambda actor: Export.person_id == (actor.person_id or 0),
    ContactAddress: lambda actor: (
        (ContactAddress.person_id == (actor.person_id or 0))
        | _in_bodies(ContactAddress.body_id, actor, frozenset({CLERK, MINISTER_CHAIRMAN}))
    ),
}


def visible(actor: Actor, model: type[Model]) -> Criterion:
    """The rows of a table this actor may see; a table without a row here shows nothing to anybody."""
    if actor is SYSTEM:
        return true()
    rule = _BY_TABLE.get(model)
    return rule(actor) if rule else false()


def seen(actor: Actor, model: type[Row], row_id: int) -> Row:
    """The row, or NotFound: what may not be seen answers exactly like what does not exist."""
    key: Any = model.__table__.primary_key.columns[0]
    row = db.session.scalars(select(model).where(key == row_id, visible(actor, model))).one_or_none()
    if row is None:
        raise NotFound(nothing(actor, model, row_id))
    return row


def nothing(actor: Actor, model: type[Model], row_id: int) -> Subject:
    """A subject for refusals about a row that is not shown; filed under the asking person's own body."""
    own = min(actor.body_ids, default=None) or db.session.scalars(select(Body.id).order_by(Body.id)).first() or 0
    return Detached(str(model.__tablename__), row_id, None, own)
