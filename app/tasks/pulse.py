"""Who was last seen at work, for the health page and the doctor."""

import datetime as dt
import time

from app.models import Heartbeat
from app.workflows.engine.transaction import own_transaction

EVERY = 15.0  # seconds
_written: dict[str, float] = {}


def beat(name: str, now: dt.datetime) -> None:
    """Note that this part is at work; written a few times a minute, however often it is called."""
    if time.monotonic() - _written.get(name, -EVERY) < EVERY:
        return
    _written[name] = time.monotonic()
    with own_transaction() as session:
        found = session.get(Heartbeat, name)
        if found is None:
            session.add(Heartbeat(name=name, at=now))
        else:
            found.at = now


def now() -> dt.datetime:
    """The time, aware."""
    return dt.datetime.now(dt.UTC)
