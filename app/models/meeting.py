"""Meetings and the places in them."""

import datetime as dt
from enum import StrEnum

from flask_appbuilder import Model
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import UTC, named
from app.models.identity import Appointment, Body, Person


class MeetingKind(StrEnum):
    REGULAR = "regular"
    THEMATIC = "thematic"
    EXTRAORDINARY = "extraordinary"


class MeetingState(StrEnum):
    DRAFT = "draft"
    INVITED = "invited"
    OPEN = "open"
    ADJOURNED = "adjourned"
    CLOSED = "closed"
    POSTPONED = "postponed"
    CANCELLED = "cancelled"


class SeatRole(StrEnum):
    CHAIR = "chair"
    SECRETARY = "secretary"
    ATTENDEE = "attendee"
    SUBSTITUTE = "substitute"
    GUEST = "guest"


class Reply(StrEnum):
    NONE = "none"
    IN_ROOM = "in_room"
    REMOTE = "remote"
    ABSENT = "absent"


class Presence(StrEnum):
    AWAY = "away"
    IN_ROOM = "in_room"
    REMOTE = "remote"


class Meeting(Model):
    """A meeting of the body (phiên họp)."""

    __tablename__ = "meeting"
    __table_args__ = (
        CheckConstraint(
            "state NOT IN ('open', 'adjourned', 'closed') OR opened_at IS NOT NULL", name="meeting_opened_at"
        ),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="meeting_closed_at"),
        CheckConstraint("state = 'draft' OR state = 'cancelled' OR invited_at IS NOT NULL", name="meeting_invited_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    kind: Mapped[MeetingKind] = mapped_column(named(MeetingKind))
    title: Mapped[str] = mapped_column(String(300))
    title_fold: Mapped[str] = mapped_column(String(300), index=True)
    held_on: Mapped[dt.date] = mapped_column(index=True)
    starts_at: Mapped[dt.datetime] = mapped_column(UTC)
    planned_minutes: Mapped[int] = mapped_column(default=120)
    place: Mapped[str] = mapped_column(String(200))
    conference_url: Mapped[str] = mapped_column(String(500), default="")
    passkey_demanded: Mapped[bool] = mapped_column(default=False)
    state: Mapped[MeetingState] = mapped_column(named(MeetingState), default=MeetingState.DRAFT)
    state_reason: Mapped[str] = mapped_column(Text, default="")
    invited_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    opened_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    closed_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    version: Mapped[int] = mapped_column(default=0)

    body: Mapped[Body] = relationship()
    seats: Mapped[list["Seat"]] = relationship(back_populates="meeting", order_by="Seat.position, Seat.id")

    @property
    def meeting_id(self) -> int:
        return self.id

    @property
    def chair_id(self) -> int | None:
        """Who chairs the meeting as a whole; an agenda item may name somebody else for itself."""
        return next((seat.person_id for seat in self.seats if seat.role is SeatRole.CHAIR), None)

    def __str__(self) -> str:
        return self.title


class Seat(Model):
    """One person's place in one meeting (thành phần dự họp); it may stand in for a member and never votes for him."""

    __tablename__ = "seat"
    __table_args__ = (
        UniqueConstraint("meeting_id", "person_id", name="seat_once"),
        CheckConstraint("(role = 'substitute') = (stands_in_for_id IS NOT NULL)", name="seat_substitute_of_somebody"),
        CheckConstraint("stands_in_for_id IS NULL OR stands_in_for_id <> person_id", name="seat_not_of_oneself"),
        Index("seat_one_chair", "meeting_id", unique=True,
              sqlite_where=text("role = 'chair'"), postgresql_where=text("role = 'chair'")),
        Index("seat_one_substitute", "meeting_id", "stands_in_for_id", unique=True,
              sqlite_where=text("stands_in_for_id IS NOT NULL"),
              postgresql_where=text("stands_in_for_id IS NOT NULL")),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointment.id"))
    role: Mapped[SeatRole] = mapped_column(named(SeatRole))
    post: Mapped[str] = mapped_column(String(200))
    abbreviation: Mapped[str] = mapped_column(String(20), default="")
    position: Mapped[int] = mapped_column(default=0)
    is_member: Mapped[bool] = mapped_column(default=False)
    reply: Mapped[Reply] = mapped_column(named(Reply), default=Reply.NONE)
    replied_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    presence: Mapped[Presence] = mapped_column(named(Presence), default=Presence.AWAY)
    present_since: Mapped[dt.datetime | None] = mapped_column(UTC)
    stands_in_for_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))

    meeting: Mapped[Meeting] = relationship(back_populates="seats")
    person: Mapped[Person] = relationship(foreign_keys=person_id)
    stands_in_for: Mapped[Person | None] = relationship(foreign_keys=stands_in_for_id)
    appointment: Mapped[Appointment | None] = relationship()

    def __str__(self) -> str:
        return self.post


class GuestItem(Model):
    """An agenda item a guest is invited to (nội dung khách mời được dự); he sees no other papers."""

    __tablename__ = "guest_item"

    seat_id: Mapped[int] = mapped_column(ForeignKey("seat.id"), primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("agenda_item.id"), primary_key=True)


class AbsenceState(StrEnum):
    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Absence(Model):
    """A member's request to be absent (xin vắng mặt), perhaps with a substitute; the head of the body decides."""

    __tablename__ = "absence"
    __table_args__ = (
        CheckConstraint("(state IN ('approved', 'refused')) = (decided_at IS NOT NULL)", name="absence_decided_at"),
        CheckConstraint("substitute_id IS NULL OR substitute_id <> member_id", name="absence_substitute"),
        Index("absence_one_standing", "meeting_id", "member_id", unique=True,
              sqlite_where=text("state IN ('requested', 'approved')"),
              postgresql_where=text("state IN ('requested', 'approved')")),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"), index=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    substitute_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[AbsenceState] = mapped_column(named(AbsenceState), default=AbsenceState.REQUESTED)
    requested_at: Mapped[dt.datetime] = mapped_column(UTC)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    decision_reason: Mapped[str] = mapped_column(Text, default="")

    meeting: Mapped[Meeting] = relationship()
    member: Mapped[Person] = relationship(foreign_keys=member_id)
    substitute: Mapped[Person | None] = relationship(foreign_keys=substitute_id)
