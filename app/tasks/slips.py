"""Clock-driven work on slips. A task finds ids, then calls one act per id."""

import datetime as dt
import logging

from app.workflows import slip_closing
from app.workflows.engine.errors import WorkflowError
from app.workflows.engine.rights import SYSTEM

log = logging.getLogger(__name__)


def close_overdue_slips(now: dt.datetime) -> int:
    """Close every issued slip whose deadline has passed; how many were closed.

    Safe to run twice, and late: a slip that is no longer open refuses the second close.
    """
    closed = 0
    for slip_id in slip_closing.overdue_slip_ids(now):
        try:
            slip_closing.close_slip(SYSTEM, slip_id, now)
        except WorkflowError as refusal:
            log.info("slip %s not closed: %s", slip_id, refusal.code)
        except Exception:  # one broken slip must not keep the others open
            log.exception("slip %s could not be closed", slip_id)
        else:
            closed += 1
    return closed
