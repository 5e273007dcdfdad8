"""Tries of strangers: how often one network address may guess at the public page and send files there."""

import datetime as dt
from enum import StrEnum
from ipaddress import IPv4Address, ip_address, ip_network

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


def charge(kind: Try, address: str, now: dt.datetime) -> None:
    """Count one try, committed before anything is answered; TooManyTries beyond the limit.

    Each try counts itself and all that were committed before it: of fifty at once no more than the limit get through.
    What is refused at once is not written, so that nobody prolongs the pause of a whole network.
    """
    network = network_of(address)
    _refuse_more_than(MOST[kind] - 1, kind, network, now)
    with own_transaction() as session:
        session.add(LoginTry(username_fold=kind.value, address=network, at=now, succeeded=None))
    _refuse_more_than(MOST[kind], kind, network, now)


def network_of(address: str) -> str:
    """What one household or office has to itself: an IPv4 address, of an IPv6 address the first 64 bits."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or ip_network((found.packed, 64), strict=False))


def _refuse_more_than(most: int, kind: Try, network: str, now: dt.datetime) -> None:
    mine = (LoginTry.username_fold == kind.value, LoginTry.address == network, LoginTry.at > now - WINDOW)
    if (db.session.scalar(select(func.count()).select_from(LoginTry).where(*mine)) or 0) > most:
        nobody = Detached(LoginTry.__tablename__, 0, None, 0)
        raise TooManyTries(nobody, until=f"{(now + WINDOW).astimezone(HANOI):%H:%M}")
