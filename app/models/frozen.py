"""What votes and slips freeze alike: who is asked, as of that day, and the entries of their logs."""

import datetime as dt

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from app.models.base import UTC
from app.models.identity import Person
from app.models.signature import Certificate


class OnRoll:
    """A member who is asked, with name, post and certificate of that day; `roll_index` counts from 1."""

    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointment.id"))
    roll_index: Mapped[int]
    name: Mapped[str] = mapped_column(String(200))
    post: Mapped[str] = mapped_column(String(200))
    abbreviation: Mapped[str] = mapped_column(String(20))
    is_head: Mapped[bool]
    certificate_id: Mapped[int | None] = mapped_column(ForeignKey("certificate.id"))

    @declared_attr
    def certificate(cls) -> Mapped[Certificate | None]:
        return relationship()

    @declared_attr
    def member(cls) -> Mapped[Person]:
        return relationship()


class Leaf:
    """An entry of an RFC 9162 tree: its exact bytes, its hash, and root and frontier after it; hashes in hex."""

    data: Mapped[bytes]
    leaf_hash: Mapped[str] = mapped_column(String(64))
    root: Mapped[str] = mapped_column(String(64))
    frontier: Mapped[list[str]] = mapped_column(JSON)
    at: Mapped[dt.datetime] = mapped_column(UTC)
