"""Proves a restored installation: every hash, document, signature and log entry, before anybody is served from it."""

import datetime as dt
from collections.abc import Callable, Iterator

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload, undefer

from app.backup.errors import Broken
from app.backup.progress import Report
from app.extensions import db
from app.gateways import pades, signing, storage
from app.gateways.signing.errors import SigningError
from app.models import (
    AuditEntry,
    Certificate,
    DraftText,
    FileStage,
    Poll,
    PollState,
    PreparedStatement,
    PreservedFile,
    Resolution,
    ResolutionFile,
    ResolutionVersion,
    SignatureEvidence,
    SignaturePicture,
    SignedStatement,
    Slip,
    SlipPrepared,
    StatementKind,
)
from app.workflows import authority_answers, preserved_files, resolutions, sealed, slip_sealed, verification
from app.workflows.engine.errors import WorkflowError
from app.workflows.rules.canonical import canonical, digest

AT_ONCE = 50  # rows in memory: a signed document is one of them
IN_DOCUMENTS = frozenset({StatementKind.DOCUMENT_SIGNATURE, StatementKind.DOCUMENT_SEAL})
HASHED = (  # tables whose rows carry the hash of one of their columns
    (DraftText, "text"), (ResolutionVersion, "text"), (SignaturePicture, "png"), (SignatureEvidence, "content"),
    (PreparedStatement, "statement"), (SlipPrepared, "statement"), (Certificate, "der"),
)  # fmt: skip


def prove(documents: dict[str, int], now: dt.datetime, report: Report) -> None:
    """Broken with the first thing that is not as it was signed, hashed or counted.

    `documents` are the files that the database names, SHA-256 → size; needs an application context whose authorities
    are the right ones.
    """
    _documents(documents, report)
    _hashes(report)
    _each("certificates", select(Certificate), _certificate, report)
    _each("signatures", select(SignedStatement).options(joinedload(SignedStatement.certificate)), _statement, report)
    _each("log of the system", select(AuditEntry).order_by(AuditEntry.id), _entry, report)
    _each("slips", select(Slip).where(Slip.definition_sha256.is_not(None)), _slip, report)
    _each("votes", select(Poll).where(Poll.definition_sha256.is_not(None)), _poll, report)
    signed = select(ResolutionFile).where(ResolutionFile.stage.in_((FileStage.SIGNED, FileStage.SEALED)))
    _each("Resolutions", signed, lambda file: _resolution(file, now), report)
    _each("long-term forms", select(PreservedFile), lambda form: _long_term(form, now), report)


def _documents(named: dict[str, int], report: Report) -> None:
    for number, (sha256, size) in enumerate(named.items(), start=1):
        try:
            with storage.store().open(sha256) as source:
                found = source.seek(0, 2)
        except storage.StorageError as error:
            raise Broken(f"document {sha256}: {error.code}") from error
        if found != size:
            raise Broken(f"document {sha256} has {found} bytes and not {size}")
        report("documents in the store", number, len(named))


def _hashes(report: Report) -> None:
    for model, column in HASHED:
        rows = select(model).options(undefer(getattr(model, column)))
        _each(f"hashes of {model.__tablename__}", rows, _hashed(column), report)


def _hashed(column: str) -> Callable[[object], None]:
    def check(row: object) -> None:
        if digest(getattr(row, column)) != row.sha256:  # type: ignore[attr-defined]
            raise ValueError("another hash than its own")

    return check


def _each(step: str, rows: Select, check: Callable[..., None], report: Report) -> None:
    """Check row by row, few in memory; the first that fails is named by table and key."""
    total = db.session.scalar(select(func.count()).select_from(rows.subquery())) or 0
    for number, row in enumerate(_streamed(rows), start=1):
        try:
            check(row)
        except (ValueError, LookupError, SigningError, WorkflowError, storage.StorageError) as fault:
            key = db.inspect(row).identity
            raise Broken(f"{row.__tablename__} {'-'.join(map(str, key))}: {_said(fault)}") from fault
        report(step, number, total)
    db.session.remove()


def _streamed(rows: Select) -> Iterator:
    """In pieces of their own, so that a check may end its reading meanwhile."""
    model = rows.column_descriptions[0]["entity"]
    key = model.__mapper__.primary_key[0]
    last = None
    while True:
        piece = rows.order_by(None).order_by(key).limit(AT_ONCE)
        found = db.session.scalars(piece if last is None else piece.where(key > last)).all()
        for row in found:
            last = db.inspect(row).identity[0]
            yield row
        if len(found) < AT_ONCE:
            return
        db.session.expunge_all()


def _said(fault: Exception) -> str:
    """The code of the fault, or what a check says in plain words; the console has one language."""
    code = getattr(fault, "reason", None) or getattr(fault, "code", "")
    return str(getattr(fault, "details", {}).get("fault", "") or code or fault)


def _certificate(row: Certificate) -> None:
    """Issued by an authority that is believed; that it may have ended since is no matter here.

    A certificate may begin a little before its authority, since both allow for clocks that are behind.
    """
    begins = max(signing.certificate_facts(der).not_before for der in (row.der, *signing.trusted()))
    signing.check_certificate(row.der, begins, signing.trusted())


def _statement(row: SignedStatement) -> None:
    if digest(row.statement) != row.sha256:
        raise ValueError("another hash than its own")
    if row.kind in IN_DOCUMENTS:
        signing.check_document(row.cms, bytes.fromhex(row.sha256), row.certificate.der)
    else:
        signing.check_detached(row.cms, row.statement, row.certificate.der)


def _entry(row: AuditEntry) -> None:
    at = row.at.astimezone(dt.UTC).isoformat()
    if digest(canonical([row.fact, row.payload, row.actor_id, at])) != row.sha256:
        raise ValueError("another hash than its own")
    about = {name: row.payload.get(name) for name in ("body_id", "subject_type", "subject_id")}
    if about != {name: getattr(row, name) for name in about}:
        raise ValueError("is filed under another subject than it tells of")


def _poll(poll: Poll) -> None:
    if poll.state is PollState.OPEN:
        sealed.check_running(poll)
    else:
        sealed.checked(poll)


def _slip(slip: Slip) -> None:
    slip_sealed.checked(slip)


def _resolution(file: ResolutionFile, now: dt.datetime) -> None:
    """The verdict that everybody gets, and for what is sealed with the second opinion on the file."""
    last = file.stage is FileStage.SEALED
    _valid(storage.read(file.sha256), file.resolution, 2 if last else 1, now, ask_second=last)


def _long_term(form: PreservedFile, now: dt.datetime) -> None:
    """It begins with the form before it, the first one with the promulgated file, and has the level that was noted."""
    content = storage.read(form.sha256)
    former = [one.sha256 for one in preserved_files.files_of(form.resolution_id) if one.number == form.number - 1]
    before = storage.read(former[0] if former else resolutions.signed_file(form.resolution).sha256)
    if not content.startswith(before) or content == before or (form.number > 1) != bool(former):
        raise ValueError("does not begin with the form before it")
    level = _valid(content, form.resolution, 2, now, ask_second=True).level
    if level != form.level:
        raise ValueError(f"is {level} and not {form.level}")


def _valid(content: bytes, about: Resolution, signatures: int, now: dt.datetime, *, ask_second: bool) -> pades.Verdict:
    """The verdict; ValueError with its reasons unless it is valid, by so many of the signatures that are expected."""
    verdict = pades.verdict(
        content, verification.expected_of(about)[:signatures], signing.trusted(), now,
        verification.revocations_of(about), ask_second=ask_second, stampers_revoked=authority_answers.revoked(),
    )  # fmt: skip
    if verdict.state != "valid":
        raise ValueError(f"not validly signed: {', '.join(reason.code for reason in verdict.reasons)}")
    return verdict
