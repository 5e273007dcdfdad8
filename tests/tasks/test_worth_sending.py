"""Between its planning and its sending a message may become unwanted, untimely, or nobody's business any more."""

import datetime as dt

import pytest
from sqlalchemy import select, update

from app.extensions import db
from app.gateways import channels
from app.gateways.mail import Mailer
from app.models import (
    Appointment,
    Channel,
    Delivery,
    DeliveryState,
    Job,
    JobState,
    MemberStaff,
    PushSubscription,
    Queue,
    Seat,
    Topic,
)
from app.tasks import deliveries as tasks
from app.tasks import execution, relay
from app.workflows import deliveries, keys, preferences, reminders
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import own_transaction
from app.workflows.rules.calendar import HANOI
from app.workflows.worth_sending import WORDS, Why, said_of
from tests.cabinet import NOW
from tests.channels import close_account, outside, reachable, states, subscribed
from tests.conftest import both

HANDED_OVER, QUEUED, DROPPED, FAILED = (
    DeliveryState.HANDED_OVER, DeliveryState.QUEUED, DeliveryState.DROPPED, DeliveryState.FAILED,
)  # fmt: skip
DAY = NOW.astimezone(HANOI).date()


def hanoi(hour, minute=0, days=0):
    return dt.datetime.combine(DAY + dt.timedelta(days=days), dt.time(hour, minute), HANOI).astimezone(dt.UTC)


@pytest.fixture
def clock(monkeypatch):
    at = [NOW]
    monkeypatch.setattr(tasks, "_now", lambda: at[0])
    return at


@pytest.fixture
def there(app, clock):
    relay.drain(NOW)
    with outside() as found:
        yield found


def tell(now):
    """Work off what tells people of facts, and nothing of what is sent then."""
    for each in db.session.scalars(select(Job.id).where(Job.name == "notices.tell", Job.state == JobState.DUE)).all():
        db.session.rollback()
        execution.run_job(each, now)
    db.session.rollback()


def send(clock, now):
    clock[0] = now
    relay.drain(now, [Queue.NOTIFY])


def why():
    db.session.rollback()
    return db.session.scalars(select(Delivery.last_error)).one()


@pytest.fixture
def waiting(scene, there):
    """A letter to the first member waits; nothing of it was sent."""
    reachable(scene.who["a"].person_id)
    scene.invite()
    tell(NOW)
    return scene


def to_be_sent(scene):
    return f"mail:{scene.who['a'].person_id}"


# -- quiet hours ------------------------------------------------------------------------------------------------------


@both
def test_what_is_late_waits_for_the_morning(scene, there, clock):
    """Planned two minutes before ten in the evening, and the workers were away until eleven."""
    reachable(scene.who["a"].person_id)
    with own_transaction() as session:
        session.execute(update(type(scene.meeting)).values(starts_at=hanoi(9, days=2)))
    scene.now = hanoi(21, 58)
    scene.invite()
    tell(scene.now)
    send(clock, hanoi(23))
    assert (there.mail.letters(), states()[to_be_sent(scene)]) == ([], QUEUED)
    row = db.session.scalars(select(Delivery)).one()
    assert (row.not_before, row.attempts) == (hanoi(6, days=1), 0)
    send(clock, hanoi(5, 59, days=1))
    assert there.mail.letters() == []
    send(clock, hanoi(6, days=1))
    assert (len(there.mail.letters()), states()[to_be_sent(scene)]) == (1, HANDED_OVER)


@both
def test_what_is_tried_again_is_not_tried_at_night_either_and_has_its_whole_day(waiting, there, clock):
    usual = channels.channels()
    channels.use(channels.Channels(mail=Mailer("smtp://127.0.0.1:9?tls=none", "a@b.example", connect=0.2, answer=0.2)))
    evening = hanoi(21, 59)
    send(clock, evening)
    tries = db.session.scalars(select(Delivery.attempts)).one()
    assert tries == 1
    send(clock, hanoi(23))
    send(clock, hanoi(3, days=1))
    assert db.session.scalars(select(Delivery.attempts)).one() == 1, "nobody was asked at night"
    send(clock, hanoi(6, days=1))
    assert db.session.scalars(select(Delivery.attempts)).one() == 2
    send(clock, evening + deliveries.GIVEN_UP_AFTER - dt.timedelta(seconds=1))
    assert states()[to_be_sent(waiting)] is QUEUED
    send(clock, evening + deliveries.GIVEN_UP_AFTER + dt.timedelta(hours=9))
    assert states()[to_be_sent(waiting)] is FAILED, "a night more does not make it a day more"
    channels.use(usual)


@both
def test_what_was_not_tried_for_days_is_not_given_up_at_its_first_try(waiting, there, clock):
    usual = channels.channels()
    channels.use(channels.Channels(mail=Mailer("smtp://127.0.0.1:9?tls=none", "a@b.example", connect=0.2, answer=0.2)))
    send(clock, hanoi(10, days=3))
    assert states()[to_be_sent(waiting)] is QUEUED
    channels.use(usual)
    send(clock, hanoi(11, days=3))
    assert states()[to_be_sent(waiting)] is HANDED_OVER


@both
def test_what_is_urgent_goes_at_night_as_late_as_it_is(waiting, there, clock):
    with own_transaction() as session:
        session.execute(update(Delivery).values(urgent=True))
    send(clock, hanoi(23))
    assert states()[to_be_sent(waiting)] is HANDED_OVER


# -- what its person wants, and may know ------------------------------------------------------------------------------


@both
def test_a_choice_that_was_made_meanwhile_is_kept(waiting, there, clock):
    preferences.choose(waiting.who["a"], Topic.MEETING, Channel.MAIL, False, now=NOW)
    send(clock, NOW)
    assert (there.mail.letters(), states()[to_be_sent(waiting)], why()) == ([], DROPPED, Why.UNWANTED)


@both
def test_whose_account_was_closed_meanwhile_is_sent_nothing(waiting, there, clock):
    close_account(waiting.who["a"].person_id)
    send(clock, NOW)
    assert (there.mail.letters(), states()[to_be_sent(waiting)], why()) == ([], DROPPED, Why.CLOSED)


@both
def test_what_concerns_the_account_is_sent_though_it_was_closed_meanwhile(scene, there, clock):
    person = scene.who["a"].person_id
    reachable(person)
    key = db.session.scalars(select(keys.SigningKey).where(keys.SigningKey.person_id == person)).one()
    keys.suspend_key(scene.who["clerk"], key.id, "Mất thiết bị", now=NOW)
    tell(NOW)
    close_account(person)
    send(clock, NOW)
    assert states()[to_be_sent(scene)] is HANDED_OVER


@both
def test_a_browser_at_which_somebody_else_signed_in_shows_him_nothing_of_the_others(scene, there, clock):
    """A tablet that is shared: what waits for the first person is not shown to the second."""
    first, second = scene.who["a"].person_id, scene.who["b"].person_id
    subscribed(first, there.browser, there.endpoint + "/push/1")
    scene.invite()
    tell(NOW)
    with own_transaction() as session:
        session.execute(update(PushSubscription).values(person_id=second))
    send(clock, NOW)
    assert (there.push.sent, states()[f"push:{first}"], why()) == ([], DROPPED, Why.DEVICE)


def remind(member):
    """A reminder of the member's invitation waits for the aide alone."""
    seat = db.session.scalars(select(Seat.id).where(Seat.person_id == member)).one()
    reminders.remind(SYSTEM, seat, 24, now=NOW)
    tell(NOW)


@both
@pytest.mark.parametrize(("ended", "found"), [(True, DROPPED), (False, HANDED_OVER)])
@pytest.mark.parametrize("with_a_post", [True, False])
def test_an_aide_is_reminded_as_long_as_he_helps_the_member(scene, there, clock, ended, found, with_a_post):
    member, aide = scene.who["a"].person_id, scene.who["under_a"].person_id
    with own_transaction() as session:
        session.add(MemberStaff(body_id=1, member_id=member, aide_id=aide, valid_from=dt.date(2026, 1, 1)))
        if not with_a_post:
            gone = dt.date(2026, 2, 1)
            session.execute(update(Appointment).where(Appointment.person_id == aide).values(valid_to=gone))
    scene.invite()
    tell(NOW)
    reachable(aide)
    remind(member)
    if ended:
        with own_transaction() as session:
            session.execute(update(MemberStaff).values(valid_to=DAY))
    send(clock, NOW)
    assert states() == {f"mail:{aide}": found, f"sms:{aide}": found}
    assert len(there.mail.letters()) == (found is HANDED_OVER)


def test_every_reason_has_words_and_what_a_server_says_is_none_of_them():
    assert set(WORDS) == set(Why)
    assert all(said_of(why.value) for why in Why)
    assert said_of("550 no such user") is None
