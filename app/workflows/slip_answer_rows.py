"""What is read when answers to a slip are counted: a few plain statements, and nothing loaded as an object.

This is the one act that every member does in the last hour before a deadline.
"""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, and_, bindparam, select

from app.extensions import db
from app.models import (
    Certificate,
    CertificateRevocation,
    EvidenceKind,
    SignatureEvidence,
    SignedStatement,
    SigningKey,
    Slip,
    SlipAnswer,
    SlipLeaf,
    SlipPrepared,
    SlipRecipient,
    SlipState,
    SlipUpload,
)
from app.workflows.engine.errors import Detached
from app.workflows.engine.tables import table


@dataclass
class LockedSlip(Detached):
    """What of a slip decides about an answer, as of the moment when the lock was ours.

    `issued` says whether anybody is asked yet, `following` is the number of the next round once that is issued.
    """

    state: SlipState
    issued: bool
    deadline_at: dt.datetime | None
    passkey_demanded: bool
    reason: str
    version: int
    following: str | None


def _pinned() -> Select[Any]:
    slip, asked, certificate = table(Slip).c, table(SlipRecipient).c, table(Certificate).c
    the_member = and_(asked.slip_id == slip.id, asked.member_id == bindparam("member"))
    joined = (
        table(Slip)
        .join(table(SlipRecipient), the_member)
        .outerjoin(table(Certificate), certificate.id == asked.certificate_id)
    )
    columns = (slip.body_id, asked.certificate_id, certificate.der)
    return select(*columns).select_from(joined).where(slip.id == bindparam("slip"))


def _asked() -> Select[Any]:
    """The slip, and of each member: the roll entry, how its certificate and key stand, and the text that was shown."""
    slip, asked, shown, key = table(Slip).c, table(SlipRecipient).c, table(SlipPrepared).c, table(SigningKey).c
    certificate, revoked, answer = table(Certificate).c, table(CertificateRevocation).c, table(SlipAnswer).c
    later = table(Slip).alias("later").c
    the_member = and_(asked.slip_id == slip.id, asked.member_id.in_(bindparam("members", expanding=True)))
    the_text = and_(
        shown.slip_id == asked.slip_id, shown.person_id == asked.member_id,
        shown.sha256.in_(bindparam("statements", expanding=True)),
    )  # fmt: skip
    joined = (
        table(Slip)
        .outerjoin(table(SlipRecipient), the_member)
        .outerjoin(table(Certificate), certificate.id == asked.certificate_id)
        .outerjoin(table(CertificateRevocation), revoked.certificate_id == asked.certificate_id)
        .outerjoin(table(SigningKey), key.certificate_id == asked.certificate_id)
        .outerjoin(table(SlipPrepared), the_text)
    )
    answered = select(answer.id).where(answer.slip_id == slip.id, answer.member_id == asked.member_id).exists()
    following = select(later.number_text).where(later.previous_id == slip.id, later.definition.is_not(None))
    columns = (
        slip.body_id, slip.state, slip.issued_at, slip.deadline_at, slip.passkey_demanded, slip.reason,
        following.scalar_subquery().label("following"),
        asked.member_id, asked.roll_index, asked.certificate_id, certificate.subject, certificate.serial,
        certificate.not_after, revoked.at.label("revoked_at"), key.state.label("key_state"), key.provider,
        shown.sha256.label("shown_sha256"), shown.statement, shown.expires_at, shown.nonce, shown.choice,
        shown.supersedes_id, answered.label("answered"),
    )  # fmt: skip
    return select(*columns).select_from(joined).where(slip.id == bindparam("slip"))


def _answers() -> Select[Any]:
    answer, signed, leaf = table(SlipAnswer).c, table(SignedStatement).c, table(SlipLeaf).c
    certificate, key, evidence = table(Certificate).c, table(SigningKey).c, table(SignatureEvidence).c
    confirmed = select(evidence.id).where(
        evidence.statement_id == answer.statement_id, evidence.kind == EvidenceKind.PASSKEY
    )
    joined = (
        table(SlipAnswer)
        .join(table(SignedStatement), signed.id == answer.statement_id)
        .join(table(Certificate), certificate.id == signed.certificate_id)
        .outerjoin(table(SigningKey), key.certificate_id == signed.certificate_id)
        .join(table(SlipLeaf), and_(leaf.slip_id == answer.slip_id, leaf.seq == answer.leaf_seq))
    )
    columns = (
        answer.id, answer.member_id, answer.supersedes_id, answer.choice, answer.leaf_seq, answer.answered_at,
        signed.sha256, signed.statement, certificate.subject, certificate.serial, certificate.not_after, key.provider,
        leaf.leaf_hash, leaf.root, confirmed.exists().label("passkey"),
    )  # fmt: skip
    of_slip = select(*columns).select_from(joined).where(answer.slip_id == bindparam("slip"))
    return of_slip.where(answer.member_id.in_(bindparam("members", expanding=True)))


PINNED, ASKED, ANSWERS = _pinned(), _asked(), _answers()  # built once: building costs as much as asking


def pinned_of(slip_id: int, member_id: int) -> Row[Any] | None:
    """Body, number and DER of the certificate with which a member answers (None, where there is none); None for
    whoever is not asked."""
    return db.session.execute(PINNED, {"slip": slip_id, "member": member_id}).one_or_none()


def lock_slip(slip_id: int) -> int:
    """The version of the slip, whose row is held until the end.

    Everything else is read by later statements: one that waits for a lock sees other tables as before it waited.
    """
    slip = table(Slip).c
    version: int = db.session.execute(select(slip.version).where(slip.id == slip_id).with_for_update()).scalar_one()
    return version


def locked_with_asked(
    slip_id: int, version: int, statements: Mapping[int, str]
) -> tuple[LockedSlip, dict[int, Row[Any]]]:
    """The slip, whose lock is ours, and what decides about these members' answers (member and hash of the text)."""
    given = {"slip": slip_id, "members": list(statements), "statements": list(statements.values())}
    rows = db.session.execute(ASKED, given).all()
    first = rows[0]
    slip = LockedSlip(
        Slip.__tablename__, slip_id, None, first.body_id, first.state, first.issued_at is not None, first.deadline_at,
        first.passkey_demanded, first.reason, version, first.following,
    )  # fmt: skip
    return slip, {
        row.member_id: row
        for row in sorted(rows, key=lambda row: row.shown_sha256 == statements.get(row.member_id))  # the own text last
        if row.member_id is not None
    }


def answers_of_members(slip_id: int, members: Collection[int]) -> dict[int, list[Row[Any]]]:
    """By member: every answer of theirs to this slip that is counted already; mostly there is none to ask for."""
    if not members:
        return {}
    answers: dict[int, list[Row[Any]]] = {}
    for row in db.session.execute(ANSWERS, {"slip": slip_id, "members": list(members)}):
        answers.setdefault(row.member_id, []).append(row)
    return answers


def uploads_named(slip_id: int, named: Collection[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """The numbers of uploaded files by member and hash; mostly nobody names any."""
    if not named:
        return {}
    upload = table(SlipUpload).c
    rows = select(upload.member_id, upload.sha256, upload.id).where(
        upload.slip_id == slip_id, upload.member_id.in_({member for member, _sha256 in named}),
        upload.sha256.in_({sha256 for _member, sha256 in named}),
    )  # fmt: skip
    return {(row.member_id, row.sha256): row.id for row in db.session.execute(rows)}
