"""A worker is killed in the middle of a digest of 300 people: it is resumed, nobody is left out, nobody gets two.

A real worker of Celery, a real Redis, a real mail server. The one honest gap: of a letter that was on
its way when the worker died nobody knows whether it arrived; it is not sent again and its delivery says so.
"""

import asyncio
import datetime as dt
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from app.extensions import celery, db
from app.models import (
    Appointment,
    Channel,
    ContactAddress,
    Delivery,
    DeliveryState,
    Digest,
    Job,
    JobState,
    Office,
    Person,
    Queue,
    QuietHours,
)
from app.tasks import digests, execution, hints, relay
from app.workflows import deliveries
from app.workflows.engine import outbox
from app.workflows.engine.transaction import own_transaction
from tests import cabinet
from tests.channels import outside
from tests.conftest import Scene, on_postgresql
from tests.gateways.test_mail import SENDER, Postbox, server
from tests.servers import RedisServer
from tests.tasks.test_execution import empty_outbox
from tests.web import full
from tests.workers import Worker

__all__ = ["empty_outbox"]

pytestmark = [pytest.mark.fault, on_postgresql]

PEOPLE = 300
REPEATS = 10 if full() else 1
ENOUGH = 300.0  # seconds until everything must have come right
OPEN = (JobState.DUE, JobState.RUNNING)
SLOT = "killed"


def appoint(count: int) -> None:
    """So many more members of the Government."""
    with own_transaction() as session:
        for number in range(count):
            name = f"Thành viên {number}"
            session.add(Person(home_body_id=1, full_name=name, name_fold=name.lower(), sort_key=name, fictional=True))
        session.flush()
        new = list(session.scalars(select(Person.id).order_by(Person.id.desc()).limit(count)))
        post: dict[str, Any] = {"body_id": 1, "office": Office.MEMBER, "post": "Bộ trưởng", "rank": 100}
        post["valid_from"] = cabinet.SINCE
        if new:
            session.execute(insert(Appointment), [post | {"person_id": one} for one in new])


def make_reachable(people: list[int]) -> None:
    """A confirmed mail address and no quiet hours: the clock here is the real one."""
    since = cabinet.NOW
    with own_transaction() as session:
        mail: dict[str, Any] = {"body_id": 1, "channel": Channel.MAIL, "added_at": since, "confirmed_at": since}
        session.execute(
            insert(ContactAddress), [mail | {"person_id": one, "address": address(one)} for one in people]
        )
        hours: dict[str, Any] = {"kept": False, "begins": dt.time(22), "ends": dt.time(6)}
        session.execute(insert(QuietHours), [hours | {"person_id": one} for one in people])


def address(person_id: int) -> str:
    return f"tv{person_id}@chinhphu.example"


def plan(meeting_id: int) -> None:
    with own_transaction() as session:
        arguments: dict[str, Any] = {"meeting_id": meeting_id, "why": "opening", "slot": SLOT}
        now = dt.datetime.now(dt.UTC)
        session.add(outbox.job_for(1, digests.SESSION, arguments, "the digest of the session", now))


class Slow(Postbox):
    """It takes so many letters, and lets the next one wait as long as it is to."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    async def handle_DATA(self, *about: Any) -> str:
        while len(self.envelopes) >= self.most:
            await asyncio.sleep(0.01)
        return str(await super().handle_DATA(*about))


class Run:
    """A session that everybody is invited to, its digest planned, and what has come of it."""

    def __init__(self, count: int, postbox: Postbox) -> None:
        self.postbox = postbox
        appoint(count - len(cabinet.MEMBERS) - 1)  # the secretary has a seat as well
        scene = Scene().invite()
        self.people = digests.digests.seated_without(scene.meeting_id, SLOT)
        with own_transaction() as session:  # what else the invitation brought about is another test's business
            session.execute(update(Job).values(state=JobState.DONE))
        make_reachable(self.people)
        plan(scene.meeting_id)

    def made(self) -> int:
        db.session.rollback()
        return db.session.scalar(select(func.count()).select_from(Digest).where(Digest.slot == SLOT)) or 0

    def over(self) -> bool:
        db.session.rollback()
        return db.session.scalar(select(Job.id).where(Job.state.in_(OPEN)).limit(1)) is None

    @contextmanager
    def as_far_as(self, place: int) -> Iterator[None]:
        """No digest comes of the person at this place, nor of whoever comes after, until it is over."""
        with db.engine.begin() as aside:
            aside.execute(select(Person.id).where(Person.id == self.people[place]).with_for_update())
            yield

    def letters(self) -> Counter[str]:
        return Counter(one.rcpt_tos[0] for one in list(self.postbox.envelopes))

    def drive(self, done: Callable[[], bool]) -> None:
        """What the relay of a web process does beside the workers."""
        deadline = time.monotonic() + ENOUGH
        while not done():
            assert time.monotonic() < deadline, "it did not come so far"
            relay.hand_over(dt.datetime.now(dt.UTC))
            time.sleep(0.05)

    def lease_is_over(self) -> None:
        """As a minute later: the leases of the dead are over, and the queues are told again of what is due."""
        with own_transaction() as session:
            past = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)
            session.execute(update(Job).where(Job.state == JobState.RUNNING).values(lease_until=past))
            session.execute(update(Job).where(Job.state.in_(OPEN)).values(handed_at=None))

    def check(self, killed: int) -> None:
        """One digest and one letter for each; of a letter that was on its way nobody says more than is known."""
        assert self.made() == len(self.people)
        letters, states = self.letters(), self.states()
        assert set(states) == {address(one) for one in self.people}
        assert set(letters.values()) == {1}, "somebody got two letters"
        told = {to for to, state in states.items() if state is DeliveryState.HANDED_OVER}
        unknown = {to for to, state in states.items() if state is DeliveryState.UNCERTAIN}
        assert told | unknown == set(states), "a delivery has come to no end"
        assert told <= set(letters), "somebody was left out"
        assert len(unknown) <= killed, "a worker has one letter in hand"
        assert db.session.scalars(select(Job.name).where(Job.state == JobState.FAILED)).all() == []

    def states(self) -> dict[str, DeliveryState]:
        rows = select(ContactAddress.address, Delivery.state).join(Delivery, Delivery.contact_id == ContactAddress.id)
        found = db.session.execute(rows).all()
        assert len(found) == len({to for to, _state in found}), "two deliveries for one address"
        return {to: state for to, state in found}


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server
    server.stop()


@pytest.fixture
def begin(app, redis, monkeypatch) -> Iterator[Callable[[int], Worker]]:
    """A worker that sends to this port; the application hands digests and messages over to it."""
    monkeypatch.setattr(hints, "_rest_until", 0.0)
    monkeypatch.setitem(app.config, "REDIS_URL", redis.url)
    celery.conf.update(app.config["CELERY"])
    started: list[Worker] = []

    def start(mail: int) -> Worker:
        runners = dict.fromkeys(Queue, "thread") | {Queue.DIGEST: "celery", Queue.NOTIFY: "celery"}
        monkeypatch.setitem(app.config, "TASK_RUNNERS", runners)
        settings = {"ECABINET_SMTP": f"smtp://127.0.0.1:{mail}?tls=none", "ECABINET_MAIL_FROM": SENDER}
        started.append(Worker("celery", app.config["SQLALCHEMY_DATABASE_URI"], redis.url, **settings).start())
        return started[-1]

    yield start
    for each in started:
        each.stop()


@pytest.mark.parametrize("_repeat", range(REPEATS))
def test_killed_while_digests_are_made_and_while_they_are_sent(begin, _repeat):
    count = PEOPLE
    postbox = Slow(count // 2)
    with server(postbox) as port:
        run = Run(count, postbox)
        with run.as_far_as(count // 2):
            first = begin(port)
            run.drive(lambda: run.made() >= count // 3)
            first.kill()
        assert run.made() < count, "everything was made already"
        run.lease_is_over()
        second = begin(port)
        run.drive(lambda: len(postbox.envelopes) >= count // 3)
        second.kill()
        assert not run.over(), "everything was sent already"
        postbox.most = count
        run.lease_is_over()
        begin(port)
        run.drive(run.over)
    run.check(killed=2)
    job = db.session.scalars(select(Job).where(Job.name == digests.SESSION)).one()
    assert (job.state, job.attempts) == (JobState.DONE, 2)


@pytest.mark.parametrize("guarded", [True, False])
def test_a_letter_that_was_on_its_way_is_not_sent_twice_by_its_note_alone(app, monkeypatch, guarded):
    """And the negative control: without the note that a letter is leaving, the oracle finds two of it."""
    send = execution.task(deliveries.SEND).run
    monkeypatch.setattr(deliveries, "handed_over", die)
    if not guarded:
        monkeypatch.setattr(deliveries, "sending", lambda *_all: None)
    with outside() as there:
        run = Run(len(cabinet.MEMBERS) + 1, there.mail)
        now = dt.datetime.now(dt.UTC)
        relay.drain(now, [Queue.DIGEST])
        delivery_id = db.session.scalars(select(Delivery.id)).first()
        db.session.rollback()
        with pytest.raises(Died):
            send({"delivery_id": delivery_id})
        monkeypatch.undo()
        relay.drain(dt.datetime.now(dt.UTC), [Queue.NOTIFY])
        if guarded:
            run.check(killed=1)
        else:
            with pytest.raises(AssertionError, match="two letters"):
                run.check(killed=1)


class Died(BaseException):
    """The worker is gone."""


def die(*_all: object) -> None:
    raise Died
