"""What an authority says of a certificate is kept with everything that it signed, once, and honestly missing until."""

import datetime as dt
import subprocess

import pytest
from cryptography.x509 import ocsp

from app.extensions import db
from app.gateways import revocation, signing
from app.gateways.revocation import Answer, Client, Standing, client
from app.models import (
    AuditEntry,
    CertificateRevocation,
    EvidenceKind,
    Job,
    KeyState,
    RollEntry,
    SignatureEvidence,
    SignedStatement,
)
from app.tasks import execution, schedule
from app.tasks import revocation as tasks
from app.workflows import keys, revocation_evidence, revocations
from app.workflows.engine.rights import SYSTEM
from app.workflows.revocation_evidence import AnswerShown, AnswerState
from tests.cabinet import NOW
from tests.conftest import both
from tests.gateways.signing_cases import as_pem
from tests.resolving import Resolving

LATER = NOW + dt.timedelta(hours=1)
JOB = {"body_id": 1}


def asking(monkeypatch, answer):
    monkeypatch.setattr(client, "_chosen", [Client(own_issuer=lambda: signing.trusted()[0], own=answer)])


@pytest.fixture(autouse=True)
def clock(app, monkeypatch, gateways):
    """The own authority answers by the clock of the tests, and forgets afterwards what it was told."""
    authority = gateways["PUBLISHER"]._authority
    monkeypatch.setattr(authority, "_crl", authority._crl)
    monkeypatch.setattr(tasks, "_now", lambda: LATER)
    monkeypatch.setattr(authority, "_responder", None)
    answer = lambda asked: authority.ocsp(asked, LATER)  # noqa: E731
    asking(monkeypatch, answer)
    return answer


@pytest.fixture
def silent(clock, monkeypatch):
    """Nobody answers until the fixture is told to."""
    state = {"away": True}

    def answer(asked):
        if state["away"]:
            raise signing.KeyUnavailable
        return clock(asked)

    asking(monkeypatch, answer)
    return state


@pytest.fixture
def voted(scene):
    poll = scene.open().open_poll()
    for name in ("a", "b"):
        scene.vote(name, poll.id, "agree")
    return scene


def kept():
    db.session.rollback()
    return db.session.query(SignatureEvidence).filter_by(kind=EvidenceKind.REVOCATION).all()


def certificate_of(name, scene):
    return keys.active_key(scene.who[name].person_id).certificate


@both
def test_the_answer_lies_beside_each_signature_once(app, request, tmp_path):
    voted = request.getfixturevalue("voted")
    assert [entry.certificate_id for entry in revocation_evidence.waiting(1, LATER)] == sorted(
        db.session.scalars(db.select(SignedStatement.certificate_id))
    )
    tasks.ask(JOB)
    evidence = kept()
    assert {each.statement_id for each in evidence} == set(db.session.scalars(db.select(SignedStatement.id)))
    assert revocation_evidence.waiting(1, LATER) == []
    tasks.ask(JOB)
    assert len(kept()) == len(evidence) == 2
    statement = db.session.get_one(SignedStatement, evidence[0].statement_id)
    answer = ocsp.load_der_ocsp_response(evidence[0].content)
    assert answer.serial_number == int(statement.certificate.serial, 16)
    assert answer.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert voted.now <= answer.this_update_utc
    _openssl_agrees(tmp_path, evidence[0].content, statement.certificate.der)


def _openssl_agrees(folder, content, certificate):
    issuing, root = signing.trusted()[:2]
    files = {"answer": content, "issuing": as_pem("x509", issuing), "ca": as_pem("x509", issuing, root),
             "person": as_pem("x509", certificate)}  # fmt: skip
    for name, written in files.items():
        (folder / name).write_bytes(written)
    at = str(int(LATER.timestamp()))
    judged = subprocess.run(
        ["openssl", "ocsp", "-respin", "answer", "-issuer", "issuing", "-cert", "person", "-CAfile", "ca", "-no_nonce",
         "-attime", at, "-validity_period", "999999999"], cwd=folder, capture_output=True, check=False,
    )  # fmt: skip
    assert b"Response verify OK" in judged.stderr, judged.stderr
    assert b"person: good" in judged.stdout


def test_one_question_serves_all_signatures_of_a_certificate(scene, monkeypatch):
    poll = scene.open().open_poll()
    scene.vote("a", poll.id, "agree")
    scene.vote("a", poll.id, "disagree")
    asked = []
    original = revocation.ask
    monkeypatch.setattr(revocation, "ask", lambda *args: asked.append(args) or original(*args))
    tasks.ask(JOB)
    assert (len(asked), len(kept())) == (1, 2)


def test_while_nobody_answers_nothing_is_claimed_and_it_is_tried_again(voted, silent):
    with pytest.raises(tasks.NotAnswered):
        tasks.ask(JOB)
    assert kept() == []
    assert revocation_evidence.count_waiting(LATER) == 2
    silent["away"] = False
    tasks.ask(JOB)
    assert (len(kept()), revocation_evidence.count_waiting(LATER)) == (2, 0)


def test_the_task_layer_tries_again_by_itself(voted, silent):
    schedule.plan(LATER)
    execution.drain(LATER)
    state = db.select(Job.state, Job.attempts).where(Job.name == revocation_evidence.ASK)
    assert db.session.execute(state).one() == ("due", 1)
    db.session.rollback()
    silent["away"] = False
    execution.drain(LATER + dt.timedelta(hours=2))
    assert db.session.execute(state).one() == ("done", 2)
    assert len(kept()) == 2


def test_a_question_comes_up_once_for_the_newest_signature(voted):
    last = db.session.query(SignedStatement).count()
    soon = NOW + dt.timedelta(minutes=5)
    assert list(tasks.slots(1, soon)) == [(f"{last}", JOB)]
    assert [slot for slot, _job in tasks.slots(1, LATER + dt.timedelta(minutes=1))] == [f"{last}", f"{LATER:%Y%m%dT%H}"]
    tasks.ask(JOB)
    assert list(tasks.slots(1, LATER)) == []
    assert list(tasks.slots(1, NOW + dt.timedelta(days=31))) == []


def test_an_answer_from_before_the_signature_is_not_its_evidence(voted):
    certificate = certificate_of("a", voted)
    early = Answer(Standing.GOOD, b"0", at=NOW - dt.timedelta(seconds=1))
    assert revocation_evidence.keep_answer(SYSTEM, certificate.id, early, LATER) == 0
    assert kept() == []


@pytest.mark.parametrize("standing", [Standing.UNKNOWN, Standing.UNREACHABLE])
def test_no_knowledge_is_no_evidence(voted, standing):
    certificate = certificate_of("a", voted)
    assert revocation_evidence.keep_answer(SYSTEM, certificate.id, Answer(standing, b"0", at=LATER), LATER) == 0
    assert kept() == []


def found():
    return db.session.query(AuditEntry).filter_by(fact="RevokedSignatureFound").all()


def test_a_revocation_after_the_signature_changes_nothing_about_it(voted):
    certificate = certificate_of("a", voted)
    since = NOW + dt.timedelta(minutes=30)
    answer = Answer(Standing.REVOKED, b"0", since=since, at=LATER)
    assert revocation_evidence.keep_answer(SYSTEM, certificate.id, answer, LATER) == 1
    assert db.session.get(CertificateRevocation, certificate.id).at == since
    assert found() == []


def test_a_revocation_before_the_signature_is_told_to_the_auditors(voted):
    certificate = certificate_of("a", voted)
    answer = Answer(Standing.REVOKED, b"0", since=NOW - dt.timedelta(days=1), at=LATER)
    revocation_evidence.keep_answer(SYSTEM, certificate.id, answer, LATER)
    statement = db.session.query(SignedStatement).filter_by(certificate_id=certificate.id).one()
    (fact,) = found()
    assert fact.payload["statements"] == [statement.id]
    execution.drain(LATER)
    from app.models import Notice

    people = {notice.person_id for notice in db.session.query(Notice).filter_by(kind="RevokedSignatureFound")}
    assert people == {voted.who["auditor"].person_id}


def test_our_own_revocation_reaches_the_evidence(voted):
    certificate = certificate_of("a", voted)
    signing.publisher().take_back(certificate.serial, NOW + dt.timedelta(minutes=30))
    tasks.ask(JOB)
    by_statement = {each.statement_id: ocsp.load_der_ocsp_response(each.content).certificate_status for each in kept()}
    revoked = db.session.query(SignedStatement).filter_by(certificate_id=certificate.id).one()
    assert by_statement[revoked.id] is ocsp.OCSPCertStatus.REVOKED
    assert [*by_statement.values()].count(ocsp.OCSPCertStatus.GOOD) == 1


def test_where_nobody_can_be_asked_the_signatures_stay_without(voted, monkeypatch):
    monkeypatch.setattr(client, "_chosen", [Client()])
    tasks.ask(JOB)
    assert (kept(), revocation_evidence.count_waiting(LATER)) == ([], 2)
    assert db.session.query(RollEntry).count()
    assert revocations.revoked_of(1) == []


def test_a_signed_and_sealed_resolution_has_an_answer_for_both(app):
    scene = Resolving().up_to("sealed")
    at = scene.later(24 * 60)
    answer = Answer(Standing.GOOD, b"0", at=at)
    for waiting in revocation_evidence.waiting(1, at):
        revocation_evidence.keep_answer(SYSTEM, waiting.certificate_id, answer, at)
    kinds = {db.session.get_one(SignedStatement, each.statement_id).kind.value for each in kept()}
    assert {"ballot", "document_signature", "document_seal"} <= kinds


# -- what is shown ----------------------------------------------------------------------------------------------------


def shown_of(name, scene, at=LATER):
    statement = db.session.query(SignedStatement).filter_by(person_id=scene.who[name].person_id).one()
    return revocation_evidence.shown(statement.sha256, at)


@both
def test_a_missing_answer_is_said_to_be_missing_until_it_is_there(app, request, silent):
    voted = request.getfixturevalue("voted")
    with pytest.raises(tasks.NotAnswered):
        tasks.ask(JOB)
    assert shown_of("a", voted) == AnswerShown(AnswerState.AWAITED)
    assert shown_of("a", voted, NOW + dt.timedelta(days=31)) == AnswerShown(AnswerState.GIVEN_UP)
    silent["away"] = False
    tasks.ask(JOB)
    assert shown_of("a", voted) == AnswerShown(AnswerState.GOOD, LATER)
    assert shown_of("b", voted) == AnswerShown(AnswerState.GOOD, LATER)


def test_where_nobody_can_be_asked_that_is_what_is_said(voted, monkeypatch):
    monkeypatch.setattr(client, "_chosen", [Client()])
    assert shown_of("a", voted) == AnswerShown(AnswerState.NOBODY)


@pytest.mark.parametrize(
    ("minutes", "state"), [(30, AnswerState.REVOKED_LATER), (-30, AnswerState.REVOKED_BEFORE)]
)
def test_a_revocation_is_said_with_its_time_and_on_which_side_of_the_signature_it_lies(voted, minutes, state):
    since = NOW + dt.timedelta(minutes=minutes)
    answer = Answer(Standing.REVOKED, b"0", since=since, at=LATER)
    revocation_evidence.keep_answer(SYSTEM, certificate_of("a", voted).id, answer, LATER)
    assert shown_of("a", voted) == AnswerShown(state, since)
    assert keys.active_key(voted.who["a"].person_id).state is KeyState.SUSPENDED
    assert keys.active_key(voted.who["b"].person_id).state is KeyState.ACTIVE


def test_what_is_missing_is_counted_by_certificate(voted, silent):
    ders = {each.certificate_id: each.der for each in revocation_evidence.waiting(1, LATER)}
    found = revocation_evidence.backlogs(ders, LATER)
    assert [(each.count, each.first, each.state) for each in found.values()] == [(1, NOW, AnswerState.AWAITED)] * 2
    silent["away"] = False
    tasks.ask(JOB)
    assert revocation_evidence.backlogs(ders, LATER) == {}
