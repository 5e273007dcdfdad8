"""The password once more, before something that nobody may do at an unattended device."""

import datetime as dt

from app.views.living import living
from app.views.parsing import NOTHING_YET
from app.views.sign_in import address
from app.workflows import login
from app.workflows.login import Living
from app.workflows.login_tries import SessionOver


def living_session() -> Living:
    """The session of this device; SessionOver when there is none any more."""
    found = living()
    if found is None:
        raise SessionOver(NOTHING_YET)
    return found


def require_password(password: str, at: dt.datetime) -> Living:
    """The same question as a locked screen asks, with the same tries; gives the session it was answered in."""
    found = living_session()
    login.unlock(found, password, address(), at)
    return found
