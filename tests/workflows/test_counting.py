"""Ballots that are counted together: each is judged by itself, and what is wrong with one costs the others nothing."""

import datetime as dt

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from app.extensions import db
from app.gateways import signing
from app.models import (
    AuditEntry,
    Ballot,
    CertificateRevocation,
    Choice,
    Job,
    Poll,
    PollLeaf,
    PollState,
    Refusal,
    RollEntry,
    SignedStatement,
)
from app.workflows import ballots, counting, keys, polls
from app.workflows.engine.transaction import own_transaction
from app.workflows.engine.visibility import visible
from tests.cabinet import MEMBERS, PIN, actors
from tests.concurrency.crowd import check_history
from tests.conftest import both, nonce_of

pytestmark = both


@pytest.fixture
def poll_id(scene):
    scene.open()
    return scene.open_poll().id


@pytest.fixture
def arrived(scene, poll_id):
    """A ballot that was prepared, signed and checked, and only waits to be counted."""

    def one(name, choice="agree", device="", signer=None):
        who = scene.who[name]
        nonce = nonce_of(f"{name}{choice}{device}")
        statement = ballots.prepare_ballot(who, poll_id, Choice(choice), nonce, now=scene.now).statement
        key = keys.active_key(actors()[signer or name].person_id)
        cms = signing.signer().sign(key.key_ref, PIN, statement, scene.now)
        return ballots._verified(who, poll_id, statement, cms, scene.now)

    return one


def together(poll_id, *casts):
    return counting.count_ballots(poll_id, lambda: list(casts))


def test_everybody_is_counted_in_one_transaction_with_a_log_that_recomputes(scene, poll_id, arrived):
    before = scene.meeting.version
    casts = [arrived(name) for name in MEMBERS]
    receipts = together(poll_id, *casts)
    assert check_history(poll_id, receipts) == {"ok": len(MEMBERS)}
    assert [receipt.statement_sha256 for receipt in receipts] == [cast.sha256 for cast in casts]
    assert [receipt.leaf_seq for receipt in receipts] == [1, 2, 3, 4, 5]
    assert scene.meeting.version == before + len(MEMBERS)
    for receipt in receipts:
        assert receipt == ballots.receipt_of(db.session.get_one(Ballot, receipt.ballot_id))


def test_every_ballot_has_its_own_fact_and_its_own_job(scene, poll_id, arrived):
    receipts = together(poll_id, *[arrived(name) for name in MEMBERS])
    facts = db.session.scalars(select(AuditEntry).filter_by(fact="BallotCast").order_by(AuditEntry.id)).all()
    assert [fact.payload["ballot_id"] for fact in facts] == [receipt.ballot_id for receipt in receipts]
    assert [fact.payload["version"] for fact in facts] == [
        scene.meeting.version - len(facts) + n + 1 for n in range(len(facts))
    ]
    assert {fact.actor_id for fact in facts} == {scene.who[name].person_id for name in MEMBERS}
    jobs = db.session.scalars(select(Job).filter_by(name="polls.progress").order_by(Job.id)).all()
    assert [job.payload for job in jobs] == [{"audit_entry_id": fact.id} for fact in facts]
    assert all(job.queue == "live" and job.state == "due" for job in jobs)


def test_one_bad_ballot_does_not_hurt_the_others(scene, poll_id, arrived):
    good, forged, other = arrived("a"), arrived("b", signer="head"), arrived("deputy")
    outcomes = together(poll_id, good, forged, other)
    assert [getattr(outcome, "code", "ok") for outcome in outcomes] == ["ok", "bad_signature", "ok"]
    assert {ballot.member_id for ballot in db.session.query(Ballot)} == {good.member_id, other.member_id}
    assert [leaf.seq for leaf in db.session.query(PollLeaf).order_by(PollLeaf.seq)] == [0, 1, 2]


def test_each_is_told_what_is_wrong_with_his_own(scene, poll_id, arrived):
    casts = [arrived(name) for name in ("a", "b", "deputy", "chairman")]
    with own_transaction() as session:
        revoked = session.get(RollEntry, (poll_id, casts[0].member_id)).certificate_id
        session.add(CertificateRevocation(certificate_id=revoked, at=scene.now, reason="Mất thiết bị"))
        key = session.query(keys.SigningKey).filter_by(person_id=casts[1].member_id).one()
        keys.LIFECYCLE.moves["suspend"].apply(key)
    late = dt.timedelta(minutes=3)
    expired = counting.Cast(**{**vars(casts[2]), "now": scene.now + late})
    outcomes = together(poll_id, casts[0], casts[1], expired, casts[3])
    codes = [getattr(outcome, "code", "ok") for outcome in outcomes]
    assert codes == ["certificate_refused", "key_suspended", "not_prepared", "ok"]


def test_of_two_ballots_of_one_member_the_second_goes_alone_and_sees_the_first(scene, poll_id, arrived):
    first, second = arrived("a", "agree"), arrived("a", "disagree")
    receipt, nothing = together(poll_id, first, second)
    assert nothing is None
    (refused,) = together(poll_id, second)
    assert isinstance(refused, ballots.AnotherBallotStands)
    assert refused.details["receipt"] == receipt
    assert together(poll_id, first) == [receipt]


def test_who_sends_what_another_was_shown_gets_a_refusal_and_the_other_is_counted(scene, poll_id, arrived):
    """The texts of one batch are fetched together; each member's own decides."""
    mine, spare, thief = arrived("a", "agree"), arrived("a", "disagree"), arrived("b")
    stolen = counting.Cast(**{**vars(thief), "statement": spare.statement, "sha256": spare.sha256})
    for order in ([stolen, mine], [mine, stolen]):
        assert sorted(getattr(outcome, "code", "ok") for outcome in together(poll_id, *order)) == ["not_prepared", "ok"]
    assert [ballot.member_id for ballot in db.session.query(Ballot)] == [mine.member_id]


def test_a_whole_batch_that_comes_after_the_close_is_refused_and_leaves_nothing(scene, poll_id, arrived):
    casts = [arrived(name) for name in MEMBERS]
    closed = polls.close_poll(scene.who["secretary"], poll_id, now=scene.now)
    assert closed.state is PollState.CLOSED
    facts = db.session.query(AuditEntry).count()
    assert {outcome.code for outcome in together(poll_id, *casts)} == {"poll_closed"}
    assert (db.session.query(Ballot).count(), db.session.query(AuditEntry).count()) == (0, facts)


def test_a_batch_that_the_database_refuses_leaves_nothing_half_written(scene, poll_id, arrived, monkeypatch):
    """Its negative control is the test above it: without the refusal the same ballots are there."""
    casts = [arrived(name) for name in MEMBERS]
    before, facts = scene.meeting.version, db.session.query(AuditEntry).count()
    refused = text("INSERT INTO ballot (id) VALUES (1)")
    monkeypatch.setattr(counting, "record_all_live", lambda _told: db.session.execute(refused))
    with pytest.raises(IntegrityError):
        together(poll_id, *casts)
    db.session.rollback()
    assert db.session.query(Ballot).count() == db.session.query(SignedStatement).count() == 0
    assert [leaf.seq for leaf in db.session.query(PollLeaf)] == [0]
    assert (scene.meeting.version, db.session.query(AuditEntry).count()) == (before, facts)


def test_what_the_database_refuses_for_one_is_counted_for_the_others(scene, poll_id, arrived, monkeypatch):
    """The constraints stand behind all that is judged here: with the judge gone, a second ballot still is refused."""
    stands, double = arrived("a", "agree"), arrived("a", "disagree")
    together(poll_id, stands)
    monkeypatch.setattr(counting, "_admit", lambda *_given: None)
    casts = [double, arrived("b"), arrived("deputy")]
    with pytest.raises(IntegrityError):
        together(poll_id, *casts)
    alone = [together(poll_id, cast) for cast in casts[1:]]
    assert check_history(poll_id, [outcome for (outcome,) in alone]) == {"ok": 2}
    with pytest.raises(IntegrityError):
        together(poll_id, double)


def test_a_refused_ballot_is_recorded_once_by_whoever_sent_it(scene, poll_id, arrived):
    forged = arrived("b", signer="head")
    with pytest.raises(ballots.BadSignature):
        ballots.cast_ballot(scene.who["b"], poll_id, forged.statement, forged.cms, now=scene.now)
    refusal = db.session.query(Refusal).filter_by(code="bad_signature").one()
    assert (refusal.act, refusal.actor_id) == ("cast_ballot", scene.who["b"].person_id)
    assert (refusal.subject_type, refusal.subject_id) == ("poll", poll_id)


def plainly(scene, poll_id):
    """Who sees the poll without asking, and who sees it by the rule of pages and downloads."""
    poll = db.session.get_one(Poll, poll_id)
    states = poll.body_id, poll.meeting.state, poll.state
    rule = {
        name
        for name, actor in scene.who.items()
        if db.session.scalar(select(Poll.id).where(Poll.id == poll_id, visible(actor, Poll)))
    }
    return {name for name, actor in scene.who.items() if ballots.plainly_visible(actor, *states)}, rule


def test_nobody_sees_a_poll_plainly_who_does_not_see_it_by_the_rule(scene):
    poll_id = scene.draft().id
    without_asking, rule = plainly(scene, poll_id)  # neither called nor opened
    assert without_asking == set() < rule
    scene.open()
    without_asking, rule = plainly(scene, poll_id)  # a question that is not put yet
    assert without_asking == set() < rule
    polls.open_poll(scene.who["secretary"], poll_id, scene.now)
    for close in (False, True):
        if close:
            polls.close_poll(scene.who["secretary"], poll_id, scene.now)
        without_asking, rule = plainly(scene, poll_id)
        assert set(MEMBERS) <= without_asking <= rule < set(scene.who)
