"""The stored material of a slip, taken only when everything in it was verified again, to the byte."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.gateways import signing
from app.gateways.signing.errors import BadSignature, CertificateRefused, SigningError
from app.models import CertificateRevocation, SignedStatement, Slip, SlipAnswer, SlipDeemed, SlipLeaf, SlipState
from app.workflows import sealed, slip_closing
from app.workflows.engine.errors import WorkflowError
from app.workflows.rules.ballot import roll_code
from app.workflows.rules.canonical import canonical, digest
from app.workflows.rules.merkle import Frontier, leaf_hash
from app.workflows.rules.slip import check_answer, parse_answer, parse_slip_definition
from app.workflows.rules.slip_log import check_log, parse_leaf


class SlipBroken(WorkflowError):
    """The stored data contradict each other: nothing is made of them. `fault` says where, for the auditor."""

    code = "slip_broken"
    message = _("The stored data of this slip contradict each other, so nothing is handed out. Tell the auditor.")


@dataclass(frozen=True)
class SealedSlip:
    """Exact bytes of one slip: (statement, CMS) pairs in the order of the log, leaves likewise; `result` if counted."""

    definition: bytes
    leaves: list[bytes]
    answers: list[tuple[bytes, bytes]]
    result: bytes | None


def checked(slip: Slip) -> SealedSlip:
    """The material of an issued slip, every hash and signature verified and the result counted again.

    SlipBroken when anything differs from what is stored, to the byte. A slip under way is checked as far as it goes.
    """
    try:
        definition = _definition(slip)
        leaves = _leaves(slip)
        log = [parse_leaf(leaf.data) for leaf in leaves]
        answers = _answers(slip)
        _check_entries(answers, log)
        pinned = _pinned(slip, definition)
        for answer in answers:
            _check_answer(answer, definition, pinned)
        statements = [answer.statement for answer in answers]
        sealed.check_confirmed(definition, statements, sealed.proofs_beside(statements))
        if slip.state is not SlipState.ISSUED:
            check_log(log)
        if slip.result is not None:
            _check_result(slip, log)
    except (ValueError, LookupError, SigningError) as fault:
        raise SlipBroken(slip, fault=str(fault)) from fault
    return SealedSlip(
        definition=slip.definition or b"", leaves=[leaf.data for leaf in leaves], result=slip.result,
        answers=[(each.statement.statement, each.statement.cms) for each in answers],
    )  # fmt: skip


def _definition(slip: Slip) -> dict[str, Any]:
    stored = slip.definition or b""
    if digest(stored) != slip.definition_sha256:
        raise ValueError("the definition is not the one whose hash was frozen")
    return parse_slip_definition(stored)


def _leaves(slip: Slip) -> list[SlipLeaf]:
    """Every leaf's own hash, and the root after it, follow from the leaf data."""
    leaves = list(db.session.scalars(select(SlipLeaf).where(SlipLeaf.slip_id == slip.id).order_by(SlipLeaf.seq)))
    frontier = Frontier()
    for leaf in leaves:
        hashed = leaf_hash(leaf.data)
        frontier.append(hashed)
        if (leaf.leaf_hash, leaf.root) != (hashed.hex(), frontier.root().hex()):
            raise ValueError(f"entry {leaf.seq} of the log has another hash")
    return leaves


def _answers(slip: Slip) -> list[SlipAnswer]:
    rows = select(SlipAnswer).where(SlipAnswer.slip_id == slip.id).order_by(SlipAnswer.leaf_seq)
    return list(db.session.scalars(rows.options(joinedload(SlipAnswer.statement))))


def _check_entries(answers: list[SlipAnswer], log: list[dict[str, Any]]) -> None:
    logged = [
        (entry["seq"], entry["statement_sha256"], entry["cms_sha256"]) for entry in log if entry["kind"] == "answer"
    ]
    kept = [(each.leaf_seq, digest(each.statement.statement), digest(each.statement.cms)) for each in answers]
    if kept != logged:
        raise ValueError("the answers are not those of the log")


def _pinned(slip: Slip, definition: Mapping[str, Any]) -> dict[str, bytes]:
    """Certificates by roll code, exactly those whose hashes the definition froze."""
    stored = {digest(entry.certificate.der): entry.certificate.der for entry in slip.recipients if entry.certificate}
    return {
        entry["member"]: stored[entry["certificate_sha256"]]
        for entry in definition["roll"]
        if entry["certificate_sha256"]
    }


def _check_answer(answer: SlipAnswer, definition: Mapping[str, Any], pinned: Mapping[str, bytes]) -> None:
    said = parse_answer(answer.statement.statement)
    check_answer(definition, said)
    if said["nonce"] != answer.nonce:
        raise ValueError(f"answer {answer.id} says otherwise than what was signed")
    _check_signed(answer.statement, pinned[said["member"]])


def _check_signed(signed: SignedStatement, certificate: bytes) -> None:
    if digest(signed.statement) != signed.sha256:
        raise ValueError(f"statement {signed.id} has another hash")
    ended = select(CertificateRevocation.at).where(CertificateRevocation.certificate_id == signed.certificate_id)
    since = db.session.scalar(ended)
    revoked = [signed.certificate.serial] if since is not None and since <= signed.signed_at else []
    try:
        signing.check_detached(signed.cms, signed.statement, certificate)
        signing.check_certificate(certificate, signed.signed_at, signing.trusted(), revoked=revoked)
    except BadSignature as bad:
        raise ValueError(f"statement {signed.id}: signature refused ({bad.reason})") from bad
    except CertificateRefused as refused:
        raise ValueError(f"statement {signed.id}: certificate refused ({refused.reason})") from refused


def _check_result(slip: Slip, log: list[dict[str, Any]]) -> None:
    """Both counts say what is stored, and those who are deemed in the database are those of the close."""
    counted = slip_closing.count(slip)
    if (canonical(counted), counted["outcome"]) != (slip.result, slip.outcome and slip.outcome.value):
        raise ValueError("the stored result is not what the answers say")
    if odd := slip_closing.differences(slip):
        raise ValueError(f"the second count differs from the first one: {', '.join(odd)}")
    deemed = set(db.session.scalars(select(SlipDeemed.member_id).where(SlipDeemed.slip_id == slip.id)))
    codes = [roll_code(entry.roll_index) for entry in slip.recipients if entry.member_id in deemed]
    if codes != log[-1]["deemed"]:
        raise ValueError("those who are deemed to agree are not those of the log")
