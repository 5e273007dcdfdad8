"""Answers to a slip are counted: all that wait for it in one transaction, each judged by itself under its lock."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import Row, delete, insert, select

from app.extensions import db
from app.gateways.signing.places import SOFTWARE
from app.models import Slip, SlipAnswer, SlipAttachment, SlipDraft, SlipRecipient, SlipState, StatementKind
from app.workflows import signed_casts
from app.workflows.engine.errors import NotAllowed, WorkflowError
from app.workflows.engine.rights import SAID, Actor, Right
from app.workflows.engine.tables import insert_all, table
from app.workflows.engine.transaction import use_case
from app.workflows.prepared import NotPrepared
from app.workflows.rules.ballot import roll_code
from app.workflows.rules.canonical import digest
from app.workflows.rules.deadline import is_over
from app.workflows.rules.slip import parse_answer
from app.workflows.rules.slip_log import answer_leaf
from app.workflows.signed_casts import Cast, Held
from app.workflows.slip_answer_rows import (
    LockedSlip,
    answers_of_members,
    lock_slip,
    locked_with_asked,
    uploads_named,
)
from app.workflows.slip_facts import SlipAnswered, record_all_of_slip
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
from app.workflows.slip_rows import AnswerReceipt
from app.workflows.tree_log import Growth

Outcome = AnswerReceipt | WorkflowError
Records = Sequence[Row[Any]]
Admitted = Sequence[tuple[Cast, Row[Any]]]  # what counts, with the member's roll entry and the text that was shown
UNISSUED = (SlipState.DRAFT, SlipState.SUBMITTED, SlipState.APPROVED, SlipState.ABANDONED)


@use_case
def count_answers(slip_id: int, take: Callable[[], Sequence[Cast]]) -> list[Outcome | None]:
    """Receipt or refusal of each answer that waits when the lock is ours; None for one that must go alone.

    An answer that is refused leaves nothing behind and costs the others nothing; who sent it records the refusal.
    """
    version = lock_slip(slip_id)
    casts = take()
    first = signed_casts.first_of_each(casts)
    slip, asked = locked_with_asked(slip_id, version, {member: cast.sha256 for member, cast in first.items()})
    answers = answers_of_members(slip_id, [member for member, entry in asked.items() if entry.answered])
    held = signed_casts.hold_passkeys(first.values())
    judged = {
        member: _judge(slip, cast, asked.get(member), answers.get(member, ()), held) for member, cast in first.items()
    }
    admitted = [(first[member], asked[member]) for member, outcome in judged.items() if outcome is None]
    outcomes = judged | _count(slip, held, admitted)
    return signed_casts.in_their_order(casts, first, outcomes)


def require_open(slip: Slip, now: dt.datetime) -> None:
    """The clock decides here as well; the task that closes may come late."""
    following = select(Slip.number_text).where(Slip.previous_id == slip.id, Slip.definition.is_not(None))
    _require_open(slip, db.session.scalar(following), now)


def admit_member(slip: Slip, actor: Actor) -> SlipRecipient:
    """Only a member who was asked answers: no substitute, no aide, nobody else (rule:R6)."""
    actor.require(Right.SLIP_ANSWER, slip)
    entry = db.session.get(SlipRecipient, (slip.id, actor.person_id or 0))
    if entry is None:
        raise _not_asked(slip, slip.definition is not None)
    return entry


def _require_open(slip: Slip | LockedSlip, following: str | None, now: dt.datetime) -> None:
    if slip.state in UNISSUED:
        raise SlipNotOpen(slip)
    if following:
        raise RoundOver(slip, number=following)
    if slip.state is SlipState.RECALLED:
        raise SlipRecalledAlready(slip, reason=slip.reason)
    if slip.state is not SlipState.ISSUED or is_over(slip.deadline_at, now):
        raise SlipOver(slip)


def _not_asked(slip: Slip | LockedSlip, issued: bool) -> WorkflowError:
    return NotAllowed(slip, right=SAID[Right.SLIP_ANSWER]) if issued else SlipNotOpen(slip)


def _judge(slip: LockedSlip, cast: Cast, entry: Row[Any] | None, answers: Records, held: Held) -> Outcome | None:
    """None for an answer that counts; the earlier receipt where only the reply was lost; or a refusal."""
    try:
        cast.actor.require(Right.SLIP_ANSWER, slip)
        if entry is None:
            raise _not_asked(slip, slip.issued)
        again = next((row for row in answers if row.sha256 == cast.sha256), None)
        if again is None:
            _admit(slip, cast, entry, answers)
            signed_casts.require_passkey(slip, cast, held, SlipPasskeyNeeded)
        return _receipt(slip, again) if again else None
    except WorkflowError as refusal:
        return refusal


def _admit(slip: LockedSlip, cast: Cast, entry: Row[Any], answers: Records) -> None:
    """Refuse unless these bytes were shown to this member, are signed with the pinned certificate, and come in time."""
    if cast.problem is not None:
        raise BadAnswerSignature(slip, reason=cast.problem)
    if entry.certificate_id != cast.certificate_id:
        raise BadAnswerSignature(slip, reason=_("The signature was not made with your certificate of this slip."))
    _require_open(slip, slip.following, cast.now)
    signed_casts.require_certificate(slip, cast, entry.revoked_at, entry.key_state)
    if entry.statement != cast.statement or entry.expires_at < cast.now:
        raise NotPrepared(slip)
    superseded = {row.supersedes_id for row in answers}
    standing = next((row for row in answers if row.id not in superseded), None)
    if (standing and standing.id) != entry.supersedes_id:
        raise AnotherAnswerStands(slip, receipt=standing and _receipt(slip, standing))


def _count(slip: LockedSlip, held: Held, admitted: Admitted) -> dict[int, Outcome | None]:
    """Log entries, statements, answers with their files, and facts, in this order; the receipts by member.

    The drafts that they were typed in have served their time.
    """
    if not admitted:
        return {}
    leaves = _grow_log(slip, admitted)
    casts = [cast for cast, _entry in admitted]
    statement_ids = signed_casts.keep_statements(slip.body_id, StatementKind.SLIP_ANSWER, casts, held)
    rows = [
        {
            "slip_id": slip.id, "member_id": cast.member_id, "body_id": slip.body_id, "nonce": entry.nonce,
            "choice": entry.choice, "supersedes_id": entry.supersedes_id, "statement_id": statement_id,
            "leaf_seq": leaf["seq"], "answered_at": cast.now,
        }
        for (cast, entry), statement_id, leaf in zip(admitted, statement_ids, leaves, strict=True)
    ]  # fmt: skip
    answer_ids = insert_all(SlipAnswer, rows)  # a second first answer or a fork fails here, whatever was believed above
    _attach(slip, casts, answer_ids)
    draft = table(SlipDraft)
    members = [cast.member_id for cast in casts]
    db.session.execute(delete(draft).where(draft.c.slip_id == slip.id, draft.c.member_id.in_(members)))
    record_all_of_slip([
        (cast.actor, SlipAnswered.about(slip, version=version, answer_id=number), cast.now)
        for version, (cast, number) in enumerate(zip(casts, answer_ids, strict=True), slip.version + 1)
    ])  # fmt: skip
    return {
        cast.member_id: _receipt(slip, _Counted(number, cast, entry, leaf))
        for (cast, entry), number, leaf in zip(admitted, answer_ids, leaves, strict=True)
    }


def _grow_log(slip: LockedSlip, admitted: Admitted) -> list[Mapping[str, Any]]:
    log = Growth(LOG, slip.id, slip.body_id)
    leaves: list[Mapping[str, Any]] = []
    for cast, entry in admitted:
        seq, at = log.next_place(cast.now)
        leaves.append(log.append(answer_leaf(seq, cast.sha256, digest(cast.cms), roll_code(entry.roll_index), at)))
    log.write()
    return leaves


def _attach(slip: LockedSlip, casts: Sequence[Cast], answer_ids: Sequence[int]) -> None:
    """The files that the answers name, in their order."""
    named = [(cast.member_id, part["sha256"]) for cast in casts for part in cast.said["attachments"]]
    uploads = uploads_named(slip.id, named)
    rows = [
        {
            "answer_id": number, "upload_id": uploads[cast.member_id, part["sha256"]], "body_id": slip.body_id,
            "position": position,
        }
        for cast, number in zip(casts, answer_ids, strict=True)
        for position, part in enumerate(cast.said["attachments"], start=1)
    ]  # fmt: skip
    if rows:
        db.session.execute(insert(table(SlipAttachment)), rows)


class _Counted:
    """An answer just counted, with the names that a stored one has."""

    def __init__(self, answer_id: int, cast: Cast, entry: Row[Any], leaf: Mapping[str, Any]) -> None:
        self.id, self.answered_at, self.sha256, self.said = answer_id, cast.now, cast.sha256, cast.said
        self.choice, self.provider = entry.choice, entry.provider
        self.subject, self.serial, self.not_after = entry.subject, entry.serial, entry.not_after
        self.leaf_seq, self.leaf_hash, self.root = leaf["seq"], leaf["leaf_hash"], leaf["root"]
        self.passkey = cast.passkey is not None


def _receipt(slip: LockedSlip, counted: Row[Any] | _Counted) -> AnswerReceipt:
    said = counted.said if isinstance(counted, _Counted) else parse_answer(counted.statement)
    return AnswerReceipt(
        answer_id=counted.id, slip_id=slip.id, leaf_seq=counted.leaf_seq, leaf_hash=counted.leaf_hash,
        root=counted.root, statement_sha256=counted.sha256, certificate_name=counted.subject,
        certificate_serial=counted.serial, certificate_until=counted.not_after, at=counted.answered_at,
        choice=counted.choice, said=said, provider=counted.provider or SOFTWARE, passkey=counted.passkey,
    )  # fmt: skip
