"""Each comparison of rows without an entry of their own: one column by raw SQL is found, without its guard not."""

# ruff: noqa: S608 - statements of somebody who holds the server, made of names and numbers of this file
import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

from app.extensions import db
from app.gateways import storage
from app.models import (
    AuditEntry,
    Ballot,
    Certificate,
    KeyState,
    RecoveryKind,
    SealKey,
    SigningKey,
    WitnessFinding,
    WitnessReport,
)
from app.workflows import (
    gaps,
    keys,
    log_checks,
    log_rows,
    lost_passkeys,
    passkeys,
    preservation,
    time_stamps,
    witnessing,
)
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import own_transaction
from tests.cabinet import NOW
from tests.conftest import both
from tests.resolving import Resolving
from tests.superuser import as_superuser
from tests.workflows.test_log_checks import blob
from tests.workflows.test_passkeys import enrolled

SAME: Callable[..., bool] = lambda *_given: True  # noqa: E731 - a guard that lets everything through
NOTHING: Callable[..., None] = lambda *_given: None  # noqa: E731 - and one that looks at nothing
UNTOLD: Callable[..., dict[int, KeyState]] = lambda *_given: {}  # noqa: E731 - one that knows of no state
FALSE: Callable[..., bool] = lambda *_given: False  # noqa: E731
LATE = "'2099-01-01 00:00:00+00:00'"


@dataclass
class Attack:
    """What is done to which table, what must be named, and without which guard it is not."""

    table: str
    statement: str
    row: object
    why: str
    guard: str
    without: Callable[..., Any] = NOTHING
    named: str = ""  # where it is another table than the one that is changed


def named() -> list[tuple[str, str]]:
    db.session.remove()
    account = log_checks.Account()
    log_rows.examine(account)
    return [(str(each), each.why) for each in account.broken]


@contextmanager
def kept(execute: Callable[..., Any], table: str) -> Iterator[None]:
    """The rows of the table are afterwards what they were."""
    execute(f"CREATE TABLE kept AS SELECT * FROM {table}")
    yield
    execute(f"DELETE FROM {table}")
    execute(f"INSERT INTO {table} SELECT * FROM kept")
    execute("DROP TABLE kept")


def try_all(request, attacks: list[Attack], monkeypatch) -> None:
    assert named() == []
    db.session.remove()
    with as_superuser(request) as execute:
        for attack in attacks:
            with kept(execute, attack.table):
                execute(attack.statement)
                assert named() == [(f"{attack.named or attack.table}:{attack.row}", attack.why)], attack.statement
                with monkeypatch.context() as unguarded:
                    unguarded.setattr(log_rows, attack.guard, attack.without)
                    assert named() == [], f"not {attack.guard} alone finds {attack.statement}"
                db.session.remove()
            assert named() == [], attack.statement
            db.session.remove()


def changed(table: str, row: object, to: str, guard: str, without: Callable[..., Any], key: str = "id") -> Attack:
    return Attack(table, f"UPDATE {table} SET {to} WHERE {key} = {row}", row, "changed", guard, without)


def gone(table: str, row: object, guard: str, key: str = "id") -> Attack:
    return Attack(table, f"DELETE FROM {table} WHERE {key} = {row}", row, "missing", guard)


def slipped_in(table: str, row: object, columns: dict[str, str], like: str, guard: str) -> Attack:
    """A row that is like another one but for these columns."""
    names = [each.name for each in db.metadata.tables[table].columns]
    values = ", ".join(columns.get(name, name) for name in names)
    statement = f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM {table} WHERE {like}"
    return Attack(table, statement, row, "not_entered", guard)


def spare_certificate() -> int:
    """A certificate that belongs to no key."""
    with own_transaction() as session:
        like = session.query(Certificate).first()
        copied = {each.name: getattr(like, each.name) for each in Certificate.__table__.columns if each.name != "id"}
        spare = Certificate(**copied | {"der": b"spare", "sha256": sha256(b"spare").hexdigest()})
        session.add(spare)
        session.flush()
        return spare.id


def of_keys(kind: type[SigningKey | SealKey]) -> list[Attack]:
    table, key, spare = kind.__tablename__, db.session.query(kind).order_by(kind.id).first(), spare_certificate()
    mine = {"id": "900", "key_ref": "'mine'", "state": "'replaced'", "certificate_id": str(spare)}
    found = [
        changed(table, key.id, "key_ref = 'pkcs11:x'", "_as_enrolled", SAME),
        changed(table, key.id, f"certificate_id = {spare}", "_as_enrolled", SAME),
        gone(table, key.id, "_keys"), slipped_in(table, 900, mine, f"id = {key.id}", "_keys"), *of_state(key),
    ]  # fmt: skip
    for to in (f"der = {blob(b'another')}", f"sha256 = '{sha256(b'another').hexdigest()}'"):
        statement = f"UPDATE certificate SET {to} WHERE id = {key.certificate_id}"
        found.append(Attack("certificate", statement, key.id, "changed", "_as_enrolled", SAME, named=table))
    return found


def of_state(key: SigningKey | SealKey) -> list[Attack]:
    """In use again, set aside or taken from its owner, and no fact says so."""
    others = [state for state in KeyState if state is not key.state]
    return [changed(key.__tablename__, key.id, f"state = '{to}'", "_states", UNTOLD) for to in others]


def of_persons_keys() -> list[Attack]:
    table, mine = "signing_key", db.session.query(SigningKey).order_by(SigningKey.id).first()
    suspended = db.session.query(SigningKey).filter_by(state=KeyState.SUSPENDED).one()
    return [
        *of_keys(SigningKey), changed(table, mine.id, "provider = 'csc'", "_as_enrolled", SAME),
        changed(table, mine.id, "person_id = 900", "_as_enrolled", SAME),
        *of_state(suspended),
    ]  # fmt: skip


def of_stamps(statement: int) -> list[Attack]:
    table, key = "signature_evidence", "statement_id"
    return [
        gone(table, statement, "_stamps", key),
        changed(table, statement, f"content = {blob(b'another')}", "_as_stamped", SAME, key),
        slipped_in(table, 900, {"id": "900", key: "900"}, f"{key} = {statement}", "_stamps"),
    ]


def of_passkeys(ids: dict[str, int], other: int) -> list[Attack]:
    table, mine = "passkey", ids["a"]
    return [
        changed(table, mine, f"public_key = {blob(b'another')}", "_as_made", SAME),
        changed(table, mine, f"credential_id = {blob(b'another')}", "_as_made", SAME),
        changed(table, mine, f"person_id = {other}", "_as_made", SAME),
        gone(table, mine, "_passkeys"),
        slipped_in(table, 900, {"id": "900", "credential_id": blob(b"x")}, f"id = {mine}", "_passkeys"),
        changed(table, ids["removed"], "removed_at = NULL", "_in_use_after", FALSE),
        changed(table, ids["suspended"], "suspended_at = NULL", "_in_use_after", FALSE),
        changed(table, ids["taken out"], "removed_at = NULL", "_in_use_after", FALSE),
    ]  # fmt: skip


def of_revocations(certificate: int, other: int) -> list[Attack]:
    table, key = "certificate_revocation", "certificate_id"
    return [
        changed(table, certificate, f"at = {LATE}", "_as_revoked", SAME, key),
        changed(table, certificate, "at = '2020-01-01 00:00:00+00:00'", "_as_revoked", SAME, key),
        changed(table, certificate, "reason = 'x'", "_as_revoked", SAME, key),
        gone(table, certificate, "_revocations", key),
        slipped_in(table, other, {key: str(other)}, f"{key} = {certificate}", "_revocations"),
    ]


def of_gaps(gap: int, other: int) -> list[Attack]:
    table, consents = "declared_gap", "declared_gap_consent"
    return [
        *(changed(table, gap, to, "_gaps", NOTHING) for to in (
            "missing_from = 1", "missing_to = 999", "reason = 'x'", f"declared_by_id = {other}")),
        gone(table, gap, "_gaps"),
        slipped_in(table, 900, {"id": "900"}, f"id = {gap}", "_gaps"),
        changed(consents, gap, f"person_id = {other}", "_gaps", NOTHING, "gap_id"),
        gone(consents, gap, "_gaps", "gap_id"),
        slipped_in(consents, 900, {"gap_id": "900"}, f"gap_id = {gap}", "_gaps"),
    ]  # fmt: skip


def declared(who, monkeypatch) -> int:
    """A gap that two people have decided on, without the witness."""
    with own_transaction() as session:
        report = WitnessReport(body_id=1, witness="w", finding=WitnessFinding.CONFLICT, known_size=9, own_size=3,
                               about="x", note="", said="", at=NOW)  # fmt: skip
        session.add(report)
        session.flush()
        number = report.id
    with monkeypatch.context() as doubtful:
        doubtful.setattr(witnessing, "doubts", lambda: [db.session.get_one(WitnessReport, number)])
        gap = gaps.declare_gap(who["auditor"], "Khôi phục sau sự cố", NOW).id
    gaps.confirm_gap(who["head"], gap, NOW)
    return gap


@both
def test_every_row_of_people_is_held_against_its_fact(request, scene, monkeypatch):
    who = scene.who
    ids = {"a": enrolled("a")[1].id, "removed": enrolled("b")[1].id, "suspended": enrolled("head")[1].id,
           "taken out": enrolled("deputy")[1].id}  # fmt: skip
    passkeys.remove_passkey(who["b"], ids["removed"], NOW)
    passkeys.suspend_passkeys(SYSTEM, who["head"].person_id, "password", NOW)
    lost_passkeys.take_out(who["clerk"], who["deputy"].person_id, NOW)
    asked = keys.request_recovery(who["clerk"], who["chairman"].person_id, RecoveryKind.REPLACE, "Mất máy", NOW)
    keys.approve_recovery(who["records"], asked.id, NOW)
    certificate = db.session.query(AuditEntry).filter_by(fact="CertificateRevoked").one().subject_id
    other = db.session.query(SigningKey).filter(SigningKey.certificate_id != certificate).first().certificate_id
    gap = declared(who, monkeypatch)
    scene.open()
    scene.vote("a", scene.open_poll().id, "agree")
    statement = db.session.query(Ballot).one().statement_id
    stamp = SimpleNamespace(time=NOW, serial="1", authority="TSA")
    time_stamps.keep(SYSTEM, {statement: (b"token", stamp)}, NOW)
    attacks = [
        *of_persons_keys(), *of_passkeys(ids, who["clerk"].person_id), *of_revocations(certificate, other),
        *of_gaps(gap, who["a"].person_id), *of_stamps(statement),
    ]  # fmt: skip
    try_all(request, attacks, monkeypatch)


@both
def test_every_long_term_form_is_held_against_its_fact(request, app, monkeypatch):
    scene = Resolving().up_to("promulgated")
    content, end = b"%PDF-1.7 a form", NOW + dt.timedelta(days=90)
    stored = storage.store().put(content, len(content))
    stamp = SimpleNamespace(time=NOW, until=end, authority="TSA")
    verdict = SimpleNamespace(level="B-LTA", stamps=(stamp,))
    preservation._complete(SYSTEM, scene.resolution_id, 1, stored, verdict, NOW)
    table, number, key = "preserved_file", scene.resolution_id, "resolution_id"
    other = storage.store().put(b"another", 7).sha256
    attacks = [
        *(changed(table, number, to, "_forms", NOTHING, key) for to in (
            f"sha256 = '{other}'", f"due_at = {LATE}", "level = 'B-LT', stamped_at = NULL, stamp_ends = NULL")),
        gone(table, number, "_forms", key),
        slipped_in(table, f"{number}-2", {"id": "900", "number": "2"}, f"{key} = {number}", "_forms"),
    ]  # fmt: skip
    for attack in attacks[:-1]:
        attack.row = f"{number}-1"
    try_all(request, [*attacks, *of_keys(SealKey)], monkeypatch)
    files = storage.store().files
    for left, why in ((b"altered", "changed"), (None, "missing")):
        with monkeypatch.context() as damaged:
            damaged.setitem(files, stored.sha256, left) if left else damaged.delitem(files, stored.sha256)
            assert named() == [(f"{table}:{number}-1", why)]
            damaged.setattr(log_rows, "_stored", lambda _sha256: "")
            assert named() == []


def test_every_guard_is_tried():
    """Whoever adds one adds its attack."""
    tried = {"_keys", "_as_enrolled", "_passkeys", "_as_made", "_in_use_after", "_forms", "_stored", "_revocations",
             "_as_revoked", "_gaps", "_stamps", "_as_stamped", "_states"}  # fmt: skip
    own = {name for name, found in vars(log_rows).items()
           if name.startswith("_") and callable(found) and found.__module__ == log_rows.__name__}  # fmt: skip
    assert own - tried == {"_facts"}
