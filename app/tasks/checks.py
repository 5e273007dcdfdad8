"""The nightly check of everything signed and logged, with its progress on the administrators' screens."""

import datetime as dt
import logging
from typing import Any

from app.tasks import progress
from app.workflows import checks, log_checks, log_rows
from app.workflows.engine.rights import SYSTEM

log = logging.getLogger(__name__)

INTEGRITY = checks.INTEGRITY


def integrity(job: dict[str, Any]) -> None:
    """Verify every vote and slip of a body and the whole log. Running twice is harmless: it only reads and says so."""
    body_id = job["body_id"]
    polls = checks.poll_ids(body_id)
    slips = checks.slip_ids(body_id)
    total = len(polls) + len(slips) + 1
    account = log_checks.examine(lambda _done, _total: progress.report(0, total))  # keeps the lease
    log_rows.examine(account)
    for done, poll_id in enumerate(polls, start=1):
        checks.look_at(account, poll_id)
        progress.report(done, total)
    for done, slip_id in enumerate(slips, start=len(polls) + 1):
        checks.look_at_slip(account, slip_id)
        progress.report(done, total)
    if account.broken:
        log.error("the check of body %s found broken: %s", body_id, ", ".join(map(str, account.broken)))
    checks.conclude(SYSTEM, body_id, len(polls), account, dt.datetime.now(dt.UTC))
    progress.report(total, total)
