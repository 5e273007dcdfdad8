"""The sequencer's thread: it enters what was committed into the log within a second, and signs the checkpoints due.

Every web process has one; a lock of the database lets one write at a time.
"""

import datetime as dt
import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from flask import Flask

from app.gateways.signing import KeyUnavailable
from app.models import CheckpointReason
from app.tasks import pulse, upkeep
from app.workflows import installation_log, sequencing
from app.workflows.engine.outbox import wake
from app.workflows.engine.rights import SYSTEM

log = logging.getLogger(__name__)

NIGHTLY = "log.checkpoint"
BEAT = "sequencer"  # under which name it was last seen at work
IDLE = 0.5  # seconds between two looks when nobody wakes it: other processes record facts too
UNSIGNED = 5.0  # seconds until a signer that gave no answer is asked for a due signature again
PACE = 0.1  # seconds from one look to the next at the earliest


def run_forever(app: Flask, stop: threading.Event) -> None:
    """Until `stop`; what was not entered then is entered by the next one."""

    def alive() -> bool:
        pulse.beat(BEAT, dt.datetime.now(dt.UTC))
        return not stop.is_set()

    woken = wake.lane()
    due, again = True, time.monotonic()
    while not stop.is_set():
        woken.wait(timeout=IDLE)
        woken.clear()
        try:
            looks = due and time.monotonic() >= again
            with app.app_context():
                work(due_before=looks, go_on=alive)
            due = due and not looks
        except KeyUnavailable:
            log.warning("the head of the log waits for its signature: the signer does not answer")
            due, again = True, time.monotonic() + UNSIGNED
        except Exception:  # the database may be away for a while; the rows that wait are not lost
            log.exception("the sequencer stumbled and goes on")
            stop.wait(IDLE)
        stop.wait(PACE)
    wake.leave(woken)


def work(due_before: bool = False, go_on: Callable[[], bool] = lambda: True) -> int:
    """Enter all that waits, then sign the checkpoint that is due; how many entries were written.

    KeyUnavailable when everything was entered and the signer gave no signature under the head.
    `due_before`: also what an earlier process entered and did not get to sign. `go_on` is asked before each part of a
    long queue, so that an end is not waited for and nobody takes a busy sequencer for a dead one.
    """
    entered = 0
    while go_on() and sequencing.waiting():
        entered += sequencing.enter(SYSTEM, dt.datetime.now(dt.UTC))
    if (entered or due_before) and (reason := sequencing.wanted()):
        sequencing.take_checkpoint(SYSTEM, reason, dt.datetime.now(dt.UTC))
    return entered


def nightly(_job: dict[str, Any]) -> None:
    """Sign the head of the night. Running twice is harmless: the second checkpoint says the same or a little more.

    The job is tried again while the signer gives no answer.
    """
    work()
    sequencing.take_checkpoint(SYSTEM, CheckpointReason.NIGHTLY, dt.datetime.now(dt.UTC))


def slots(body_id: int, now: dt.datetime) -> Iterator[tuple[str, dict[str, int | str]]]:
    """Once a night, for one body of them all: the log has one head."""
    if body_id == installation_log.keeper():
        yield from upkeep.nightly_slots(body_id, now)
