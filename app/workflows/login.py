"""Signing in (đăng nhập): who is at this device, and when a session ends."""

import datetime as dt
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import lazy_gettext as _
from sqlalchemy import bindparam, exists, select, update

from app.extensions import db
from app.models import LoginSession, LoginTry, Passkey, Person
from app.workflows.engine.errors import WorkflowError
from app.workflows.engine.rights import NOBODY, Actor
from app.workflows.engine.tables import table
from app.workflows.engine.transaction import Fact, own_transaction, record, record_refusal, use_case
from app.workflows.login_tries import (
    Account,
    SessionOver,
    about,
    account_of,
    charge,
    charge_unlock,
    fits,
    printable,
    settle,
    waste_time,
)
from app.workflows.rules.canonical import digest

LONGEST_SESSION = dt.timedelta(hours=12)
IDLE = dt.timedelta(minutes=15)
SEEN_EVERY = dt.timedelta(seconds=30)
LIVING, ACCOUNT, PERSON, PASSKEY = table(LoginSession), table(User), table(Person), table(Passkey)
PASSKEY_IN_USE = exists().where(
    PASSKEY.c.person_id == PERSON.c.id, PASSKEY.c.removed_at.is_(None), PASSKEY.c.suspended_at.is_(None)
)
SESSION = (
    select(
        LIVING.c.id, LIVING.c.user_id, LIVING.c.created_at, LIVING.c.last_seen_at, LIVING.c.locked_at,
        PERSON.c.id.label("person_id"), PERSON.c.full_name, PASSKEY_IN_USE.label("passkey"),
    )
    .select_from(LIVING.join(ACCOUNT, ACCOUNT.c.id == LIVING.c.user_id))
    .outerjoin(PERSON, PERSON.c.user_id == LIVING.c.user_id)
    .where(LIVING.c.token_sha256 == bindparam("token_sha256"), LIVING.c.revoked_at.is_(None), ACCOUNT.c.active)
)  # fmt: skip


class WrongCredentials(WorkflowError):
    """The same words for an unknown name, a wrong password, a closed account and an account of nobody."""

    code, http_status, field = "sign_in_refused", 401, "password"
    message = _("The user name or the password is not correct.")


class WrongPassword(WorkflowError):
    code, http_status, field = "password_wrong", 403, "password"
    message = _("The password is not correct. Tries left: %(tries_left)s.")


@dataclass(frozen=True)
class SessionFact(Fact):
    """About the person whose session it is."""

    session_id: int


@dataclass(frozen=True)
class SignedIn(SessionFact):
    device: str


@dataclass(frozen=True)
class SignedOut(SessionFact):
    pass


@dataclass(frozen=True)
class ScreenUnlocked(SessionFact):
    pass


@dataclass(frozen=True)
class SessionsEnded(Fact):
    """About the person: sessions that were ended from elsewhere, and why."""

    session_ids: list[int]
    because: str


@dataclass(frozen=True)
class Living:
    """A session of an open account that was neither ended nor outlived; `locked` until its password is given again, or
    a passkey of its owner answers, if there is one in use (`passkey`)."""

    session_id: int
    user_id: int
    last_seen_at: dt.datetime
    locked: bool
    person_id: int | None
    name: str
    passkey: bool


def sign_in(username: str, password: str, address: str, device: str, now: dt.datetime) -> str:
    """The token of a new session; only its digest is stored.

    WrongCredentials or TooManyTries, recorded either way. The try is charged and committed before the password is
    looked at, and that takes as long for a name that nobody has.
    """
    try:
        try_id, account = charge(username, address, now)
        if account is None:
            waste_time()
        if account is None or not fits(account, password):
            settle(try_id)
            raise WrongCredentials(about(account, try_id))
    except WorkflowError as refusal:
        if refusal.about["body_id"]:  # an empty installation has no log yet; the try is there
            record_refusal("sign_in", NOBODY, refusal)
        raise
    return begin(account.actor, account, try_id, printable(device, 200), now)


def session_of(token: str, now: dt.datetime) -> Living | None:
    """The living session behind a cookie; idle or told so, it is locked. One query, nothing written."""
    row = db.session.execute(SESSION, {"token_sha256": digest(token.encode())}).one_or_none()
    if row is None or row.created_at + LONGEST_SESSION <= now:
        return None
    locked = bool(row.locked_at) or row.last_seen_at + IDLE <= now
    return Living(row.id, row.user_id, row.last_seen_at, locked, row.person_id, row.full_name or "", row.passkey)


def living_sessions(session_ids: Iterable[int], now: dt.datetime) -> set[int]:
    """Which of these sessions were neither ended nor outlived; for sockets, which stay open between requests."""
    rows = select(LoginSession.id).where(LoginSession.id.in_(list(session_ids)), LoginSession.revoked_at.is_(None))
    return set(db.session.scalars(rows.where(LoginSession.created_at > now - LONGEST_SESSION)))


def stay(living: Living, now: dt.datetime) -> None:
    """Note that somebody is there; written at most every half minute, and never for a locked screen."""
    if living.locked or now - living.last_seen_at < SEEN_EVERY:
        return
    with own_transaction() as session:
        session.execute(_alive(living.session_id).values(last_seen_at=now))


def lock_screen(living: Living, now: dt.datetime) -> None:
    """Lock at once; the password opens it again."""
    with own_transaction() as session:
        session.execute(_alive(living.session_id).values(locked_at=now))


def unlock(living: Living, password: str, address: str, now: dt.datetime) -> None:
    """Open a locked screen; the fifth wrong password ends the session (SessionOver)."""

    def prove(account: Account, tries_left: int) -> None:
        if not fits(account, password):
            raise WrongPassword(account.person, tries_left=tries_left)

    open_screen(living, prove, address, now)


def open_screen(
    living: Living, prove: Callable[[Account, int], None], address: str, now: dt.datetime
) -> None:
    """Open a locked screen to whoever proves to be its owner: `prove` takes the account and how many tries are left.

    The try is charged and committed before; `prove` refuses by a WorkflowError, and the fifth ends the session.
    """
    account = account_behind(living)
    try:
        try_id, tries_left = charge_unlock(living.session_id, account, address, now)
        try:
            prove(account, tries_left)
        except WorkflowError as wrong:
            settle(try_id)
            if tries_left == 0:
                end_sessions(account.actor, living.user_id, "unlock_refused", now, only=living.session_id)
                raise SessionOver(account.person) from wrong
            raise
    except WorkflowError as refusal:
        record_refusal("unlock", account.actor, refusal)
        raise
    _reopen(account.actor, account, living.session_id, try_id, now)


def sign_out(living: Living, now: dt.datetime) -> None:
    """End the session of this device, and no other."""
    account = account_behind(living)
    _end(account.actor, account, living.session_id, now)


@use_case
def end_sessions(
    actor: Actor, user_id: int, because: str, now: dt.datetime, *, keep: int | None = None, only: int | None = None
) -> list[int]:
    """End every session of an account (all but `keep`, or `only` one); gives their ids.

    Part of a new password, the closing of an account, the loss of a role: the act that calls this demanded the right.
    """
    living = select(LoginSession).where(LoginSession.user_id == user_id, LoginSession.revoked_at.is_(None))
    chosen = living.where(LoginSession.id == only) if only else living.where(LoginSession.id != (keep or 0))
    ended = list(db.session.scalars(chosen.order_by(LoginSession.id)))
    for session in ended:
        session.revoked_at, session.revoked_because = now, because
    ids = [session.id for session in ended]
    person = db.session.scalar(select(Person).where(Person.user_id == user_id))
    if ids and person:
        record(actor, SessionsEnded.about(person, session_ids=ids, because=because), now)
    return ids


@use_case
def begin(actor: Actor, account: Account, try_id: int | None, device: str, now: dt.datetime) -> str:
    """The token of a new session for somebody whose password was judged, by that try, as good."""
    token = secrets.token_urlsafe(32)
    if try_id:
        db.session.get_one(LoginTry, try_id).succeeded = True
    begun = LoginSession(
        token_sha256=digest(token.encode()), user_id=account.user_id, device=device, created_at=now, last_seen_at=now
    )
    db.session.add(begun)
    db.session.flush()
    record(actor, SignedIn.about(account.person, session_id=begun.id, device=device), now)
    return token


@use_case
def _reopen(actor: Actor, account: Account, session_id: int, try_id: int, now: dt.datetime) -> None:
    db.session.get_one(LoginTry, try_id).succeeded = True
    session = db.session.get_one(LoginSession, session_id)
    session.locked_at, session.last_seen_at = None, now
    record(actor, ScreenUnlocked.about(account.person, session_id=session_id), now)


@use_case
def _end(actor: Actor, account: Account, session_id: int, now: dt.datetime) -> None:
    session = db.session.get_one(LoginSession, session_id)
    if session.revoked_at is None:
        session.revoked_at, session.revoked_because = now, "signed_out"
        record(actor, SignedOut.about(account.person, session_id=session_id), now)


def account_behind(living: Living) -> Account:
    """Whose session it is."""
    account = account_of(living.user_id)
    if account is None:
        raise LookupError(f"account {living.user_id} has no person")  # none such ever signed in
    return account


def _alive(session_id: int) -> Any:
    return update(LoginSession).where(LoginSession.id == session_id, LoginSession.revoked_at.is_(None))
