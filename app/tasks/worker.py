"""What a worker of a queue does with a hint: look at the row, and do what the row says."""

import datetime as dt
import logging

from app.tasks import execution

log = logging.getLogger(__name__)

LARGEST_ID = 2**31 - 1


def run(job_id: object) -> bool:
    """Handle the job of that number if it is due and free. Twice or late, nothing happens: the row decides.

    Anything but a number is refused and logged; the message of a queue is never believed.
    """
    if type(job_id) is not int or not 0 < job_id <= LARGEST_ID:
        log.error("a hint that is no job number was refused: %.80r", job_id)
        return False
    return execution.run_job(job_id, dt.datetime.now(dt.UTC))
