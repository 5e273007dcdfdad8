"""What somebody who knows the system well tries: acts between two steps of another act, and looks before their time."""

import json

import pytest

from app.extensions import db, socketio
from app.models import (
    AuditEntry,
    Ballot,
    CertificateRevocation,
    Choice,
    GuestItem,
    ItemKind,
    Job,
    PollState,
    RecoveryKind,
    SeatRole,
    StatementKind,
)
from app.realtime import meetings as sockets
from app.workflows import agenda, ballots, evidence, keys, meetings, poll_acts, polls
from app.workflows.engine.errors import NotAllowed, WrongState
from app.workflows.engine.transaction import fact_of, own_transaction
from tests.cabinet import PIN
from tests.conftest import nonce_of

NONCE = nonce_of("hostile")
NEW_PIN = "135790"


@pytest.fixture
def poll(scene):
    return scene.open().open_poll()


def prepare_annulment(scene, poll):
    return poll_acts.prepare_annulment(scene.who["head"], poll.id, "Sai dự thảo", NONCE, scene.now)


def revoke_key_of(actor, now):
    certificate_id = keys.active_key(actor.person_id).certificate_id
    with own_transaction() as session:
        session.add(CertificateRevocation(certificate_id=certificate_id, at=now, reason="mất"))


def replace_key_of(scene, name):
    who = scene.who
    asked = keys.request_recovery(who["clerk"], who[name].person_id, RecoveryKind.REPLACE, "Mất", scene.now)
    keys.approve_recovery(who["records"], asked.id, scene.now)
    keys.enrol_own_key(who[name], NEW_PIN, scene.now)


def test_a_ballot_signed_before_its_key_was_suspended_is_not_counted(scene, poll):
    voter = scene.who["a"]
    statement = ballots.prepare_ballot(voter, poll.id, Choice.AGREE, NONCE, now=scene.now).statement
    cms = keys.sign_with_pin(voter, poll, statement, PIN, scene.now)
    keys.suspend_key(scene.who["admin"], voter.person_id, "password_reset", scene.now)
    with pytest.raises(keys.KeySuspended):
        ballots.cast_ballot(voter, poll.id, statement, cms, scene.now)
    assert db.session.query(Ballot).count() == 0


def test_a_counted_ballot_still_answers_with_its_receipt_after_the_key_was_suspended(scene, poll):
    receipt = scene.vote("a", poll.id, "agree", nonce=NONCE)
    keys.suspend_key(scene.who["admin"], scene.who["a"].person_id, "password_reset", scene.now)
    assert ballots.sign_ballot(scene.who["a"], poll.id, NONCE, PIN, scene.now) == receipt


def test_a_certificate_revoked_after_preparing_annuls_nothing(scene, poll):
    prepare_annulment(scene, poll)
    revoke_key_of(scene.who["head"], scene.now)
    with pytest.raises(keys.CertificateNotUsable):
        poll_acts.sign_act(scene.who["head"], poll.id, NONCE, PIN, scene.now)
    assert poll.state is PollState.OPEN


def test_a_chair_whose_key_was_replaced_since_annuls_with_the_new_one(scene, poll):
    polls.close_poll(scene.who["secretary"], poll.id, now=scene.now)
    replace_key_of(scene, "head")
    prepare_annulment(scene, poll)
    poll_acts.sign_act(scene.who["head"], poll.id, NONCE, NEW_PIN, scene.now)
    assert poll.state is PollState.ANNULLED
    assert evidence.bundle_of(scene.who["auditor"], poll.id, now=scene.now)  # and it verifies


def test_what_was_signed_with_a_key_replaced_meanwhile_is_not_carried_out(scene, poll):
    polls.close_poll(scene.who["secretary"], poll.id, now=scene.now)
    statement = prepare_annulment(scene, poll).statement
    cms = keys.sign_with_pin(scene.who["head"], poll, statement, PIN, scene.now)
    replace_key_of(scene, "head")
    with pytest.raises(ballots.BadSignature):
        poll_acts.carry_out(scene.who["head"], poll.id, statement, cms, scene.now)
    assert poll.state is PollState.CLOSED


def test_whoever_confirms_a_tie_does_not_annul(scene, poll):
    prepare_annulment(scene, poll)
    with pytest.raises(ballots.NotPrepared):
        poll_acts.sign_act(scene.who["head"], poll.id, NONCE, PIN, scene.now, StatementKind.TIE_CONFIRMATION)
    assert poll.state is PollState.OPEN


def test_a_ballot_is_no_act(scene, poll):
    head = scene.who["head"]
    statement = ballots.prepare_ballot(head, poll.id, Choice.AGREE, NONCE, now=scene.now).statement
    cms = keys.sign_with_pin(head, poll, statement, PIN, scene.now)
    with pytest.raises(ballots.NotPrepared):
        poll_acts.carry_out(head, poll.id, statement, cms, scene.now)


def test_before_publication_neither_log_nor_background_work_nor_socket_tells_the_outcome(scene, poll, monkeypatch):
    for name, choice in (("head", "agree"), ("deputy", "agree"), ("a", "disagree"), ("b", "disagree")):
        scene.vote(name, poll.id, choice)
    polls.close_poll(scene.who["secretary"], poll.id, now=scene.now)
    poll_acts.prepare_tie_confirmation(scene.who["head"], poll.id, NONCE, scene.now)
    poll_acts.sign_act(scene.who["head"], poll.id, NONCE, PIN, scene.now)
    written = [json.dumps(row.payload) for row in (*db.session.query(AuditEntry), *db.session.query(Job))]
    for word in ("tie_confirm", "adopted", "disagree", '"outcome"'):
        assert not any(word in payload for payload in written if '"poll"' in payload)
    told = []
    monkeypatch.setattr(socketio, "emit", lambda _event, message, **_to: told.append(message))
    for row in db.session.query(Job).filter_by(name="meetings.announce").order_by(Job.id):
        sockets.announce(fact_of(row.payload["audit_entry_id"]))
    assert told[-1] == {
        "fact": "MeetingChanged", "meeting_id": scene.meeting_id, "version": scene.meeting.version, "poll_id": None
    }  # fmt: skip
    assert "Tie" not in json.dumps(told)


def test_the_auditor_waits_for_the_publication_like_everybody(scene, poll):
    scene.vote("a", poll.id, "agree")
    polls.close_poll(scene.who["secretary"], poll.id, now=scene.now)
    with pytest.raises(NotAllowed):
        evidence.bundle_of(scene.who["auditor"], poll.id, now=scene.now)
    assert not evidence.may_take_bundle(scene.who["auditor"], poll)
    polls.publish_poll(scene.who["secretary"], poll.id, now=scene.now)
    assert evidence.bundle_of(scene.who["auditor"], poll.id, now=scene.now)


def test_an_item_with_an_invited_guest_can_be_taken_off_the_agenda(scene):
    clerk, guest = scene.who["clerk"], scene.who["guest"].person_id
    second = agenda.add_item(clerk, scene.meeting_id, "Hai", ItemKind.REPORT, now=scene.now).id
    meetings.add_seat(clerk, scene.meeting_id, guest, SeatRole.GUEST, scene.now, (scene.item_id, second))
    agenda.remove_item(clerk, second, now=scene.now)
    assert [row.item_id for row in db.session.query(GuestItem)] == [scene.item_id]


def test_the_agenda_of_what_was_held_stays_as_it_was_held(scene):
    scene.open()
    agenda.close_item(scene.who["secretary"], scene.item_id, now=scene.now)
    with pytest.raises(WrongState):
        agenda.remove_item(scene.who["clerk"], scene.item_id, now=scene.now)
    meetings.end_meeting(scene.who["secretary"], scene.meeting_id, now=scene.now)
    with pytest.raises(WrongState):
        agenda.move_item(scene.who["clerk"], scene.item_id, 1, now=scene.now)


@pytest.mark.parametrize(
    "link",
    ["https://", "javascript:alert(1)", "https://x\u202egpj", "https://x\x00", 'https://x" onload="a', "https://a b",
     "https://x/<script>", "http://x", "https://" + "x" * 500],
)  # fmt: skip
def test_a_conference_link_is_one_plain_address(scene, link):
    with pytest.raises(meetings.BadLink):
        meetings.edit_meeting(scene.who["clerk"], scene.meeting_id, now=scene.now, conference_url=link)
    assert scene.meeting.conference_url == ""
