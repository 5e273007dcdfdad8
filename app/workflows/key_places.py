"""Where the keys live that made signatures (hình thức lưu giữ khóa): every result names it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, union_all

from app.extensions import db
from app.gateways import signing
from app.gateways.signing.places import PLACES, SOFTWARE
from app.models import Certificate, KeyState, SealKey, SigningKey


@dataclass(frozen=True)
class Outside:
    """A standing key in a device or at a provider: its reference, whose it is, and the registered certificate."""

    key_ref: str
    owner: str
    certificate_sha256: str


def outside_keys() -> list[Outside]:
    """Those of persons and of seals that are not replaced, by reference."""
    elsewhere = SealKey.key_ref.contains(":"), SealKey.state != KeyState.REPLACED
    personal = SigningKey.provider != SOFTWARE, SigningKey.state != KeyState.REPLACED
    rows = union_all(
        select(SigningKey.key_ref, Certificate.subject, Certificate.sha256).join(Certificate).where(*personal),
        select(SealKey.key_ref, Certificate.subject, Certificate.sha256).join(Certificate).where(*elsewhere),
    )
    return sorted((Outside(*row) for row in db.session.execute(rows)), key=lambda each: each.key_ref)


def providers_of(certificate_ids: Iterable[int]) -> dict[int, str]:
    """software, pkcs11 or csc by certificate, of persons and of seals; in one query."""
    ids = list(certificate_ids)
    persons = select(SigningKey.certificate_id, SigningKey.provider).where(SigningKey.certificate_id.in_(ids))
    seals = select(SealKey.certificate_id, SealKey.key_ref).where(SealKey.certificate_id.in_(ids))
    found = db.session.execute(union_all(persons, seals))
    return {certificate: said if said in PLACES else signing.provider_of(said) for certificate, said in found}


def places_of(certificate_ids: Iterable[int]) -> dict[int, Any]:
    """The same in words, for every one of them."""
    ids = list(certificate_ids)
    known = providers_of(ids)
    return {each: signing.place(known.get(each, SOFTWARE)) for each in ids}


def places_by_hash(certificates: Iterable[Certificate]) -> dict[str, str]:
    """software, pkcs11 or csc by the SHA-256 of each certificate."""
    numbered = {each.id: each.sha256 for each in certificates}
    known = providers_of(numbered)
    return {sha256: known.get(number, SOFTWARE) for number, sha256 in numbered.items()}


def own_provider(person_id: int) -> str:
    """Where the person's standing key lives; software for whoever has none."""
    standing = select(SigningKey.provider).where(SigningKey.person_id == person_id, SigningKey.state == KeyState.ACTIVE)
    return db.session.scalar(standing) or SOFTWARE


def seal_provider(body_id: int) -> str:
    """Where the key of the body's seal lives; software while there is none."""
    ref = db.session.scalar(select(SealKey.key_ref).where(SealKey.body_id == body_id, SealKey.state == KeyState.ACTIVE))
    return signing.provider_of(ref or "")


def counted(certificate_ids: Iterable[int]) -> dict[str, int]:
    """How many of these signatures, one certificate each, were made where."""
    ids = list(certificate_ids)
    known = providers_of(set(ids))
    return dict(sorted(Counter(known.get(each, SOFTWARE) for each in ids).items()))
