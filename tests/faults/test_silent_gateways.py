"""Mail server and SMS gateway take connections and say nothing while members vote: nobody waits, nothing is lost.

What is on its way is called so, never sent, and when they speak again everything goes out, and once.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select, update

from app.extensions import db
from app.gateways import channels
from app.gateways.channels import Channels
from app.gateways.mail import Mailer
from app.gateways.sms import Gateway
from app.models import Ballot, Channel, Delivery, DeliveryState, Job, JobState, NoticePreference, Queue, Topic
from app.tasks import deliveries, relay
from app.workflows import ballots
from app.workflows.engine import outbox
from app.workflows.engine.transaction import own_transaction
from tests import workers
from tests.cabinet import MEMBERS as SMALL
from tests.cabinet import NOW
from tests.channels import reachable
from tests.conftest import Scene
from tests.door import Door
from tests.faults.history import close_and_take_evidence
from tests.faults.production import DATABASE, ENOUGH, MEMBERS, POLL, Production, until
from tests.faults.test_redis_away import A_WHILE, counted, receipt_of
from tests.gateways.test_mail import SENDER, Postbox, server
from tests.gateways.test_sms import Example, listening
from tests.web import Caller
from tests.workers import Worker

pytestmark = pytest.mark.fault

VOTERS = 6
REACHABLE = 4  # members; each by mail and SMS
UNSENT = {DeliveryState.QUEUED, DeliveryState.SENDING}


class Gateways:
    """A mail server and an SMS gateway, each behind a door that is frozen."""

    def __init__(self, mail: Door, sms: Door, postbox: Postbox, handler: Any) -> None:
        self.mail, self.sms, self.postbox, self.handler = mail, sms, postbox, handler
        self.doors = (mail, sms)
        self.posted: list[str] = handler.posted

    def are_both_asked(self) -> bool:
        return all(door.held() for door in self.doors)

    def speak_again(self) -> None:
        """The mail server was started anew; the SMS gateway goes on where it was."""
        self.mail.cut()
        self.mail.thaw()
        self.sms.thaw()

    def sent(self) -> Counter[str]:
        """How often each message went out, by its key."""
        letters = [str(letter["Message-ID"]).partition("@")[0].removeprefix("<") for letter in self.postbox.letters()]
        return Counter(letters + [key.replace(":", "-") for key in self.posted])


class Counting(Example):
    """The gateway of the contract, which keeps what it sends to the network."""

    posted: list[str]
    one_by_one = threading.Lock()

    def do_POST(self) -> None:
        """What was held back twice, since the first line was given up, arrives at once."""
        with self.one_by_one:
            super().do_POST()

    def answer(self, status: int, body: dict[str, Any]) -> None:
        if status == 202:
            self.posted.append(self.headers["Idempotency-Key"])
        super().answer(status, body)


@pytest.fixture
def outside() -> Iterator[Gateways]:
    postbox, handler = Postbox(), type("Gateway", (Counting,), {"accepted": {}, "posted": []})
    with server(postbox) as mail, listening(handler) as sms, Door(mail) as mail_door, Door(sms) as sms_door:
        found = Gateways(mail_door, sms_door, postbox, handler)
        for door in found.doors:
            door.freeze()
        yield found


# -- as in a production -----------------------------------------------------------------------------------------------


DELIVERIES = "SELECT key, state FROM delivery"
PEOPLE = "SELECT person_id FROM seat WHERE is_member ORDER BY person_id LIMIT %s"
ADDRESS = """
    INSERT INTO contact_address (body_id, person_id, channel, address, added_at, confirmed_at, code_sha256, code_tries,
    bounce_said) SELECT 1, %s, %s, %s, now(), now(), '', 0, ''
"""
PREFERENCE = "INSERT INTO notice_preference (person_id, topic, channel, wanted) VALUES (%s, %s, %s, true)"
ALONE = """
    UPDATE job SET state = 'done' WHERE queue = 'digest' OR name = 'notices.tell' AND (payload->>'audit_entry_id')::int
    NOT IN (SELECT id FROM audit_entry WHERE fact = 'InvitationIssued')
"""
NO_QUIET = "INSERT INTO quiet_hours (person_id, kept, begins, ends) VALUES (%s, false, '22:00', '06:00')"
LATER = "UPDATE job SET due_at = now() WHERE name = 'deliveries.send' AND state = 'due' AND due_at > now()"


@pytest.fixture
def begin(production: Production, outside: Gateways, monkeypatch) -> Iterator[Callable[[], Worker]]:
    """A worker of Celery with two hands, one for each gateway."""
    command = [part if part != "1" else "2" for part in workers.COMMANDS["celery"]]
    monkeypatch.setitem(workers.COMMANDS, "celery", command)
    settings = {
        "ECABINET_SMTP": f"smtp://127.0.0.1:{outside.mail.port}?tls=none", "ECABINET_MAIL_FROM": SENDER,
        "ECABINET_SMS_URL": f"http://127.0.0.1:{outside.sms.port}/messages",
        "ECABINET_SMS_TOKEN": outside.handler.token, "ECABINET_APP_ROLE": "ecab_app",
    }  # fmt: skip
    made = Worker("celery", production.postgres.url(DATABASE), production.redis.url, **settings)
    yield made.start
    made.stop()


def make_reachable(production: Production) -> None:
    with production.postgres.connect(DATABASE) as connection:
        connection.execute(ALONE)  # what else was to be told is another test's business
        people = [person for (person,) in connection.execute(PEOPLE, [REACHABLE]).fetchall()]
        for person in people:
            connection.execute(ADDRESS, [person, "mail", f"tv{person}@chinhphu.example"])
            connection.execute(ADDRESS, [person, "sms", f"+8491234{person:04}"])
            connection.execute(NO_QUIET, [person])
            for topic, channel in (("meeting", "sms"), ("vote", "mail"), ("vote", "sms")):
                connection.execute(PREFERENCE, [person, topic, channel])


def test_no_ballot_waits_for_a_silent_gateway_and_everything_is_sent_once_it_speaks(production, outside, begin):
    make_reachable(production)
    web = production.web()
    begin()
    members = [Caller(web.url, name).sign_in() for name in MEMBERS[:VOTERS]]
    screen = production.listen(members[-1])
    until(outside.are_both_asked, "nobody had anything to send")
    receipts = [receipt_of(member) for member in members]
    until(lambda: counted(screen) == VOTERS, "the screens were not told")
    states = dict(production.history.rows(DELIVERIES))
    assert len(states) >= 2 * REACHABLE
    assert set(states.values()) <= UNSENT, "something is called sent"
    assert not outside.sent()
    outside.speak_again()

    def everything_is_over() -> bool:
        with production.postgres.connect(DATABASE) as connection:
            connection.execute(LATER)  # as a few minutes later
        return not set(dict(production.history.rows(DELIVERIES)).values()) & UNSENT

    until(everything_is_over, "something was not sent")
    states = dict(production.history.rows(DELIVERIES))
    assert set(states.values()) == {DeliveryState.HANDED_OVER}
    assert outside.sent() == Counter(key.replace(":", "-") for key in states)
    until(production.history.told)
    production.history.check(receipts)
    assert production.ballots() == VOTERS
    close_and_take_evidence(members[0], POLL)


# -- embedded: one process, threads -----------------------------------------------------------------------------------


class Embedded:
    """The small cabinet on SQLite with an open vote; its invitation is still to be told to two members."""

    def __init__(self) -> None:
        self.scene = Scene()
        with own_transaction() as session:
            session.execute(update(Job).values(state=JobState.DONE))
        for number, name in enumerate(SMALL[:2]):
            person_id = self.scene.who[name].person_id
            reachable(person_id, number)
            with own_transaction() as session:
                wanted = {"topic": Topic.MEETING, "channel": Channel.SMS, "wanted": True}
                session.add(NoticePreference(person_id=person_id, **wanted))
        self.poll_id = self.scene.open().open_poll().id

    def vote(self, name: str) -> ballots.Receipt:
        return self.scene.vote(name, self.poll_id, "agree")

    def states(self) -> dict[str, DeliveryState]:
        db.session.rollback()
        return {each.key: each.state for each in db.session.scalars(select(Delivery))}

    def is_everything_sent(self) -> bool:
        return bool(self.states()) and not set(self.states().values()) & UNSENT


@pytest.fixture
def embedded(app, outside: Gateways, monkeypatch) -> Iterator[Embedded]:
    monkeypatch.setattr(deliveries, "_now", lambda: NOW)  # nothing is given up for its age
    mailer = Mailer(f"smtp://127.0.0.1:{outside.mail.port}?tls=none", SENDER)
    sms = Gateway(f"http://127.0.0.1:{outside.sms.port}/messages", outside.handler.token)
    channels.use(Channels(mailer, sms))
    yield Embedded()
    channels.use(Channels())


@pytest.fixture
def lane(app, embedded: Embedded) -> Iterator[threading.Thread]:
    """The thread that sends, as it runs beside the requests."""
    stop = threading.Event()

    def work() -> None:
        relay.run_forever(app, stop, (Queue.SCHEDULE, Queue.NOTIFY))
        deliveries.hang_up()

    thread = threading.Thread(target=work)
    thread.start()
    yield thread
    stop.set()
    thread.join(ENOUGH)


def test_no_ballot_waits_for_the_thread_that_waits_for_a_silent_server(embedded, lane, outside):
    until(outside.mail.held, "there was nothing to send")
    for name in SMALL:
        embedded.vote(name)
    assert set(embedded.states().values()) <= UNSENT, "something is called sent"
    assert not outside.sent()
    outside.speak_again()
    until(embedded.is_everything_sent, "something was not sent")
    states = embedded.states()
    assert len(states) == 4
    assert set(states.values()) == {DeliveryState.HANDED_OVER}
    assert outside.sent() == Counter(key.replace(":", "-") for key in states)
    assert db.session.query(Ballot).count() == len(SMALL)


def test_a_ballot_that_waits_for_what_is_sent_is_noticed(app, embedded, outside, monkeypatch):
    """Negative control: an application that sends with the act itself has no answer while the mail server is silent."""
    wake = outbox.wake.set

    def send_at_once() -> None:
        monkeypatch.setattr(outbox.wake, "set", wake)
        relay.drain(NOW, [Queue.NOTIFY])
        deliveries.hang_up()

    def vote() -> ballots.Receipt:
        with app.app_context():
            monkeypatch.setattr(outbox.wake, "set", send_at_once)
            return embedded.vote(SMALL[0])

    with ThreadPoolExecutor(1) as aside:
        asked = aside.submit(vote)
        try:
            until(outside.mail.held, "it was not sent with the act")
            with pytest.raises(TimeoutError):
                asked.result(A_WHILE)
        finally:
            outside.speak_again()
        assert asked.result(ENOUGH)
