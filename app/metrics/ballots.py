"""Counts ballots when their transaction is committed, by whichever way they came."""

from sqlalchemy import event
from sqlalchemy.orm import Session

from app.metrics.figures import BALLOTS
from app.workflows.counting import COUNTED


def register() -> None:
    """Listen once, however many applications there are."""
    if not event.contains(Session, "after_commit", _committed):
        event.listen(Session, "after_commit", _committed)
        event.listen(Session, "after_rollback", _rolled_back)


def _committed(session: Session) -> None:
    if COUNTED in session.info:
        BALLOTS.inc(session.info.pop(COUNTED))


def _rolled_back(session: Session) -> None:
    session.info.pop(COUNTED, None)
