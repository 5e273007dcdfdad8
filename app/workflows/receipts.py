"""What a member keeps of a counted ballot (biên nhận phiếu)."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import exists, select

from app.extensions import db
from app.gateways.signing.places import SOFTWARE
from app.models import Ballot, Choice, EvidenceKind, Place, PollLeaf, SignatureEvidence
from app.workflows.key_places import providers_of
from app.workflows.rules.ballot import parse_ballot


@dataclass(frozen=True)
class Receipt:
    """Hashes are lower-case hex, times aware UTC; everything in it is stored, so that it is the same for ever."""

    ballot_id: int
    poll_id: int
    leaf_seq: int
    leaf_hash: str
    root: str
    statement_sha256: str
    certificate_name: str
    certificate_serial: str
    certificate_until: dt.datetime
    at: dt.datetime
    choice: Choice
    place: Place
    remark: str
    reservation: bool
    provider: str  # where the key lives: software, pkcs11, csc
    passkey: bool  # whether a passkey has confirmed it beside the signature


def receipt_of(ballot: Ballot) -> Receipt:
    """The receipt as it stands in the database; the same for every repetition."""
    leaf = db.session.get_one(PollLeaf, (ballot.poll_id, ballot.leaf_seq))
    confirmed = exists().where(
        SignatureEvidence.statement_id == ballot.statement_id, SignatureEvidence.kind == EvidenceKind.PASSKEY
    )
    certificate, said = ballot.statement.certificate, parse_ballot(ballot.statement.statement)
    return Receipt(
        ballot_id=ballot.id, poll_id=ballot.poll_id, leaf_seq=ballot.leaf_seq, leaf_hash=leaf.leaf_hash,
        root=leaf.root, statement_sha256=ballot.statement.sha256, certificate_name=certificate.subject,
        certificate_serial=certificate.serial, certificate_until=certificate.not_after, at=ballot.cast_at,
        choice=ballot.choice, place=ballot.place, remark=said["remark"], reservation=said["reservation"],
        provider=providers_of([certificate.id]).get(certificate.id, SOFTWARE),
        passkey=bool(db.session.scalar(select(confirmed))),
    )  # fmt: skip
