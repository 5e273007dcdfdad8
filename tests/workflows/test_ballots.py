"""Ballots: who may, when, once, with which key; and what a lost answer does not cost."""

import datetime as dt
import json
import unicodedata

import pytest

from app.extensions import db
from app.gateways import signing
from app.models import (
    AuditEntry,
    Ballot,
    CertificateRevocation,
    Choice,
    Place,
    PollLeaf,
    PollState,
    PreparedStatement,
    Presence,
    Refusal,
    RollEntry,
    SigningKey,
)
from app.workflows import ballots, keys, polls
from app.workflows.engine.errors import NotAllowed, NotFound
from app.workflows.engine.transaction import own_transaction
from app.workflows.rules import merkle
from tests.cabinet import PIN
from tests.conftest import nonce_of

LATER = dt.timedelta(minutes=3)


@pytest.fixture
def poll(scene):
    scene.open(present=("head", "deputy", "a", "b"))
    return scene.open_poll()


def prepare(scene, poll, name="a", choice="agree", nonce=None, **kwargs):
    return ballots.prepare_ballot(
        scene.who[name], poll.id, Choice(choice), nonce or nonce_of(f"{name}{choice}"), now=scene.now, **kwargs
    )


def signature(name, statement, now):
    from tests.cabinet import actors

    key = keys.active_key(actors()[name].person_id)
    return signing.signer().sign(key.key_ref, PIN, statement, now)


def test_the_prepared_bytes_are_exactly_what_is_stored_and_counted(scene, poll):
    statement = prepare(scene, poll).statement
    receipt = ballots.sign_ballot(scene.who["a"], poll.id, nonce_of("aagree"), PIN, now=scene.now)
    ballot = db.session.query(Ballot).one()
    assert ballot.statement.statement == statement
    assert (receipt.choice, receipt.place, receipt.certificate_name) == (Choice.AGREE, Place.IN_ROOM, "Phạm Văn Ba")
    leaf = db.session.get(PollLeaf, (poll.id, 1))
    assert merkle.leaf_hash(leaf.data).hex() == receipt.leaf_hash == leaf.leaf_hash
    assert json.loads(statement)["seen"] == {"size": 1, "root": db.session.get(PollLeaf, (poll.id, 0)).root}


def test_the_roots_in_the_log_are_those_of_the_whole_tree(scene, poll):
    for name in ("head", "a", "b", "deputy", "chairman"):
        scene.vote(name, poll.id, "agree")
    leaves = db.session.query(PollLeaf).order_by(PollLeaf.seq).all()
    hashes = [merkle.leaf_hash(leaf.data) for leaf in leaves]
    assert [leaf.root for leaf in leaves] == [merkle.root(hashes[: n + 1]).hex() for n in range(len(leaves))]


def test_a_member_who_is_not_in_the_room_votes_from_afar(scene, poll):
    assert scene.vote("chairman", poll.id, "agree").place is Place.REMOTE
    scene.check_in("b", presence=Presence.REMOTE)
    assert scene.vote("b", poll.id, "agree").place is Place.REMOTE


def test_the_fact_of_a_ballot_never_carries_the_choice(scene, poll):
    scene.vote("a", poll.id, "disagree", remark="Cần xem lại", reservation=True)
    payload = db.session.query(AuditEntry).filter_by(fact="BallotCast").one().payload
    assert "disagree" not in json.dumps(payload)
    assert "Cần xem lại" not in json.dumps(payload, ensure_ascii=False)


@pytest.mark.parametrize(
    ("name", "refusal"),
    [("clerk", NotAllowed), ("secretary", NotAllowed), ("auditor", NotAllowed), ("records", NotAllowed),
     ("admin", NotFound), ("guest", NotFound), ("under_a", NotFound)],
)  # fmt: skip
def test_only_members_vote(scene, poll, name, refusal):
    with pytest.raises(refusal):
        prepare(scene, poll, name)
    assert db.session.query(Refusal).filter_by(act="prepare_ballot").one().code in ("not_allowed", "not_found")
    assert db.session.query(Ballot).count() == 0


def test_nobody_votes_before_the_poll_opens(scene):
    scene.open()
    draft = scene.draft()
    with pytest.raises(ballots.PollNotOpen):
        prepare(scene, draft, "head")


def test_nobody_votes_after_the_close_not_even_with_a_signature_made_before(scene, poll):
    statement = prepare(scene, poll).statement
    cms = signature("a", statement, scene.now)
    polls.close_poll(scene.who["secretary"], poll.id, now=scene.now)
    with pytest.raises(ballots.PollClosedAlready) as refusal:
        ballots.cast_ballot(scene.who["a"], poll.id, statement, cms, now=scene.now)
    assert refusal.value.http_status == 410
    assert db.session.query(Ballot).count() == 0


def test_the_clock_refuses_a_ballot_even_while_nobody_has_closed_the_vote(scene):
    scene.open()
    draft = scene.draft()
    polls.open_poll(scene.who["secretary"], draft.id, scene.now, closes_at=scene.now + LATER)
    statement = prepare(scene, draft, "b").statement
    cms = signature("b", statement, scene.now)
    scene.now += LATER
    with pytest.raises(ballots.PollClosedAlready):
        prepare(scene, draft)
    with pytest.raises(ballots.PollClosedAlready):
        ballots.cast_ballot(scene.who["b"], draft.id, statement, cms, now=scene.now)
    assert draft.state is PollState.OPEN  # no task has closed it


def test_the_same_nonce_brings_the_same_receipt_without_asking_the_key_again(scene, poll):
    prepare(scene, poll)
    first = ballots.sign_ballot(scene.who["a"], poll.id, nonce_of("aagree"), PIN, now=scene.now)
    again = ballots.sign_ballot(scene.who["a"], poll.id, nonce_of("aagree"), "000111", now=scene.now + LATER)
    assert first == again
    assert db.session.query(Ballot).count() == 1


def test_the_same_bytes_cast_twice_bring_the_same_receipt(scene, poll):
    statement = prepare(scene, poll).statement
    who = scene.who["a"]
    first = ballots.cast_ballot(who, poll.id, statement, signature("a", statement, scene.now), now=scene.now)
    polls.close_poll(scene.who["secretary"], poll.id, now=scene.now)
    again = ballots.cast_ballot(who, poll.id, statement, signature("a", statement, scene.now), now=scene.now)
    assert first == again


def test_the_same_request_again_brings_the_same_prepared_bytes(scene, poll):
    asked = {"choice": "disagree", "nonce": nonce_of("n"), "remark": "Cần xem lại", "reservation": True}
    first = prepare(scene, poll, **asked)
    scene.now += dt.timedelta(seconds=30)
    again = prepare(scene, poll, **asked | {"remark": unicodedata.normalize("NFD", " Cần xem lại ")})
    assert (again.id, again.statement, again.expires_at) == (first.id, first.statement, first.expires_at)
    assert db.session.query(PreparedStatement).count() == 1


def test_a_request_that_comes_again_after_the_count_changes_nothing(scene, poll):
    first = prepare(scene, poll).statement
    receipt = ballots.sign_ballot(scene.who["a"], poll.id, nonce_of("aagree"), PIN, now=scene.now)
    assert prepare(scene, poll).statement == first
    assert ballots.sign_ballot(scene.who["a"], poll.id, nonce_of("aagree"), PIN, now=scene.now) == receipt


@pytest.mark.parametrize(
    "other",
    [{"choice": "other"}, {"remark": "Khác"}, {"reservation": True}, {"name": "b"}],
    ids=["choice", "remark", "reservation", "member"],
)  # fmt: skip
def test_the_same_nonce_for_another_ballot_is_refused(scene, poll, other):
    prepare(scene, poll, choice="disagree", nonce=nonce_of("n"))
    with pytest.raises(ballots.NonceReused):
        prepare(scene, poll, **{"choice": "disagree", "nonce": nonce_of("n")} | other)


def test_what_has_expired_is_not_shown_again(scene, poll):
    prepare(scene, poll)
    scene.now += LATER
    with pytest.raises(ballots.NotPrepared):
        prepare(scene, poll)
    assert prepare(scene, poll, nonce=nonce_of("anew")).expires_at > scene.now


@pytest.mark.parametrize("nonce", ["", "short", "x" * 65, "có dấu trong đây nhé bạn"])
def test_a_nonce_of_another_form_is_refused(scene, poll, nonce):
    with pytest.raises(ballots.BadNonce):
        ballots.prepare_ballot(scene.who["a"], poll.id, Choice.AGREE, nonce, now=scene.now)


def test_prepared_bytes_expire_after_two_minutes(scene, poll):
    statement = prepare(scene, poll).statement
    scene.now += LATER
    with pytest.raises(ballots.NotPrepared):
        ballots.sign_ballot(scene.who["a"], poll.id, nonce_of("aagree"), PIN, now=scene.now)
    with pytest.raises(ballots.NotPrepared):
        ballots.cast_ballot(
            scene.who["a"], poll.id, statement, signature("a", statement, scene.now), now=scene.now
        )


def test_altered_bytes_are_refused_even_with_a_good_signature_over_them(scene, poll):
    statement = prepare(scene, poll).statement.replace(b'"choice":"agree"', b'"choice":"disagree"')
    with pytest.raises(ballots.NotPrepared):
        ballots.cast_ballot(scene.who["a"], poll.id, statement, signature("a", statement, scene.now), now=scene.now)


def test_a_signature_over_other_bytes_is_refused(scene, poll):
    statement = prepare(scene, poll).statement
    other = signature("a", statement + b" ", scene.now)
    with pytest.raises(ballots.BadSignature):
        ballots.cast_ballot(scene.who["a"], poll.id, statement, other, now=scene.now)
    with pytest.raises(ballots.BadSignature):
        ballots.cast_ballot(scene.who["a"], poll.id, statement, b"not a signature", now=scene.now)


def test_someone_elses_certificate_is_refused(scene, poll):
    statement = prepare(scene, poll).statement
    with pytest.raises(ballots.BadSignature):
        ballots.cast_ballot(scene.who["a"], poll.id, statement, signature("b", statement, scene.now), now=scene.now)


def test_somebody_elses_prepared_ballot_is_nobody_elses(scene, poll):
    statement = prepare(scene, poll, "b").statement
    with pytest.raises(ballots.NotPrepared):
        ballots.sign_ballot(scene.who["a"], poll.id, nonce_of("bagree"), PIN, now=scene.now)
    with pytest.raises(ballots.NotPrepared):
        ballots.cast_ballot(scene.who["a"], poll.id, statement, signature("a", statement, scene.now), now=scene.now)


def test_a_ballot_of_another_poll_is_refused(scene, poll):
    statement = prepare(scene, poll).statement
    from app.workflows import poll_acts

    poll_acts.prepare_annulment(scene.who["head"], poll.id, "Làm lại", nonce_of("x"), now=scene.now)
    poll_acts.sign_act(scene.who["head"], poll.id, nonce_of("x"), PIN, now=scene.now)
    second = scene.open_poll()
    with pytest.raises(ballots.NotPrepared):
        ballots.cast_ballot(scene.who["a"], second.id, statement, signature("a", statement, scene.now), now=scene.now)


def test_the_last_ballot_counts_and_all_are_kept(scene, poll):
    scene.vote("a", poll.id, "agree")
    scene.vote("a", poll.id, "disagree")
    scene.vote("a", poll.id, "other")
    closed = polls.close_poll(scene.who["secretary"], poll.id, now=scene.now)
    result = json.loads(closed.result)
    assert (result["agree"], result["disagree"], result["other"]) == (0, 0, 1)
    assert db.session.query(Ballot).count() == 3


def test_of_two_changes_prepared_on_two_devices_one_wins_and_the_other_sees_the_standing_receipt(scene, poll):
    scene.vote("a", poll.id, "agree")
    one, two = nonce_of("device one"), nonce_of("device two")
    prepare(scene, poll, choice="disagree", nonce=one)
    prepare(scene, poll, choice="other", nonce=two)
    stands = ballots.sign_ballot(scene.who["a"], poll.id, one, PIN, now=scene.now)
    with pytest.raises(ballots.AnotherBallotStands) as refusal:
        ballots.sign_ballot(scene.who["a"], poll.id, two, PIN, now=scene.now)
    assert refusal.value.details["receipt"] == stands


def test_a_remark_is_kept_in_nfc_and_a_reservation_needs_a_vote_that_does_not_agree(scene, poll):
    prepared = prepare(scene, poll, choice="disagree", remark=unicodedata.normalize("NFD", "Cần rà soát"),
                       reservation=True)  # fmt: skip
    assert json.loads(prepared.statement)["remark"] == "Cần rà soát"
    with pytest.raises(ballots.NothingToReserve):
        prepare(scene, poll, choice="agree", reservation=True)


@pytest.mark.parametrize("remark", ["đảo\u202engược", "x" * 2001, "a\x07b"])
def test_a_remark_with_controls_or_too_long_is_refused(scene, poll, remark):
    with pytest.raises(ballots.RemarkUnclean):
        prepare(scene, poll, remark=remark)


def test_a_revoked_certificate_neither_prepares_nor_casts(scene, poll):
    statement = prepare(scene, poll).statement
    cms = signature("a", statement, scene.now)
    entry = db.session.get(RollEntry, (poll.id, scene.who["a"].person_id))
    revoked = CertificateRevocation(certificate_id=entry.certificate_id, at=scene.now, reason="Mất thiết bị")
    with own_transaction() as session:
        session.add(revoked)
    for attempt in (
        lambda: prepare(scene, poll, nonce=nonce_of("again")),
        lambda: ballots.cast_ballot(scene.who["a"], poll.id, statement, cms, now=scene.now),
    ):
        with pytest.raises(keys.CertificateNotUsable) as refusal:
            attempt()
        assert refusal.value.details["fault"] == "revoked"


def test_an_expired_certificate_is_refused_with_its_own_sentence(scene, poll):
    scene.now += dt.timedelta(days=6 * 365)
    with pytest.raises(keys.CertificateNotUsable) as refusal:
        prepare(scene, poll)
    assert refusal.value.details["fault"] == "expired"


def test_a_member_without_a_certificate_counts_in_the_base_and_cannot_vote(scene):
    scene.open()
    with own_transaction() as session:
        key = session.query(SigningKey).filter_by(person_id=scene.who["b"].person_id).one()
        keys.LIFECYCLE.moves["suspend"].apply(key)
    poll = scene.open_poll()
    with pytest.raises(ballots.NoCertificate):
        prepare(scene, poll, "b")
    assert json.loads(poll.definition)["quorum"]["members"] == 5


def test_a_receipt_can_be_checked_again_and_a_bad_one_says_why(scene, poll):
    scene.vote("a", poll.id, "agree")
    assert ballots.verify_ballot(scene.who["a"], poll.id) is None
    with pytest.raises(ballots.PollNotOpen):
        ballots.verify_ballot(scene.who["b"], poll.id)
