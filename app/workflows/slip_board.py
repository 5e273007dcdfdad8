"""The board of a slip (bảng theo dõi phiếu): each member in exactly one column at every moment, so that all make N."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.models import (
    AuditEntry,
    Choice,
    Slip,
    SlipAttachment,
    SlipDeemed,
    SlipReminder,
    SlipUpload,
)
from app.workflows import slip_deliveries, slip_reminders, slip_rows, slips
from app.workflows.engine.rights import Actor
from app.workflows.rules.tally import threshold
from app.workflows.slip_deliveries import Reached
from app.workflows.slip_facts import SlipClosed, SlipDecided, SlipExtended, SlipIssued, SlipRecalled, SlipReported
from app.workflows.slip_keys import Shut, shut_out
from app.workflows.slip_rows import Asked

HISTORY = (SlipIssued, SlipExtended, SlipRecalled, SlipClosed, SlipReported, SlipDecided)


class Column(StrEnum):
    """Where a member stands; ANSWERED where no question asks for agreement."""

    AGREE = "agree"
    DISAGREE = "disagree"
    OTHER = "other"
    ANSWERED = "answered"
    DEEMED = "deemed"
    MISSING = "missing"


CAST = (Column.AGREE, Column.DISAGREE, Column.OTHER, Column.ANSWERED)


class Arrival(StrEnum):
    """How far the slip has come to a member: đã gửi, đã nhận, đã xem."""

    SENT = "sent"
    RECEIVED = "received"
    SEEN = "seen"


@dataclass(frozen=True)
class Event:
    """What happened to an issued slip: the name of the fact, what it says, and by whom; nobody for the clock."""

    fact: str
    at: dt.datetime
    by: str
    told: Mapping[str, Any]


@dataclass(frozen=True)
class BoardRow:
    """One member. `at` is that of the standing answer or of the deemed agreement; `devices` and `reminded` in order.

    `earlier` is where the member stood in the round before, None where nobody asked him then; `shut` why a member
    without an answer can sign none.
    """

    entry: Asked
    column: Column
    earlier: Column | None
    at: dt.datetime | None
    arrival: Arrival
    devices: Sequence[Reached]
    reminded: Sequence[SlipReminder]
    shut: Shut | None = None


@dataclass(frozen=True)
class Board:
    """`counts` has every column of this slip, also the empty ones; they add up to `members`."""

    slip: Slip
    rows: Sequence[BoardRow]
    counts: dict[Column, int]
    threshold: int | None

    @property
    def members(self) -> int:
        return len(self.rows)

    @property
    def answered(self) -> int:
        return sum(self.counts.get(column, 0) for column in CAST)

    @property
    def silent(self) -> list[BoardRow]:
        return [row for row in self.rows if row.column is Column.MISSING]

    @property
    def shut_out(self) -> list[BoardRow]:
        return [row for row in self.rows if row.shut]


def board_of(actor: Actor, slip_id: int, now: dt.datetime) -> Board:
    """The board of an issued slip for those who may see what was answered; its statements do not grow with N."""
    slip = slips.watched(actor, slip_id)
    members, before = slip_rows.asked(slip.id), slip.previous
    columns = _columns(slip.id, members)
    earlier = _columns(before.id, slip_rows.asked(before.id)) if before and before.definition_sha256 else {}
    devices: dict[int, list[Reached]] = {}
    for delivery in slip_deliveries.deliveries_of(slip.id):
        devices.setdefault(delivery.member_id, []).append(delivery)
    reminded: dict[int, list[SlipReminder]] = {}
    for reminder in slip_reminders.reminders_of(slip):
        reminded.setdefault(reminder.member_id, []).append(reminder)
    shut = shut_out(slip, now)
    rows = [
        _row(entry, columns[entry.member_id], earlier.get(entry.member_id, (None, None))[0],
             devices.get(entry.member_id, []), reminded.get(entry.member_id, []),
             shut.get(entry.member_id))
        for entry in members
    ]  # fmt: skip
    consent = slips.main_question(slip) is not None
    shown = [Column.AGREE, Column.DISAGREE, Column.OTHER] if consent else [Column.ANSWERED]
    found = Counter(row.column for row in rows)
    counts = {column: found[column] for column in (*shown, Column.DEEMED, Column.MISSING)}
    return Board(slip, rows, counts, threshold(len(rows), slips.rules_of(slip)) if consent and rows else None)


def history_of(slip: Slip) -> list[Event]:
    """What happened to a slip since its issue, in order; answers and reminders are shown by member."""
    rows = select(AuditEntry).where(AuditEntry.subject_type == Slip.__tablename__, AuditEntry.subject_id == slip.id)
    rows = rows.where(AuditEntry.fact.in_([fact.__name__ for fact in HISTORY])).options(joinedload(AuditEntry.actor))
    return [
        Event(row.fact, row.at, row.actor.full_name if row.actor else "", row.payload)
        for row in db.session.scalars(rows.order_by(AuditEntry.id))
    ]


def attachments_of(answer_ids: Sequence[int]) -> dict[int, list[SlipUpload]]:
    """The files that these answers name, in their order."""
    rows = select(SlipAttachment.answer_id, SlipUpload).join(SlipUpload, SlipUpload.id == SlipAttachment.upload_id)
    rows = rows.where(SlipAttachment.answer_id.in_(answer_ids))
    rows = rows.order_by(SlipAttachment.answer_id, SlipAttachment.position)
    found: dict[int, list[SlipUpload]] = {}
    for answer_id, upload in db.session.execute(rows):
        found.setdefault(answer_id, []).append(upload)
    return found


def _columns(slip_id: int, members: Sequence[Asked]) -> dict[int, tuple[Column, dt.datetime | None]]:
    """Where each member of the roll stands, and since when."""
    standing, deemed = slip_rows.standing_choices(slip_id), _deemed(slip_id)
    found: dict[int, tuple[Column, dt.datetime | None]] = {}
    for entry in members:
        answer, at = standing.get(entry.member_id), deemed.get(entry.member_id)
        if answer is not None:
            found[entry.member_id] = (_said(answer[0]), answer[1])
        else:
            found[entry.member_id] = (Column.DEEMED if at else Column.MISSING, at)
    return found


def _row(
    entry: Asked,
    stands: tuple[Column, dt.datetime | None],
    earlier: Column | None,
    devices: Sequence[Reached],
    reminded: Sequence[SlipReminder],
    shut: Shut | None,
) -> BoardRow:
    column, at = stands
    arrival = Arrival.RECEIVED if devices else Arrival.SENT
    if any(device.seen_at for device in devices):
        arrival = Arrival.SEEN
    return BoardRow(entry, column, earlier, at, arrival, devices, reminded, shut)


def _said(choice: Choice | None) -> Column:
    return Column(choice.value) if choice else Column.ANSWERED


def _deemed(slip_id: int) -> dict[int, dt.datetime]:
    rows = select(SlipDeemed.member_id, SlipDeemed.at).where(SlipDeemed.slip_id == slip_id)
    return {member_id: at for member_id, at in db.session.execute(rows)}
