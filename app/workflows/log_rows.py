"""Rows that facts tell of and that have no entry of their own in the log: each must be there and say the same."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Table, select

from app.extensions import db
from app.gateways import storage
from app.gateways.signing.places import provider_of
from app.models import (
    AuditEntry,
    Certificate,
    CertificateRevocation,
    DeclaredGap,
    DeclaredGapConsent,
    EvidenceKind,
    KeyState,
    Passkey,
    PreservedFile,
    RecoveryKind,
    SealKey,
    SignatureEvidence,
    SigningKey,
)
from app.workflows.engine.tables import table
from app.workflows.engine.transaction import end_reading, plain
from app.workflows.log_checks import Account
from app.workflows.rules.canonical import digest
from app.workflows.rules.passkey import passkey_sha256

AUDIT, PASSKEYS, FORMS = table(AuditEntry), table(Passkey), table(PreservedFile)
REVOKED, GAPS, CONSENTS = table(CertificateRevocation), table(DeclaredGap), table(DeclaredGapConsent)
EVIDENCE, CERTIFICATES = table(SignatureEvidence), table(Certificate)
KEYS, SEALS = table(SigningKey), table(SealKey)
AT_ONCE = 500  # stamps in memory


def examine(account: Account) -> None:
    """Add every row that is gone, changed or told of by nobody; the facts themselves are a matter of `log_checks`."""
    _keys(account)
    _passkeys(account)
    _forms(account)
    _revocations(account)
    _gaps(account)
    _stamps(account)
    end_reading()


def _keys(account: Account) -> None:
    """Keys of persons and of seals: whose they are, which certificate, where the key lives, and whether it may sign."""
    certificate = (CERTIFICATES.c.der, CERTIFICATES.c.sha256)
    for keys, name in ((KEYS, "KeyEnrolled"), (SEALS, "SealEnrolled")):
        joined = select(keys, *certificate).join(CERTIFICATES, CERTIFICATES.c.id == keys.c.certificate_id)
        rows = {row.id: row for row in db.session.execute(joined).all()}
        enrolled = {fact.subject_id: fact for fact in _facts(name)}
        states = _states(keys, rows, enrolled)
        for key_id, fact in enrolled.items():
            row = rows.get(key_id)
            if row is None or not _as_enrolled(row, fact) or row.state is not states.get(key_id, row.state):
                account.add(keys.name, key_id, fact.at, "missing" if row is None else "changed")
        for key_id in sorted(rows.keys() - enrolled.keys()):
            account.add(keys.name, key_id, rows[key_id].enrolled_at, "not_entered")


def _as_enrolled(row: Row[Any], fact: Row[Any]) -> bool:
    """Facts of earlier versions do not say where the key lives."""
    told, place = fact.payload, provider_of(row.key_ref)
    owner, said = getattr(row, "person_id", None), getattr(row, "provider", place)
    return (
        digest(row.der) == row.sha256 == told["certificate_sha256"]
        and told.get("person_id") == owner
        and said == place == told.get("place", place)
    )


def _states(keys: Table, rows: dict[int, Row[Any]], enrolled: dict[int, Row[Any]]) -> dict[int, KeyState]:
    """What the facts say of each key: the last one of its owner stands, unless it was suspended since."""
    ends: dict[object, int] = {}  # owner or key → the last fact that suspended it
    for fact in _facts("KeySuspendedFact", "SealSuspended", "KeyRecoveryApproved"):
        if fact.fact != "KeyRecoveryApproved":
            ends[fact.subject_type, fact.subject_id] = fact.id
        elif fact.payload["kind"] == RecoveryKind.REPLACE.value:
            ends[fact.payload["person_id"]] = fact.id
    states, last = {}, set[int]()
    for key_id in sorted(rows.keys() & enrolled.keys(), key=lambda key_id: enrolled[key_id].id, reverse=True):
        row, told = rows[key_id], enrolled[key_id]
        owner = row.body_id if keys is SEALS else told.payload["person_id"]
        ended = max(ends.get((keys.name, key_id), 0), ends.get(owner, 0) if keys is KEYS else 0)
        standing = KeyState.SUSPENDED if ended > told.id else KeyState.ACTIVE
        states[key_id] = KeyState.REPLACED if owner in last else standing
        last.add(owner)
    return states


def _passkeys(account: Account) -> None:
    """A key that was exchanged, put in by nobody, or in use again after it was removed or suspended."""
    rows = {row.id: row for row in db.session.execute(select(PASSKEYS)).all()}
    added, name = {fact.subject_id: fact for fact in _facts("PasskeyAdded")}, PASSKEYS.name
    for passkey_id, fact in added.items():
        row = rows.get(passkey_id)
        if row is None:
            account.add(name, passkey_id, fact.at, "missing")
        elif not _as_made(row, fact):
            account.add(name, passkey_id, fact.at, "changed")
    for row in rows.values():
        if row.id not in added:
            account.add(name, row.id, row.created_at, "not_entered")
    for fact in _facts("PasskeyRemoved", "PasskeysTakenOut", "PasskeysSuspended"):
        for row in rows.values():
            if _in_use_after(fact, row, added.get(row.id)):
                account.add(name, row.id, fact.at, "changed")


def _as_made(row: Row[Any], fact: Row[Any]) -> bool:
    """Facts of earlier versions name no hash."""
    found = passkey_sha256(row.credential_id, row.public_key)
    return row.person_id == fact.payload["person_id"] and found == fact.payload.get("sha256", found)


def _in_use_after(fact: Row[Any], row: Row[Any], added: Row[Any] | None) -> bool:
    """Whether this row says nothing of the end that the fact tells of."""
    if fact.fact == "PasskeysSuspended":
        meant = row.person_id == fact.payload["person_id"] and added is not None and added.id < fact.id
        return meant and row.suspended_at is None and row.removed_at is None
    ended = fact.payload["passkeys"] if fact.fact == "PasskeysTakenOut" else [fact.subject_id]
    return row.id in ended and row.removed_at is None


def _forms(account: Account) -> None:
    """Long-term forms: the row, and the file in the store."""
    rows = {(row.resolution_id, row.number): row for row in db.session.execute(select(FORMS)).all()}
    facts = _facts("ResolutionPreserved")
    end_reading()
    for fact in facts:
        told, row = fact.payload, rows.get((fact.subject_id, fact.payload["number"]))
        why = "missing"
        if row is not None:
            same = (row.sha256, row.level.value, plain(row.due_at)) == (
                told["file_sha256"], told["level"], told["due_at"]
            )  # fmt: skip
            why = _stored(row.sha256) if same else "changed"
        if why:
            account.add(FORMS.name, f"{fact.subject_id}-{told['number']}", fact.at, why)
    for place in sorted(rows.keys() - {(fact.subject_id, fact.payload["number"]) for fact in facts}):
        account.add(FORMS.name, "{}-{}".format(*place), rows[place].made_at, "not_entered")


def _stored(sha256: str) -> str:
    try:
        storage.read(sha256)
    except storage.NotStored:
        return "missing"
    except storage.Altered:
        return "changed"
    return ""


def _revocations(account: Account) -> None:
    """A revocation that was taken away, that nobody made, or that holds from another time on."""
    rows = {row.certificate_id: row for row in db.session.execute(select(REVOKED)).all()}
    revoked = {fact.subject_id: fact for fact in _facts("CertificateRevoked")}
    for certificate_id, fact in revoked.items():
        row = rows.get(certificate_id)
        if row is None or not _as_revoked(row, fact):
            account.add(REVOKED.name, certificate_id, fact.at, "missing" if row is None else "changed")
    for certificate_id in sorted(rows.keys() - revoked.keys()):
        account.add(REVOKED.name, certificate_id, rows[certificate_id].at, "not_entered")


def _as_revoked(row: Row[Any], fact: Row[Any]) -> bool:
    """Facts of earlier versions do not say since when; it was never later than they were told."""
    since = fact.payload.get("since")
    in_time = plain(row.at) == since if since else row.at <= fact.at
    return in_time and row.reason == fact.payload["reason"]


def _gaps(account: Account) -> None:
    """What two people declared, and who they are; a consent that nobody gave would silence the witness."""
    for rows, name, number, person, names in (
        (GAPS, "GapDeclared", "id", "declared_by_id", ("missing_from", "missing_to", "reason")),
        (CONSENTS, "GapConfirmed", "gap_id", "person_id", ()),
    ):
        there = {row[number]: row for row in db.session.execute(select(rows)).mappings()}
        told = {fact.subject_id: fact for fact in _facts(name)}
        for gap_id, fact in told.items():
            row = there.get(gap_id)
            if row is None:
                account.add(rows.name, gap_id, fact.at, "missing")
            elif row[person] != fact.actor_id or any(row[each] != fact.payload[each] for each in names):
                account.add(rows.name, gap_id, fact.at, "changed")
        for gap_id in sorted(there.keys() - told.keys()):
            at = there[gap_id]["declared_at" if rows is GAPS else "at"]
            account.add(rows.name, gap_id, at, "not_entered")


def _stamps(account: Account) -> None:
    """Time stamps of ballots and acts, gone, exchanged or put in; whether one is good its signature's verdict says."""
    told = {fact.subject_id: fact for fact in _facts("StatementStamped")}
    stamps = select(EVIDENCE.c.statement_id, EVIDENCE.c.content, EVIDENCE.c.at).order_by(EVIDENCE.c.id)
    stamps = stamps.where(EVIDENCE.c.kind == EvidenceKind.TIME_STAMP).execution_options(yield_per=AT_ONCE)
    for row in db.session.execute(stamps):
        fact = told.pop(row.statement_id, None)
        if fact is None:
            account.add(EVIDENCE.name, row.statement_id, row.at, "not_entered")
        elif not _as_stamped(row.content, fact):
            account.add(EVIDENCE.name, row.statement_id, fact.at, "changed")
    for statement_id, fact in told.items():
        account.add(EVIDENCE.name, statement_id, fact.at, "missing")


def _as_stamped(token: bytes, fact: Row[Any]) -> bool:
    """Facts of earlier versions name no hash."""
    found = digest(token)
    return bool(found == fact.payload.get("sha256", found))


def _facts(*names: str) -> Sequence[Row[Any]]:
    return db.session.execute(select(AUDIT).where(AUDIT.c.fact.in_(names)).order_by(AUDIT.c.id)).all()
