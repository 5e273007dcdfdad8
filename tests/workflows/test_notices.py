"""Who is told of what, once, and in whose list it stands."""

import datetime as dt
from contextlib import contextmanager

import pytest
from sqlalchemy import event, select

from app.extensions import db
from app.gateways import channels
from app.gateways.mail import Mailer
from app.models import (
    AuditEntry,
    Channel,
    ContactAddress,
    Delivery,
    Job,
    JobState,
    MeetingState,
    Notice,
    Person,
    RecoveryKind,
    Seat,
    SeatRole,
)
from app.tasks import relay
from app.workflows import attendance, deliveries, keys, meetings, notices, poll_acts, polls
from app.workflows.engine.errors import NotFound
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import own_transaction
from tests.cabinet import MEMBERS, NOW, PIN
from tests.conftest import both, nonce_of

SEATED = {*MEMBERS, "secretary"}


@pytest.fixture(autouse=True)
def nobody_else_is_told(app):
    relay.drain(NOW)
    assert db.session.scalar(select(Notice.id)) is None, "setting up an installation tells nobody anything"


def told(scene, kind):
    """The names of those who have a notice of this kind."""
    relay.drain(NOW)
    people = {actor.person_id: name for name, actor in scene.who.items()}
    rows = db.session.scalars(select(Notice).where(Notice.kind == kind))
    return {people[row.person_id] for row in rows}


@both
def test_everybody_with_a_seat_is_told_of_the_invitation_but_not_its_author(scene):
    scene.invite()
    assert told(scene, "InvitationIssued") == SEATED
    notice = notices.latest(scene.who["a"])[0]
    assert notice.details["meeting"] == scene.meeting.title
    assert dt.datetime.fromisoformat(notice.details["starts_at"]) == scene.meeting.starts_at
    assert notice.created_at == NOW


def test_postponing_rescheduling_and_cancelling_are_told_with_the_reason(scene):
    scene.invite()
    meetings.postpone_meeting(scene.who["chairman"], scene.meeting_id, "Bão số 4", now=NOW)
    assert told(scene, "MeetingPostponed") == SEATED - {"chairman"}
    assert notices.latest(scene.who["a"])[0].details["reason"] == "Bão số 4"
    later = scene.meeting.starts_at + dt.timedelta(days=3)
    meetings.reschedule_meeting(scene.who["clerk"], scene.meeting_id, later, now=NOW)
    assert told(scene, "MeetingRescheduled") == SEATED
    meetings.postpone_meeting(scene.who["chairman"], scene.meeting_id, "Bão số 5", now=NOW)
    meetings.cancel_meeting(scene.who["head"], scene.meeting_id, "Không còn cần", now=NOW)
    assert told(scene, "MeetingCancelled") == SEATED - {"head"}


def test_a_draft_is_called_off_in_silence(scene):
    meetings.cancel_meeting(scene.who["clerk"], scene.meeting_id, "Nhầm", now=NOW)
    assert scene.meeting.state is MeetingState.CANCELLED
    assert told(scene, "MeetingCancelled") == set()


@pytest.mark.parametrize("approved", [True, False])
def test_the_head_is_asked_and_member_and_substitute_hear_the_decision(scene, approved):
    scene.invite()
    substitute = scene.who["under_a"].person_id
    absence = attendance.ask_absence(scene.who["a"], scene.meeting_id, "Công tác", now=NOW, substitute_id=substitute)
    absence_id = absence.id
    assert told(scene, "AbsenceRequested") == {"head"}
    attendance.decide_absence(scene.who["head"], absence_id, approved, now=NOW)
    assert told(scene, "AbsenceDecided") == ({"a", "under_a"} if approved else {"a"})


def test_whoever_gets_the_chair_is_told(scene):
    scene.invite()
    meetings.hand_chair(scene.who["head"], scene.meeting_id, scene.who["deputy"].person_id, now=NOW)
    assert told(scene, "ChairHanded") == {"deputy"}


def test_published_and_annulled_votes_are_told_to_those_on_the_roll(scene):
    scene.open()
    poll_id = scene.open_poll().id
    polls.close_poll(scene.who["secretary"], poll_id, now=NOW)
    assert told(scene, "PollPublished") == set()
    polls.publish_poll(scene.who["secretary"], poll_id, now=NOW)
    assert told(scene, "PollPublished") == set(MEMBERS)
    poll_acts.prepare_annulment(scene.who["head"], poll_id, "Sai", nonce_of("x"), now=NOW)
    poll_acts.sign_act(scene.who["head"], poll_id, nonce_of("x"), PIN, now=NOW)
    assert told(scene, "PollAnnulled") == set(MEMBERS) - {"head"}


def test_the_owner_hears_what_others_do_to_the_key(scene):
    who = scene.who
    asked = keys.request_recovery(who["clerk"], who["a"].person_id, RecoveryKind.REPLACE, "Mất", now=NOW)
    keys.approve_recovery(who["chairman"], asked.id, now=NOW)
    assert told(scene, "KeyRecoveryApproved") == {"a"}


@both
def test_a_notice_to_thousands_is_written_in_a_few_statements_and_once(scene, monkeypatch):
    """Its job has a lease of half a minute: how many statements it takes does not grow with the people."""
    crowd = 600
    scene.invite()
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.fact == "InvitationIssued")).one()
    fact = {"fact": "InvitationIssued", "audit_entry_id": entry.id, "actor_id": entry.actor_id, **entry.payload}
    invite_a_crowd(scene.meeting_id, crowd)
    mailer = Mailer("smtp://127.0.0.1:9?tls=none", "a@b.example")
    monkeypatch.setattr(channels, "_chosen", [channels.Channels(mail=mailer)])
    with statements() as count:
        assert notices.tell(SYSTEM, fact) == len(SEATED) + crowd
    rows_alone = {"postgresql": 0, "sqlite": 2 * crowd}[db.engine.dialect.name]  # SQLite is told notices one by one
    assert len(count) < rows_alone + 40
    assert notices.tell(SYSTEM, fact) == 0
    waiting = select(Job.payload).where(Job.name == deliveries.SEND, Job.state == JobState.DUE)
    told = {each["delivery_id"] for each in db.session.scalars(waiting)}
    assert told == set(db.session.scalars(select(Delivery.id)))
    assert len(told) == crowd


def invite_a_crowd(meeting_id, count):
    """So many guests with a seat and a confirmed mail address."""
    with own_transaction() as session:
        names = [f"Khách mời {number}" for number in range(count)]
        people = [Person(home_body_id=1, full_name=each, name_fold=each, sort_key=each) for each in names]
        session.add_all(people)
        session.flush()
        seat = {"body_id": 1, "meeting_id": meeting_id, "role": SeatRole.GUEST, "post": "Khách mời"}
        session.add_all(Seat(person_id=each.id, **seat) for each in people)
        mail = {"body_id": 1, "channel": Channel.MAIL, "added_at": NOW, "confirmed_at": NOW}
        session.add_all(ContactAddress(person_id=each.id, address=f"k{each.id}@x.example", **mail) for each in people)


@contextmanager
def statements():
    """Every statement that is sent to the database."""
    found = []

    def note(_connection, _cursor, statement, *_rest):
        found.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


@both
def test_told_twice_nobody_gets_a_second_notice(scene):
    scene.invite()
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.fact == "InvitationIssued")).one()
    fact = {"fact": "InvitationIssued", "audit_entry_id": entry.id, "actor_id": entry.actor_id, **entry.payload}
    assert notices.tell(SYSTEM, fact) == len(SEATED)
    assert notices.tell(SYSTEM, fact) == 0
    assert told(scene, "InvitationIssued") == SEATED
    assert len(db.session.scalars(select(Notice)).all()) == len(SEATED)


def test_reading_is_a_matter_of_ones_own_list(scene):
    scene.invite()
    told(scene, "InvitationIssued")
    own, foreign = notices.latest(scene.who["a"])[0].id, notices.latest(scene.who["b"])[0].id
    assert notices.unread(scene.who["a"]) == 1
    with pytest.raises(NotFound):
        notices.mark_one_read(scene.who["a"], foreign, NOW)
    assert notices.mark_one_read(scene.who["a"], own, NOW).read_at == NOW
    assert notices.unread(scene.who["a"]) == 0
    assert notices.unread(scene.who["b"]) == 1
    assert notices.mark_read(scene.who["b"], NOW) == 1
    assert notices.mark_read(scene.who["b"], NOW) == 0
