"""Accounts (tài khoản): who can sign in, and which screens there are for him; rights come from offices."""

import datetime as dt
import re
import secrets
from dataclasses import dataclass
from typing import Any

from flask_appbuilder.security.sqla.models import Role, User
from flask_babel import lazy_gettext as _
from sqlalchemy import func, select

from app.extensions import db
from app.models import AuditEntry, LoginSession, Person
from app.workflows import keys, login, passkeys
from app.workflows.engine.errors import BadValue, WorkflowError
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.transaction import Fact, record, use_case
from app.workflows.engine.visibility import seen
from app.workflows.login_tries import password_hash, require_good_password

USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")
EMAIL = re.compile(r"[^@\s]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is misread on paper
ROLES: dict[str, Any] = {
    "thanh_vien": _("Screens of a member"),
    "van_phong": _("Screens of a clerk of the Government Office"),
    "van_thu": _("Screens of the records office"),
    "kiem_toan": _("Screens of an auditor"),
    "quan_tri": _("Screens of an administrator"),
    "khach": _("Screens of a guest"),
}


class OwnAccount(WorkflowError):
    code, http_status = "own_account", 403
    message = _("Nobody changes his own account; another administrator does.")


class AccountExists(BadValue):
    code, field = "account_exists", "person_id"
    message = _("This person already has an account.")


class NoAccount(WorkflowError):
    code = "no_account"
    message = _("This person has no account.")


class BadUsername(BadValue):
    code, field = "bad_username", "username"
    message = _("A user name has 2 to 64 letters a–z, digits, dots, hyphens or underscores.")


class UsernameTaken(BadValue):
    code, field = "username_taken", "username"
    message = _("This user name is taken.")


class BadEmail(BadValue):
    code, field = "bad_email", "email"
    message = _("This is no e-mail address, or another account has it.")


class BadRole(BadValue):
    code, field = "bad_role", "role"
    message = _("There are no such screens.")


@dataclass(frozen=True)
class AccountFact(Fact):
    person_id: int


@dataclass(frozen=True)
class AccountCreated(AccountFact):
    username: str
    role: str


@dataclass(frozen=True)
class AccountRoleChanged(AccountFact):
    before: list[str]
    after: str


@dataclass(frozen=True)
class AccountDeactivated(AccountFact): ...


@dataclass(frozen=True)
class AccountActivated(AccountFact): ...


@dataclass(frozen=True)
class AccountPasswordReset(AccountFact): ...


@dataclass(frozen=True)
class PasswordChanged(AccountFact): ...


@dataclass(frozen=True)
class LoginSessionRevoked(AccountFact):
    session_id: int


GIVEN = (AccountCreated.__name__, AccountPasswordReset.__name__)  # facts after which somebody else knows the password


def keeps_given_password(user_id: int) -> bool:
    """Whether the password is still one that was made for this account: good for choosing another one only."""
    latest = (
        select(AuditEntry.fact)
        .join(Person, (Person.id == AuditEntry.subject_id) & (AuditEntry.subject_type == Person.__tablename__))
        .where(Person.user_id == user_id, AuditEntry.fact.in_([*GIVEN, PasswordChanged.__name__]))
    )
    return db.session.scalar(latest.order_by(AuditEntry.id.desc()).limit(1)) in GIVEN


@use_case
def create_account(
    actor: Actor, person_id: int, username: str, email: str, role: str, now: dt.datetime, password: str = ""
) -> tuple[Person, str]:
    """Let a person sign in; the first password is told once and made here, unless the caller has made one."""
    person = _locked_person(actor, person_id)
    if person.user_id is not None:
        raise AccountExists(person)
    _check_names(person, username := (username or "").strip().lower(), email := (email or "").strip())
    family, _space, rest = person.full_name.partition(" ")
    password = password or new_password()
    person.user = User(
        username=username, email=email, first_name=(rest or family)[:64], last_name=family[:64], active=True,
        password=password_hash(password), roles=[_role(person, role)],
    )  # fmt: skip
    db.session.flush()
    record(actor, AccountCreated.about(person, person_id=person.id, username=username, role=role), now)
    return person, password


@use_case
def set_role(actor: Actor, person_id: int, role: str, now: dt.datetime) -> Person:
    """Choose the screens of an account; every session of it ends."""
    person, user = _locked_account(actor, person_id)
    chosen, before = _role(person, role), sorted(each.name for each in user.roles)
    user.roles = [chosen]
    login.end_sessions(actor, user.id, "role_changed", now)
    record(actor, AccountRoleChanged.about(person, person_id=person.id, before=before, after=role), now)
    return person


@use_case
def deactivate_account(actor: Actor, person_id: int, now: dt.datetime) -> Person:
    """Nobody signs in with it any more; every session ends now."""
    person, user = _locked_account(actor, person_id)
    user.active = False
    login.end_sessions(actor, user.id, "deactivated", now)
    record(actor, AccountDeactivated.about(person, person_id=person.id), now)
    return person


@use_case
def activate_account(actor: Actor, person_id: int, now: dt.datetime) -> Person:
    """Let the person sign in again with the password he had."""
    person, user = _locked_account(actor, person_id)
    user.active = True
    record(actor, AccountActivated.about(person, person_id=person.id), now)
    return person


@use_case
def reset_password(actor: Actor, person_id: int, now: dt.datetime) -> str:
    """A new password, told once. The signing key waits until two people confirm a new one; passkeys too are suspended.

    Every session ends.
    """
    person, user = _locked_account(actor, person_id)
    password = new_password()
    user.password = password_hash(password)
    login.end_sessions(actor, user.id, "password_reset", now)
    keys.suspend_key(actor, person.id, "password_reset", now)
    passkeys.suspend_passkeys(actor, person.id, "password_reset", now)
    record(actor, AccountPasswordReset.about(person, person_id=person.id), now)
    return password


@use_case
def change_own_password(actor: Actor, user_id: int, password: str, session_id: int, now: dt.datetime) -> None:
    """A password of one's own choice; every session but the present one ends. The caller has asked for the old one."""
    rows = select(Person).where(Person.id == actor.person_id, Person.user_id == user_id).with_for_update(of=Person)
    person = db.session.scalars(rows).one()
    user = db.session.get_one(User, user_id)
    require_good_password(person, password, user.username)
    user.password = password_hash(password)
    login.end_sessions(actor, user_id, "password_changed", now, keep=session_id)
    record(actor, PasswordChanged.about(person, person_id=person.id), now)


@use_case
def revoke_session(actor: Actor, session_id: int, now: dt.datetime) -> LoginSession:
    """Sign one device out."""
    session = seen(actor, LoginSession, session_id)
    person = db.session.scalars(select(Person).where(Person.user_id == session.user_id)).one()
    actor.require(Right.ACCOUNT_MANAGE, person)
    if session.revoked_at is None:
        login.end_sessions(actor, session.user_id, "revoked", now, only=session.id)
        revoked = LoginSessionRevoked.about(person, person_id=person.id, session_id=session.id)
        record(actor, revoked, now)
    return session


def _locked_person(actor: Actor, person_id: int) -> Person:
    person = seen(actor, Person, person_id)
    actor.require(Right.ACCOUNT_MANAGE, person)
    if person.id == actor.person_id:
        raise OwnAccount(person)
    rows = select(Person).where(Person.id == person_id).with_for_update(of=Person)
    return db.session.execute(rows.execution_options(populate_existing=True)).scalar_one()


def _locked_account(actor: Actor, person_id: int) -> tuple[Person, User]:
    person = _locked_person(actor, person_id)
    if person.user is None:
        raise NoAccount(person)
    return person, person.user


def _check_names(person: Person, username: str, email: str) -> None:
    if not USERNAME.fullmatch(username):
        raise BadUsername(person)
    if db.session.scalar(select(User.id).where(func.lower(User.username) == username)):
        raise UsernameTaken(person)
    same = select(User.id).where(func.lower(User.email) == email.lower())
    if not EMAIL.fullmatch(email) or len(email) > 320 or db.session.scalar(same):  # noqa: PLR2004 - RFC 3696
        raise BadEmail(person)


def _role(person: Person, name: str) -> Role:
    role = db.session.scalar(select(Role).where(Role.name == name)) if name in ROLES else None
    if role is None:
        raise BadRole(person)
    return role


def new_password() -> str:
    """Sixteen letters and digits in four groups: 79 bits that can be read aloud."""
    return "-".join("".join(secrets.choice(LETTERS) for _letter in range(4)) for _group in range(4))
