"""Founding (thiết lập ban đầu): the body, its rules and its first administrator, let in by two people together."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from flask_appbuilder.security.sqla.models import Role, User
from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.models import Appointment, Body, BodyKind, Office, Person, RuleSet
from app.workflows import accounts, identity, rule_sets
from app.workflows.engine.rights import Actor
from app.workflows.engine.transaction import Fact, end_reading, record, use_case
from app.workflows.rules.calendar import hanoi_date
from app.workflows.rules.canonical import clean_text
from app.workflows.rules.names import fold
from app.workflows.rules.rulesets import GOVERNMENT_RULE_SETS, PROVINCE_RULE_SETS, RuleSetPreset

CODE = re.compile(r"[A-ZĐ][A-ZĐ0-9-]{0,19}")
SCREENS = "quan_tri"
RANK = 900  # after everybody who has a say
LONGEST = {"name": 200, "place": 100, "administrator": 200, "post": 200, "witness": 200}
RULES: dict[BodyKind, tuple[RuleSetPreset, ...]] = {
    BodyKind.GOVERNMENT: GOVERNMENT_RULE_SETS, BodyKind.PROVINCE: PROVINCE_RULE_SETS,
}  # fmt: skip


class FoundingRefused(Exception):
    """Nothing was founded: `reasons` are (field or "", translated sentence). There is no log yet to write it to."""

    def __init__(self, *reasons: tuple[str, Any]) -> None:
        super().__init__("; ".join(f"{field}: {said}" if field else str(said) for field, said in reasons))
        self.reasons = reasons


@dataclass(frozen=True)
class Charter:
    """What a new installation is told of itself; name, place and code stand on every document it makes.

    The first administrator signs in with a password of two halves; `witness` is whoever gets the second one.
    """

    code: str
    name: str
    kind: str
    place: str
    administrator: str
    post: str
    username: str
    email: str
    witness: str


FIELDS = tuple(field.name for field in fields(Charter))


@dataclass(frozen=True)
class InstallationFounded(Fact):
    code: str
    rule_sets: list[str]
    administrator: str
    witness: str


@dataclass(frozen=True)
class Founded:
    """Ids, and the halves of the first password: one for the administrator, one for the witness."""

    body_id: int
    administrator_id: int
    halves: tuple[str, str]


def founder(body_id: int, office: Office) -> Actor:
    """Whoever sets an installation up at its terminal, while nobody on the roll can; acts of his name no person."""
    return Actor(person_id=None, offices=frozenset({(body_id, office)}), name="setup")


def has_keepers(body_id: int, on: dt.date) -> bool:
    """Whether somebody on the roll can keep it: from then on the terminal is nobody's office."""
    keepers = (
        select(Appointment.id)
        .join(Person, Person.id == Appointment.person_id)
        .where(Appointment.body_id == body_id, Appointment.office.in_((Office.CLERK, Office.MINISTER_CHAIRMAN)),
               Appointment.in_force(on), Person.user_id.is_not(None))
    )  # fmt: skip
    return db.session.scalar(keepers.limit(1)) is not None


def charter(values: Mapping[str, Any]) -> Charter:
    """The charter of what was typed; FoundingRefused names every field that is missing, odd or unknown."""
    wrong: list[tuple[str, Any]] = [
        (name, _("There is no such field.")) for name in sorted(set(values) - set(FIELDS), key=str)
    ]
    given = {name: _clean(values.get(name)) for name in FIELDS}
    wrong += [
        (name, _("This is missing, too long, or contains signs that cannot be printed."))
        for name, text in given.items() if not text or len(text) > LONGEST.get(name, 320)
    ]  # fmt: skip
    made = Charter(**{**given, "username": given["username"].lower()})
    wrong += _odd(made) if not wrong else []
    if wrong:
        raise FoundingRefused(*wrong)
    return made


def _clean(value: Any) -> str:
    try:
        text = clean_text(value) if isinstance(value, str) else ""
    except ValueError:
        return ""
    return text if text.isprintable() else ""


def _odd(made: Charter) -> list[tuple[str, Any]]:
    """Fields that are there and cannot be right."""
    odd: list[tuple[str, Any]] = []
    if not CODE.fullmatch(made.code):
        odd.append(("code", _("The code is what stands in numbers of documents: capital letters, digits, hyphens.")))
    if made.kind not in RULES:
        kinds = ", ".join(RULES)
        odd.append(("kind", _("Rules are known for these kinds of bodies only: %(kinds)s.", kinds=kinds)))
    if not accounts.USERNAME.fullmatch(made.username):
        odd.append(("username", accounts.BadUsername.message))
    if not accounts.EMAIL.fullmatch(made.email):
        odd.append(("email", accounts.BadEmail.message))
    if fold(made.administrator) == fold(made.witness):
        odd.append(("witness", _("The administrator and the witness are two different people.")))
    return odd


def require_empty() -> None:
    """FoundingRefused where somebody is already, or where the roles are missing that accounts need."""
    if any(db.session.scalar(select(table.id).limit(1)) for table in (Body, Person, User)):
        raise FoundingRefused(("", _("This database already holds a body or people; nothing was changed.")))
    if db.session.scalar(select(Role.id).where(Role.name == SCREENS)) is None:
        raise FoundingRefused(("", _("The roles are missing; make them with: flask sync-roles")))


def found(made: Charter, now: dt.datetime) -> Founded:
    """Found the installation, once; the password's halves are told once and are nowhere else."""
    require_empty()
    end_reading()
    halves = (accounts.new_password() + "-", accounts.new_password())
    body_id, administrator_id = _found(founder(0, Office.ADMINISTRATOR), made, "".join(halves), now)
    return Founded(body_id, administrator_id, halves)


@use_case
def _found(_actor: Actor, made: Charter, password: str, now: dt.datetime) -> tuple[int, int]:
    kind = BodyKind(made.kind)
    body = Body(code=made.code, name=made.name, kind=kind, place=made.place)
    db.session.add(body)
    db.session.flush()
    rule_sets.enter_known(body, RULES[kind])
    clerk, administrator = (founder(body.id, office) for office in (Office.CLERK, Office.ADMINISTRATOR))
    person = identity.add_person(clerk, body.id, made.administrator, now)
    since = hanoi_date(now)
    identity.appoint(clerk, person.id, body.id, Office.ADMINISTRATOR, made.post, RANK, since, now)
    accounts.create_account(administrator, person.id, made.username, made.email, SCREENS, now, password)
    codes = list(db.session.scalars(select(RuleSet.code).where(RuleSet.body_id == body.id).order_by(RuleSet.id)))
    subject = (body.id, Body.__tablename__, body.id)
    record(administrator, InstallationFounded(*subject, body.code, codes, made.administrator, made.witness), now)
    return body.id, person.id
