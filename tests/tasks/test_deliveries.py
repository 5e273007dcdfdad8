"""Notices on their way out: to whom, on which channel, once, not at night, and what is said of each."""

import datetime as dt
import json

import pytest
from sqlalchemy import select, update

from app.extensions import db
from app.gateways import channels
from app.gateways.mail import Mailer
from app.models import (
    Appointment,
    Channel,
    ContactAddress,
    Delivery,
    DeliveryState,
    Job,
    JobState,
    MemberStaff,
    PushSubscription,
    Queue,
    Topic,
)
from app.tasks import deliveries as tasks
from app.tasks import relay
from app.workflows import attendance, contacts, deliveries, meetings, preferences, reminders
from app.workflows.engine.errors import NotAllowed, NotFound
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import own_transaction
from tests.cabinet import NOW
from tests.channels import outside, reachable, states, subscribed
from tests.conftest import both

HANDED_OVER, QUEUED, FAILED = DeliveryState.HANDED_OVER, DeliveryState.QUEUED, DeliveryState.FAILED
LATER = dt.timedelta(hours=1)


class Killed(BaseException):
    """As by the kernel: nothing catches it."""


def killed(*_arguments):
    raise Killed


@pytest.fixture
def clock(monkeypatch):
    """The time by which messages are sent."""
    at = [NOW]
    monkeypatch.setattr(tasks, "_now", lambda: at[0])
    return at


@pytest.fixture
def there(app, clock):
    relay.drain(NOW)
    with outside() as found:
        yield found


@pytest.fixture
def invited(scene, there):
    """A invited meeting; the first member is reachable by everything."""
    person = scene.who["a"].person_id
    reachable(person)
    subscribed(person, there.browser, there.endpoint + "/push/1")
    scene.invite()
    return scene, person


def run(now=NOW):
    return relay.drain(now)


def run_messages(now):
    """Only messages: what the calendar brings is another test's business."""
    return relay.drain(now, [Queue.NOTIFY])


def prefer(scene, topic, channel, wanted):
    preferences.choose(scene.who["a"], topic, channel, wanted, now=NOW)


@both
def test_a_notice_goes_out_on_the_channels_its_person_wants(invited, there):
    scene, person = invited
    run()
    assert states() == {f"mail:{person}": HANDED_OVER, f"push:{person}": HANDED_OVER}
    [letter] = there.mail.letters()
    assert letter["Subject"] == "Đồng chí được mời dự họp"
    assert scene.meeting.title in letter.get_body(("plain",)).get_content()
    assert f"/meetings/{scene.meeting_id}" in letter.get_body(("html",)).get_content()
    [(_path, _headers, body)] = there.push.sent
    told = json.loads(there.browser.opened(body))
    assert told["url"] == f"/meetings/{scene.meeting_id}"
    assert scene.meeting.title not in told["body"], "the push service is told what kind of news it is, not which"
    run(NOW)
    assert (len(there.mail.letters()), len(there.push.sent)) == (1, 1)


def test_whoever_wants_no_mail_of_a_topic_gets_none_and_sms_when_asked(scene, there):
    person = scene.who["a"].person_id
    reachable(person)
    prefer(scene, Topic.MEETING, Channel.MAIL, False)
    prefer(scene, Topic.MEETING, Channel.SMS, True)
    scene.invite()
    run()
    assert states() == {f"sms:{person}": HANDED_OVER}
    [message] = there.sms.accepted.values()
    assert message["text"].startswith("e-Cabinet: Đồng chí được mời dự họp")
    assert scene.meeting.title not in message["text"]


def test_what_concerns_the_account_always_comes_by_mail(scene, there):
    with pytest.raises(preferences.FixedChoice):
        prefer(scene, Topic.SECURITY, Channel.MAIL, False)
    assert preferences.choices(scene.who["a"].person_id)[Topic.SECURITY, Channel.MAIL] is True


@pytest.mark.parametrize("missing", [{"confirmed_at": None}, {"removed_at": NOW}, {"bounced_at": NOW}])
def test_an_unconfirmed_a_removed_and_a_bounced_address_get_nothing(scene, there, missing):
    reachable(scene.who["a"].person_id)
    with own_transaction() as session:
        session.execute(update(ContactAddress).values(**missing))
    scene.invite()
    run()
    assert states() == {}


def test_at_night_a_message_waits_for_the_morning_and_an_express_one_does_not(scene, there, clock):
    person, night = scene.who["a"].person_id, NOW + dt.timedelta(hours=15)  # 23:00 in Hanoi
    reachable(person)
    clock[0] = scene.now = night
    later = night + dt.timedelta(days=2)
    with own_transaction() as session:
        session.execute(update(type(scene.meeting)).values(starts_at=later))
    scene.invite()
    run(night)
    assert states() == {f"mail:{person}": QUEUED}
    assert db.session.scalar(select(Delivery.not_before)) == night + dt.timedelta(hours=7)
    run_messages(night + dt.timedelta(hours=6, minutes=59))
    assert states() == {f"mail:{person}": QUEUED}
    clock[0] = night + dt.timedelta(hours=7)
    run_messages(clock[0])
    assert states() == {f"mail:{person}": HANDED_OVER}


def test_a_mail_server_that_is_down_is_tried_again_and_given_up_after_a_day(invited, there, clock):
    _scene, person = invited
    prefer(_scene, Topic.MEETING, Channel.PUSH, False)
    chosen = channels.channels()
    away = Mailer("smtp://127.0.0.1:9?tls=none", "a@b.example", connect=0.2, answer=0.2)
    channels.use(channels.Channels(mail=away))
    run()
    assert states()[f"mail:{person}"] is QUEUED
    job = db.session.scalars(select(Job).where(Job.name == deliveries.SEND, Job.state == JobState.DUE)).first()
    assert (job.attempts, bool(job.last_error)) == (0, True), "an outage costs no tries"
    clock[0] = NOW + LATER
    channels.use(chosen)
    run_messages(clock[0])
    assert states()[f"mail:{person}"] is HANDED_OVER
    assert len(there.mail.letters()) == 1
    channels.use(channels.Channels(mail=away))
    with own_transaction() as session:
        session.execute(update(Delivery).values(state=QUEUED, ended_at=None))
        session.execute(update(Job).where(Job.name == deliveries.SEND).values(state=JobState.DUE))
    clock[0] = NOW + deliveries.GIVEN_UP_AFTER
    run_messages(clock[0])
    assert states()[f"mail:{person}"] is FAILED


def test_an_address_that_bounces_is_marked_and_gets_nothing_more(invited, there, clock):
    scene, person = invited
    there.mail.at_rcpt = ["550 5.1.1 no such user"]
    run()
    assert states()[f"mail:{person}"] is DeliveryState.BOUNCED
    contact = db.session.scalars(select(ContactAddress).where(ContactAddress.channel == Channel.MAIL)).one()
    assert contact.bounced_at == NOW
    assert "no such user" in contact.bounce_said
    meetings.postpone_meeting(scene.who["chairman"], scene.meeting_id, "Bão", now=NOW)
    run()
    assert there.mail.letters() == []


def test_a_browser_that_is_gone_is_forgotten(invited, there):
    _scene, person = invited
    there.push.status = 410
    run()
    assert states()[f"push:{person}"] is DeliveryState.BOUNCED
    assert db.session.scalar(select(PushSubscription.gone_at)) is not None


@both
def test_a_mail_that_was_half_sent_when_the_worker_died_is_not_sent_again(invited, there, monkeypatch, caplog):
    """Killed after DATA: the server has it. Nobody knows, nothing is sent twice, and the log says so."""
    _scene, person = invited

    monkeypatch.setattr(deliveries, "handed_over", killed)
    with pytest.raises(Killed):
        run()
    monkeypatch.undo()
    monkeypatch.setattr(tasks, "_now", lambda: NOW + LATER)
    assert len(there.mail.letters()) == 1
    run_messages(NOW + LATER)
    assert len(there.mail.letters()) == 1, "sent once"
    assert states()[f"mail:{person}"] is DeliveryState.UNCERTAIN
    assert states()[f"push:{person}"] is HANDED_OVER


def test_a_mail_that_was_not_begun_when_the_worker_died_is_sent_by_the_next(invited, there, monkeypatch):
    """The control of the test before: up to DATA nothing has left."""
    _scene, person = invited

    monkeypatch.setattr(deliveries, "sending", killed)
    with pytest.raises(Killed):
        run()
    monkeypatch.undo()
    monkeypatch.setattr(tasks, "_now", lambda: NOW + LATER)
    assert there.mail.letters() == []
    run_messages(NOW + LATER)
    assert len(there.mail.letters()) == 1
    assert states()[f"mail:{person}"] is HANDED_OVER


def test_an_sms_that_is_repeated_after_a_crash_is_one_message(scene, there, monkeypatch):
    person = scene.who["a"].person_id
    reachable(person)
    prefer(scene, Topic.MEETING, Channel.MAIL, False)
    prefer(scene, Topic.MEETING, Channel.SMS, True)
    scene.invite()

    def killed(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(deliveries, "handed_over", killed)
    with pytest.raises(KeyboardInterrupt):
        run()
    monkeypatch.undo()
    monkeypatch.setattr(tasks, "_now", lambda: NOW + LATER)
    run_messages(NOW + LATER)
    assert states() == {f"sms:{person}": HANDED_OVER}
    assert len(there.sms.accepted) == 1, "the key tells the gateway that it is the same one"


def test_whoever_has_left_is_told_nothing_any_more(invited, there):
    _scene, person = invited
    run_messages(NOW)
    with own_transaction() as session:
        session.execute(update(Delivery).values(state=QUEUED, ended_at=None, sending_at=None))
        session.execute(update(Job).where(Job.name == deliveries.SEND).values(state=JobState.DUE))
        yesterday = NOW.date() - dt.timedelta(days=1)
        session.execute(update(Appointment).where(Appointment.person_id == person).values(valid_to=yesterday))
        session.execute(db.text("DELETE FROM seat WHERE person_id = :person"), {"person": person})
    there.mail.envelopes.clear()
    run()
    assert set(states().values()) == {DeliveryState.DROPPED}
    assert there.mail.letters() == []


def test_only_an_administrator_sends_again_what_nobody_knows_of(invited, there, people, clock):
    _scene, person = invited
    there.mail.at_data = ["554 refused"]
    run()
    failed = db.session.scalars(select(Delivery).where(Delivery.channel == Channel.MAIL)).one().id
    assert states()[f"mail:{person}"] is FAILED
    with pytest.raises((NotAllowed, NotFound)):
        deliveries.retry_delivery(people["clerk"], failed, now=NOW)
    deliveries.retry_delivery(people["admin"], failed, now=NOW + LATER)
    clock[0] = NOW + LATER
    run_messages(clock[0])
    assert states()[f"mail:{person}"] is HANDED_OVER


def test_without_a_channel_nothing_is_planned(scene):
    reachable(scene.who["a"].person_id)
    scene.invite()
    run()
    assert states() == {}


# -- own addresses ----------------------------------------------------------------------------------------------------


def test_an_own_address_is_confirmed_by_the_code_that_was_sent_there(scene, there, clock):
    actor = scene.who["a"]
    contact = contacts.add_contact(actor, Channel.MAIL, " Ba.Pham@Moc.example ", now=NOW).id
    assert contacts.contacts_of(actor.person_id)[0].address == "ba.pham@moc.example"
    run()
    [letter] = there.mail.letters()
    code = next(word for word in letter.get_body(("plain",)).get_content().split() if word.isdigit() and len(word) == 6)
    assert contacts.confirm_contact(actor, contact, "000000" if code != "000000" else "000001", now=NOW) is False
    assert contacts.confirm_contact(actor, contact, code, now=NOW) is True
    assert contacts.contacts_of(actor.person_id)[0].confirmed_at == NOW


def test_a_code_is_not_guessed(scene, there, clock):
    actor = scene.who["a"]
    contact = contacts.add_contact(actor, Channel.SMS, "0912 345 678", now=NOW).id
    run()
    [message] = there.sms.accepted.values()
    code = message["text"].split()[0]
    for _try in range(contacts.MOST_TRIES):
        assert contacts.confirm_contact(actor, contact, "x", now=NOW) is False
    assert contacts.confirm_contact(actor, contact, code, now=NOW) is False, "five tries, then another code"
    with pytest.raises(contacts.TooSoon):
        contacts.ask_for_code(actor, contact, now=NOW)
    contacts.ask_for_code(actor, contact, now=NOW + LATER)


def test_a_code_grows_old_and_is_nobody_elses(scene, there):
    contact = contacts.add_contact(scene.who["a"], Channel.MAIL, "a@b.example", now=NOW).id
    code = contacts.new_code(SYSTEM, contact, now=NOW)
    assert contacts.confirm_contact(scene.who["a"], contact, code, now=NOW + contacts.CODE_FOR) is False
    code = contacts.new_code(SYSTEM, contact, now=NOW)
    with pytest.raises(NotFound):
        contacts.confirm_contact(scene.who["b"], contact, code, now=NOW)


@pytest.mark.parametrize(("channel", "typed"), [
    (Channel.MAIL, "không phải thư"), (Channel.MAIL, ""), (Channel.MAIL, "a@b\r\nBcc: c@d"), (Channel.SMS, "113"),
    (Channel.SMS, "abc"), (Channel.PUSH, "a@b.example"), (Channel.MAIL, "x" * 300 + "@b.example"),
])  # fmt: skip
def test_what_is_no_address_is_refused_at_its_field(scene, channel, typed):
    with pytest.raises(contacts.NoAddress) as refused:
        contacts.add_contact(scene.who["a"], channel, typed, now=NOW)
    assert refused.value.field == "address"


def test_a_reminder_reaches_member_and_aide_and_stops_once_answered(scene, there, clock):
    member, aide = scene.who["a"].person_id, scene.who["under_a"].person_id
    reachable(member)
    reachable(aide, 10)
    with own_transaction() as session:
        session.add(MemberStaff(body_id=1, member_id=member, aide_id=aide, valid_from=dt.date(2026, 1, 1)))
    scene.invite()
    run()
    there.mail.envelopes.clear()
    seat = next(each for each in reminders.silent(scene.meeting_id)
                if db.session.get(reminders.Seat, each).person_id == member)  # fmt: skip
    assert reminders.remind(SYSTEM, seat, 24, now=NOW) is True
    assert reminders.remind(SYSTEM, seat, 24, now=NOW) is False, "once at each step"
    run()
    assert {letter["To"].addresses[0].addr_spec for letter in there.mail.letters()} == {
        f"tv{member}@chinhphu.example", f"tv{aide}@chinhphu.example",
    }  # fmt: skip
    assert reminders.remind(SYSTEM, seat, 4, now=NOW) is True
    attendance.answer_invitation(scene.who["a"], scene.meeting_id, attendance.Reply.IN_ROOM, now=NOW)
    there.mail.envelopes.clear()
    run()
    assert there.mail.letters() == [], "answered before it was sent"
    assert reminders.remind(SYSTEM, seat, 1, now=NOW) is False
