"""The minutes of a session (biên bản phiên họp): asked for, printed from the record in the background, kept, taken.

They are a draft that nobody has signed. The same record makes the same file, which is kept once; a record that says
more makes a new version, and the earlier ones stay.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

from flask import current_app
from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.gateways import log_key, paper, storage
from app.models import AuditEntry, Job, JobState, LogKind, LogPending, Meeting, MeetingState, MinutesFile
from app.workflows import installation_log, meetings, minutes_content
from app.workflows.engine.errors import NotFound, WorkflowError
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.transaction import Fact, end_reading, record, use_case
from app.workflows.engine.visibility import nothing, seen, visible
from app.workflows.polls import locked_meeting

MAKE = "minutes.make"  # a task that hears of facts: app/wiring.py
LARGEST = 64 << 20
PATIENCE = dt.timedelta(minutes=5)  # from the entry of the end in the log: how long its checkpoint is waited for
UNDER_WAY = (JobState.DUE, JobState.RUNNING)


class NotClosed(WorkflowError):
    code = "minutes_too_early"
    message = _("The minutes are drawn up after the session has ended.")


class NotDrawnUp(WorkflowError):
    code = "minutes_not_drawn_up"
    message = _("The minutes are not drawn up yet.")


class Stage(StrEnum):
    """How far the minutes are: whether there is a version, and what its newest job says."""

    NONE = "none"
    MAKING = "making"
    MADE = "made"
    FAILED = "failed"


@dataclass(frozen=True)
class MinutesAsked(Fact):
    meeting_id: int


@dataclass(frozen=True)
class MinutesMade(Fact):
    """A version was printed, unsigned; `number` counts the versions of this meeting from 1."""

    meeting_id: int
    number: int
    file_sha256: str
    size: int


@dataclass(frozen=True)
class MinutesTaken(Fact):
    meeting_id: int
    number: int
    file_sha256: str


@use_case
def ask_minutes(actor: Actor, meeting_id: int, now: dt.datetime) -> Meeting:
    """Have the minutes printed from the record as it is now; while they are being printed nothing is asked twice."""
    entitled(actor, meeting_id)
    meeting = locked_meeting(meeting_id)
    actor.require(Right.MINUTES_MAKE, meeting)
    _closed(meeting)
    if stage(meeting) is not Stage.MAKING:
        record(actor, MinutesAsked.about(meeting, meeting_id=meeting.id), now)
    return meeting


def lacks_checkpoint(meeting_id: int, now: dt.datetime) -> bool:
    """Whether a checkpoint over the end of the session is still to be expected: one is signed within seconds.

    The end waits to be entered, or was entered less than `PATIENCE` ago and nothing covers it yet.
    """
    ended = select(AuditEntry.id).where(
        AuditEntry.subject_type == Meeting.__tablename__, AuditEntry.subject_id == meeting_id,
        AuditEntry.fact == meetings.MeetingEnded.__name__,
    )  # fmt: skip
    waits = select(LogPending.audit_entry_id).where(LogPending.audit_entry_id.in_(ended))
    entry = installation_log.entry_of((LogKind.MEETING_CLOSED,), meeting_id)
    if not log_key.key().signs:
        missing = False
    elif entry is None:  # sessions of earlier versions have none
        missing = db.session.scalar(waits) is not None
    else:
        missing = installation_log.covering(entry.seq) is None and now < entry.at + PATIENCE
    end_reading()
    return missing


def make_minutes(actor: Actor, meeting_id: int, now: dt.datetime) -> None:
    """Print the minutes of a closed session and keep them; nothing is written when they say what the newest ones say.

    Read and verified first, then printed and stored with nothing open. NotClosed; EvidenceBroken when the data of a
    vote contradict themselves.
    """
    meeting = _closed(seen(actor, Meeting, meeting_id))
    sheet = minutes_content.sheet_of(meeting, demo=bool(current_app.config.get("DEMO")))
    end_reading()
    stored = storage.store().put(paper.minutes(sheet), LARGEST)
    _file_minutes(actor, meeting_id, stored, now)


def open_minutes(actor: Actor, meeting_id: int, number: int, now: dt.datetime) -> tuple[MinutesFile, BinaryIO]:
    """One version and its bytes, proved by the store; NotFound for whoever may not have it, NotDrawnUp before it."""
    meeting = entitled(actor, meeting_id)
    found = {each.number: each for each in versions_of(actor, meeting_id)}
    if not found and number == 1:
        raise NotDrawnUp(_closed(meeting))
    if number not in found:
        raise NotFound(nothing(actor, MinutesFile, 0))
    sha256 = found[number].sha256
    end_reading()
    content = storage.store().open(sha256)
    try:
        file = _hand_minutes(actor, meeting_id, number, now)
    except BaseException:
        content.close()
        raise
    return file, content


def entitled(actor: Actor, meeting_id: int) -> Meeting:
    """The meeting, for those who took part for all of it, clerks and auditors; NotFound for everybody else."""
    meeting = seen(actor, Meeting, meeting_id)
    if not actor.may(Right.MINUTES_READ, meeting):
        raise NotFound(nothing(actor, Meeting, meeting_id))
    return meeting


def versions_of(actor: Actor, meeting_id: int) -> Sequence[MinutesFile]:
    """Every version that this person may open, the newest first."""
    rows = select(MinutesFile).where(MinutesFile.meeting_id == meeting_id, visible(actor, MinutesFile))
    return db.session.scalars(rows.order_by(MinutesFile.number.desc())).all()


def stage(meeting: Meeting) -> Stage:
    """What became of the newest job, else whether there is a version at all."""
    facts = (meetings.MeetingEnded.__name__, MinutesAsked.__name__)
    told = select(AuditEntry.id).where(
        AuditEntry.subject_type == Meeting.__tablename__, AuditEntry.subject_id == meeting.id,
        AuditEntry.fact.in_(facts),
    ).order_by(AuditEntry.id.desc()).limit(1)  # fmt: skip
    last = db.session.scalar(told)
    state = db.session.scalar(select(Job.state).where(Job.dedupe_key == f"{last}:{MAKE}"))
    if state in UNDER_WAY:
        return Stage.MAKING
    if state in (JobState.FAILED, JobState.CANCELLED):
        return Stage.FAILED
    made = select(MinutesFile.id).where(MinutesFile.meeting_id == meeting.id).limit(1)
    return Stage.NONE if db.session.scalar(made) is None else Stage.MADE


def _closed(meeting: Meeting) -> Meeting:
    if meeting.state is not MeetingState.CLOSED:
        raise NotClosed(meeting)
    return meeting


@use_case
def _file_minutes(actor: Actor, meeting_id: int, stored: storage.Stored, now: dt.datetime) -> None:
    """Write down what was printed, unless it is what the newest version says."""
    meeting = locked_meeting(meeting_id)
    newest = next(iter(versions_of(actor, meeting_id)), None)
    if newest is not None and newest.sha256 == stored.sha256:
        return
    made = MinutesFile(
        body_id=meeting.body_id, meeting_id=meeting.id, number=newest.number + 1 if newest else 1,
        sha256=stored.sha256, size=stored.size, made_at=now,
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()
    told = {"number": made.number, "file_sha256": made.sha256, "size": made.size}
    record(actor, MinutesMade.about(made, meeting_id=meeting.id, **told), now)


@use_case
def _hand_minutes(actor: Actor, meeting_id: int, number: int, now: dt.datetime) -> MinutesFile:
    entitled(actor, meeting_id)
    file = next(each for each in versions_of(actor, meeting_id) if each.number == number)
    record(actor, MinutesTaken.about(file, meeting_id=meeting_id, number=number, file_sha256=file.sha256), now)
    return file
