"""What the witnesses of the log said, and what people decided where it did not fit."""

import datetime as dt
from enum import StrEnum

from flask_appbuilder import Model
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import UTC, named
from app.models.identity import Office, Person


class WitnessFinding(StrEnum):
    """How a witness's last checkpoint fits the log here."""

    AGREES = "agrees"  # the log here begins with what the witness countersigned
    EMPTY = "empty"  # the witness has countersigned nothing yet
    AHEAD = "ahead"  # the witness knows more entries than there are here
    DIFFERS = "differs"  # the log here is another one than the witness countersigned
    CONFLICT = "conflict"  # the witness holds two signed checkpoints that contradict each other
    SILENT = "silent"  # no answer, or none that can be believed


class WitnessReport(Model):
    """What was found when a witness was asked (lần đối chiếu với nhân chứng).

    `known_size` entries are what the witness countersigned, `own_size` what was here at that moment. Where it does not
    fit, `note` is the signed proof (two notes at a conflict) and `about` its SHA-256: the same state has the same.
    """

    __tablename__ = "witness_report"
    __table_args__ = (Index("witness_report_witness", "witness", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    witness: Mapped[str] = mapped_column(String(200))
    finding: Mapped[WitnessFinding] = mapped_column(named(WitnessFinding))
    known_size: Mapped[int]
    own_size: Mapped[int]
    about: Mapped[str] = mapped_column(String(64), default="")
    note: Mapped[str] = mapped_column(Text, default="")
    said: Mapped[str] = mapped_column(String(300), default="")
    at: Mapped[dt.datetime] = mapped_column(UTC)

    @property
    def meeting_id(self) -> None:
        return None


class DeclaredGap(Model):
    """A gap of the log that one of two people declares (khoảng thiếu được tuyên bố): which entries, and why.

    Entries are counted from 1; `missing_to` below `missing_from`: no entry is missing, the log contradicts itself. It
    counts once the holder of the other office has confirmed it (`DeclaredGapConsent`).
    """

    __tablename__ = "declared_gap"
    __table_args__ = (CheckConstraint("declared_as IN ('head', 'auditor')", name="declared_gap_office"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    report_id: Mapped[int] = mapped_column(ForeignKey("witness_report.id"))
    missing_from: Mapped[int]
    missing_to: Mapped[int]
    reason: Mapped[str] = mapped_column(Text)
    declared_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    declared_as: Mapped[Office] = mapped_column(named(Office))
    declared_at: Mapped[dt.datetime] = mapped_column(UTC)

    report: Mapped[WitnessReport] = relationship()
    declared_by: Mapped[Person] = relationship()
    consent: Mapped["DeclaredGapConsent | None"] = relationship(back_populates="gap")

    @property
    def meeting_id(self) -> None:
        return None


class DeclaredGapConsent(Model):
    """The second person: from then on votes may be opened in spite of that report."""

    __tablename__ = "declared_gap_consent"

    gap_id: Mapped[int] = mapped_column(ForeignKey("declared_gap.id"), primary_key=True, autoincrement=False)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[dt.datetime] = mapped_column(UTC)

    gap: Mapped[DeclaredGap] = relationship(back_populates="consent")
    person: Mapped[Person] = relationship()
