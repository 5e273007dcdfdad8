"""What left the application, to whom, and what is known of it."""

import datetime as dt
from enum import StrEnum

from flask_appbuilder import Model
from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import UTC, named
from app.models.contact import Channel, ContactAddress, PushSubscription
from app.models.digest import Digest
from app.models.identity import Person
from app.models.notice import Notice


class DeliveryState(StrEnum):
    """Never more than is known: a server that took a message has it, nobody says that it was read."""

    QUEUED = "queued"
    SENDING = "sending"
    HANDED_OVER = "handed_over"
    FAILED = "failed"
    BOUNCED = "bounced"
    UNCERTAIN = "uncertain"
    DROPPED = "dropped"


class Delivery(Model):
    """One message on its way out (lượt gửi): a notice or a digest, on one channel, to one address.

    `sending_at` is committed when the other side has everything but the text; what is found in that state after a
    crash may have arrived, so it is never sent by itself again.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        CheckConstraint("(notice_id IS NULL) <> (digest_id IS NULL)", name="delivery_subject"),
        CheckConstraint("(channel = 'push') = (subscription_id IS NOT NULL)", name="delivery_push"),
        CheckConstraint("(channel = 'push') = (contact_id IS NULL)", name="delivery_contact"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    key: Mapped[str] = mapped_column(String(80), unique=True)
    notice_id: Mapped[int | None] = mapped_column(ForeignKey("notice.id"), index=True)
    digest_id: Mapped[int | None] = mapped_column(ForeignKey("digest.id"), index=True)
    channel: Mapped[Channel] = mapped_column(named(Channel))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact_address.id"))
    subscription_id: Mapped[int | None] = mapped_column(ForeignKey("push_subscription.id"))
    state: Mapped[DeliveryState] = mapped_column(named(DeliveryState), default=DeliveryState.QUEUED)
    urgent: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[dt.datetime] = mapped_column(UTC)
    not_before: Mapped[dt.datetime] = mapped_column(UTC)
    sending_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    ended_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    attempts: Mapped[int] = mapped_column(default=0)
    provider_id: Mapped[str] = mapped_column(String(120), default="")
    last_error: Mapped[str] = mapped_column(String(300), default="")

    person: Mapped[Person] = relationship()
    notice: Mapped[Notice | None] = relationship()
    digest: Mapped[Digest | None] = relationship()
    contact: Mapped[ContactAddress | None] = relationship()
    subscription: Mapped[PushSubscription | None] = relationship()

    @property
    def meeting_id(self) -> None:
        return None
