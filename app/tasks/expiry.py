"""Once a night: whose certificate ends soon, and whether that of the time stamps does."""

import datetime as dt
from typing import Any

from app.workflows import expiry
from app.workflows.engine.rights import SYSTEM


def warn(job: dict[str, Any]) -> None:
    """Announce certificates that end soon. Running twice is harmless: nobody is told twice at one step."""
    now = dt.datetime.now(dt.UTC)
    for certificate_id, step in expiry.due(job["body_id"], now):
        expiry.warn(SYSTEM, certificate_id, step, now)
    expiry.warn_of_stampers(SYSTEM, job["body_id"], expiry.stampers(), now)
