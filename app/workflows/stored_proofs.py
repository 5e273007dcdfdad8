"""What is stored of signed texts and their log, of a vote or of a slip, held against itself to the byte.

Each function that checks raises ValueError, which names what differs.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.gateways import passkeys, signing
from app.gateways.signing.errors import BadSignature, CertificateRefused
from app.models import (
    Certificate,
    CertificateRevocation,
    EvidenceKind,
    PollLeaf,
    RollEntry,
    SignatureEvidence,
    SignedStatement,
    SlipLeaf,
    SlipRecipient,
)
from app.workflows.rules.canonical import digest
from app.workflows.rules.evidence import ending
from app.workflows.rules.merkle import Frontier, leaf_hash
from app.workflows.rules.passkey import ballot_challenge, demands_passkey, parse_assertion_record

Ended = Mapping[int, dt.datetime]  # by certificate


def as_frozen(definition: bytes | None, sha256: str | None) -> bytes:
    """The definition, which still is the one whose hash was frozen."""
    stored = definition or b""
    if digest(stored) != sha256:
        raise ValueError("the definition is not the one whose hash was frozen")
    return stored


def check_leaves(leaves: Iterable[PollLeaf | SlipLeaf]) -> None:
    """Every leaf's own hash, and the root after it, follow from the leaf data."""
    frontier = Frontier()
    for leaf in leaves:
        hashed = leaf_hash(leaf.data)
        frontier.append(hashed)
        if (leaf.leaf_hash, leaf.root) != (hashed.hex(), frontier.root().hex()):
            raise ValueError(f"entry {leaf.seq} of the log has another hash")


def check_logged(kind: str, kept: Iterable[tuple[int, SignedStatement]], log: Iterable[Mapping[str, Any]]) -> None:
    """The log's entries of a kind (“ballot”, “answer”) are about exactly what is kept, each in its place."""
    logged = [(entry["seq"], entry["statement_sha256"], entry["cms_sha256"]) for entry in log if entry["kind"] == kind]
    if [(seq, digest(signed.statement), digest(signed.cms)) for seq, signed in kept] != logged:
        raise ValueError(f"the {kind}s are not those of the log")


def pinned_in(definition: Mapping[str, Any], roll: Iterable[RollEntry | SlipRecipient]) -> dict[str, bytes]:
    """Certificates by roll code, exactly those whose hashes the definition froze."""
    stored = {digest(entry.certificate.der): entry.certificate.der for entry in roll if entry.certificate}
    return {
        entry["member"]: stored[entry["certificate_sha256"]]
        for entry in definition["roll"]
        if entry["certificate_sha256"]
    }


def check_signed(signed: SignedStatement, certificate: bytes, ended: Ended) -> None:
    """The stored signature is good over the stored text, by a certificate that was good when it signed."""
    if digest(signed.statement) != signed.sha256:
        raise ValueError(f"statement {signed.id} has another hash")
    try:
        signing.check_detached(signed.cms, signed.statement, certificate)
    except BadSignature as bad:
        raise ValueError(f"statement {signed.id}: signature refused ({bad.reason})") from bad
    try:
        revoked = revoked_before(signed, ended)
        signing.check_certificate(certificate, signed.signed_at, signing.trusted(), revoked=revoked)
    except CertificateRefused as refused:
        raise ValueError(f"statement {signed.id}: certificate refused ({refused.reason})") from refused


def revoked_before(signed: SignedStatement, ended: Ended) -> list[str]:
    """The number of the certificate, when it was revoked before it signed."""
    since = ended.get(signed.certificate_id)
    return [signed.certificate.serial] if since is not None and since <= signed.signed_at else []


def ended_in(body_id: int) -> Ended:
    """Since when each revoked certificate of a body does not count; there are few."""
    rows = select(CertificateRevocation.certificate_id, CertificateRevocation.at)
    of_body = rows.join(Certificate, Certificate.id == CertificateRevocation.certificate_id)
    return {row[0]: row[1] for row in db.session.execute(of_body.where(Certificate.body_id == body_id))}


def proofs_beside(statements: Sequence[SignedStatement]) -> dict[str, list[tuple[str, bytes]]]:
    """What else proves these statements by their SHA-256: (ending of its file, content), in the order it was kept."""
    named = {statement.id: statement.sha256 for statement in statements}
    rows = select(SignatureEvidence).where(SignatureEvidence.statement_id.in_(named)).order_by(SignatureEvidence.id)
    found: dict[str, list[tuple[str, bytes]]] = {}
    for row in db.session.scalars(rows):
        if digest(row.content) != row.sha256:
            raise ValueError(f"the proof {row.id} of statement {row.statement_id} has another hash")
        found.setdefault(named[row.statement_id], []).append((ending(row.kind.value, row.content), row.content))
    return found


def check_confirmed(
    definition: Mapping[str, Any], statements: Sequence[SignedStatement],
    beside: Mapping[str, Sequence[tuple[str, bytes]]],
) -> None:  # fmt: skip
    """Each kept answer of a passkey confirms its statement, and where one was asked for it is there (rule:R35)."""
    ends = ending(EvidenceKind.PASSKEY.value, b"")
    for signed in statements:
        kept = [content for end, content in beside.get(signed.sha256, ()) if end == ends]
        if not kept and demands_passkey(definition):
            raise ValueError(f"statement {signed.id} is not confirmed by a passkey")
        for told in map(parse_assertion_record, kept):
            try:
                party = passkeys.party_in(told.client_data_json)
                passkeys.check_assertion(party, *told, ballot_challenge(signed.statement))
            except passkeys.PasskeyRefused as refused:
                raise ValueError(f"statement {signed.id}: passkey refused ({refused.fault})") from refused
