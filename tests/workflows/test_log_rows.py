"""Rows without an entry of their own in the log: what a superuser does to them is named all the same."""

# ruff: noqa: S608 - statements of somebody who holds the server, made of names and numbers of this file
from app.extensions import db
from app.models import AuditEntry, Ballot, EvidenceKind, RecoveryKind, SignatureEvidence, SigningKey
from app.workflows import checks, keys, log_checks, log_rows, lost_passkeys, passkeys, polls, stored_proofs, time_stamps
from app.workflows.engine.rights import SYSTEM
from app.workflows.rules.canonical import digest
from app.workflows.rules.passkey import assertion_record, parse_assertion_record
from tests.cabinet import NOW
from tests.conftest import both
from tests.superuser import as_superuser
from tests.workflows import test_passkey_ballots as voting
from tests.workflows.test_log_checks import blob, zone
from tests.workflows.test_passkeys import enrolled

devices, poll = voting.devices, voting.poll  # fixtures
WHEN = f"{NOW:%Y-%m-%d %H:%M:%S.%f}"


def broken():
    db.session.remove()
    account = log_checks.Account()
    log_rows.examine(account)
    return [(str(each), each.why) for each in account.broken]


def attacked(request, *statements):
    db.session.remove()
    with as_superuser(request) as execute:
        for statement in statements:
            execute(statement)
    return broken()


@both
def test_a_key_that_is_another_ones_or_elsewhere_than_was_said_is_named(request, people):
    ids = dict(db.session.query(SigningKey.person_id, SigningKey.id).order_by(SigningKey.person_id))
    first, second, third, fourth = list(ids.values())[:4]
    certificate = db.session.get(SigningKey, third).certificate_id
    assert broken() == []
    found = attacked(
        request, f"UPDATE signing_key SET provider = 'pkcs11', key_ref = 'pkcs11:x' WHERE id = {first}",
        f"UPDATE signing_key SET provider = 'csc' WHERE id = {second}",
        f"UPDATE certificate SET der = {blob(b'another')} WHERE id = {certificate}",
        f"DELETE FROM signing_key WHERE id = {fourth}",
    )  # fmt: skip
    named = {f"signing_key:{each}": "changed" for each in (first, second, third)}
    assert dict(found) == named | {f"signing_key:{fourth}": "missing"}


@both
def test_keys_that_were_suspended_and_replaced_as_the_facts_say_are_in_order(request, people):
    """And one that is put back in use in the place of its successor is named, both are."""
    a, person_id = people["a"], people["a"].person_id
    keys.suspend_key(people["admin"], people["b"].person_id, "password_reset", now=NOW)
    asked = keys.request_recovery(people["clerk"], person_id, RecoveryKind.REPLACE, "Mất máy", now=NOW)
    keys.approve_recovery(people["records"], asked.id, now=NOW)
    assert broken() == []
    old = db.session.query(SigningKey).filter_by(person_id=person_id).one().id
    new = keys.enrol_own_key(a, "730514", now=NOW).id
    assert broken() == []
    found = attacked(
        request, f"UPDATE signing_key SET state = 'replaced' WHERE id = {new}",
        f"UPDATE signing_key SET state = 'active' WHERE id = {old}",
    )  # fmt: skip
    assert found == [(f"signing_key:{old}", "changed"), (f"signing_key:{new}", "changed")]


@both
def test_a_key_that_nobody_enrolled_is_named(request, people):
    """Whoever holds the database gives a member a key of his own."""
    known = db.session.query(SigningKey).order_by(SigningKey.id).first()
    number, certificate = known.id, known.certificate_id
    of_key = "body_id, person_id, state, failed_tries, enrolled_at, provider"
    of_certificate = "body_id, person_id, serial, subject, issuer, not_before, not_after"
    found = attacked(
        request,
        f"UPDATE signing_key SET state = 'replaced' WHERE id = {number}",
        f"INSERT INTO certificate (id, sha256, der, {of_certificate}) SELECT 900, '{digest(b'mine')}', "
        f"{blob(b'mine')}, {of_certificate} FROM certificate WHERE id = {certificate}",
        f"INSERT INTO signing_key (id, certificate_id, key_ref, {of_key}) SELECT 900, 900, 'mine', {of_key} "
        f"FROM signing_key WHERE id = {number}",
    )
    assert found == [(f"signing_key:{number}", "changed"), ("signing_key:900", "not_entered")]


@both
def test_a_passkey_that_is_exchanged_given_away_or_deleted_is_named(request, people):
    ids = [enrolled(name)[1].id for name in ("a", "b", "head")]
    other = people["deputy"].person_id
    assert broken() == []
    found = attacked(
        request, f"UPDATE passkey SET public_key = {blob(b'another')} WHERE id = {ids[0]}",
        f"UPDATE passkey SET person_id = {other} WHERE id = {ids[1]}", f"DELETE FROM passkey WHERE id = {ids[2]}",
    )  # fmt: skip
    names = [f"passkey:{each}" for each in ids]
    assert found == list(zip(names, ("changed", "changed", "missing"), strict=True))
    assert [str(each) for each in checks.examine().broken] == names


@both
def test_a_passkey_that_nobody_added_is_named(request, people):
    known = enrolled("a")[1].id
    columns = ("body_id, person_id, public_key, sign_count, aaguid, label, transports, backup_eligible, backed_up, "
               "created_at")  # fmt: skip
    found = attacked(
        request, f"INSERT INTO passkey (id, credential_id, {columns}) SELECT 900, {blob(b'mine')}, {columns} "
        f"FROM passkey WHERE id = {known}",
    )  # fmt: skip
    assert found == [("passkey:900", "not_entered")]


@both
def test_a_passkey_that_is_taken_into_use_again_is_named(request, people):
    removed, suspended, lost = (enrolled(name)[1].id for name in ("a", "b", "head"))
    passkeys.remove_passkey(people["a"], removed, NOW)
    passkeys.suspend_passkeys(SYSTEM, people["b"].person_id, "password", NOW)
    later = enrolled("b", "second")[1].id
    lost_passkeys.take_out(people["clerk"], people["head"].person_id, NOW)
    assert broken() == []
    found = attacked(request, "UPDATE passkey SET removed_at = NULL, suspended_at = NULL")
    assert found == [(f"passkey:{each}", "changed") for each in (removed, suspended, lost)]
    assert later not in (removed, suspended, lost)


@both
def test_a_revocation_that_is_deleted_is_named(request, people):
    asked = keys.request_recovery(people["clerk"], people["a"].person_id, RecoveryKind.REPLACE, "Mất máy", NOW)
    keys.approve_recovery(people["records"], asked.id, NOW)
    certificate = db.session.query(AuditEntry).filter_by(fact="CertificateRevoked").one().subject_id
    assert broken() == []
    assert attacked(request, "DELETE FROM certificate_revocation") == [
        (f"certificate_revocation:{certificate}", "missing")
    ]


@both
def test_a_time_stamp_that_is_deleted_is_named(request, scene):
    scene.open()
    scene.vote("a", scene.open_poll().id, "agree")
    statement = db.session.query(Ballot).one().statement_id
    stamp = type("Stamp", (), {"time": NOW, "serial": "1", "authority": "TSA"})
    time_stamps.keep(SYSTEM, {statement: (b"token", stamp)}, NOW)
    assert broken() == []
    assert attacked(request, "DELETE FROM signature_evidence") == [(f"signature_evidence:{statement}", "missing")]


@both
def test_a_gap_that_nobody_declared_does_not_silence_the_witness_unseen(request, people):
    at = f"'{WHEN}{zone()}'"
    ids = people["head"].person_id, people["auditor"].person_id
    found = attacked(
        request,
        "INSERT INTO witness_report (id, body_id, witness, finding, known_size, own_size, about, note, said, at) "
        f"VALUES (7, 1, 'w', 'ahead', 9, 3, 'x', '', '', {at})",
        "INSERT INTO declared_gap (id, body_id, report_id, missing_from, missing_to, reason, declared_by_id, "
        f"declared_as, declared_at) VALUES (8, 1, 7, 4, 9, 'r', {ids[0]}, 'head', {at})",
        f"INSERT INTO declared_gap_consent (gap_id, body_id, person_id, at) VALUES (8, 1, {ids[1]}, {at})",
    )
    assert found == [("declared_gap:8", "not_entered"), ("declared_gap_consent:8", "not_entered")]


@both
def test_a_confirmation_that_is_taken_away_or_exchanged_is_named(request, scene, poll, devices, monkeypatch):
    """The other one comes from the same device and confirms the ballot of somebody else."""
    for name in ("a", "b"):
        prepared = voting.prepare(scene, poll, name)
        voting.sign(scene, poll, prepared, voting.answer_to(devices[name], prepared), name)
    number = poll.id
    polls.close_poll(scene.who["secretary"], number, now=scene.now)
    assert checks.examine().broken == []
    first, second = db.session.query(SignatureEvidence).filter_by(kind=EvidenceKind.PASSKEY).order_by("id").all()
    told = parse_assertion_record(first.content)
    swapped = assertion_record(parse_assertion_record(second.content)._replace(signature=told.signature))
    named, first_id = [f"poll:{number}"], first.id
    db.session.remove()
    with as_superuser(request) as execute:
        execute(f"UPDATE signature_evidence SET content = {blob(swapped)}, sha256 = '{digest(swapped)}' "
                f"WHERE id = {first_id}")  # fmt: skip
        assert [str(each) for each in checks.examine().broken] == named
        db.session.remove()
        execute("DELETE FROM signature_evidence WHERE kind = 'passkey'")
        assert [str(each) for each in checks.examine().broken] == named
        db.session.remove()
        monkeypatch.setattr(stored_proofs, "check_confirmed", lambda *_given: None)  # the control
        assert checks.examine().broken == []
