"""A small cabinet of five members, for tests that need people: who they are and what they sign with."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import Select, select

from app.extensions import db
from app.gateways import signing
from app.models import (
    Appointment,
    Body,
    BodyKind,
    Office,
    Organisation,
    OrganisationKind,
    Person,
    RuleSet,
)
from app.workflows import keys
from app.workflows.engine.rights import SYSTEM, Actor, actor_for
from app.workflows.engine.transaction import use_case
from app.workflows.rules.calendar import hanoi_date
from app.workflows.rules.names import fold, vietnamese_sort_key
from app.workflows.rules.rulesets import GOVERNMENT_RULE_SETS

NOW = dt.datetime(2026, 7, 30, 1, 0, tzinfo=dt.UTC)
TODAY = hanoi_date(NOW)
SINCE = dt.date(2026, 1, 1)
PIN = "240619"
PASSWORD = "Ecabinet@2019"


@dataclass(frozen=True)
class Figure:
    name: str
    office: Office | None
    organisation: str | None
    post: str
    rank: int
    role: str
    signs: bool = False


PEOPLE = {
    "head": Figure("Trần Văn Một", Office.HEAD, None, "Thủ tướng Chính phủ", 1, "thanh_vien", True),
    "deputy": Figure("Lê Thị Hai", Office.DEPUTY_HEAD, None, "Phó Thủ tướng Chính phủ", 2, "thanh_vien", True),
    "a": Figure("Phạm Văn Ba", Office.MEMBER, "BXD", "Bộ trưởng Bộ Xây dựng", 3, "thanh_vien", True),
    "b": Figure("Đỗ Thị Bốn", Office.MEMBER, "BYT", "Bộ trưởng Bộ Y tế", 4, "thanh_vien", True),
    "chairman": Figure(
        "Vũ Văn Năm", Office.MINISTER_CHAIRMAN, "VPCP", "Bộ trưởng, Chủ nhiệm Văn phòng Chính phủ", 5, "thanh_vien",
        True,
    ),
    "under_a": Figure("Hồ Văn Sáu", Office.DEPUTY_MINISTER, "BXD", "Thứ trưởng Bộ Xây dựng", 50, "thanh_vien"),
    "clerk": Figure("Ngô Thị Bảy", Office.CLERK, "VPCP", "Chuyên viên Văn phòng Chính phủ", 90, "van_phong"),
    "secretary": Figure("Bùi Văn Tám", Office.CLERK, "VPCP", "Vụ trưởng Vụ Tổng hợp", 91, "van_phong"),
    "records": Figure("Mai Thị Chín", Office.RECORDS, "VPCP", "Văn thư Văn phòng Chính phủ", 92, "van_thu"),
    "auditor": Figure("Dương Văn Mười", Office.AUDITOR, "VPCP", "Kiểm toán viên", 93, "kiem_toan"),
    "admin": Figure("Lý Văn Mười Một", Office.ADMINISTRATOR, "VPCP", "Quản trị viên", 94, "quan_tri"),
    "guest": Figure("Tô Thị Mười Hai", None, None, "Khách mời", 99, "khach"),
}
MEMBERS = [name for name, figure in PEOPLE.items() if figure.signs]


def build(application: Flask) -> None:
    """Fill an empty, migrated database; needs an application context and a signer that can enrol."""
    manager = application.appbuilder.sm
    for name, figure in PEOPLE.items():
        family, _, rest = figure.name.partition(" ")
        manager.add_user(name, rest, family, f"{name}@example.vn", manager.find_role(figure.role), password=PASSWORD)
    _fill(SYSTEM)


@use_case
def _fill(_actor: Actor) -> None:
    government = Body(id=1, code="CP", name="Chính phủ", kind=BodyKind.GOVERNMENT, place="Hà Nội")
    province = Body(id=2, code="UBND-LC", name="UBND tỉnh Lào Cai", kind=BodyKind.PROVINCE, place="Lào Cai")
    db.session.add_all([government, province])
    db.session.flush()
    organisations = {
        short: Organisation(body_id=1, kind=kind, name=name, name_fold=fold(name), abbreviation=short)
        for short, kind, name in (
            ("VPCP", OrganisationKind.OFFICE, "Văn phòng Chính phủ"),
            ("BXD", OrganisationKind.MINISTRY, "Bộ Xây dựng"),
            ("BYT", OrganisationKind.MINISTRY, "Bộ Y tế"),
        )
    }
    db.session.add_all(organisations.values())
    db.session.flush()
    _add_rule_sets()
    for username, figure in PEOPLE.items():
        _add_person(username, figure, organisations)


def _add_rule_sets() -> None:
    for preset in GOVERNMENT_RULE_SETS:
        db.session.add(
            RuleSet(
                body_id=1, code=preset.code, name=preset.name_vi, procedure=preset.procedure,
                valid_from=preset.valid_from, valid_to=preset.valid_to or dt.date(9999, 12, 31),
                parameters=preset.parameters.as_dict(), legal_source=preset.legal_source_vi,
                confirmed=preset.confirmed,
            )
        )  # fmt: skip


def _add_person(username: str, figure: Figure, organisations: dict[str, Organisation]) -> None:
    from flask_appbuilder.security.sqla.models import User

    user = db.session.scalars(select(User).where(User.username == username)).one()
    person = Person(
        home_body_id=1, full_name=figure.name, name_fold=fold(figure.name), fictional=True, user_id=user.id,
        sort_key=vietnamese_sort_key(figure.name),
    )  # fmt: skip
    if figure.office:
        person.appointments.append(
            Appointment(
                body_id=1, organisation=organisations.get(figure.organisation or ""), office=figure.office,
                post=figure.post, abbreviation=figure.organisation or "TTg", rank=figure.rank, valid_from=SINCE,
            )
        )  # fmt: skip
    db.session.add(person)
    db.session.flush()
    if figure.signs:
        since = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        enrolled = signing.signer().enrol(figure.name, figure.post, "Chính phủ", PIN, since, 5 * 365)
        keys.register_key(SYSTEM, person, enrolled.key_ref, enrolled.certificate_der, since)


class Actors(Mapping[str, Actor]):
    """Everybody as an actor, by user name; the capacities are read when somebody is first asked for."""

    def __init__(self, on: dt.date) -> None:
        self._on, self._known = on, dict[str, Actor]()

    def __getitem__(self, username: str) -> Actor:
        if username not in self._known:
            person_id = db.session.scalar(_accounts(Person.id).where(User.username == username))
            if person_id is None:
                raise KeyError(username)
            self._known[username] = actor_for(person_id, self._on, username)
        return self._known[username]

    def __iter__(self) -> Iterator[str]:
        return iter(db.session.scalars(_accounts(User.username)).all())

    def __len__(self) -> int:
        return len(list(iter(self)))


def _accounts(column: Any) -> Select[Any]:
    return select(column).join_from(User, Person, Person.user_id == User.id)


def actors(on: dt.date = TODAY) -> Actors:
    """Everybody with the capacities of a date; ask for them again after seats have changed."""
    return Actors(on)
