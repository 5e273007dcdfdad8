"""Answers to a slip are counted: all that wait for it in one transaction, each judged by itself under its lock."""

import datetime as dt
from collections.abc import Callable, Sequence

from flask_babel import lazy_gettext as _
from sqlalchemy import delete, select

from app.extensions import db
from app.models import (
    Certificate,
    CertificateRevocation,
    SignedStatement,
    SigningKey,
    Slip,
    SlipAnswer,
    SlipAttachment,
    SlipDraft,
    SlipPrepared,
    SlipRecipient,
    SlipState,
    SlipUpload,
    StatementKind,
)
from app.workflows import signed_casts
from app.workflows.engine.errors import NotAllowed, WorkflowError
from app.workflows.engine.rights import SAID, Actor, Right
from app.workflows.engine.transaction import use_case
from app.workflows.prepared import NotPrepared
from app.workflows.rules.ballot import roll_code
from app.workflows.rules.canonical import digest
from app.workflows.rules.deadline import is_over
from app.workflows.rules.slip import parse_answer
from app.workflows.rules.slip_log import answer_leaf
from app.workflows.signed_casts import Cast, Held
from app.workflows.slip_facts import SlipAnswered, record_slip
from app.workflows.slip_log import LOG
from app.workflows.slip_refusals import (
    AnotherAnswerStands,
    BadAnswerSignature,
    RoundOver,
    SlipNotOpen,
    SlipOver,
    SlipPasskeyNeeded,
    SlipRecalledAlready,
)
from app.workflows.slip_rows import AnswerReceipt, receipt_of, standing_of
from app.workflows.tree_log import Growth

Outcome = AnswerReceipt | WorkflowError


@use_case
def count_answers(slip_id: int, take: Callable[[], Sequence[Cast]]) -> list[Outcome | None]:
    """Receipt or refusal of each answer that waits when the lock is ours; None for one that must go alone.

    An answer that is refused leaves nothing behind and costs the others nothing; who sent it records the refusal.
    """
    rows = select(Slip).where(Slip.id == slip_id).with_for_update()
    slip = db.session.execute(rows.execution_options(populate_existing=True)).scalar_one()
    casts = take()
    first = signed_casts.first_of_each(casts)
    held = signed_casts.hold_passkeys(first.values())
    judged = {member: _judged(slip, cast, held) for member, cast in first.items()}
    admitted = [(first[member], shown) for member, shown in judged.items() if isinstance(shown, SlipPrepared)]
    refused = {member: found for member, found in judged.items() if not isinstance(found, SlipPrepared)}
    outcomes = refused | _count(slip, held, admitted)
    return signed_casts.in_their_order(casts, first, outcomes)


def require_open(slip: Slip, now: dt.datetime) -> None:
    """The clock decides here as well; the task that closes may come late."""
    if slip.state in (SlipState.DRAFT, SlipState.SUBMITTED, SlipState.APPROVED, SlipState.ABANDONED):
        raise SlipNotOpen(slip)
    following = select(Slip.number_text).where(Slip.previous_id == slip.id, Slip.definition.is_not(None))
    if number := db.session.scalar(following):
        raise RoundOver(slip, number=number)
    if slip.state is SlipState.RECALLED:
        raise SlipRecalledAlready(slip, reason=slip.reason)
    if slip.state is not SlipState.ISSUED or is_over(slip.deadline_at, now):
        raise SlipOver(slip)


def admit_member(slip: Slip, actor: Actor) -> SlipRecipient:
    """Only a member who was asked answers: no substitute, no aide, nobody else (rule:R6)."""
    actor.require(Right.SLIP_ANSWER, slip)
    entry = db.session.get(SlipRecipient, (slip.id, actor.person_id or 0))
    if entry is None:
        if slip.definition is None:
            raise SlipNotOpen(slip)
        raise NotAllowed(slip, right=SAID[Right.SLIP_ANSWER])
    return entry


def _judged(slip: Slip, cast: Cast, held: Held) -> SlipPrepared | Outcome:
    """What was shown, for an answer that counts; the earlier receipt where only the reply was lost; or a refusal."""
    try:
        entry = admit_member(slip, cast.actor)
        again = select(SlipAnswer).join(SignedStatement, SignedStatement.id == SlipAnswer.statement_id)
        found = again.where(SignedStatement.sha256 == cast.sha256, SlipAnswer.slip_id == slip.id)
        counted = db.session.scalar(found.where(SlipAnswer.member_id == cast.member_id))
        if counted is not None:
            return receipt_of(counted)
        shown = _admitted(slip, cast, entry)
        signed_casts.require_passkey(slip, cast, held, SlipPasskeyNeeded)
        return shown
    except WorkflowError as refusal:
        return refusal


def _admitted(slip: Slip, cast: Cast, entry: SlipRecipient) -> SlipPrepared:
    """Refuse unless these bytes were shown to this member, are signed with the pinned certificate, and come in time."""
    if cast.problem is not None:
        raise BadAnswerSignature(slip, reason=cast.problem)
    if entry.certificate_id != cast.certificate_id:
        raise BadAnswerSignature(slip, reason=_("The signature was not made with your certificate of this slip."))
    require_open(slip, cast.now)
    _require_certificate(slip, cast)
    shown = db.session.scalar(
        select(SlipPrepared).filter_by(slip_id=slip.id, person_id=cast.member_id, sha256=cast.sha256)
    )
    if shown is None or shown.statement != cast.statement or shown.expires_at < cast.now:
        raise NotPrepared(slip)
    before = standing_of(slip.id, cast.member_id)
    if (before and before.id) != shown.supersedes_id:
        raise AnotherAnswerStands(slip, receipt=before and receipt_of(before))
    return shown


def _require_certificate(slip: Slip, cast: Cast) -> None:
    certificate = Certificate.id == cast.certificate_id
    stands = select(CertificateRevocation.at, SigningKey.state).select_from(Certificate).where(certificate)
    stands = stands.outerjoin(CertificateRevocation, CertificateRevocation.certificate_id == Certificate.id)
    stands = stands.outerjoin(SigningKey, SigningKey.certificate_id == Certificate.id)
    revoked_at, key_state = db.session.execute(stands).one()
    signed_casts.require_certificate(slip, cast, revoked_at, key_state)


def _count(slip: Slip, held: Held, admitted: Sequence[tuple[Cast, SlipPrepared]]) -> dict[int, Outcome]:
    """Log entries, statements and answers of those that count, in this order; the receipts by member."""
    if not admitted:
        return {}
    casts = [cast for cast, _shown in admitted]
    places = _grow_log(slip, casts)
    statement_ids = signed_casts.keep_statements(slip.body_id, StatementKind.SLIP_ANSWER, casts, held)
    return {
        cast.member_id: _answer(slip, cast, shown, seq, statement_id)
        for (cast, shown), seq, statement_id in zip(admitted, places, statement_ids, strict=True)
    }


def _grow_log(slip: Slip, casts: Sequence[Cast]) -> list[int]:
    """The places of the answers in the log."""
    growth, places = Growth(LOG, slip.id, slip.body_id), list[int]()
    for cast in casts:
        entry = db.session.get_one(SlipRecipient, (slip.id, cast.member_id))
        seq, at = growth.next_place(cast.now)
        growth.append(answer_leaf(seq, cast.sha256, digest(cast.cms), roll_code(entry.roll_index), at))
        places.append(seq)
    growth.write()
    return places


def _answer(slip: Slip, cast: Cast, shown: SlipPrepared, seq: int, statement_id: int) -> AnswerReceipt:
    """The answer, its files and its fact; the draft it was typed in has served its time."""
    answer = SlipAnswer(
        slip_id=slip.id, member_id=cast.member_id, body_id=slip.body_id, nonce=shown.nonce, choice=shown.choice,
        supersedes_id=shown.supersedes_id, statement_id=statement_id, leaf_seq=seq, answered_at=cast.now,
    )  # fmt: skip
    db.session.add(answer)
    db.session.flush()
    _attach(slip, cast, answer)
    db.session.execute(delete(SlipDraft).where(SlipDraft.slip_id == slip.id, SlipDraft.member_id == cast.member_id))
    record_slip(cast.actor, slip, SlipAnswered, cast.now, answer_id=answer.id)
    return receipt_of(answer)


def _attach(slip: Slip, cast: Cast, answer: SlipAnswer) -> None:
    named = [part["sha256"] for part in parse_answer(cast.statement)["attachments"]]
    rows = select(SlipUpload).where(SlipUpload.slip_id == slip.id, SlipUpload.member_id == cast.member_id)
    uploads = {row.sha256: row.id for row in db.session.scalars(rows.where(SlipUpload.sha256.in_(named)))}
    db.session.add_all(
        SlipAttachment(answer_id=answer.id, upload_id=uploads[sha256], body_id=slip.body_id, position=position)
        for position, sha256 in enumerate(named, start=1)
    )
    db.session.flush()
