"""What is made by a script is told to nobody's screen: facts become notices and minutes, and nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.workflows.engine import outbox

HEARING = ("notices.tell", "minutes.make")  # the tasks that history is told to (app/wiring.py)


@contextmanager
def told_in_notices_only() -> Iterator[None]:
    """Nobody watches while history is made: facts become notices and minutes, and no screen hears of them."""
    everybody = dict(outbox.heard_by)
    outbox.heard_by.update({fact: [job for job in jobs if job in HEARING] for fact, jobs in everybody.items()})
    try:
        yield
    finally:
        outbox.heard_by.update(everybody)
