"""Answers to a slip are counted: all that wait for it in one transaction, each judged by itself under its lock."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext as _
from sqlalchemy import delete, select

from app.extensions import db
from app.gateways.signing.errors import CertificateFault, CertificateRefused
from app.models import (
    CertificateRevocation,
    EvidenceKind,
    KeyState,
    Passkey,
    SignatureEvidence,
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
from app.workflows.engine.errors import NotAllowed, WorkflowError
from app.workflows.engine.rights import SAID, Actor, Right
from app.workflows.engine.transaction import record, use_case
from app.workflows.keys import CertificateNotUsable, KeySuspended
from app.workflows.passkey_assertions import Confirmed, require_in_use
from app.workflows.passkeys import PasskeyCountFell
from app.workflows.prepared import NotPrepared
from app.workflows.rules.ballot import roll_code
from app.workflows.rules.canonical import digest
from app.workflows.rules.deadline import is_over
from app.workflows.rules.passkey import count_fell
from app.workflows.rules.slip import parse_answer
from app.workflows.rules.slip_log import answer_leaf
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


@dataclass(frozen=True)
class Cast:
    """An answer as it arrived, and what was found out about it with no transaction open (as for a ballot)."""

    actor: Actor
    member_id: int
    statement: bytes
    sha256: str
    cms: bytes
    certificate_id: int
    problem: object | None
    unusable: CertificateRefused | None
    passkey: Confirmed | WorkflowError | None
    now: dt.datetime


@use_case
def count_answers(slip_id: int, take: Callable[[], Sequence[Cast]]) -> list[Outcome | None]:
    """Receipt or refusal of each answer that waits when the lock is ours; None for one that must go alone.

    An answer that is refused leaves nothing behind and costs the others nothing; who sent it records the refusal.
    """
    rows = select(Slip).where(Slip.id == slip_id).with_for_update()
    slip = db.session.execute(rows.execution_options(populate_existing=True)).scalar_one()
    casts = take()
    members: set[int] = set()
    growth, outcomes = Growth(LOG, slip.id, slip.body_id), list[Outcome | None]()
    admitted: list[tuple[int, Cast, SlipPrepared, int]] = []
    for place, cast in enumerate(casts):
        outcomes.append(None)
        if cast.member_id not in members:
            members.add(cast.member_id)
            shown = _judged(slip, cast)
            if isinstance(shown, SlipPrepared):
                admitted.append((place, cast, shown, _entered(growth, slip, cast)))
            else:
                outcomes[place] = shown
    if admitted:
        growth.write()
    for place, cast, shown, seq in admitted:
        outcomes[place] = _count(slip, cast, shown, seq)
    return outcomes


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


def _judged(slip: Slip, cast: Cast) -> SlipPrepared | Outcome:
    """What was shown, for an answer that counts; the earlier receipt where only the reply was lost; or a refusal."""
    try:
        entry = admit_member(slip, cast.actor)
        again = select(SlipAnswer).join(SignedStatement, SignedStatement.id == SlipAnswer.statement_id)
        found = again.where(SignedStatement.sha256 == cast.sha256, SlipAnswer.slip_id == slip.id)
        counted = db.session.scalar(found.where(SlipAnswer.member_id == cast.member_id))
        if counted is not None:
            return receipt_of(counted)
        return _admitted(slip, cast, entry)
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
    _require_passkey(slip, cast)
    return shown


def _require_certificate(slip: Slip, cast: Cast) -> None:
    """Revocation and suspension as they stand under the lock; the rest was found out before."""
    unusable = cast.unusable
    revoked = select(CertificateRevocation.at).where(CertificateRevocation.certificate_id == cast.certificate_id)
    since = db.session.scalar(revoked)
    if unusable is None and since is not None and since <= cast.now:
        unusable = CertificateRefused(CertificateFault.REVOKED)
    if unusable is not None:
        raise CertificateNotUsable(slip, reason=unusable.message, fault=str(unusable.reason)) from unusable
    state = select(SigningKey.state).where(SigningKey.certificate_id == cast.certificate_id)
    if db.session.scalar(state) is KeyState.SUSPENDED:
        raise KeySuspended(slip)


def _require_passkey(slip: Slip, cast: Cast) -> None:
    """A confirmation that came is good, whether one was demanded or not (rule:R35)."""
    if isinstance(cast.passkey, WorkflowError):
        raise cast.passkey
    if cast.passkey is not None:
        held = select(Passkey).where(Passkey.id == cast.passkey.passkey_id).with_for_update()
        require_in_use(slip, db.session.execute(held.execution_options(populate_existing=True)).scalar_one())
    elif slip.passkey_demanded:
        raise SlipPasskeyNeeded(slip)


def _entered(growth: Growth, slip: Slip, cast: Cast) -> int:
    """The place of an answer in the log."""
    entry = db.session.get_one(SlipRecipient, (slip.id, cast.member_id))
    seq, at = growth.next_place(cast.now)
    growth.append(answer_leaf(seq, cast.sha256, digest(cast.cms), roll_code(entry.roll_index), at))
    return seq


def _count(slip: Slip, cast: Cast, shown: SlipPrepared, seq: int) -> AnswerReceipt:
    """Statement, answer, its files and its confirmation; the draft it was typed in has served its time."""
    signed = SignedStatement(
        body_id=slip.body_id, kind=StatementKind.SLIP_ANSWER, person_id=cast.member_id, statement=cast.statement,
        sha256=cast.sha256, cms=cast.cms, certificate_id=cast.certificate_id, signed_at=cast.now,
    )  # fmt: skip
    db.session.add(signed)
    db.session.flush()
    answer = SlipAnswer(
        slip_id=slip.id, member_id=cast.member_id, body_id=slip.body_id, nonce=shown.nonce, choice=shown.choice,
        supersedes_id=shown.supersedes_id, statement=signed, leaf_seq=seq, answered_at=cast.now,
    )  # fmt: skip
    db.session.add(answer)
    db.session.flush()
    _attach(slip, cast, answer)
    if isinstance(cast.passkey, Confirmed):
        _keep_confirmation(cast, cast.passkey, signed)
    db.session.execute(
        delete(SlipDraft).where(SlipDraft.slip_id == slip.id, SlipDraft.member_id == cast.member_id)
    )
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


def _keep_confirmation(cast: Cast, confirmed: Confirmed, signed: SignedStatement) -> None:
    """What the passkey confirmed, and how it counts: one that did not rise is noted and told (rule:R36)."""
    db.session.add(SignatureEvidence(
        statement_id=signed.id, kind=EvidenceKind.PASSKEY, content=confirmed.content,
        sha256=digest(confirmed.content), at=cast.now,
    ))  # fmt: skip
    passkey = db.session.get_one(Passkey, confirmed.passkey_id)
    fell = count_fell(passkey.sign_count, confirmed.sign_count)
    if fell:
        told = {"person_id": cast.member_id, "known": passkey.sign_count, "told": confirmed.sign_count}
        passkey.count_fell_at = cast.now
        record(cast.actor, PasskeyCountFell.about(passkey, **told), cast.now)
    passkey.last_used_at, passkey.sign_count = cast.now, max(passkey.sign_count, confirmed.sign_count)
    db.session.flush()
