"""How history comes about: steps in order of their dates, each done once, whatever interrupts the telling."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from app.demo.backstage import Backstage
from app.extensions import db
from app.models import Setting
from app.workflows.engine.rights import SYSTEM, Actor
from app.workflows.engine.transaction import end_reading, use_case

PROGRESS = "demo_progress"


@dataclass(frozen=True)
class Step:
    """Acts at a moment. They and the note that they are done are one transaction.

    A step that stands `alone` calls the outside between its acts; interrupted, it is begun again and must find out
    itself what was done before.
    """

    at: dt.datetime
    do: Callable[[Backstage, dt.datetime], None]
    alone: bool = False


@dataclass(frozen=True)
class Progress:
    """Since when the telling goes on, and how many of its steps are done."""

    begun_at: dt.datetime
    done: int = 0
    of: int = 0

    @property
    def complete(self) -> bool:
        return 0 < self.of == self.done


def progress() -> Progress | None:
    """How far the history of this database was told; None when it was never begun."""
    end_reading()
    found = db.session.get(Setting, PROGRESS)
    value: dict[str, Any] | None = found and dict(found.value)
    end_reading()
    return value and Progress(dt.datetime.fromisoformat(value["begun_at"]), value["done"], value["of"])  # type: ignore[return-value]


def tell(
    stage: Backstage, steps: Sequence[Step], begun: Progress, seen: Callable[[Progress, Step], None]
) -> None:
    """Do every step that is not done yet, in order of time; `seen` hears of each that is done."""
    in_order = sorted(steps, key=lambda step: step.at)
    for number, step in enumerate(in_order[begun.done :], start=begun.done + 1):
        reached = Progress(begun.begun_at, number, len(in_order))
        if step.alone:
            step.do(stage, step.at)
            note(SYSTEM, reached)
        else:
            _do_together(SYSTEM, stage, step, reached)
        seen(reached, step)


@use_case
def note(actor: Actor, reached: Progress) -> None:
    """Write down how far the telling is."""
    value = {"begun_at": reached.begun_at.isoformat(), "done": reached.done, "of": reached.of}
    db.session.merge(Setting(name=PROGRESS, value=value))


@use_case
def _do_together(actor: Actor, stage: Backstage, step: Step, reached: Progress) -> None:
    step.do(stage, step.at)
    note(actor, reached)
