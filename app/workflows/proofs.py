"""What a receipt says of what was counted, a ballot or an answer to a slip (biên nhận)."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, select

from app.extensions import db
from app.gateways.signing.places import SOFTWARE
from app.models import EvidenceKind, PollLeaf, SignatureEvidence, SignedStatement, SlipLeaf
from app.workflows.key_places import providers_of


@dataclass(frozen=True, kw_only=True)
class Proof:
    """Hashes are lower-case hex, times aware UTC; everything in it is stored, so that it is the same for ever."""

    leaf_seq: int
    leaf_hash: str
    root: str
    statement_sha256: str
    certificate_name: str
    certificate_serial: str
    certificate_until: dt.datetime
    at: dt.datetime
    provider: str  # where the key lives: software, pkcs11, csc
    passkey: bool  # whether a passkey has confirmed it beside the signature


def proof_of(signed: SignedStatement, leaf: PollLeaf | SlipLeaf, at: dt.datetime) -> dict[str, Any]:
    """The members of a Proof, as they stand in the database."""
    confirmed = exists().where(
        SignatureEvidence.statement_id == signed.id, SignatureEvidence.kind == EvidenceKind.PASSKEY
    )
    certificate = signed.certificate
    return {
        "leaf_seq": leaf.seq, "leaf_hash": leaf.leaf_hash, "root": leaf.root, "statement_sha256": signed.sha256,
        "certificate_name": certificate.subject, "certificate_serial": certificate.serial,
        "certificate_until": certificate.not_after, "at": at,
        "provider": providers_of([certificate.id]).get(certificate.id, SOFTWARE),
        "passkey": bool(db.session.scalar(select(confirmed))),
    }  # fmt: skip
