"""Ballots get their time stamps after the commit; until one is there nobody says that it is, and a bad one is named."""

import datetime as dt

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError, IntegrityError

from app.extensions import db
from app.gateways import pades, signing, storage, timestamp
from app.gateways.timestamp import StampFault
from app.models import (
    AuditEntry,
    Ballot,
    EvidenceKind,
    Job,
    JobState,
    SignatureEvidence,
    SignedStatement,
)
from app.tasks import schedule
from app.tasks import time_stamps as tasks
from app.workflows import evidence, poll_acts, polls, time_stamps, verification
from app.workflows.engine.rights import SYSTEM
from app.workflows.rules.stamping import AWAITED
from app.workflows.time_stamps import ASK, CATCH_UP, StampState
from tests.cabinet import NOW, PIN
from tests.conftest import both, nonce_of
from tests.gateways.stamp_cases import openssl_verifies
from tests.gateways.test_paper_tally import words_of
from tests.resolving import Resolving
from tests.stamping import tsa  # noqa: F401 - a fixture

MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)
pytestmark = pytest.mark.usefixtures("tsa")


def stamps() -> list[SignatureEvidence]:
    return db.session.query(SignatureEvidence).filter_by(kind=EvidenceKind.TIME_STAMP).all()


def waiting(*names: str) -> list[Job]:
    return db.session.query(Job).filter(Job.name.in_(names or (ASK, CATCH_UP)), Job.state == JobState.DUE).all()


def shown(poll_id: int, at: dt.datetime = NOW) -> list[StampState]:
    ballots = db.session.query(Ballot).filter_by(poll_id=poll_id).order_by(Ballot.id)
    return [time_stamps.shown_of_ballot(ballot.id, at).state for ballot in ballots]


def voted(scene, *names: str) -> int:
    scene.open()
    poll_id = scene.open_poll().id
    for name in names:
        scene.vote(name, poll_id, "agree")
    return poll_id


@both
def test_every_ballot_gets_one_stamp_over_its_signature_and_openssl_agrees(scene, tsa, tmp_path):  # noqa: F811
    poll_id = voted(scene, "a", "b", "head")
    assert shown(poll_id) == [StampState.AWAITED] * 3
    assert stamps() == []
    tsa.work(NOW)
    assert shown(poll_id) == [StampState.STAMPED] * 3
    assert tsa.asked == len(stamps()) == 3
    for kept in stamps():
        statement = db.session.get_one(SignedStatement, kept.statement_id)
        digest = time_stamps.imprint(statement.cms)
        assert openssl_verifies(tmp_path, kept.content, digest, tsa.root.certificate, NOW)[0]
        other = time_stamps.imprint(next(each for each in statements() if each.id != statement.id).cms)
        assert not openssl_verifies(tmp_path, kept.content, other, tsa.root.certificate, NOW)[0]
    told = db.session.query(AuditEntry).filter_by(fact="StatementStamped").all()
    assert sorted(entry.subject_id for entry in told) == sorted(kept.statement_id for kept in stamps())
    tsa.work(NOW + HOUR)
    assert tsa.asked == 3


def statements() -> list[SignedStatement]:
    return db.session.query(SignedStatement).order_by(SignedStatement.id).all()


def test_acts_beside_a_ballot_are_stamped_as_well(scene, tsa):  # noqa: F811
    poll_id = voted(scene, "a")
    polls.close_poll(scene.who["head"], poll_id, now=scene.now)
    poll_acts.prepare_annulment(scene.who["head"], poll_id, "Sai câu hỏi", nonce_of("annul"), scene.now)
    poll_acts.sign_act(scene.who["head"], poll_id, nonce_of("annul"), PIN, scene.now)
    tsa.work(NOW)
    assert {kept.statement_id for kept in stamps()} == {each.id for each in statements()}
    assert len(stamps()) == 2


@pytest.mark.parametrize("fault", [StampFault.DOWN, StampFault.SLOW, StampFault.WRONG_NONCE, StampFault.REDIRECTED])
def test_without_a_stamp_the_ballot_counts_and_waits_longer_each_time(scene, tsa, fault):  # noqa: F811
    tsa.fault = fault
    poll_id = voted(scene, "a", "b", "head")
    tsa.work(NOW)
    assert (shown(poll_id), stamps()) == ([StampState.AWAITED] * 3, [])
    assert tsa.asked == 1, "one that asks is enough"
    (job,) = waiting()
    assert job.due_at == NOW + dt.timedelta(seconds=5)
    assert (job.attempts, fault.value in job.last_error) == (0, True)
    waits, at = [], NOW
    while at < NOW + 2 * HOUR:
        at = waiting()[0].due_at
        tsa.work(at)
        waits.append(waiting()[0].due_at - at)
    assert waits == sorted(waits)
    assert waits[-1] == 10 * MINUTE
    assert (waiting()[0].attempts, shown(poll_id)) == (0, [StampState.AWAITED] * 3)
    tsa.fault = None
    tsa.work(waiting()[0].due_at)
    assert shown(poll_id) == [StampState.STAMPED] * 3
    assert waiting() == []


def test_a_job_that_was_called_off_is_made_up_for_within_the_hour(scene, tsa):  # noqa: F811
    tsa.fault = StampFault.DOWN
    poll_id = voted(scene, "a")
    tsa.work(NOW)
    with db.session.begin_nested():
        waiting()[0].state = JobState.CANCELLED
    db.session.commit()
    tsa.fault = None
    assert schedule.plan(NOW + HOUR) >= 1
    tsa.work(NOW + HOUR)
    assert shown(poll_id) == [StampState.STAMPED]
    assert list(tasks.slots(1, NOW + 2 * HOUR)) == []


def test_after_thirty_days_nobody_waits_any_more(scene, tsa):  # noqa: F811
    tsa.fault = StampFault.DOWN
    poll_id = voted(scene, "a")
    assert shown(poll_id, NOW + AWAITED) == [StampState.AWAITED]
    later = NOW + AWAITED + MINUTE
    assert shown(poll_id, later) == [StampState.NONE]
    tsa.fault = None
    tsa.work(later)
    assert stamps() == []


def test_without_an_authority_nobody_waits_and_nobody_is_asked(scene, tsa):  # noqa: F811
    poll_id = voted(scene, "a")
    timestamp.use(None)
    assert shown(poll_id) == [StampState.NONE]
    tsa.work(NOW)
    assert (tsa.asked, stamps()) == (0, [])


@both
def test_a_second_stamp_is_not_kept_and_none_is_changed(scene, tsa):  # noqa: F811
    voted(scene, "a")
    tsa.work(NOW)
    (first,) = stamps()
    cms = statements()[0].cms
    time_stamps.keep(SYSTEM, {first.statement_id: time_stamps.ask(cms, NOW)}, NOW)
    assert [kept.sha256 for kept in stamps()] == [first.sha256]
    values = {"id": first.statement_id, "at": NOW}
    again = text(
        "INSERT INTO signature_evidence (statement_id, kind, content, sha256, at)"
        " VALUES (:id, 'time_stamp', '', 'x', :at)"
    )
    with pytest.raises(IntegrityError):
        db.session.execute(again, values)
    db.session.rollback()
    with pytest.raises(DatabaseError):
        db.session.execute(text("DELETE FROM signature_evidence"))
    db.session.rollback()


def test_a_stamp_of_another_signature_or_of_a_stranger_is_never_shown_as_one(scene, tsa):  # noqa: F811
    poll_id = voted(scene, "a", "b")
    mine, other = statements()
    time_stamps.keep(SYSTEM, {mine.id: time_stamps.ask(other.cms, NOW)}, NOW)
    found = time_stamps.shown(mine, NOW)
    assert (found.state, found.time) == (StampState.BROKEN, None)
    assert str(timestamp.SENTENCES[StampFault.WRONG_IMPRINT]) in found.fault
    tsa.work(NOW)
    assert shown(poll_id) == [StampState.BROKEN, StampState.STAMPED]
    timestamp.use(tsa, signing.trusted())
    assert shown(poll_id) == [StampState.BROKEN] * 2


@pytest.mark.parametrize(
    ("stamped", "timely"),
    [(dt.timedelta(), "in_time"), (-2 * MINUTE, "before_opening"), (3 * MINUTE, "after_close")],
)
def test_a_stamp_outside_the_vote_is_an_anomaly_that_the_tally_record_names(scene, tsa, tmp_path, stamped, timely):  # noqa: F811
    poll_id = voted(scene, "a", "b", "head")
    polls.close_poll(scene.who["head"], poll_id, now=scene.now)
    polls.publish_poll(scene.who["head"], poll_id, now=scene.now)
    words = words_of(evidence.tally_record(scene.who["head"], poll_id, NOW), tmp_path)
    assert "Dấu thời gian: 0/3 lượt bỏ phiếu" in words
    assert "Bất thường: 3 lượt đang chờ dấu thời gian." in words
    tsa.drift = stamped
    tsa.work(NOW)
    ballot = db.session.query(Ballot).filter_by(poll_id=poll_id).first()
    assert time_stamps.shown_of_ballot(ballot.id, NOW).timely == timely
    words = words_of(evidence.tally_record(scene.who["head"], poll_id, NOW), tmp_path)
    assert "Dấu thời gian: 3/3 lượt bỏ phiếu" in words
    assert ("Bất thường" in words) == (timely != "in_time")
    assert ("3 lượt có dấu thời gian sau khi đóng" in words) == (timely == "after_close")
    assert ("3 lượt có dấu thời gian trước khi mở" in words) == (timely == "before_opening")


def test_a_signature_that_cannot_be_read_keeps_no_other_from_its_stamp(scene, tsa, monkeypatch, caplog):  # noqa: F811
    poll_id = voted(scene, "a", "b")
    odd, imprint = statements()[0].cms, time_stamps.imprint

    def trips(cms: bytes) -> bytes:
        if cms == odd:
            raise ValueError("odd")
        return imprint(cms)

    monkeypatch.setattr(time_stamps, "imprint", trips)
    tsa.work(NOW)
    monkeypatch.undo()
    assert shown(poll_id) == [StampState.AWAITED, StampState.STAMPED]
    assert "cannot be read for its time stamp" in caplog.text


# -- documents: the stamp stands in the file where it comes at once


def file_of(resolving: Resolving) -> bytes:
    return storage.read(resolving.resolution.signatures[-1].file.sha256)


def judged(resolving: Resolving) -> pades.Verdict:
    expected = verification.expected_of(resolving.resolution)
    return pades.verdict(file_of(resolving), expected, signing.trusted(), resolving.later(60))


@both
def test_signature_and_seal_carry_their_stamps_and_the_records_have_them_too(app, tsa):  # noqa: F811
    tsa.work(NOW)
    resolving = Resolving().up_to("sealed")
    found = judged(resolving)
    assert (found.state, [signer.stamped_by for signer in found.signers]) == ("valid", ["Test TSA"] * 2)
    for signature in resolving.resolution.signatures:
        statement = signature.statement
        assert signing.stamp_in(statement.cms) == time_stamps.token_of(statement.id)
        assert time_stamps.shown(statement, NOW).state is StampState.STAMPED


def test_without_a_stamp_in_time_the_document_is_signed_all_the_same_and_waits(app, tsa):  # noqa: F811
    tsa.fault = StampFault.SLOW
    resolving = Resolving().up_to("sealed")
    found = judged(resolving)
    assert (found.state, [signer.stamped_at for signer in found.signers]) == ("valid", [None, None])
    states = lambda: {time_stamps.shown(each.statement, NOW).state for each in resolving.resolution.signatures}  # noqa: E731
    assert states() == {StampState.AWAITED}
    assert "(giờ máy chủ)" in found.lines()[1]
    tsa.fault = None
    tsa.work(NOW + MINUTE)
    assert states() == {StampState.STAMPED}
    assert judged(resolving) == found, "the file is as it was signed"


def test_a_stamp_that_does_not_fit_leaves_the_signature_without_one(app, tsa, monkeypatch):  # noqa: F811
    monkeypatch.setattr(pades, "ROOM", 2000)
    resolving = Resolving().up_to("signed")
    assert signing.stamp_in(resolving.resolution.signatures[0].statement.cms) is None
    assert time_stamps.shown(resolving.resolution.signatures[0].statement, NOW).state is StampState.AWAITED
