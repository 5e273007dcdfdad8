"""The nightly check of everything signed and logged, with its progress on the administrators' screens."""

import datetime as dt
import logging
from typing import Any

from app.tasks import progress
from app.workflows import checks
from app.workflows.engine.rights import SYSTEM

log = logging.getLogger(__name__)

INTEGRITY = "checks.integrity"


def integrity(job: dict[str, Any]) -> None:
    """Verify every vote and the whole log of a body. Running twice is harmless: it only reads, and says so twice."""
    body_id = job["body_id"]
    polls, broken, entries = checks.poll_ids(body_id), [], 0
    for done, poll_id in enumerate(polls, start=1):
        if checks.poll_broken(poll_id):
            broken.append(f"poll:{poll_id}")
        progress.report(done, len(polls) + 1)
    for count, wrong in checks.entries_broken(body_id):
        entries += count
        broken += [f"audit_entry:{entry_id}" for entry_id in wrong]
        progress.report(len(polls), len(polls) + 1)  # the log is one step of many pages: keeps the lease
    if broken:
        log.error("the check of body %s found broken: %s", body_id, ", ".join(broken))
    checks.conclude(SYSTEM, body_id, len(polls), entries, broken, dt.datetime.now(dt.UTC))
    progress.report(len(polls) + 1, len(polls) + 1)
