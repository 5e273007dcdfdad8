"""The clock: each second it closes what is over, now and then it looks into the calendar and at the sockets.

Nothing depends on it alone: whoever reads or writes asks the time himself.
"""

import datetime as dt
import logging
import threading

from flask import Flask

from app.realtime import connect
from app.tasks import pulse, schedule
from app.tasks.polls import close_overdue_polls
from app.tasks.slips import close_overdue_slips

log = logging.getLogger(__name__)

SECOND = 1.0
SOCKETS_EVERY = 15  # seconds


def run_forever(app: Flask, stop: threading.Event, calendar: bool = True) -> None:
    """A thread beside the requests; it ends within a second of `stop`. A production has its calendar elsewhere."""
    beats = 0
    while not stop.wait(SECOND):
        beats += 1
        try:
            with app.app_context():
                now = dt.datetime.now(dt.UTC)
                pulse.beat("clock", now)
                beat(now, sockets=beats % SOCKETS_EVERY == 0, calendar=calendar)
        except Exception:  # the database may be away for a while; the next beat tries again
            log.exception("the clock missed a beat")


def beat(now: dt.datetime, sockets: bool, calendar: bool = True) -> None:
    """What is due now; harmless when it comes twice."""
    close_overdue_polls(now)
    close_overdue_slips(now)
    if calendar:
        schedule.plan_if_due(now)
    if sockets:
        connect.drop_dead_sessions(now)
