"""No faulty certificate is accepted anywhere: enrolling, opening a vote, signing a ballot or a document, judging."""

import datetime as dt
from hashlib import sha256

import pytest

from app.extensions import db
from app.gateways import signing
from app.gateways.signing import CertificateFault, CertificateRefused
from app.gateways.signing.memory import _Held
from app.models import (
    Ballot,
    CertificateRevocation,
    Choice,
    KeyState,
    Outcome,
    Poll,
    PollState,
    RecoveryKind,
    Refusal,
    SignedStatement,
)
from app.views import cockpit_page
from app.workflows import ballots, document_signing, expiry, keys, polls, sealed
from app.workflows.engine.transaction import own_transaction
from tests.cabinet import NOW, PIN
from tests.conftest import nonce_of
from tests.gateways.certificate_faults import DAY, FAULTS, SOUND, made
from tests.resolving import Resolving

CASES = [pytest.param(make, code, id=name) for name, (code, make) in FAULTS.items()]


@pytest.fixture
def authority(gateways):
    return gateways["PUBLISHER"]._authority


def take(made, key_ref="f" * 32):
    """The signer holds this key from now on."""
    signing.signer()._keys[key_ref] = _Held(made.key, made.certificate, sha256(PIN.encode()).digest())
    return key_ref


def equip(actor, made, revoked=None):
    """Whatever the key was, the person now has this one: as an older installation, or a mistake, may have left it."""
    old = keys.active_key(actor.person_id)
    old.state = KeyState.REPLACED
    db.session.flush()
    keys.register_key(actor, old.person, take(made, sha256(made.certificate).hexdigest()[:32]), made.certificate, NOW)
    certificate_id = keys.active_key(actor.person_id).certificate_id
    if revoked:
        db.session.add(CertificateRevocation(certificate_id=certificate_id, at=revoked, reason="mất"))
    db.session.commit()


def person_of(who):
    return keys.active_key(who.person_id).person


def refused(act):
    """The fault with which the act is refused, and that its sentence is the one for this fault."""
    with pytest.raises(keys.CertificateNotUsable) as refusal:
        act()
    fault = refusal.value.details["fault"]
    assert str(refusal.value) == str(CertificateRefused.sentences[CertificateFault(fault)])
    return fault


def confirmed(people, name="a"):
    asked = keys.request_recovery(people["clerk"], people[name].person_id, RecoveryKind.REPLACE, "Cấp mới", NOW)
    keys.approve_recovery(people["records"], asked.id, NOW)
    return people[name]


# -- enrolling --------------------------------------------------------------------------------------------------------


def enrol(who, made):
    return keys.complete_enrolment(who, who.person_id, take(made), made.certificate, NOW)


@pytest.mark.parametrize(("make", "code"), CASES)
def test_a_faulty_certificate_is_not_enrolled(app, people, authority, make, code):
    name = person_of(people["a"]).full_name
    who = confirmed(people)
    assert refused(lambda: enrol(who, make(authority, name, NOW))) == code
    assert keys.active_key(who.person_id).state is KeyState.SUSPENDED
    assert db.session.query(Refusal).filter_by(code="certificate_refused").count() == 1


@pytest.mark.parametrize("make", SOUND.values(), ids=SOUND)
def test_a_sound_certificate_of_each_kind_is_enrolled_and_signs(app, scene, authority, make):
    people = scene.who
    name = person_of(people["a"]).full_name
    enrol(confirmed(people), make(authority, name, NOW))
    poll = scene.open().open_poll()
    scene.vote("a", poll.id, "agree")
    assert ballots.verify_ballot(scene.who["a"], poll.id) is None
    sealed.check_running(db.session.get_one(Poll, poll.id))


def test_somebody_elses_certificate_is_not_enrolled(app, people, authority):
    stranger = SOUND["P-256"](authority, "Người Khác", NOW)
    assert refused(lambda: enrol(confirmed(people), stranger)) == "someone_elses"


def test_a_certificate_that_is_registered_is_not_enrolled_again(app, people):
    own = keys.active_key(people["a"].person_id).certificate.der
    who = confirmed(people)
    assert refused(lambda: keys.complete_enrolment(who, who.person_id, "e" * 32, own, NOW)) == "someone_elses"


@pytest.mark.parametrize("change", [str.upper, lambda name: f" {name.replace(' ', '  ')} "])
def test_a_name_may_be_written_in_capitals_or_with_more_space(app, people, authority, change):
    name = person_of(people["a"]).full_name
    assert enrol(confirmed(people), SOUND["P-256"](authority, change(name), NOW)).state is KeyState.ACTIVE


def test_an_outside_authority_has_to_be_trusted(app, people):
    outside = signing.Authority.create(None, NOW - DAY)
    made = SOUND["RSA-2048"](outside, person_of(people["a"]).full_name, NOW)
    who = confirmed(people)
    assert refused(lambda: enrol(who, made)) == "unknown_issuer"
    signing.trust_also(outside.chain())
    try:
        assert enrol(who, made).state is KeyState.ACTIVE
    finally:
        signing.trust_also(())


# -- opening a vote ---------------------------------------------------------------------------------------------------


def named(poll, until=None):
    people = [(entry.member_id, entry.name) for entry in poll.roll]
    return {each.name: each.said for each in expiry.troubles(people, NOW, until)}


@pytest.mark.parametrize(("make", "code"), CASES)
def test_the_opening_of_a_vote_names_who_cannot_sign(scene, authority, make, code):
    a = scene.who["a"]
    equip(a, make(authority, "An", NOW))
    poll = scene.open().open_poll()
    sentence = str(CertificateRefused.sentences[CertificateFault(code)])
    assert named(poll) == {person_of(a).full_name: sentence}


def test_the_opening_names_who_has_no_key_and_whose_certificate_ends_too_early(scene, authority):
    a, b = scene.who["a"], scene.who["b"]
    equip(a, FAULTS["expired"][1](authority, "An", NOW + 2 * DAY))  # until tomorrow
    keys.active_key(b.person_id).state = KeyState.SUSPENDED
    db.session.commit()
    poll = scene.open().open_poll()
    names = {person_of(who).full_name for who in (a, b)}
    assert set(named(poll, NOW + 3 * DAY)) == names
    assert set(named(poll, NOW + dt.timedelta(hours=1))) == {person_of(b).full_name}


def test_the_desk_of_the_chair_shows_who_cannot_sign(app, scene, authority):
    a = scene.who["a"]
    equip(a, FAULTS["for web servers"][1](authority, "An", NOW))
    scene.open()
    with app.test_request_context():
        shown = cockpit_page.cockpit_page(scene.who["secretary"], scene.meeting_id, NOW)["cockpit"]["unable"]
    assert [line.partition(" (")[0] for line in shown] == [person_of(a).full_name]


# -- signing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("make", "code"), CASES)
def test_no_ballot_is_prepared_with_a_faulty_certificate(scene, authority, make, code):
    equip(scene.who["a"], make(authority, "An", NOW))
    poll = scene.open().open_poll()
    prepare = lambda: ballots.prepare_ballot(scene.who["a"], poll.id, Choice.AGREE, nonce_of("x"), NOW)  # noqa: E731
    assert refused(prepare) == code


def test_a_revoked_certificate_signs_no_ballot(scene, authority):
    equip(scene.who["a"], SOUND["P-256"](authority, "An", NOW), revoked=NOW)
    poll = scene.open().open_poll()
    prepare = lambda: ballots.prepare_ballot(scene.who["a"], poll.id, Choice.AGREE, nonce_of("x"), NOW)  # noqa: E731
    assert refused(prepare) == "revoked"


def test_a_certificate_that_ends_while_the_vote_is_open_casts_nothing_afterwards(scene, authority):
    """It ends between the sheet and the PIN, too."""
    ends = NOW + dt.timedelta(minutes=10)
    equip(scene.who["a"], made(authority, "An", NOW - DAY, ends))
    poll = scene.open().open_poll()
    just_before = ends - dt.timedelta(seconds=30)
    ballots.prepare_ballot(scene.who["a"], poll.id, Choice.AGREE, nonce_of("x"), just_before)
    after = ends + dt.timedelta(seconds=30)
    assert refused(lambda: ballots.sign_ballot(scene.who["a"], poll.id, nonce_of("x"), PIN, after)) == "expired"
    assert db.session.query(SignedStatement).count() == 0
    ballots.prepare_ballot(scene.who["a"], poll.id, Choice.AGREE, nonce_of("y"), just_before)
    ballots.sign_ballot(scene.who["a"], poll.id, nonce_of("y"), PIN, just_before)  # the control: in time it counts
    assert db.session.query(SignedStatement).count() == 1


def test_a_certificate_that_ends_before_the_vote_is_closed_takes_nothing_from_what_was_cast_in_time(scene, authority):
    ends = NOW + dt.timedelta(minutes=10)
    equip(scene.who["a"], made(authority, "An", NOW - DAY, ends))
    poll = scene.open().open_poll()
    for name in ("a", "b", "head"):
        scene.vote(name, poll.id, "agree")
    scene.now = ends + dt.timedelta(minutes=5)
    closed = polls.close_poll(scene.who["secretary"], poll.id, now=scene.now)
    assert closed.outcome is Outcome.ADOPTED  # three of five: hers is one of them
    assert ballots.verify_ballot(scene.who["a"], poll.id) is None
    sealed.check_running(db.session.get_one(Poll, poll.id))
    polls.publish_poll(scene.who["secretary"], poll.id, now=scene.now)
    assert db.session.get_one(Poll, poll.id).state is PollState.PUBLISHED


def test_a_certificate_revoked_between_the_sheet_and_the_pin_casts_nothing_and_says_why(scene):
    poll, a = scene.open().open_poll(), scene.who["a"]
    ballots.prepare_ballot(a, poll.id, Choice.AGREE, nonce_of("x"), NOW)
    certificate_id = keys.active_key(a.person_id).certificate_id
    with own_transaction() as session:
        session.add(CertificateRevocation(certificate_id=certificate_id, at=NOW, reason="mất"))
    assert refused(lambda: ballots.sign_ballot(a, poll.id, nonce_of("x"), PIN, NOW)) == "revoked"
    assert db.session.query(SignedStatement).count() == db.session.query(Ballot).count() == 0
    assert [row.code for row in db.session.query(Refusal)] == ["certificate_refused"]
    assert keys.active_key(a.person_id).failed_tries == 0  # the PIN was right
    assert scene.vote("b", poll.id, "agree").leaf_seq  # the vote goes on


def test_what_was_signed_with_somebody_elses_certificate_is_no_ballot(scene):
    poll = scene.open().open_poll()
    a, b = scene.who["a"], scene.who["b"]
    statement = ballots.prepare_ballot(a, poll.id, Choice.AGREE, nonce_of("x"), NOW).statement
    other = signing.signer().sign(keys.active_key(b.person_id).key_ref, PIN, statement, NOW)
    with pytest.raises(ballots.BadSignature):
        ballots.cast_ballot(a, poll.id, statement, other, NOW)


@pytest.mark.parametrize(("make", "code"), CASES)
def test_no_document_is_signed_with_a_faulty_certificate(app, authority, make, code):
    scene = Resolving().up_to("presented")
    signer = scene.who["head"]
    equip(signer, make(authority, "An", scene.now))
    file = scene.resolution.files[-1].sha256
    given = (signer, scene.resolution_id, file, nonce_of("x"), PIN, scene.later(30))
    assert refused(lambda: document_signing.sign_resolution(*given)) == code


# -- judging ----------------------------------------------------------------------------------------------------------


def broken(poll_id):
    with pytest.raises(sealed.EvidenceBroken) as found:
        sealed.check_running(db.session.get_one(Poll, poll_id))
    return found.value.details["fault"]


@pytest.fixture
def voted(scene):
    poll = scene.open().open_poll()
    scene.vote("a", poll.id, "agree")
    sealed.check_running(db.session.get_one(Poll, poll.id))  # the control
    return poll.id


@pytest.mark.parametrize("fault", CertificateFault)
def test_a_signature_by_a_faulty_certificate_is_not_good_evidence(voted, monkeypatch, fault):
    """Each fault of the signing gateway reaches whoever judges what is stored."""

    def refuse(*_args, **_options):
        raise CertificateRefused(fault)

    monkeypatch.setattr(signing, "check_certificate", refuse)
    assert fault.value in broken(voted)


def test_a_ballot_of_an_authority_that_nobody_trusts_is_not_good_evidence(voted, monkeypatch):
    stranger = signing.Authority.create(None, NOW - DAY).chain()
    monkeypatch.setattr(signing, "trusted", lambda: stranger)
    assert "unknown_issuer" in broken(voted)


@pytest.mark.parametrize(("since", "good"), [(-1, False), (1, True)])
def test_a_revocation_counts_from_its_day_on(voted, since, good):
    statement = db.session.query(SignedStatement).one()
    at = statement.signed_at + dt.timedelta(seconds=since)
    db.session.add(CertificateRevocation(certificate_id=statement.certificate_id, at=at, reason="mất"))
    db.session.commit()
    if good:
        sealed.check_running(db.session.get_one(Poll, voted))
    else:
        assert "revoked" in broken(voted)


@pytest.mark.parametrize(("since", "good"), [(-1, False), (1, True)])
def test_the_own_ballot_is_judged_with_what_became_known_of_its_certificate(scene, voted, since, good):
    statement = db.session.query(SignedStatement).one()
    at = statement.signed_at + dt.timedelta(seconds=since)
    db.session.add(CertificateRevocation(certificate_id=statement.certificate_id, at=at, reason="mất"))
    db.session.commit()
    said = ballots.verify_ballot(scene.who["a"], voted)
    expected = None if good else str(CertificateRefused.sentences[CertificateFault.REVOKED])
    assert (said and str(said)) == expected


def test_the_own_ballot_is_judged_with_its_certificate(scene, voted, monkeypatch):
    assert ballots.verify_ballot(scene.who["a"], voted) is None
    stranger = signing.Authority.create(None, NOW - DAY).chain()
    monkeypatch.setattr(signing, "trusted", lambda: stranger)
    said = ballots.verify_ballot(scene.who["a"], voted)
    assert str(said) == str(CertificateRefused.sentences[CertificateFault.UNKNOWN_ISSUER])


def test_the_table_has_every_fault():
    elsewhere = {"malformed", "someone_elses", "revoked", "revocation_unknown"}
    assert {code for code, _make in FAULTS.values()} | elsewhere == {fault.value for fault in CertificateFault}
