"""How a person is reached outside the application, and what he wants to be told where."""

import datetime as dt
from enum import StrEnum

from flask_appbuilder import Model
from sqlalchemy import CheckConstraint, ForeignKey, String, Text, Time, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import UTC, named
from app.models.identity import Person


class Channel(StrEnum):
    """Ways out of the application."""

    MAIL = "mail"
    SMS = "sms"
    PUSH = "push"


class Topic(StrEnum):
    """What a notice is about: the kinds that a person chooses channels for."""

    MEETING = "meeting"
    REMINDER = "reminder"
    VOTE = "vote"
    SLIP = "slip"
    RESOLUTION = "resolution"
    DIGEST = "digest"
    SECURITY = "security"


class ContactAddress(Model):
    """A mail address or telephone number of a person (địa chỉ liên hệ); used once it is confirmed.

    `confirmed_at` is set by the Government Office with the roll, or by the code that was sent there (`code_sha256`).
    """

    __tablename__ = "contact_address"
    __table_args__ = (
        UniqueConstraint("person_id", "channel", "address", name="contact_address_once"),
        CheckConstraint("channel IN ('mail', 'sms')", name="contact_address_channel"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    channel: Mapped[Channel] = mapped_column(named(Channel))
    address: Mapped[str] = mapped_column(String(254))
    added_at: Mapped[dt.datetime] = mapped_column(UTC)
    confirmed_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    code_sha256: Mapped[str] = mapped_column(String(64), default="")
    code_until: Mapped[dt.datetime | None] = mapped_column(UTC)
    code_tries: Mapped[int] = mapped_column(default=0)
    bounced_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    bounce_said: Mapped[str] = mapped_column(String(300), default="")
    removed_at: Mapped[dt.datetime | None] = mapped_column(UTC)

    person: Mapped[Person] = relationship()

    @property
    def meeting_id(self) -> None:
        return None


class PushSubscription(Model):
    """A browser that asked for push messages (đăng ký thông báo đẩy), until it says that it is gone."""

    __tablename__ = "push_subscription"

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    endpoint: Mapped[str] = mapped_column(Text)
    endpoint_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    p256dh: Mapped[str] = mapped_column(String(120))
    auth: Mapped[str] = mapped_column(String(40))
    device: Mapped[str] = mapped_column(String(120), default="")
    created_at: Mapped[dt.datetime] = mapped_column(UTC)
    gone_at: Mapped[dt.datetime | None] = mapped_column(UTC)

    @property
    def meeting_id(self) -> None:
        return None


class NoticePreference(Model):
    """Whether a person wants one kind of notice on one channel; without a row the installation's default holds."""

    __tablename__ = "notice_preference"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    topic: Mapped[Topic] = mapped_column(named(Topic), primary_key=True)
    channel: Mapped[Channel] = mapped_column(named(Channel), primary_key=True)
    wanted: Mapped[bool]


class QuietHours(Model):
    """The hours (Hanoi) in which a person is left in peace, other than by what is marked Hỏa tốc."""

    __tablename__ = "quiet_hours"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    kept: Mapped[bool] = mapped_column(default=True)
    begins: Mapped[dt.time] = mapped_column(Time)
    ends: Mapped[dt.time] = mapped_column(Time)
