"""The relay: what was committed is handled here or handed over to the queues, right after the commit and by sweep.

Each lane is a thread with queues of its own, so that a long digest holds up no screen.
"""

import datetime as dt
import logging
import threading
import time
from collections.abc import Collection

from flask import Flask, current_app
from sqlalchemy import ColumnElement, and_, or_, select, update

from app.extensions import db
from app.models import Job, JobState, Queue
from app.tasks import hints, pulse
from app.tasks.execution import drain, due
from app.workflows.engine.outbox import wake
from app.workflows.engine.transaction import end_reading, own_transaction

log = logging.getLogger(__name__)

IDLE = 1.0  # seconds between two looks when nobody wakes the lane
PACE = 0.1  # seconds from one look to the next at the earliest: in a storm of acts, those that follow go together
TURN = 5.0  # seconds of work before the lane shows that it is alive, and looks whether it shall stop
HINT_LASTS = dt.timedelta(seconds=60)  # a queue that lost a message is told again
MOST_HINTS = 500
LANES: tuple[tuple[Queue, ...], ...] = (
    (Queue.LIVE,),
    (Queue.SIGNING, Queue.INTERACTIVE),
    (Queue.SCHEDULE, Queue.NOTIFY),
    (Queue.DIGEST, Queue.MAINTENANCE),
)

__all__ = ["LANES", "drain", "hand_over", "lanes_here", "run_forever"]


def lanes_here(runners: dict[str, str]) -> list[tuple[Queue, ...]]:
    """The lanes that this process works off by itself; the others' jobs are handed over."""
    here = [tuple(queue for queue in lane if runners[queue] == "thread") for lane in LANES]
    return [lane for lane in here if lane]


def run_forever(app: Flask, stop: threading.Event, lane: Collection[Queue] = (Queue.LIVE,)) -> None:
    """Work off one lane until `stop`; the lane of the screens hands over what is others' as well."""
    woken = wake.lane()
    name = f"relay:{'+'.join(lane)}"
    while not stop.is_set():
        woken.wait(timeout=IDLE)
        woken.clear()
        try:
            with app.app_context():
                now, begun = dt.datetime.now(dt.UTC), time.monotonic()
                pulse.beat(name, now)
                drain(now, lane, TURN)
                if Queue.LIVE in lane:
                    hand_over(now)
                if time.monotonic() - begun >= TURN:
                    woken.set()  # there may be more, and nobody would say so
        except Exception:  # the database may be away for a while; the rows are not lost
            log.exception("the relay stumbled and goes on")
            stop.wait(IDLE)
        stop.wait(PACE)
    wake.leave(woken)


def hand_over(now: dt.datetime) -> int:
    """Tell the queues of jobs that are due there; how many hints were given. Safe to run twice: a hint is no job."""
    runners: dict[str, str] = current_app.config["TASK_RUNNERS"]
    elsewhere = {queue: runners[queue] for queue in Queue if runners[queue] in hints.SENDERS}
    if not elsewhere or hints.resting():
        return 0
    seen = hints.look(elsewhere)
    if seen and seen.forgotten:
        _forget_hints(now, elsewhere)
        hints.remember()
    untold = _untold(now, seen.empty if seen else ())
    rows = select(Job.id, Job.queue, Job.attempts).where(and_(due(now), untold, Job.queue.in_(list(elsewhere))))
    waiting = db.session.execute(rows.order_by(Job.due_at, Job.id).limit(MOST_HINTS)).all()
    end_reading()
    given = [row.id for row in waiting if hints.give(elsewhere[row.queue], row.queue, row.id, row.attempts)]
    if given:
        with own_transaction() as session:
            session.execute(update(Job).where(Job.id.in_(given)).values(handed_at=now))
    return len(given)


def _forget_hints(now: dt.datetime, queues: Collection[Queue]) -> None:
    """Redis came back empty: whatever waits was never told."""
    with own_transaction() as session:
        waits = (due(now), Job.handed_at.is_not(None), Job.queue.in_(list(queues)))
        session.execute(update(Job).where(*waits).values(handed_at=None))


def _untold(now: dt.datetime, empty: Collection[Queue]) -> ColumnElement[bool]:
    """Jobs of which the queue never heard, or nothing is left in it, and those whose hint went to a worker that died.

    A queue that still holds hints is not told again: without a worker they would only grow.
    """
    lost = and_(Job.handed_at <= now - HINT_LASTS, Job.queue.in_(list(empty)))
    return or_(Job.handed_at.is_(None), lost, and_(Job.state == JobState.RUNNING, Job.handed_at <= Job.lease_until))
