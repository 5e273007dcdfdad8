"""Tries of a password: how many are left for a name, an address and a locked screen, and whether one fits."""

import datetime as dt
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from flask import current_app
from flask_appbuilder.security.sqla.models import User
from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session
from werkzeug.security import check_password_hash, generate_password_hash

from app.extensions import db
from app.models import Body, LoginSession, LoginTry, Person
from app.workflows.engine.errors import BadValue, Detached, Subject, WorkflowError
from app.workflows.engine.rights import Actor
from app.workflows.engine.transaction import own_transaction
from app.workflows.rules.calendar import HANOI
from app.workflows.rules.names import fold
from app.workflows.rules.passwords import LONGEST, SHORTEST, is_good_password

FAILURES_OF_NAME = 5
FAILURES_OF_ADDRESS = 30
FAILURES_OF_SCREEN = 5
WINDOW = dt.timedelta(minutes=15)
LOCKED_FOR = dt.timedelta(minutes=15)


class TooManyTries(WorkflowError):
    code, http_status, field = "sign_in_locked", 429, "username"
    message = _("Too many wrong entries. Please try again after %(until)s.")


class SessionOver(WorkflowError):
    code, http_status = "signed_out", 401
    message = _("You have been signed out. Please sign in again.")


class WeakPassword(BadValue):
    code, field = "password_weak", "password"
    message = _(
        "A password needs at least %(shortest)s characters, with small and capital letters, digits and other signs, "
        "and without the user name."
    )


@dataclass(frozen=True)
class Account:
    """What a password opens; plain values, so that no transaction is open while the password is judged."""

    user_id: int
    username: str
    hash: str
    active: bool
    person_id: int
    body_id: int

    @property
    def actor(self) -> Actor:
        return Actor(self.person_id)

    @property
    def person(self) -> Detached:
        """The subject of facts and refusals."""
        return Detached(Person.__tablename__, self.person_id, None, self.body_id)


def charge(username: str, address: str, now: dt.datetime) -> tuple[int, Account | None]:
    """A committed try and whose account it is for; TooManyTries when the name or the address has used up its own.

    The account's row is locked meanwhile: of many guesses at once, the sixth is refused before it is judged.
    """
    name = fold(printable(username, 64))[:64]
    with own_transaction() as session:
        account = _account_named(session, username)
        if account:
            session.execute(select(User.id).where(User.id == account.user_id).with_for_update())
        until = _locked_until(session, _open_tries_of(name), FAILURES_OF_NAME, now) or _locked_until(
            session, (LoginTry.address == address) & LoginTry.succeeded.is_(False), FAILURES_OF_ADDRESS, now
        )
        if until:
            raise TooManyTries(about(account, 0, session), until=f"{until.astimezone(HANOI):%H:%M}", at=until)
        charged = LoginTry(username_fold=name, address=address, at=now, succeeded=None)
        session.add(charged)
        session.flush()
        return charged.id, account


def charge_unlock(session_id: int, account: Account, address: str, now: dt.datetime) -> tuple[int, int]:
    """A committed try of the password at a locked screen, and how many are left after it; SessionOver when none was."""
    with own_transaction() as session:
        alive = select(LoginSession.id).where(LoginSession.id == session_id, LoginSession.revoked_at.is_(None))
        if session.scalar(alive.with_for_update()) is None:
            raise SessionOver(account.person)
        mine = LoginTry.session_id == session_id
        opened = select(func.coalesce(func.max(LoginTry.id), 0)).where(mine, LoginTry.succeeded.is_(True))
        failed = select(func.count()).select_from(LoginTry).where(mine, LoginTry.id > opened.scalar_subquery())
        used = session.scalar(failed) or 0
        if used >= FAILURES_OF_SCREEN:
            raise SessionOver(account.person)
        name = fold(account.username)[:64]
        charged = LoginTry(username_fold=name, address=address, session_id=session_id, at=now, succeeded=None)
        session.add(charged)
        session.flush()
        return charged.id, FAILURES_OF_SCREEN - used - 1


def settle(try_id: int) -> None:
    """The charged try was wrong."""
    with own_transaction() as session:
        session.execute(update(LoginTry).where(LoginTry.id == try_id).values(succeeded=False))


def fits(account: Account, password: str) -> bool:
    """Whether the password opens the account; one hash is computed in every case."""
    password = unicodedata.normalize("NFC", password)
    if account.active and account.hash and 0 < len(password) <= LONGEST and password.isprintable():
        return check_password_hash(account.hash, password)
    waste_time()
    return False


def waste_time() -> None:
    """As long as a wrong password takes, for a name that nobody has."""
    check_password_hash(_nobodys_hash(), "not this")


def password_hash(password: str) -> str:
    """What is stored of a password."""
    method = current_app.config.get("FAB_PASSWORD_HASH_METHOD", "scrypt")  # as FAB itself would
    return generate_password_hash(unicodedata.normalize("NFC", password), method)


def require_good_password(subject: Subject, password: str, username: str) -> None:
    """WeakPassword with the rule in words."""
    if not is_good_password(password, username):
        raise WeakPassword(subject, shortest=SHORTEST)


def account_of(user_id: int) -> Account | None:
    """The account with its person, None if it has none."""
    row = db.session.execute(_ACCOUNT.where(User.id == user_id)).one_or_none()
    return row and _account(row)


def about(account: Account | None, try_id: int, session: Session | None = None) -> Detached:
    """What a refused try is about: the person, for a name of nobody the try in the first body of the installation."""
    if account:
        return account.person
    return Detached(
        LoginTry.__tablename__, try_id, None, (session or db.session).scalar(select(func.min(Body.id))) or 0
    )


def printable(text: str, most: int) -> str:
    """Text from outside as it may be looked up and stored; nothing of it when it holds controls or half letters."""
    text = text.strip()
    return text[:most] if text.isprintable() else ""


_ACCOUNT = select(
    User.id, User.username, User.password, User.active, Person.id.label("person_id"), Person.home_body_id
).join(Person, Person.user_id == User.id)


def _account_named(session: Session, username: str) -> Account | None:
    """The account that answers to a name, however it is capitalised; one without a person opens nothing."""
    found = session.execute(_ACCOUNT.where(func.lower(User.username) == printable(username, 64).lower())).all()
    return _account(found[0]) if len(found) == 1 else None


def _account(row: Any) -> Account:
    return Account(row.id, row.username, row.password or "", bool(row.active), row.person_id, row.home_body_id)


def _open_tries_of(name: str) -> ColumnElement[bool]:
    """Tries of a name since it last signed in that failed or are still being judged."""
    of_name = (LoginTry.username_fold == name) & LoginTry.session_id.is_(None)
    entered = select(func.max(LoginTry.id)).where(of_name, LoginTry.succeeded.is_(True)).scalar_subquery()
    return of_name & LoginTry.succeeded.isnot(True) & (LoginTry.id > func.coalesce(entered, 0))


def _locked_until(session: Session, whose: ColumnElement[bool], most: int, now: dt.datetime) -> dt.datetime | None:
    """When the lock ends that so many failures within the window began, if they did."""
    latest = select(LoginTry.at).where(whose).order_by(LoginTry.id.desc()).limit(most)
    failures: Sequence[dt.datetime] = session.scalars(latest).all()
    if len(failures) < most or failures[0] - failures[-1] > WINDOW or failures[0] + LOCKED_FOR <= now:
        return None
    return failures[0] + LOCKED_FOR


@cache
def _nobodys_hash() -> str:
    return password_hash(secrets.token_urlsafe(16))
