"""Nightly upkeep of an installation."""

import datetime as dt
import logging
from collections.abc import Iterator
from typing import Any

from app.gateways import storage
from app.workflows import upkeep
from app.workflows.engine.rights import SYSTEM
from app.workflows.rules.calendar import HANOI

log = logging.getLogger(__name__)

PRUNE = "upkeep.prune"
AT = dt.time(2, 30)  # Hanoi: nobody is waiting for anything


def prune(_job: dict[str, Any]) -> None:
    """Take out what has served its time. Running twice is harmless: there is nothing left to take out."""
    while upkeep.prune(SYSTEM, dt.datetime.now(dt.UTC)):
        pass
    if swept := storage.store().sweep():
        log.warning("%d files that were never finished were removed from the document store", swept)


def nightly_slots(body_id: int, now: dt.datetime) -> Iterator[tuple[str, dict[str, int | str]]]:
    """Once a night."""
    local = now.astimezone(HANOI)
    if local.time() >= AT:
        yield f"{local:%Y-%m-%d}", {"body_id": body_id}
