"""Long-term forms of promulgated documents, and what authorities said of the certificates that they rest on."""

import datetime as dt
from enum import StrEnum

from flask_appbuilder import Model
from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import UTC, named
from app.models.resolution import Resolution


class PreservedLevel(StrEnum):
    """Levels of ETSI EN 319 142-1 that a long-term form may have."""

    LT = "B-LT"
    LTA = "B-LTA"


class PreservedFile(Model):
    """A long-term form of a Resolution (bản lưu trữ dài hạn): the promulgated bytes and what was appended; insert-only.

    `number` 1 is the first one, each renewal has the next. `stamped_at` and `stamped_by` are those of its newest
    document time stamp, `stamp_ends` when the certificate of that authority ends; `due_at` is when the next is due.
    """

    __tablename__ = "preserved_file"
    __table_args__ = (
        UniqueConstraint("resolution_id", "number", name="preserved_file_once"),
        CheckConstraint("number > 0", name="preserved_file_counts_up"),
        CheckConstraint("(level = 'B-LTA') = (stamped_at IS NOT NULL)", name="preserved_file_stamped"),
        CheckConstraint("(stamped_at IS NULL) = (stamp_ends IS NULL)", name="preserved_file_stamp_ends"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    resolution_id: Mapped[int] = mapped_column(ForeignKey("resolution.id"), index=True)
    number: Mapped[int]
    level: Mapped[PreservedLevel] = mapped_column(named(PreservedLevel))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int]
    made_at: Mapped[dt.datetime] = mapped_column(UTC)
    stamped_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    stamped_by: Mapped[str] = mapped_column(String(200), default="")
    stamp_ends: Mapped[dt.datetime | None] = mapped_column(UTC)
    due_at: Mapped[dt.datetime] = mapped_column(UTC)

    resolution: Mapped[Resolution] = relationship()


class AuthorityAnswer(Model):
    """What was said of a certificate that is nobody's here (trạng thái chứng thư của tổ chức cung cấp dịch vụ).

    Of an authority, or of one that stamps the time. `content` is the signed answer in DER, `at` when it was true,
    `revoked_since` is None where the certificate was good; insert-only.
    """

    __tablename__ = "authority_answer"
    __table_args__ = (UniqueConstraint("body_id", "certificate_sha256", "sha256", name="authority_answer_once"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    certificate_sha256: Mapped[str] = mapped_column(String(64), index=True)
    serial: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes]
    sha256: Mapped[str] = mapped_column(String(64))
    at: Mapped[dt.datetime] = mapped_column(UTC)
    revoked_since: Mapped[dt.datetime | None] = mapped_column(UTC)
    kept_at: Mapped[dt.datetime] = mapped_column(UTC)

    @property
    def meeting_id(self) -> None:
        return None
