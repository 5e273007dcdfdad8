"""Nightly upkeep of an installation."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from app.workflows import upkeep
from app.workflows.engine.rights import SYSTEM
from app.workflows.rules.calendar import HANOI

PRUNE = "upkeep.prune"
AT = dt.time(2, 30)  # Hanoi: nobody is waiting for anything


def prune(_job: dict[str, Any]) -> None:
    """Take out what has served its time. Running twice is harmless: there is nothing left to take out."""
    while upkeep.prune(SYSTEM, dt.datetime.now(dt.UTC)):
        pass


def nightly_slots(body_id: int, now: dt.datetime) -> Iterator[tuple[str, dict[str, int | str]]]:
    """Once a night."""
    local = now.astimezone(HANOI)
    if local.time() >= AT:
        yield f"{local:%Y-%m-%d}", {"body_id": body_id}
