"""The sequencer's thread: it enters what was committed into the log within a second, and signs the checkpoints due.

Every web process has one; a lock of the database lets one write at a time.
"""

import datetime as dt
import logging
import threading
from typing import Any

from flask import Flask

from app.models import CheckpointReason
from app.tasks import pulse
from app.workflows import sequencing
from app.workflows.engine.outbox import wake
from app.workflows.engine.rights import SYSTEM

log = logging.getLogger(__name__)

NIGHTLY = "log.checkpoint"
IDLE = 0.5  # seconds between two looks when nobody wakes it: other processes record facts too
PACE = 0.1  # seconds from one look to the next at the earliest


def run_forever(app: Flask, stop: threading.Event) -> None:
    """Until `stop`; what was not entered then is entered by the next one."""
    woken = wake.lane()
    signed_before = False
    while not stop.is_set():
        woken.wait(timeout=IDLE)
        woken.clear()
        try:
            with app.app_context():
                pulse.beat("sequencer", dt.datetime.now(dt.UTC))
                work(due_before=not signed_before)
                signed_before = True
        except Exception:  # the database may be away for a while; the rows that wait are not lost
            log.exception("the sequencer stumbled and goes on")
            stop.wait(IDLE)
        stop.wait(PACE)
    wake.leave(woken)


def work(due_before: bool = False) -> int:
    """Enter all that waits, then sign the checkpoint that is due; how many entries were written.

    `due_before`: also what an earlier process entered and did not get to sign.
    """
    entered = 0
    while sequencing.waiting():
        entered += sequencing.enter(SYSTEM, dt.datetime.now(dt.UTC))
    if (entered or due_before) and (reason := sequencing.wanted()):
        sequencing.take_checkpoint(SYSTEM, reason, dt.datetime.now(dt.UTC))
    return entered


def nightly(_job: dict[str, Any]) -> None:
    """Sign the head of the night. Running twice is harmless: the second checkpoint says the same or a little more."""
    work()
    sequencing.take_checkpoint(SYSTEM, CheckpointReason.NIGHTLY, dt.datetime.now(dt.UTC))
