"""Who is who: bodies, organisations, people, the offices they hold, and those who prepare work for them."""

import datetime as dt
from enum import StrEnum

from flask_appbuilder import Model
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.ext.hybrid import hybrid_method
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import named

FOREVER = dt.date(9999, 12, 31)


class BodyKind(StrEnum):
    GOVERNMENT = "government"
    MINISTRY = "ministry"
    PROVINCE = "province"
    COMMUNE = "commune"


class OrganisationKind(StrEnum):
    OFFICE = "office"
    MINISTRY = "ministry"
    AGENCY = "agency"
    UNIT = "unit"


class Office(StrEnum):
    """What an appointment makes of a person in a body; a post without an office carries no right."""

    HEAD = "head"
    DEPUTY_HEAD = "deputy_head"
    MINISTER_CHAIRMAN = "minister_chairman"
    MEMBER = "member"
    DEPUTY_MINISTER = "deputy_minister"
    UNIT_HEAD = "unit_head"
    CLERK = "clerk"
    RECORDS = "records"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Body(Model):
    """A deciding body (cơ quan quyết định) and tenant: the Government, a provincial People's Committee."""

    __tablename__ = "body"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[BodyKind] = mapped_column(named(BodyKind))
    place: Mapped[str] = mapped_column(String(100))

    def __str__(self) -> str:
        return self.name


class Organisation(Model):
    """A ministry, agency or unit (cơ quan, đơn vị) of a body."""

    __tablename__ = "organisation"
    __table_args__ = (UniqueConstraint("body_id", "abbreviation", name="organisation_abbreviation"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    kind: Mapped[OrganisationKind] = mapped_column(named(OrganisationKind))
    name: Mapped[str] = mapped_column(String(200))
    name_fold: Mapped[str] = mapped_column(String(200), index=True)
    abbreviation: Mapped[str] = mapped_column(String(20))
    position: Mapped[int] = mapped_column(default=0)

    body: Mapped[Body] = relationship()
    parent: Mapped["Organisation | None"] = relationship(remote_side=id)

    @property
    def meeting_id(self) -> None:
        return None

    def __str__(self) -> str:
        return self.name


class Person(Model):
    """A human being (người); account and certificates belong to the person, rights to the appointments."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    home_body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    full_name: Mapped[str] = mapped_column(String(200))
    name_fold: Mapped[str] = mapped_column(String(200), index=True)
    sort_key: Mapped[str] = mapped_column(String(400), index=True)
    fictional: Mapped[bool] = mapped_column(default=False)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id"), unique=True)

    appointments: Mapped[list["Appointment"]] = relationship(
        back_populates="person", order_by="Appointment.valid_from"
    )
    user: Mapped[User | None] = relationship()

    @property
    def body_id(self) -> int:
        return self.home_body_id

    @property
    def meeting_id(self) -> None:
        return None

    def __str__(self) -> str:
        return self.full_name


class Appointment(Model):
    """A person in a post (chức vụ), from a Hanoi date up to but not including another."""

    __tablename__ = "appointment"
    __table_args__ = (CheckConstraint("valid_from < valid_to", name="appointment_dates"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    office: Mapped[Office] = mapped_column(named(Office))
    post: Mapped[str] = mapped_column(String(200))
    abbreviation: Mapped[str] = mapped_column(String(20), default="")
    rank: Mapped[int]
    valid_from: Mapped[dt.date]
    valid_to: Mapped[dt.date] = mapped_column(default=FOREVER)

    person: Mapped[Person] = relationship(back_populates="appointments")
    body: Mapped[Body] = relationship()
    organisation: Mapped[Organisation | None] = relationship()

    @property
    def meeting_id(self) -> None:
        return None

    @hybrid_method
    def in_force(self, on: dt.date) -> bool:
        return (self.valid_from <= on) & (self.valid_to > on)

    def __str__(self) -> str:
        return self.post


class MemberStaff(Model):
    """An aide of a member (người giúp việc), between two dates; an aide prepares and never signs."""

    __tablename__ = "member_staff"
    __table_args__ = (
        CheckConstraint("member_id <> aide_id", name="member_staff_two_people"),
        CheckConstraint("valid_from < valid_to", name="member_staff_dates"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    aide_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    valid_from: Mapped[dt.date]
    valid_to: Mapped[dt.date] = mapped_column(default=FOREVER)

    member: Mapped[Person] = relationship(foreign_keys=member_id)
    aide: Mapped[Person] = relationship(foreign_keys=aide_id)
