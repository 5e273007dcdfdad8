"""Ballots (phiếu biểu quyết): prepare the exact bytes, sign them, count them once."""

import datetime as dt
from collections.abc import Callable, Sequence

from flask_babel import lazy_gettext as _
from sqlalchemy import Engine, and_, bindparam, select

from app.extensions import db
from app.models import (
    Ballot,
    Certificate,
    Choice,
    Meeting,
    MeetingState,
    Place,
    Poll,
    PollState,
    PreparedStatement,
    Presence,
    RollEntry,
    Seat,
    StatementKind,
)
from app.workflows import keys, passkeys, poll_log, signed_casts
from app.workflows.ballot_refusals import (
    AnotherBallotStands,
    BadNonce,
    BadSignature,
    NoCertificate,
    NoChange,
    NothingToReserve,
    PollClosedAlready,
    PollNotOpen,
    RemarkUnclean,
)
from app.workflows.counting import BallotCast, Outcome, count_ballots, require_open
from app.workflows.engine.errors import Detached, NotAllowed, NotFound, WorkflowError
from app.workflows.engine.rights import SAID, Actor, Right
from app.workflows.engine.tables import table
from app.workflows.engine.text import block
from app.workflows.engine.together import Together
from app.workflows.engine.transaction import end_reading, record_refusal, use_case
from app.workflows.engine.visibility import ATTENDING, nothing, seen
from app.workflows.passkey_assertions import Answer, PasskeyMissing, PasskeyNeeded
from app.workflows.polls import locked, standing_of
from app.workflows.prepared import PREPARED_FOR, NonceReused, NotPrepared, repeated, still_shown
from app.workflows.receipts import Receipt, receipt_of
from app.workflows.rules.ballot import ballot_statement, may_reserve, parse_ballot, roll_code
from app.workflows.rules.calendar import iso_utc
from app.workflows.rules.canonical import canonical, digest
from app.workflows.rules.rulesets import RuleParameters
from app.workflows.signed_casts import Cast, Form, Sent

__all__ = [
    "AnotherBallotStands", "BadNonce", "BadSignature", "BallotCast", "NoCertificate", "NoChange", "NonceReused",
    "NotPrepared", "NothingToReserve", "PollClosedAlready", "PollNotOpen", "Receipt", "RemarkUnclean", "cast_ballot",
    "prepare_ballot", "receipt_of", "sign_ballot", "standing_receipt", "verify_ballot",
]  # fmt: skip

LONGEST_REMARK = 2000
MOST_TOGETHER = 32  # ballots in one transaction
BALLOT = Form(parse_ballot, _("The signed text is not a ballot of the prescribed form."))

POLL, MEETING, ROLL, CERTIFICATE = table(Poll), table(Meeting), table(RollEntry), table(Certificate)
OF_MEMBER = and_(ROLL.c.poll_id == POLL.c.id, ROLL.c.member_id == bindparam("member"))
PINNED = (
    select(
        ROLL.c.certificate_id, CERTIFICATE.c.der, POLL.c.state, POLL.c.meeting_id, MEETING.c.body_id,
        MEETING.c.state.label("meeting_state"),
    )
    .select_from(POLL.join(MEETING, MEETING.c.id == POLL.c.meeting_id).outerjoin(ROLL, OF_MEMBER))
    .outerjoin(CERTIFICATE, CERTIFICATE.c.id == ROLL.c.certificate_id)
    .where(POLL.c.id == bindparam("poll"))
)  # fmt: skip


@use_case
def prepare_ballot(
    actor: Actor,
    poll_id: int,
    choice: Choice,
    nonce: str,
    now: dt.datetime,
    remark: str = "",
    reservation: bool = False,
) -> PreparedStatement:
    """Fix the exact bytes that the member is shown and signs; the nonce is the device's, the time is ours.

    The same request under the same nonce brings the same bytes.
    """
    poll = locked(actor, poll_id)
    entry = _admit_voter(poll, actor)
    require_open(poll, now)
    _require_certificate(poll, entry, now)
    if poll.passkey_demanded and not passkeys.usable_passkeys(entry.member_id):
        raise PasskeyMissing(poll)
    text = block(poll, remark, "remark", LONGEST_REMARK, wanted=False, refusal=RemarkUnclean)
    asked = {"type": StatementKind.BALLOT.value, "choice": choice.value, "remark": text, "reservation": reservation}
    if same := repeated(poll, actor, poll.id, nonce, now, **asked):
        return same
    before = standing_of(poll, entry.member_id)
    if before and not _parameters(poll).vote_change_allowed:
        raise NoChange(poll, ballot_id=before.id)
    place = _place(poll, entry)
    statement = _statement(poll, entry, choice, nonce, now, text, reservation, place, before)
    prepared = PreparedStatement(
        body_id=poll.body_id, kind=StatementKind.BALLOT, poll_id=poll.id, person_id=entry.member_id, nonce=nonce,
        choice=choice, place=place, supersedes_id=before and before.id, statement=statement, sha256=digest(statement),
        expires_at=now + PREPARED_FOR,
    )  # fmt: skip
    db.session.add(prepared)
    db.session.flush()
    return prepared


def sign_ballot(
    actor: Actor, poll_id: int, nonce: str, pin: str, now: dt.datetime, answer: Answer | None = None
) -> Receipt:
    """Sign what was prepared under this nonce with the member's own key, then count it.

    Three steps, none inside another: read what was prepared, sign with no transaction open, cast in one. A ballot
    that was counted already answers with its receipt, without asking the key again. `answer` is that of a passkey
    about the same bytes; where it is demanded or not good, nothing is signed.
    """
    poll = seen(actor, Poll, poll_id)
    if counted := _counted(poll_id, actor.person_id, nonce):
        return receipt_of(counted)
    try:
        actor.require(Right.POLL_VOTE, poll)
        statement = _prepared(poll, actor, nonce, now).statement
        signed_casts.require_confirmation(actor, poll, statement, answer, PasskeyNeeded)
    except WorkflowError as refusal:
        record_refusal("sign_ballot", actor, refusal)
        raise
    cms = keys.sign_with_pin(actor, poll, statement, pin, now)
    return cast_ballot(actor, poll_id, statement, cms, now, answer)


def cast_ballot(
    actor: Actor, poll_id: int, statement: bytes, cms: bytes, now: dt.datetime, answer: Answer | None = None
) -> Receipt:
    """Verify with no transaction open against the certificate pinned in the roll, then count in one transaction.

    The answer of a passkey is verified with it and kept beside it. Whoever waits for the same poll in this process is
    counted in the same transaction, each by itself (app/workflows/counting.py). The same bytes bring the same receipt.
    """
    try:
        cast = _verified(actor, poll_id, statement, cms, now, answer)
        outcome = counted_together((db.engine, poll_id), cast)
        if isinstance(outcome, WorkflowError):
            raise outcome
    except WorkflowError as refusal:
        record_refusal("cast_ballot", actor, refusal)
        raise
    return outcome


def _count(key: tuple[Engine, int], take: Callable[[], Sequence[Cast]]) -> list[Outcome | None]:
    return count_ballots(key[1], take)


counted_together = Together[tuple[Engine, int], Cast, Outcome](_count, MOST_TOGETHER)


def _verified(
    actor: Actor, poll_id: int, statement: bytes, cms: bytes, now: dt.datetime, answer: Answer | None = None
) -> Cast:
    """The ballot with all that can be said of it before its transaction; nothing is open afterwards."""
    pinned = db.session.execute(PINNED, {"poll": poll_id, "member": actor.person_id or 0}).one_or_none()
    if pinned is None:
        raise NotFound(nothing(actor, Poll, poll_id))
    if not plainly_visible(actor, pinned.body_id, pinned.meeting_state, pinned.state):
        seen(actor, Poll, poll_id)
    end_reading()
    about = Detached(Poll.__tablename__, poll_id, pinned.meeting_id, pinned.body_id)
    certificate = (pinned.certificate_id, pinned.der) if pinned.der is not None else None
    return signed_casts.examined(about, BALLOT, Sent(actor, statement, cms, now, answer), certificate)


def plainly_visible(actor: Actor, body_id: int, meeting: MeetingState, poll: PollState) -> bool:
    """The usual case of who may see a poll, without asking the database: who attends the meetings of the body.

    Never true where `visible` is not; where it is false, `visible` decides.
    """
    return meeting is not MeetingState.DRAFT and poll is not PollState.DRAFT and actor.holds(ATTENDING, body_id)


def standing_receipt(actor: Actor, poll: Poll) -> Receipt | None:
    """The receipt of the actor's standing ballot in a poll, if there is one."""
    mine = standing_of(poll, actor.person_id)
    return receipt_of(mine) if mine else None


def verify_ballot(actor: Actor, poll_id: int) -> object | None:
    """“Kiểm tra chữ ký”: check the actor's standing ballot again; None when the signature is good, else the reason."""
    poll = seen(actor, Poll, poll_id)
    mine = standing_of(poll, actor.person_id)
    if mine is None:
        raise PollNotOpen(poll)
    return signed_casts.fault_of(BALLOT, mine.statement, mine.cast_at)


def _admit_voter(poll: Poll, actor: Actor) -> RollEntry:
    """Only a member on the frozen roll votes: no substitute (rule:R6), no guest (rule:R7), no staff."""
    actor.require(Right.POLL_VOTE, poll)
    if poll.state is PollState.DRAFT:
        raise PollNotOpen(poll)
    entry = db.session.get(RollEntry, (poll.id, actor.person_id or 0))
    if entry is None:  # in office today, but not on the roll of that day
        raise NotAllowed(poll, right=SAID[Right.POLL_VOTE])
    return entry


def _require_certificate(poll: Poll, entry: RollEntry, now: dt.datetime) -> None:
    if entry.certificate is None:
        raise NoCertificate(poll)
    keys.check_usable(poll, entry.certificate, now)
    keys.refuse_suspended(poll, entry.certificate_id)


def _parameters(poll: Poll) -> RuleParameters:
    """The frozen parameters; the row is immutable once used, and the definition holds the same ones."""
    return RuleParameters.parse(poll.rule_set.parameters if poll.rule_set else {})


def _place(poll: Poll, entry: RollEntry) -> Place:
    """In the room only who is checked in there; everybody else votes from afar (biểu quyết từ xa)."""
    where = select(Seat.presence).where(Seat.meeting_id == poll.meeting_id, Seat.person_id == entry.member_id)
    return Place.IN_ROOM if db.session.scalar(where) is Presence.IN_ROOM else Place.REMOTE


def _statement(
    poll: Poll,
    entry: RollEntry,
    choice: Choice,
    nonce: str,
    now: dt.datetime,
    remark: str,
    reservation: bool,
    place: Place,
    before: Ballot | None,
) -> bytes:
    if reservation and not may_reserve(choice.value):
        raise NothingToReserve(poll)
    try:
        signed = ballot_statement(
            poll_id=poll.id, poll_hash=f"sha256:{poll.definition_sha256}", choice=choice.value,
            member=roll_code(entry.roll_index), roll_index=entry.roll_index, place=place.value, remark=remark,
            reservation=reservation, supersedes=before and f"sha256:{before.statement.sha256}",
            seen=poll_log.checkpoint(poll), nonce=nonce, server_time=iso_utc(now),
        )  # fmt: skip
    except ValueError as odd:
        raise BadNonce(poll) from odd
    return canonical(signed)


def _counted(poll_id: int, person_id: int | None, nonce: str) -> Ballot | None:
    return db.session.scalar(select(Ballot).filter_by(poll_id=poll_id, member_id=person_id, nonce=nonce))


def _prepared(poll: Poll, actor: Actor, nonce: str, now: dt.datetime) -> PreparedStatement:
    own = select(PreparedStatement).filter_by(
        poll_id=poll.id, person_id=actor.person_id, nonce=nonce, kind=StatementKind.BALLOT
    )
    return still_shown(poll, db.session.scalar(own), now)
