"""Two workers with one message: a server that takes longer than a lease makes nobody get it twice."""

import datetime as dt
import threading

import pytest
from sqlalchemy import select, update

from app.extensions import db
from app.gateways import channels
from app.gateways.handover import Refused, Unreachable
from app.gateways.mail import Mailer
from app.models import Channel, Delivery, DeliveryState, Job, JobState, Queue, Topic
from app.tasks import deliveries as tasks
from app.tasks import execution, progress, relay
from app.workflows import deliveries, preferences
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import own_transaction
from tests.cabinet import NOW
from tests.channels import outside, reachable, states
from tests.conftest import both
from tests.tasks.test_execution import Watch

LEASE_OVER = NOW + dt.timedelta(seconds=61)
ENOUGH = 30.0  # seconds for what takes milliseconds
HANDED_OVER, QUEUED, UNCERTAIN = DeliveryState.HANDED_OVER, DeliveryState.QUEUED, DeliveryState.UNCERTAIN


@pytest.fixture
def there(app, monkeypatch):
    relay.drain(NOW)
    monkeypatch.setattr(tasks, "_now", lambda: NOW)
    with outside() as found:
        yield found


@pytest.fixture
def job_id(scene, there):
    """The job of the one letter there is to send."""
    reachable(scene.who["a"].person_id)
    scene.invite()
    return job_of_the_message()


def job_of_the_message():
    told = select(Job.id).where(Job.name == "notices.tell", Job.state == JobState.DUE)
    for each in db.session.scalars(told).all():
        db.session.rollback()
        execution.run_job(each, NOW)
    [found] = db.session.scalars(select(Job.id).where(Job.name == deliveries.SEND)).all()
    db.session.rollback()
    return found


class Worker:
    """Another worker, with a connection to the mail server of its own."""

    def __init__(self, app, job_id, now=LEASE_OVER):
        self.thread = threading.Thread(target=self._run, args=(app, job_id, now))
        self.thread.start()

    def _run(self, app, job_id, now):
        with app.app_context():
            execution.run_job(job_id, now)
            tasks.hang_up()

    def ends(self):
        self.thread.join(ENOUGH)
        assert not self.thread.is_alive()


def state():
    db.session.rollback()
    return db.session.scalars(select(Delivery.state)).one()


def delivery_id():
    db.session.rollback()
    return db.session.scalars(select(Delivery.id)).one()


def run_again(job_id):
    with own_transaction() as session:
        session.execute(update(Job).values(state=JobState.DUE, due_at=NOW, lease_until=None))
    execution.run_job(job_id, NOW)


def meanwhile(monkeypatch, name, act):
    """Let something happen once, right before this act of the first worker."""
    real, begun = getattr(deliveries, name), []

    def slow(*arguments):
        if not begun:
            begun.append(name)
            act()
        return real(*arguments)

    monkeypatch.setattr(deliveries, name, slow)


@both
def test_of_two_workers_that_the_server_admits_at_once_one_sends_the_text(app, job_id, there, monkeypatch):
    real, told = deliveries.sending, []
    admitted = threading.Barrier(2, timeout=ENOUGH)

    def slow(*arguments):
        admitted.wait()  # the recipient is accepted on both connections
        try:
            real(*arguments)
        except deliveries.Overtaken:
            told.append("overtaken")
            raise
        finally:
            admitted.wait()  # and nobody has an answer before the other may send

    monkeypatch.setattr(deliveries, "sending", slow)
    first = Worker(app, job_id, NOW)
    while db.session.scalar(select(Delivery.attempts)) == 0:
        db.session.rollback()
    db.session.rollback()
    second = Worker(app, job_id)
    first.ends()
    second.ends()
    assert (len(there.mail.letters()), told, state()) == (1, ["overtaken"], HANDED_OVER)


@both
def test_whoever_is_overtaken_sends_nothing_though_the_other_reached_nobody(app, job_id, there, monkeypatch):
    usual = channels.channels()

    def another_fails():
        away = Mailer("smtp://127.0.0.1:9?tls=none", "a@b.example", connect=0.2, answer=0.2)
        channels.use(channels.Channels(mail=away))
        Worker(app, job_id).ends()
        channels.use(usual)

    meanwhile(monkeypatch, "sending", another_fails)
    execution.run_job(job_id, NOW)
    assert (len(there.mail.letters()), state()) == (0, QUEUED)
    run_again(job_id)
    assert (len(there.mail.letters()), state()) == (1, HANDED_OVER)


@both
def test_who_reaches_nobody_does_not_take_back_what_another_is_sending(app, job_id, there, monkeypatch):
    """The second worker asks while the first one's text is on its way; it must neither send nor say anything."""
    parcel = deliveries.take(SYSTEM, delivery_id(), NOW)
    overtaking = deliveries.take(SYSTEM, delivery_id(), NOW)
    with pytest.raises(deliveries.Overtaken):
        deliveries.sending(SYSTEM, parcel, NOW)
    deliveries.sending(SYSTEM, overtaking, NOW)
    with pytest.raises(deliveries.Overtaken):
        deliveries.sending(SYSTEM, overtaking, NOW)
    assert deliveries.not_yet(SYSTEM, parcel, "no connection", NOW) is False
    deliveries.refused(SYSTEM, parcel, "550 no such user", True, NOW)
    deliveries.uncertain(SYSTEM, parcel, "no answer", NOW)
    assert state() is DeliveryState.SENDING
    deliveries.handed_over(SYSTEM, overtaking, "an id", NOW)
    assert state() is HANDED_OVER


@both
def test_an_answer_that_comes_late_is_believed(app, job_id, there, monkeypatch):
    """The lease was over while the text was on its way: nobody knows, until the first worker hears that it arrived."""
    seen = []

    def another_looks():
        Worker(app, job_id).ends()
        seen.append(state())

    meanwhile(monkeypatch, "handed_over", another_looks)
    execution.run_job(job_id, NOW)
    assert (seen, len(there.mail.letters()), state()) == ([UNCERTAIN], 1, HANDED_OVER)


@both
def test_a_late_answer_saves_the_second_letter_that_an_administrator_asked_for(app, job_id, people, there, monkeypatch):
    def another_looks_and_somebody_asks():
        Worker(app, job_id).ends()
        deliveries.retry_delivery(people["admin"], delivery_id(), now=NOW)

    meanwhile(monkeypatch, "handed_over", another_looks_and_somebody_asks)
    execution.run_job(job_id, NOW)
    assert state() is HANDED_OVER
    relay.drain(LEASE_OVER, [Queue.NOTIFY])
    assert len(there.mail.letters()) == 1


@both
def test_a_slow_server_does_not_cost_the_job(app, job_id, there, monkeypatch):
    """When the server has taken its time up to the text, the lease begins anew; who has lost it sends nothing."""
    watch = Watch()
    for module in (execution, progress, tasks):
        monkeypatch.setattr(module, "time", watch)
    real = progress.report

    def report(done, total):
        real(done, total)
        db.session.rollback()
        leases.append(db.session.scalar(select(Job.lease_until).where(Job.id == job_id)))
        db.session.rollback()

    leases = []
    monkeypatch.setattr(progress, "report", report)
    take = deliveries.take

    def slow(*arguments):
        found = take(*arguments)
        watch.shows += 25
        return found

    monkeypatch.setattr(deliveries, "take", slow)
    execution.run_job(job_id, NOW)
    assert leases == [NOW + dt.timedelta(seconds=25) + execution.LEASE]
    assert state() is HANDED_OVER


@both
def test_two_workers_with_one_text_message_send_one_under_its_key(app, scene, there, monkeypatch):
    person = scene.who["a"].person_id
    reachable(person)
    preferences.choose(scene.who["a"], Topic.MEETING, Channel.MAIL, False, now=NOW)
    preferences.choose(scene.who["a"], Topic.MEETING, Channel.SMS, True, now=NOW)
    scene.invite()
    job_id = job_of_the_message()
    meanwhile(monkeypatch, "handed_over", lambda: Worker(app, job_id).ends())
    execution.run_job(job_id, NOW)
    assert states() == {f"sms:{person}": HANDED_OVER}
    assert len(there.sms.accepted) == 1


@both
@pytest.mark.parametrize("problem", [Unreachable("away"), Refused(True, 422, "no"), Refused(False, 503, "later")])
def test_what_was_handed_over_stays_so_whatever_another_heard(app, scene, there, monkeypatch, problem):
    """The second worker's gateway fails after the first one's accepted the message."""
    person = scene.who["a"].person_id
    reachable(person)
    preferences.choose(scene.who["a"], Topic.MEETING, Channel.MAIL, False, now=NOW)
    preferences.choose(scene.who["a"], Topic.MEETING, Channel.SMS, True, now=NOW)
    scene.invite()
    job_id = job_of_the_message()
    first = deliveries.take(SYSTEM, delivery_id(), NOW)

    def fails(_parcel):
        deliveries.handed_over(SYSTEM, first, "an id", NOW)
        raise problem

    monkeypatch.setitem(tasks.HAND_OVER, Channel.SMS, fails)
    execution.run_job(job_id, NOW)
    assert states() == {f"sms:{person}": HANDED_OVER}
    assert db.session.scalar(select(Job.state).where(Job.id == job_id)) is JobState.DONE
