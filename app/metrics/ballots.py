"""Counts ballots when their transaction is committed, by whichever way they came."""

from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session, object_session

from app.metrics.figures import BALLOTS
from app.models import Ballot

CAST = "ballots_cast"


def register() -> None:
    """Listen once, however many applications there are."""
    if not event.contains(Ballot, "after_insert", _inserted):
        event.listen(Ballot, "after_insert", _inserted)
        event.listen(Session, "after_commit", _committed)
        event.listen(Session, "after_rollback", _rolled_back)


def _inserted(_mapper: Any, _connection: Any, ballot: Ballot) -> None:
    session = object_session(ballot)
    if session is not None:
        session.info[CAST] = session.info.get(CAST, 0) + 1


def _committed(session: Session) -> None:
    if CAST in session.info:
        BALLOTS.inc(session.info.pop(CAST))


def _rolled_back(session: Session) -> None:
    session.info.pop(CAST, None)
