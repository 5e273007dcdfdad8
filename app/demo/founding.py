"""How a Government of a preset comes into a migrated, empty database: people, offices, accounts, keys, rule sets."""

import datetime as dt
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from flask import current_app
from flask_appbuilder.security.sqla.models import Role, User
from sqlalchemy import select
from werkzeug.security import generate_password_hash

from app.demo.equipment import equip
from app.demo.presets import Figure, Preset, Tenant
from app.extensions import db
from app.gateways import signing
from app.models import Appointment, Body, MemberStaff, Organisation, Person
from app.workflows import keys, rule_sets
from app.workflows.engine.rights import SYSTEM, Actor, actor_for
from app.workflows.engine.transaction import Fact, end_reading, record, use_case
from app.workflows.rules.calendar import hanoi_date
from app.workflows.rules.names import fold, vietnamese_sort_key

KEY_DAYS = 5 * 365


class NotEmpty(Exception):
    """The database already holds a body: nothing is founded into somebody's data."""


class NoRoles(Exception):
    """The roles that accounts need are missing: `flask sync-roles` writes them."""


@dataclass(frozen=True)
class BodyFounded(Fact):
    preset: str
    people: int


@dataclass(frozen=True)
class Founded:
    """What was founded: ids by handle (user name) and by abbreviation; `figures` are the Government's people."""

    preset: Preset = field(repr=False)
    body_id: int
    province_id: int
    people: Mapping[str, int]
    organisations: Mapping[str, int]
    figures: Mapping[str, Figure] = field(repr=False)

    @property
    def members(self) -> list[str]:
        """Handles of the members in order of precedence; the first is the head of the body."""
        return [handle for handle, figure in self.figures.items() if figure.signs]

    def actor(self, handle: str, on: dt.date) -> Actor:
        """Somebody with the offices of a Hanoi date and the seats of now; read again after seats have changed."""
        return actor_for(self.people[handle], on, handle)


def found(preset: Preset, now: dt.datetime, password: str, pin: str, accounts: bool = True) -> Founded:
    """Found the Government and a province; members get keys valid from `now`, everybody the same password and PIN.

    Keys are made before anything is written, with no transaction open; the Government's seal and the specimen
    signatures of those who sign for it are registered afterwards. NotEmpty, NoRoles, ValueError for a moment before
    the preset's Government was in office; `SigningError` when the signer refuses.
    """
    if hanoi_date(now) < preset.since:
        raise ValueError(f"{preset.code} is in office since {preset.since.isoformat()}")
    _require_empty(preset, accounts)
    enrolled = _enrol(preset.government, pin, now)
    figures = [figure for figure in preset.government.figures if figure.roles] if accounts else []
    hashed = _hash(password, figures)
    founded = _write(SYSTEM, preset, enrolled, hashed, now)
    equip(founded.body_id, founded.people, preset.government.figures, pin, now)
    return founded


def _require_empty(preset: Preset, accounts: bool) -> None:
    if db.session.scalar(select(Body.id).limit(1)):
        raise NotEmpty
    wanted = {role for figure in preset.government.figures for role in figure.roles} if accounts else set()
    if wanted - set(db.session.scalars(select(Role.name))):
        raise NoRoles
    end_reading()


def _enrol(tenant: Tenant, pin: str, now: dt.datetime) -> dict[str, signing.Enrolled]:
    """Keys of all who sign; the price of a PIN is paid on every core at once."""
    names = {unit.abbreviation: unit.name for unit in tenant.units}
    signer = signing.signer()

    def enrol(figure: Figure) -> tuple[str, signing.Enrolled]:
        post = figure.posts[0]
        organisation = names.get(post.organisation or "", tenant.name)
        title = post.title.partition(" (")[0]  # X.509 leaves room for 64 letters
        return figure.handle, signer.enrol(figure.name, title, organisation, pin, now, KEY_DAYS)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(pool.map(enrol, [figure for figure in tenant.figures if figure.signs]))


def _hash(password: str, figures: Iterable[Figure]) -> dict[str, str]:
    """A salted hash for each account, as FAB makes them."""
    method = current_app.config.get("FAB_PASSWORD_HASH_METHOD", "scrypt")
    handles = [figure.handle for figure in figures]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        hashes = pool.map(lambda _handle: generate_password_hash(password, method), handles)
        return dict(zip(handles, hashes, strict=True))


@use_case
def _write(
    actor: Actor,
    preset: Preset,
    enrolled: Mapping[str, signing.Enrolled],
    hashed: Mapping[str, str],
    now: dt.datetime,
) -> Founded:
    government, organisations, people = _write_tenant(preset.government, preset.since, hashed)
    province, _units, provincials = _write_tenant(preset.province, preset.since, {})
    for handle, key in enrolled.items():
        keys.register_key(actor, people[handle], key.key_ref, key.certificate_der, now)
    for body, count in ((government, people), (province, provincials)):
        record(actor, BodyFounded(body.id, body.__tablename__, body.id, preset.code, len(count)), now)
    return Founded(
        preset=preset, body_id=government.id, province_id=province.id,
        people={handle: person.id for handle, person in {**people, **provincials}.items()},
        organisations={short: organisation.id for short, organisation in organisations.items()},
        figures={figure.handle: figure for figure in preset.government.figures},
    )  # fmt: skip


def _write_tenant(
    tenant: Tenant, since: dt.date, hashed: Mapping[str, str]
) -> tuple[Body, dict[str, Organisation], dict[str, Person]]:
    body = Body(code=tenant.code, name=tenant.name, kind=tenant.kind, place=tenant.place)
    db.session.add(body)
    db.session.flush()
    organisations = _write_units(tenant, body)
    rule_sets.enter_known(body, tenant.rule_sets)
    roles = {role.name: role for role in db.session.scalars(select(Role))}
    people = {
        figure.handle: _write_person(figure, body, organisations, since, _account(figure, hashed, roles))
        for figure in tenant.figures
    }
    db.session.flush()
    for member, aide in tenant.aides:
        db.session.add(
            MemberStaff(body_id=body.id, member_id=people[member].id, aide_id=people[aide].id, valid_from=since)
        )
    return body, organisations, people


def _write_units(tenant: Tenant, body: Body) -> dict[str, Organisation]:
    made: dict[str, Organisation] = {}
    for position, unit in enumerate(tenant.units, start=1):
        made[unit.abbreviation] = Organisation(
            body_id=body.id, kind=unit.kind, name=unit.name, name_fold=fold(unit.name), position=position,
            abbreviation=unit.abbreviation, parent=made.get(unit.parent or ""),
        )  # fmt: skip
    db.session.add_all(made.values())
    db.session.flush()
    return made


def _write_person(
    figure: Figure, body: Body, organisations: Mapping[str, Organisation], since: dt.date, account: User | None
) -> Person:
    person = Person(
        home_body_id=body.id, full_name=figure.name, name_fold=fold(figure.name), fictional=True, user=account,
        sort_key=vietnamese_sort_key(figure.name),
    )  # fmt: skip
    for post in figure.posts:
        person.appointments.append(
            Appointment(
                body_id=body.id, organisation=organisations.get(post.organisation or ""), office=post.office,
                post=post.title, abbreviation=post.abbreviation, rank=post.rank, valid_from=since,
            )
        )  # fmt: skip
    db.session.add(person)
    return person


def _account(figure: Figure, hashed: Mapping[str, str], roles: Mapping[str, Role]) -> User | None:
    if figure.handle not in hashed:
        return None
    family, _space, given = figure.name.partition(" ")
    return User(
        username=figure.handle, first_name=given, last_name=family, email=f"{figure.handle}@ecabinet.example",
        active=True, password=hashed[figure.handle], roles=[roles[role] for role in figure.roles],
    )  # fmt: skip
