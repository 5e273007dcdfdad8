"""The terminal (dòng lệnh): who stands at it is judged like at the sign-in page, with the same count of tries."""

import datetime as dt
from dataclasses import dataclass

from flask_babel import lazy_gettext as _

from app.extensions import db
from app.models import LoginTry
from app.workflows.accounts import keeps_given_password
from app.workflows.engine.errors import WorkflowError
from app.workflows.engine.rights import NOBODY, Actor, actor_of
from app.workflows.engine.transaction import Fact, end_reading, record, record_refusal, use_case
from app.workflows.login import WrongCredentials
from app.workflows.login_tries import Account, about, charge, fits, settle, waste_time
from app.workflows.rules.calendar import hanoi_date

ADDRESS = "terminal"


class PasswordGiven(WorkflowError):
    code, http_status, field = "password_given", 403, "password"
    message = _("This password was made for you by others. Choose your own in the application first.")


@dataclass(frozen=True)
class IdentifiedAtTerminal(Fact):
    pass


def identify(username: str, password: str, now: dt.datetime) -> Actor:
    """Who this is, with the offices of today; WrongCredentials, TooManyTries, PasswordGiven, each of them recorded."""
    try:
        try_id, account = charge(username, ADDRESS, now)
        if account is None:
            waste_time()
        if account is None or not fits(account, password):
            settle(try_id)
            raise WrongCredentials(about(account, try_id))
        if keeps_given_password(account.user_id):
            settle(try_id)
            raise PasswordGiven(account.person)
        end_reading()
    except WorkflowError as refusal:
        if refusal.about["body_id"]:  # an empty installation has no log yet
            record_refusal("identify", NOBODY, refusal)
        raise
    _identified(account.actor, account, try_id, now)
    return actor_of(account.user_id, hanoi_date(now))


@use_case
def _identified(actor: Actor, account: Account, try_id: int, now: dt.datetime) -> None:
    db.session.get_one(LoginTry, try_id).succeeded = True
    record(actor, IdentifiedAtTerminal(account.body_id, "person", account.person_id), now)
