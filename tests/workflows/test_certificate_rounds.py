"""The round over certificates in use: what an authority has revoked votes no more, and whoever holds it is told."""

import datetime as dt
from hashlib import sha256

import pytest

from app.extensions import db
from app.gateways import posting, revocation, signing
from app.gateways.revocation import Client, Place
from app.gateways.revocation.client import LARGEST
from app.models import AuditEntry, CertificateRevocation, Job, KeyState, Notice, SealKey
from app.tasks import execution, schedule
from app.tasks import revocation as tasks
from app.workflows import ballots, certificate_rounds, issuing, keys, meetings, seals
from app.workflows.engine.rights import SYSTEM
from app.workflows.rules.calendar import HANOI
from tests.cabinet import NOW as THEN
from tests.cabinet import PIN
from tests.conftest import both, nonce_of
from tests.gateways.revocation_case import DAY, NOW, Outside, database, openssl_crl, openssl_responder, server
from tests.resolving import Resolving
from tests.workflows.test_certificate_faults import equip

JOB = {"body_id": 1}
NONCE = nonce_of("round")
REVOKED = NOW - DAY / 2
NOON = NOW.astimezone(HANOI).replace(hour=12)  # the round of the night is due by then, whatever the clock says now


@pytest.fixture
def outside(app, people):
    """Member a has a certificate of an authority outside, and openssl goes by the clock of the machine."""
    authority = Outside()
    signing.trust_also(authority.authority.chain())
    equip(people["a"], authority.person)
    yield authority
    signing.trust_also(())
    revocation.use(Client())


def ask_at(outside, kind, url):
    places = {sha256(outside.issuer).hexdigest(): [Place(kind, url)]}
    revocation.use(Client(places, post=posting.Post(posting.anywhere, largest=LARGEST)))


def go_round(folder, outside, revoked):
    """What openssl knows of the certificate, and the round with it."""
    database(folder, outside, revoked)
    with openssl_responder(folder, "-nmin", "60") as url:
        ask_at(outside, "ocsp", url)
        tasks.go_round(JOB)


def key_of(people, name="a"):
    db.session.rollback()
    return keys.active_key(people[name].person_id)


def told(person_id):
    execution.drain(dt.datetime.now(dt.UTC))
    return {notice.kind for notice in db.session.query(Notice).filter_by(person_id=person_id)}


@both
def test_openssl_says_revoked_and_the_key_votes_no_more(outside, scene, tmp_path):
    scene.now, a = NOW, scene.who["a"]
    go_round(tmp_path, outside, None)
    assert key_of(scene.who).state is KeyState.ACTIVE
    poll = scene.open().open_poll()
    ballots.prepare_ballot(a, poll.id, ballots.Choice.AGREE, NONCE, NOW)
    go_round(tmp_path, outside, REVOKED)
    key = key_of(scene.who)
    assert key.state is KeyState.SUSPENDED
    assert db.session.get(CertificateRevocation, key.certificate_id).at == REVOKED
    with pytest.raises(keys.KeySuspended):
        ballots.sign_ballot(a, poll.id, NONCE, PIN, NOW)  # prepared before anybody knew
    with pytest.raises(keys.CertificateNotUsable) as refused:
        ballots.prepare_ballot(a, poll.id, ballots.Choice.AGREE, nonce_of("again"), NOW)
    assert refused.value.details["fault"] == signing.CertificateFault.REVOKED
    left = {each.certificate_id for each in certificate_rounds.in_use(1)}
    assert left  # those of everybody else
    assert key_of(scene.who).certificate_id not in left
    assert {"CertificateRevoked", "KeySuspendedFact"} <= told(a.person_id)


def test_a_list_of_openssl_does_as_well_and_the_next_vote_has_no_certificate_of_hers(outside, scene, tmp_path):
    database(tmp_path, outside, REVOKED)
    with server(lambda _body: (200, {}, openssl_crl(tmp_path))) as (url, _seen):
        ask_at(outside, "crl", url)
        tasks.go_round(JOB)
    scene.now = NOW
    poll = scene.open().open_poll()
    with pytest.raises(ballots.NoCertificate):
        ballots.prepare_ballot(scene.who["a"], poll.id, ballots.Choice.AGREE, NONCE, NOW)
    assert scene.vote("b", poll.id, "agree").leaf_seq  # the control: others vote


def test_twice_is_as_once_and_a_newer_key_is_left_alone(outside, people, gateways):
    old = key_of(people).certificate_id
    for _again in range(2):
        certificate_rounds.heed(SYSTEM, old, REVOKED, NOW)
    facts = [entry.fact for entry in db.session.query(AuditEntry)]
    assert (facts.count("CertificateRevoked"), facts.count("KeySuspendedFact")) == (1, 1)
    equip(people["a"], Outside().person)
    certificate_rounds.heed(SYSTEM, old, REVOKED, NOW)
    assert key_of(people).state is KeyState.ACTIVE


def test_while_the_authority_is_silent_nothing_changes_and_it_is_asked_again(outside, people, tmp_path):
    ask_at(outside, "ocsp", "http://127.0.0.1:1/")
    with pytest.raises(tasks.NotAnswered):
        tasks.go_round(JOB)
    assert key_of(people).state is KeyState.ACTIVE
    schedule.plan(NOON)
    execution.drain(NOON)
    state = db.select(Job.state, Job.attempts).where(
        Job.name == certificate_rounds.ROUND, Job.body_id == 1
    )
    assert db.session.execute(state).one() == ("due", 1)
    assert certificate_rounds.last_round() is None
    database(tmp_path, outside, REVOKED)
    with openssl_responder(tmp_path, "-nmin", "60") as url:
        ask_at(outside, "ocsp", url)
        execution.drain(NOON + dt.timedelta(hours=3))
    assert key_of(people).state is KeyState.SUSPENDED
    assert certificate_rounds.last_round() is not None


def test_the_round_is_made_each_night_and_in_the_hour_before_a_meeting(scene):
    scene.invite()
    slots = lambda at: [slot for slot, _job in tasks.round_slots(1, at)]  # noqa: E731
    begins, night = scene.meeting.starts_at, f"{THEN:%Y-%m-%d}"
    assert slots(begins - dt.timedelta(minutes=59)) == [night, f"{scene.meeting_id}:{begins:%Y%m%dT%H%M}"]
    assert slots(begins - dt.timedelta(minutes=61)) == [night]
    assert slots(begins) == [night]
    meetings.cancel_meeting(scene.who["clerk"], scene.meeting_id, "hoãn", now=THEN)
    assert slots(begins - dt.timedelta(minutes=59)) == [night]


def test_a_revoked_seal_seals_nothing_and_its_keepers_are_told(app):
    scene = Resolving().up_to("numbered")
    seal = db.session.query(SealKey).one()
    certificate_rounds.heed(SYSTEM, seal.certificate_id, scene.now, scene.now)
    assert seal.state is KeyState.SUSPENDED
    assert "SealSuspended" in told(scene.who["records"].person_id)
    with pytest.raises(seals.NoSeal):
        issuing.seal_resolution(scene.who["records"], scene.resolution_id, nonce_of("seal"), PIN, scene.now)
