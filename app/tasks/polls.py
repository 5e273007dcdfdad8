"""Clock-driven poll work. A task finds ids, then calls one act per id."""

import datetime as dt
import logging

from app.workflows import polls
from app.workflows.engine.errors import WorkflowError
from app.workflows.engine.rights import SYSTEM

log = logging.getLogger(__name__)


def close_overdue_polls(now: dt.datetime) -> int:
    """Close every open poll whose time is over; how many were closed.

    Safe to run twice: a poll that is no longer open refuses the second close.
    """
    closed = 0
    for poll_id in polls.overdue_poll_ids(now):
        try:
            polls.close_poll(SYSTEM, poll_id, now)
        except WorkflowError as refusal:
            log.info("poll %s not closed: %s", poll_id, refusal.code)
        except Exception:  # one broken poll must not keep the others open
            log.exception("poll %s could not be closed", poll_id)
        else:
            closed += 1
    return closed
