"""Exports (bản xuất): files made in the background for one person, who gets them only while he may have what is in.

The bytes lie in the document store under their hash. The same content makes the same file, so that making it twice,
or for two people who see the same, keeps one.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.gateways import archive, storage
from app.models import Export, ExportKind, JobState, Meeting, Person
from app.workflows import dossiers
from app.workflows.dossiers import Dossier, Piece
from app.workflows.engine import outbox
from app.workflows.engine.errors import NotAllowed, NotFound, WorkflowError
from app.workflows.engine.rights import Actor, actor_for
from app.workflows.engine.transaction import Fact, end_reading, record, record_refusal, use_case
from app.workflows.engine.visibility import seen, visible
from app.workflows.rules.calendar import hanoi_date
from app.workflows.rules.dossier import INDEX, SUMS, Filed, index, sums

MAKE = "exports.make"  # a task: app/wiring.py
LARGEST = 8 << 30
UNDER_WAY = (JobState.DUE, JobState.RUNNING)
OF_ITSELF = "index"

Report = Callable[[int, int], None]


class Stage(StrEnum):
    """How far an export is: its job says it, and whether there is a file."""

    WAITING = "waiting"
    MAKING = "making"
    MADE = "made"
    FAILED = "failed"


class NotMade(WorkflowError):
    code = "not_made"
    message = _("The file is not made yet.")


@dataclass(frozen=True)
class DossierAsked(Fact):
    export_id: int


@dataclass(frozen=True)
class DossierMade(Fact):
    """`files` are in the archive whose SHA-256 is given."""

    export_id: int
    sha256: str
    size: int
    files: int


@dataclass(frozen=True)
class DossierTaken(Fact):
    export_id: int
    sha256: str


@use_case
def ask_export(actor: Actor, meeting_id: int, now: dt.datetime) -> Export:
    """Have the dossier of a meeting made for oneself; while one is being made it is that one."""
    meeting = dossiers.entitled(actor, meeting_id)
    db.session.scalars(select(Person.id).where(Person.id == actor.person_id).with_for_update()).one()
    latest = latest_of(actor, meeting_id)
    if latest is not None and stage(latest) in (Stage.WAITING, Stage.MAKING):
        return latest
    export = Export(
        body_id=meeting.body_id, person_id=actor.person_id, kind=ExportKind.MEETING_DOSSIER, meeting_id=meeting.id,
        asked_at=now, name=f"ho-so-phien-hop-{meeting.held_on:%Y-%m-%d}-{meeting.id}.zip",
    )  # fmt: skip
    db.session.add(export)
    db.session.flush()
    export.job = outbox.enqueue(meeting.body_id, MAKE, {"export_id": export.id}, f"{MAKE}:{export.id}", now)
    record(actor, DossierAsked.about(meeting, export_id=export.id), now)
    return export


def make_export(actor: Actor, export_id: int, now: dt.datetime, report: Report = lambda _done, _total: None) -> None:
    """Put the dossier together and keep it; `report` is told after each file.

    What belongs in is decided now, for the person who asked. Nothing happens when it is made already or was taken
    out meanwhile; who may not have it any more gets none, and the refusal is recorded.
    """
    found = db.session.scalars(select(Export).where(Export.id == export_id, visible(actor, Export))).one_or_none()
    if found is None or found.made_at is not None or found.meeting_id is None:
        end_reading()
        return
    asking = actor_for(found.person_id, hanoi_date(now))
    try:
        dossier = dossiers.of_meeting(asking, found.meeting_id, now)
    except (NotFound, NotAllowed) as refusal:
        record_refusal("make_export", asking, refusal)
        return
    with archive.scratch() as target:
        files = _write(dossier, target, report)
        target.seek(0)
        stored = storage.store().put(target, LARGEST)
    _file_export(actor, export_id, stored, files, now)
    report(files, files)


def open_export(actor: Actor, export_id: int, now: dt.datetime) -> tuple[Export, BinaryIO]:
    """The file of one's own export and its row; NotFound as soon as anything in it may not be seen any more."""
    export = own_export(actor, export_id)
    if export.made_at is None:
        raise NotMade(export)
    sha256 = export.file_sha256
    end_reading()
    content = storage.store().open(sha256)
    try:
        if not dossiers.still_open(actor, _contents(content)):
            raise NotFound(own_export(actor, export_id))
        _hand_export(actor, export_id, now)
    except BaseException:
        content.close()
        raise
    return own_export(actor, export_id), content


def own_export(actor: Actor, export_id: int) -> Export:
    """One's own export of a meeting that one still may have; NotFound for everything else."""
    export = seen(actor, Export, export_id)
    try:
        dossiers.entitled(actor, export.meeting_id or 0)
    except NotAllowed:
        raise NotFound(export) from None
    return export


def latest_of(actor: Actor, meeting_id: int) -> Export | None:
    """The export of a meeting for which this person asked last."""
    mine = select(Export).where(Export.meeting_id == meeting_id, visible(actor, Export))
    return db.session.scalars(mine.order_by(Export.id.desc()).limit(1)).first()


def stage(export: Export) -> Stage:
    if export.made_at is not None:
        return Stage.MADE
    if export.job is None or export.job.state not in UNDER_WAY:
        return Stage.FAILED
    return Stage.MAKING if export.job.state is JobState.RUNNING else Stage.WAITING


def _write(dossier: Dossier, target: BinaryIO, report: Report) -> int:
    """Every file, then the index of them, then the sums of all; how many files there are."""
    total = len(dossier.pieces) + 2
    report(0, total)
    filed: list[Filed] = []
    with archive.Archive(target) as packed:
        for done, piece in enumerate(dossier.pieces, start=1):
            filed.append(_add(packed, piece))
            report(done, total)
        listed = index(dossier.title, dossier.facts, filed, dossier.printed)
        filed.append(Filed(INDEX, "", len(listed), packed.add(INDEX, listed, len(listed), OF_ITSELF)))
        summed = sums(filed)
        packed.add(SUMS, summed, len(summed), OF_ITSELF)
    return total


def _add(packed: archive.Archive, piece: Piece) -> Filed:
    source, size = piece.read()
    with source:
        return Filed(piece.name, piece.title, size, packed.add(piece.name, source, size, piece.about))


def _contents(content: BinaryIO) -> list[str]:
    return [about for about in archive.abouts(content) if about != OF_ITSELF]


@use_case
def _file_export(actor: Actor, export_id: int, stored: storage.Stored, files: int, now: dt.datetime) -> None:
    """Write down what was made; whoever was overtaken by another worker leaves it as it is."""
    rows = select(Export).where(Export.id == export_id, visible(actor, Export)).with_for_update()
    export = db.session.scalars(rows).one_or_none()
    if export is None or export.made_at is not None:
        return
    export.file_sha256, export.size, export.made_at = stored.sha256, stored.size, now
    made = {"export_id": export.id, "sha256": stored.sha256, "size": stored.size, "files": files}
    record(actor, DossierMade.about(db.session.get_one(Meeting, export.meeting_id), **made), now)


@use_case
def _hand_export(actor: Actor, export_id: int, now: dt.datetime) -> None:
    export = own_export(actor, export_id)
    meeting = db.session.get_one(Meeting, export.meeting_id)
    record(actor, DossierTaken.about(meeting, export_id=export.id, sha256=export.file_sha256), now)
