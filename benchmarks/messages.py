"""Messages to thousands of people, and an SMS gateway in a process of its own that counts them."""

import datetime as dt
import json
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import func, insert, select, update

from app.extensions import db
from app.models import AuditEntry, Channel, ContactAddress, Delivery, DeliveryState, Job, JobState, Notice, Queue
from app.workflows.deliveries import SEND
from app.workflows.engine.tables import table
from app.workflows.engine.transaction import own_transaction
from benchmarks import population
from benchmarks.measure import seconds
from tests.conftest import Scene
from tests.servers import Account, Process

ROOT = Path(__file__).parents[1]
FACT = "InvitationIssued"
TOLD = {"meeting": "Phiên họp thường kỳ"}
OPEN = (JobState.DUE, JobState.RUNNING)


class Program(Process):
    """One process of a benchmark, ready when `ready` says so; what it says is kept in `log`."""

    def __init__(self, label: str, **settings: str) -> None:
        super().__init__(label, Account(None, None))
        self.settings = {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **settings}

    def start(self, command: list[str], ready: Callable[[str], bool]) -> None:
        self._launch(command, lambda: ready(self.log.read_text(errors="replace")))

    def _environment(self) -> dict[str, str]:
        return super()._environment() | self.settings


class Counter(Program):
    """The gateway: where it is, how many messages came, and how many different ones."""

    def __init__(self) -> None:
        super().__init__("counter")
        self.address = f"http://127.0.0.1:{self.port}/"
        self.start([sys.executable, "-m", "benchmarks.counter", str(self.port)], lambda _said: self._answers())

    def came(self) -> tuple[int, int]:
        with urllib.request.urlopen(self.address, timeout=30) as answer:  # noqa: S310 - our own
            found = json.load(answer)
        return found["came"], found["different"]

    def _answers(self) -> bool:
        try:
            return self.came() == (0, 0)
        except OSError:
            return False


class People:
    """Members of the small cabinet, called to a meeting, each with a telephone; all are told of a fact at a time."""

    def __init__(self, most: int, counter: Counter) -> None:
        self.counter, self.meeting_id = counter, Scene().invite().meeting_id
        population.settle(most)
        telephones = select(ContactAddress.id, ContactAddress.person_id).where(ContactAddress.channel == Channel.SMS)
        self.addresses = [(contact, person) for contact, person in db.session.execute(telephones)]
        db.session.remove()
        with own_transaction() as session:
            session.execute(update(Job).values(state=JobState.DONE))

    def send(self, count: int, queue: Queue, work: Callable[[], object]) -> float:
        """Jobs per second until the last is done; RuntimeError unless each of the messages came exactly once."""
        came, different = self.counter.came()
        self.tell(count, queue)
        spent = seconds(work)
        handed = select(func.count()).select_from(Delivery).where(Delivery.state != DeliveryState.HANDED_OVER)
        missing = db.session.scalar(handed)
        db.session.remove()
        if missing or self.counter.came() != (came + count, different + count):
            raise RuntimeError(f"{missing} of {count} messages were not sent, or some were sent twice")
        return count / spent

    @staticmethod
    def all_done() -> bool:
        """Whether no job waits any more; asked often, so it costs little."""
        found = db.session.scalar(select(Job.id).where(Job.state.in_(OPEN)).limit(1))
        db.session.rollback()
        return found is None

    def tell(self, count: int, queue: Queue) -> None:
        """Rows as the fan-out of one fact leaves them: notices, deliveries and their jobs, all due."""
        now = dt.datetime.now(dt.UTC)
        with own_transaction() as session:
            fact = session.scalars(select(AuditEntry).where(AuditEntry.fact == FACT).limit(1)).one()
            same = {column.key: getattr(fact, column.key) for column in table(AuditEntry).c if column.key != "id"}
            entry = session.scalar(insert(AuditEntry).values(**same).returning(AuditEntry.id))
            notices = [
                {"body_id": 1, "person_id": person, "audit_entry_id": entry, "meeting_id": self.meeting_id,
                 "kind": FACT, "details": TOLD, "created_at": now}
                for _contact, person in self.addresses[:count]
            ]  # fmt: skip
            made = session.scalars(insert(Notice).returning(Notice.id, sort_by_parameter_order=True), notices)
            deliveries = [
                {"body_id": 1, "person_id": person, "key": f"notice:{notice}:contact_address:{contact}",
                 "notice_id": notice, "channel": Channel.SMS, "contact_id": contact, "created_at": now,
                 "not_before": now}
                for (contact, person), notice in zip(self.addresses, made, strict=False)
            ]  # fmt: skip
            planned = session.scalars(insert(Delivery).returning(Delivery.id, sort_by_parameter_order=True), deliveries)
            jobs = [
                {"body_id": 1, "name": SEND, "queue": queue, "payload": {"delivery_id": delivery},
                 "dedupe_key": f"{SEND}:{delivery}:0", "created_at": now, "due_at": now}
                for delivery in planned
            ]  # fmt: skip
            session.execute(insert(Job), jobs)
