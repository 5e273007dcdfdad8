"""Tries of strangers: how often one network address may guess at the public page and send files there."""

import datetime as dt
from enum import StrEnum

from flask_babel import lazy_gettext as _
from sqlalchemy import func, select

from app.extensions import db
from app.models import LoginTry
from app.workflows.engine.errors import Detached, WorkflowError
from app.workflows.engine.transaction import own_transaction
from app.workflows.rules.calendar import HANOI

WINDOW = dt.timedelta(minutes=10)


class Try(StrEnum):
    """What is counted, in capitals: no account can have such a name, since names are kept folded."""

    GUESS = "XAC-MINH: MÃ SAI"
    UPLOAD = "XAC-MINH: TỆP"


MOST = {Try.GUESS: 20, Try.UPLOAD: 30}  # within the window, for one address; a room full of tablets shares one


class TooManyTries(WorkflowError):
    code, http_status = "too_many", 429
    message = _("Too many requests came from your network. Please try again after %(until)s.")


def refuse_exhausted(kind: Try, address: str, now: dt.datetime) -> None:
    """TooManyTries when the address has used up what it may do within ten minutes; nothing is written."""
    if _count(kind, address, now) >= MOST[kind]:
        raise _exhausted(now)


def charge(kind: Try, address: str, now: dt.datetime) -> None:
    """Count one try, committed before anything is answered; TooManyTries beyond the limit.

    Each try counts itself and all that were committed before it: of fifty at once no more than the limit get through.
    """
    with own_transaction() as session:
        session.add(LoginTry(username_fold=kind.value, address=address, at=now, succeeded=None))
    if _count(kind, address, now) > MOST[kind]:
        raise _exhausted(now)


def _count(kind: Try, address: str, now: dt.datetime) -> int:
    mine = (LoginTry.username_fold == kind.value, LoginTry.address == address, LoginTry.at > now - WINDOW)
    return db.session.scalar(select(func.count()).select_from(LoginTry).where(*mine)) or 0


def _exhausted(now: dt.datetime) -> TooManyTries:
    nobody = Detached(LoginTry.__tablename__, 0, None, 0)
    return TooManyTries(nobody, until=f"{(now + WINDOW).astimezone(HANOI):%H:%M}")
