"""The clock of the embedded installation: each second it closes what is over, now and then it checks the sockets."""

import datetime as dt
import logging
import threading

from flask import Flask

from app.realtime import connect
from app.tasks.polls import close_overdue_polls

log = logging.getLogger(__name__)

SECOND = 1.0
SOCKETS_EVERY = 15  # seconds


def run_forever(app: Flask, stop: threading.Event) -> None:
    """The embedded installation starts this in a thread; it ends within a second of `stop`."""
    beats = 0
    while not stop.wait(SECOND):
        beats += 1
        try:
            with app.app_context():
                beat(dt.datetime.now(dt.UTC), sockets=beats % SOCKETS_EVERY == 0)
        except Exception:  # the database may be away for a while; the next beat tries again
            log.exception("the clock missed a beat")


def beat(now: dt.datetime, sockets: bool) -> None:
    """What is due now; harmless when it comes twice."""
    close_overdue_polls(now)
    if sockets:
        connect.drop_dead_sessions(now)
