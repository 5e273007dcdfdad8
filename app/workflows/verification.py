"""Verification (xác minh văn bản): which signatures the records expect of a PDF, and what is to be thought of it."""

import datetime as dt
from collections.abc import Callable, Iterable

from sqlalchemy import select

from app.extensions import db
from app.gateways import pades, signing, storage
from app.models import (
    CertificateRevocation,
    DocumentSignature,
    FileStage,
    Resolution,
    ResolutionFile,
    SignatureRole,
    SignedStatement,
)
from app.workflows import authority_answers, preserved_files
from app.workflows.engine.transaction import end_reading
from app.workflows.engine.visibility import OUT
from app.workflows.rules.canonical import digest

ORDER = (SignatureRole.SIGNATURE, SignatureRole.SEAL)
ALTERED = {FileStage.SIGNED: "changed_after_signature", FileStage.SEALED: "changed_after_seal"}


def verify(pdf: bytes, now: dt.datetime) -> pades.Verdict:
    """The verdict on any file, whoever asks and however."""
    return recognise(pdf, now)[0]


def recognise(
    pdf: bytes, now: dt.datetime, claimed: Resolution | None = None
) -> tuple[pades.Verdict, Resolution | None]:
    """The verdict on any file, and the promulgated document that it is or was made from.

    The records are asked for its hash, then for what its signatures were made over. A file of which they know neither
    is held against `claimed`, the document that it was sent for, and without one is never valid. What is not
    promulgated is as unknown as a stranger's paper. The file is read in a process of its own and kept nowhere.
    """
    about = promulgated(with_file(digest(pdf))) or claimed
    verdict = verify_as(about, pdf, now) if about else _examine(pdf, (), {}, now)
    made_from = promulgated(with_signed_bytes(signer.covered_sha256 for signer in verdict.signers))
    if made_from is not None and (about is None or made_from.id != about.id):
        verdict = verify_as(made_from, pdf, now)
    return verdict, made_from


def promulgated(resolution: Resolution | None) -> Resolution | None:
    return resolution if resolution is not None and resolution.state in OUT else None


def verify_as(resolution: Resolution, pdf: bytes, now: dt.datetime) -> pades.Verdict:
    """The verdict on a file that claims to be this Resolution."""
    return _examine(pdf, expected_of(resolution), revocations_of(resolution), now)


def of_copy(file: ResolutionFile, judge: Callable[[bytes], pades.Verdict]) -> pades.Verdict:
    """The verdict on a signed or sealed form in the store; bytes that are not those of the records are never valid."""
    try:
        content = storage.read(file.sha256)
    except storage.Altered:
        return pades.unread(b"", ALTERED[file.stage])
    return judge(content)


def expected_of(resolution: Resolution) -> tuple[pades.Expected, ...]:
    """The person's signature, then the seal, pinned to certificate and time of the records.

    One that has not been made yet is expected all the same: without it no file is a Resolution.
    """
    made = {signature.role: signature.statement for signature in resolution.signatures}
    return tuple(
        pades.Expected(role.value, made[role].certificate.der, made[role].signed_at)
        if role in made
        else pades.Expected(role.value, ())
        for role in ORDER
    )


def revocations_of(resolution: Resolution) -> dict[str, dt.datetime]:
    """Serial number of each revoked certificate among those that signed → since when."""
    certificates = {signature.statement.certificate_id: signature.statement for signature in resolution.signatures}
    rows = db.session.scalars(
        select(CertificateRevocation).where(CertificateRevocation.certificate_id.in_(certificates))
    )
    return {certificates[row.certificate_id].certificate.serial: row.at for row in rows}


def with_file(sha256: str) -> Resolution | None:
    """The Resolution that has this file, to the byte, at a stage where it is signed, or as its long-term form."""
    stages = (FileStage.SIGNED, FileStage.SEALED)
    rows = select(ResolutionFile).where(ResolutionFile.sha256 == sha256, ResolutionFile.stage.in_(stages))
    file = db.session.scalars(rows).first()
    return file.resolution if file else preserved_files.with_file(sha256)


def with_signed_bytes(sha256: Iterable[str]) -> Resolution | None:
    """The Resolution of which a signature was made over bytes with one of these hashes."""
    rows = (
        select(DocumentSignature)
        .join(DocumentSignature.statement)
        .where(SignedStatement.sha256.in_(tuple(sha256)))
        .order_by(DocumentSignature.id)
    )
    signature = db.session.scalars(rows).first()
    return signature.resolution if signature else None


def _examine(
    pdf: bytes, expected: tuple[pades.Expected, ...], revoked: dict[str, dt.datetime], now: dt.datetime
) -> pades.Verdict:
    taken_back = authority_answers.revoked()
    end_reading()
    return pades.examine(pdf, expected, signing.trusted(), now, revoked, stampers_revoked=taken_back)
