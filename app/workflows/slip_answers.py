"""Answers to a slip (ý kiến trả lời): prepare the exact bytes, sign them, count them once."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import Engine, select

from app.extensions import db
from app.models import Choice, Slip, SlipAnswer, SlipPrepared, SlipRecipient, SlipUpload
from app.workflows import keys, passkeys, signed_casts, slips
from app.workflows.ballot_refusals import BadNonce
from app.workflows.engine.errors import Detached, WorkflowError
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.together import Together
from app.workflows.engine.transaction import end_reading, record_refusal, use_case
from app.workflows.engine.visibility import seen
from app.workflows.passkey_assertions import Answer
from app.workflows.prepared import PREPARED_FOR, same_request, still_shown
from app.workflows.rules.ballot import roll_code
from app.workflows.rules.calendar import iso_utc
from app.workflows.rules.canonical import canonical, digest
from app.workflows.rules.opinion_text import HiddenSign
from app.workflows.rules.schema import nonce as checked_nonce
from app.workflows.rules.slip import answer_statement, parse_answer
from app.workflows.signed_casts import Cast, Form, Sent
from app.workflows.slip_answer_rows import pinned_of
from app.workflows.slip_counting import Outcome, admit_member, count_answers, require_open
from app.workflows.slip_definitions import check_of
from app.workflows.slip_log import LOG
from app.workflows.slip_refusals import (
    BadAnswer,
    HiddenSigns,
    NoCertificateOfSlip,
    NoChangeOfAnswer,
    NothingToReserveInSlip,
    SlipNotOpen,
    SlipPasskeyMissing,
    SlipPasskeyNeeded,
    TooManyAttachments,
    UnknownAttachment,
)
from app.workflows.slip_rows import AnswerReceipt, receipt_of, standing_of

MOST_TOGETHER = 32  # answers in one transaction
MOST_ATTACHMENTS = 10
ANSWER = Form(parse_answer, _("The signed text is not an answer of the prescribed form."))


@dataclass(frozen=True)
class Said:
    """What a member answers, as it was typed.

    `answers` are one mapping per question, in order: {question, choice, option, text, articles: [{article, choice,
    text}]}, None where a kind of question has no such part. `uploads` are ids of `slip_upload` rows of the same member.
    """

    answers: Sequence[Mapping[str, Any]]
    reservation: bool = False
    uploads: Sequence[int] = ()


@use_case
def prepare_answer(actor: Actor, slip_id: int, said: Said, nonce: str, now: dt.datetime) -> SlipPrepared:
    """Fix the exact bytes that the member is shown and signs; the nonce is the device's, the time is ours.

    The same request under the same nonce brings the same bytes.
    """
    slip = slips.locked(actor, slip_id)
    entry = admit_member(slip, actor)
    require_open(slip, now)
    _require_certificate(slip, entry, now)
    if slip.passkey_demanded and not passkeys.usable_passkeys(entry.member_id):
        raise SlipPasskeyMissing(slip)
    before = standing_of(slip.id, entry.member_id)
    statement = _statement(slip, entry, said, nonce, now, before)
    found = db.session.scalar(select(SlipPrepared).filter_by(slip_id=slip.id, nonce=nonce))
    if found is not None:
        repeated = {name: statement[name] for name in ("type", "answers", "reservation", "attachments")}
        return same_request(slip, actor, found, now, **repeated)
    if before and not slips.rules_of(slip).answer_change_allowed:
        raise NoChangeOfAnswer(slip, answer_id=before.id)
    fixed = canonical(statement)
    prepared = SlipPrepared(
        body_id=slip.body_id, slip_id=slip.id, person_id=entry.member_id, nonce=nonce,
        choice=_main_choice(slip, statement), supersedes_id=before and before.id, statement=fixed,
        sha256=digest(fixed), expires_at=now + PREPARED_FOR,
    )  # fmt: skip
    db.session.add(prepared)
    db.session.flush()
    return prepared


def sign_answer(
    actor: Actor, slip_id: int, nonce: str, pin: str, now: dt.datetime, answer: Answer | None = None
) -> AnswerReceipt:
    """Sign what was prepared under this nonce with the member's own key, then count it.

    Three steps, none inside another, as for a ballot; an answer that was counted already brings its receipt, without
    asking the key again. `answer` is that of a passkey about the same bytes.
    """
    slip = seen(actor, Slip, slip_id)
    if counted := _counted(slip_id, actor.person_id, nonce):
        return receipt_of(counted)
    try:
        actor.require(Right.SLIP_ANSWER, slip)
        require_open(slip, now)
        statement = _prepared(slip, actor, nonce, now).statement
        signed_casts.require_confirmation(actor, slip, statement, answer, SlipPasskeyNeeded)
    except WorkflowError as refusal:
        record_refusal("sign_answer", actor, refusal)
        raise
    cms = keys.sign_with_pin(actor, slip, statement, pin, now)
    return cast_answer(actor, slip_id, statement, cms, now, answer)


def prepared_for(actor: Actor, slip_id: int, nonce: str) -> SlipPrepared | None:
    """What this member was shown under a nonce, whether it can still be signed or not."""
    mine = select(SlipPrepared).filter_by(slip_id=slip_id, person_id=actor.person_id, nonce=nonce)
    return db.session.scalar(mine)


def cast_answer(
    actor: Actor, slip_id: int, statement: bytes, cms: bytes, now: dt.datetime, answer: Answer | None = None
) -> AnswerReceipt:
    """Verify with no transaction open against the certificate pinned at the issue, then count in one transaction.

    Whoever waits for the same slip in this process is counted in the same transaction, each by itself. The same bytes
    bring the same receipt.
    """
    try:
        cast = _verified(actor, slip_id, statement, cms, now, answer)
        outcome = counted_together((db.engine, slip_id), cast)
        if isinstance(outcome, WorkflowError):
            raise outcome
    except WorkflowError as refusal:
        record_refusal("cast_answer", actor, refusal)
        raise
    return outcome


def _count(key: tuple[Engine, int], take: Callable[[], Sequence[Cast]]) -> list[Outcome | None]:
    return count_answers(key[1], take)


counted_together = Together[tuple[Engine, int], Cast, Outcome](_count, MOST_TOGETHER)


def standing_receipt(actor: Actor, slip: Slip) -> AnswerReceipt | None:
    """The receipt of the actor's standing answer, if there is one."""
    mine = standing_of(slip.id, actor.person_id)
    return receipt_of(mine) if mine else None


def verify_answer(actor: Actor, slip_id: int) -> object | None:
    """“Kiểm tra chữ ký”: check the actor's standing answer again; None when the signature is good, else the reason."""
    slip = seen(actor, Slip, slip_id)
    mine = standing_of(slip.id, actor.person_id)
    if mine is None:
        raise SlipNotOpen(slip)
    return signed_casts.fault_of(ANSWER, mine.statement, mine.answered_at)


def _verified(
    actor: Actor, slip_id: int, statement: bytes, cms: bytes, now: dt.datetime, answer: Answer | None = None
) -> Cast:
    """The answer with all that can be said of it before its transaction; nothing is open afterwards."""
    pinned = pinned_of(slip_id, actor.person_id or 0)  # whoever is asked sees the slip
    body_id = pinned.body_id if pinned else seen(actor, Slip, slip_id).body_id
    end_reading()
    about = Detached(Slip.__tablename__, slip_id, None, body_id)
    certificate = (pinned.certificate_id, pinned.der) if pinned and pinned.der is not None else None
    return signed_casts.examined(about, ANSWER, Sent(actor, statement, cms, now, answer), certificate)


def _require_certificate(slip: Slip, entry: SlipRecipient, now: dt.datetime) -> None:
    if entry.certificate is None:
        raise NoCertificateOfSlip(slip)
    keys.check_usable(slip, entry.certificate, now)
    keys.refuse_suspended(slip, entry.certificate_id)


def _statement(
    slip: Slip, entry: SlipRecipient, said: Said, nonce: str, now: dt.datetime, before: SlipAnswer | None
) -> dict[str, Any]:
    attachments = _attachments(slip, entry, said.uploads)
    try:
        checked_nonce(nonce)
    except ValueError as odd:
        raise BadNonce(slip) from odd
    if said.reservation and _agrees(slip, said.answers):
        raise NothingToReserveInSlip(slip)
    try:
        statement = answer_statement(
            slip_id=slip.id, slip_hash=f"sha256:{slip.definition_sha256}", member=roll_code(entry.roll_index),
            roll_index=entry.roll_index, answers=list(said.answers), reservation=said.reservation,
            attachments=attachments, supersedes=before and f"sha256:{before.statement.sha256}",
            seen=LOG.checkpoint(slip.id), nonce=nonce, server_time=iso_utc(now),
        )  # fmt: skip
        check_of(slip)(statement)
    except (ValueError, TypeError, KeyError) as odd:
        raise _refusal(slip, odd) from odd
    return statement


def _refusal(slip: Slip, odd: BaseException) -> WorkflowError:
    """What is wrong with an answer: a hidden sign is named with its place, everything else by the general sentence."""
    cause: BaseException | None = odd
    while cause is not None:
        if isinstance(cause, HiddenSign):
            return HiddenSigns(slip, line=cause.line, column=cause.column)
        cause = cause.__cause__
    return BadAnswer(slip, problem=str(odd))


def _agrees(slip: Slip, answers: Sequence[Mapping[str, Any]]) -> bool:
    main = slips.main_question(slip)
    said = answers[main.position - 1] if main and len(answers) >= main.position else {}
    return said.get("choice") not in (Choice.DISAGREE, Choice.OTHER)


def _main_choice(slip: Slip, statement: Mapping[str, Any]) -> Choice | None:
    main = slips.main_question(slip)
    return Choice(statement["answers"][main.position - 1]["choice"]) if main else None


def _attachments(slip: Slip, entry: SlipRecipient, uploads: Sequence[int]) -> list[dict[str, Any]]:
    """Name, hash and size of the member's own uploads, in the given order."""
    if len(uploads) > MOST_ATTACHMENTS:
        raise TooManyAttachments(slip)
    rows = select(SlipUpload).where(SlipUpload.slip_id == slip.id, SlipUpload.member_id == entry.member_id)
    own = {row.id: row for row in db.session.scalars(rows.where(SlipUpload.id.in_(list(uploads))))}
    if len(set(uploads)) != len(uploads) or set(own) != set(uploads):
        raise UnknownAttachment(slip)
    return [{"name": own[key].name, "sha256": own[key].sha256, "size": own[key].size} for key in uploads]


def _counted(slip_id: int, person_id: int | None, nonce: str) -> SlipAnswer | None:
    return db.session.scalar(select(SlipAnswer).filter_by(slip_id=slip_id, member_id=person_id, nonce=nonce))


def _prepared(slip: Slip, actor: Actor, nonce: str, now: dt.datetime) -> SlipPrepared:
    return still_shown(slip, prepared_for(actor, slip.id, nonce), now)
