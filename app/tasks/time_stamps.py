"""Time stamps are asked for after the commit, and again until they are there."""

import datetime as dt
import logging
from collections.abc import Iterator
from typing import Any

from app.gateways.timestamp import StampRefused
from app.tasks import progress
from app.tasks.execution import Later
from app.workflows import time_stamps
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import end_reading
from app.workflows.rules.calendar import HANOI
from app.workflows.rules.stamping import wait_after

log = logging.getLogger(__name__)


def ask(fact: dict[str, Any]) -> None:
    """Ask for the stamps that a body's signatures wait for, at once after one was made. Running twice is harmless: a
    signature that has its stamp waits for none."""
    _stamp(fact["body_id"])


def catch_up(job: dict[str, Any]) -> None:
    """The same by the hour, for what was left over. Running twice is harmless: a signature that has its stamp waits
    for none."""
    _stamp(job["body_id"])


def _stamp(body_id: int) -> None:
    now = _now()
    if time_stamps.somebody_tries(body_id, now):
        end_reading()
        return
    odd: set[int] = set()
    while waiting := [row for row in time_stamps.pending(body_id, now) if row.id not in odd]:
        end_reading()
        for done, (statement_id, cms, signed_at) in enumerate(waiting, start=1):
            if not _stamped(statement_id, cms, signed_at):
                odd.add(statement_id)
            progress.report(done, len(waiting) + 1)
    end_reading()


def _stamped(statement_id: int, cms: bytes, signed_at: dt.datetime) -> bool:
    """False for a signature that nobody can stamp; Later when the authority gives no stamp now."""
    now = _now()
    try:
        token, stamp = time_stamps.ask(cms, now)
    except StampRefused as refused:
        raise Later(now + wait_after(now - signed_at), f"{refused.reason}: {refused.said}") from refused
    except ValueError:
        log.exception("the signature of statement %s cannot be read for its time stamp", statement_id)
        return False
    time_stamps.keep(SYSTEM, {statement_id: (token, stamp)}, now)
    return True


def slots(body_id: int, now: dt.datetime) -> Iterator[tuple[str, dict[str, int | str]]]:
    """Once an hour while something waits."""
    if time_stamps.waits(body_id, now):
        yield f"{now.astimezone(HANOI):%Y-%m-%d-%H}", {"body_id": body_id}


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
