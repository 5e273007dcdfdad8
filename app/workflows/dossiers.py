"""What the dossier of a session (hồ sơ phiên họp) holds for one person: all that he may see of it, and no more."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

from flask import current_app
from flask_appbuilder import Model
from flask_babel import force_locale
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, selectinload

from app.extensions import db
from app.gateways import paper, storage
from app.models import (
    AgendaItem,
    Document,
    Meeting,
    MinutesFile,
    Poll,
    PollState,
    Resolution,
    ResolutionState,
    Seat,
    Secrecy,
)
from app.workflows import copies, evidence, minutes, resolution_evidence, resolutions
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.transaction import end_reading
from app.workflows.engine.visibility import seen, visible
from app.workflows.engine.words import word
from app.workflows.rules.calendar import HANOI
from app.workflows.rules.dossier import plain_name

LANGUAGE = "vi"  # it is kept as the record of a session, whatever language its reader has chosen
OUT = frozenset({ResolutionState.SEALED, ResolutionState.PROMULGATED, ResolutionState.RECALLED,
                 ResolutionState.REPLACED})  # fmt: skip
ITEMS, PAPER, RESOLUTION, PROOF = "agenda_item", "document", "resolution", resolution_evidence.RESOLUTION_BUNDLE
MINUTES = "minutes_file"
OF_RESOLUTIONS = {RESOLUTION: copies.may_open, PROOF: resolution_evidence.may_take}
OF_POLLS = {evidence.TALLY_RECORD: evidence.may_see_result, evidence.BUNDLE: evidence.may_take_bundle}
FILE_OF_POLL = {evidence.TALLY_RECORD: "bien-ban-kiem-phieu.pdf", evidence.BUNDLE: "chung-cu.zip"}
TITLE_OF_POLL = {evidence.TALLY_RECORD: "Biên bản kiểm phiếu", evidence.BUNDLE: "Chứng cứ biểu quyết"}


@dataclass(frozen=True)
class Piece:
    """One file: its name in the dossier, what it is in words, what it is of ("document:12"), and how to read it."""

    name: str
    title: str
    about: str
    read: Callable[[], tuple[BinaryIO, int]]


@dataclass(frozen=True)
class Dossier:
    """The files in their order, and in words the papers that exist in print only."""

    title: str
    facts: tuple[str, ...]
    pieces: tuple[Piece, ...]
    printed: tuple[str, ...]


def of_meeting(actor: Actor, meeting_id: int, now: dt.datetime) -> Dossier:
    """What this person may have of the meeting now; NotFound or NotAllowed for whoever may have nothing.

    Nothing is open when it returns; the files are read one after the other, when each one's turn comes.
    """
    meeting = entitled(actor, meeting_id)
    with force_locale(LANGUAGE):
        items, documents = _items(actor, meeting), _documents(actor, meeting)
        pieces = [_programme(meeting, items), *_papers(items, documents), *_votes(actor, items, now)]
        pieces += [*_resolutions(actor, meeting, now), *_minutes(actor, meeting)]
        found = Dossier(meeting.title, _facts(meeting), tuple(pieces), tuple(_printed(items, documents)))
    end_reading()
    return found


def entitled(actor: Actor, meeting_id: int) -> Meeting:
    """The meeting, for whoever sees it and may have its dossier; NotFound, NotAllowed."""
    meeting = seen(actor, Meeting, meeting_id)
    actor.require(Right.DOSSIER_TAKE, meeting)
    return meeting


def still_open(actor: Actor, abouts: Iterable[str]) -> bool:
    """Whether this person may have everything that a dossier holds, as of now."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for about in abouts:
        kind, _colon, ids = about.partition(":")
        wanted[kind].update(int(each) for each in ids.split(",") if each)
    return all(_all_open(actor, kind, ids) for kind, ids in wanted.items())


def _all_open(actor: Actor, kind: str, ids: set[int]) -> bool:
    if kind in OF_POLLS:
        rows = db.session.scalars(select(Poll).where(Poll.id.in_(ids), visible(actor, Poll))).all()
        return len(rows) == len(ids) and all(OF_POLLS[kind](actor, poll) for poll in rows)
    if kind in OF_RESOLUTIONS:
        found = db.session.scalars(select(Resolution).where(Resolution.id.in_(ids), visible(actor, Resolution))).all()
        return len(found) == len(ids) and all(OF_RESOLUTIONS[kind](actor, one) for one in found)
    table: type[Model] = {ITEMS: AgendaItem, PAPER: Document, MINUTES: MinutesFile}[kind]
    key = table.__table__.c.id
    return db.session.scalar(select(func.count()).where(key.in_(ids), visible(actor, table))) == len(ids)


# -- what there is ----------------------------------------------------------------------------------------------------


def _facts(meeting: Meeting) -> tuple[str, ...]:
    at = meeting.starts_at.astimezone(HANOI)
    return (meeting.body.name, f"{at:%H:%M}, ngày {at:%d/%m/%Y}, {meeting.place}")


def _items(actor: Actor, meeting: Meeting) -> list[AgendaItem]:
    rows = select(AgendaItem).where(AgendaItem.meeting_id == meeting.id, visible(actor, AgendaItem))
    return list(db.session.scalars(rows.options(joinedload(AgendaItem.organisation)).order_by(AgendaItem.position)))


def _programme(meeting: Meeting, items: list[AgendaItem]) -> Piece:
    begins, lines = _planned(meeting), []
    for item in items:
        name = item.organisation.name if item.organisation else ""
        lines.append(paper.AgendaLine(item.position, begins[item.id], item.title, name, item.planned_minutes))
    chair = db.session.scalars(
        select(Seat).where(Seat.meeting_id == meeting.id, Seat.person_id == meeting.chair_id)
    ).first()
    sheet = paper.AgendaSheet(
        title=meeting.title, body=meeting.body.name, place=meeting.place, starts_at=meeting.starts_at, lines=lines,
        chair=f"{chair.post} {chair.person.full_name}" if chair else "", demo=bool(current_app.config.get("DEMO")),
    )  # fmt: skip
    about = f"{ITEMS}:{','.join(str(item.id) for item in items)}"
    return Piece("chuong-trinh.pdf", "Chương trình phiên họp", about, lambda: _made(paper.agenda(sheet)))


def _planned(meeting: Meeting) -> dict[int, dt.datetime]:
    """When each item is planned to begin, those that this person does not see counted in."""
    rows = select(AgendaItem.id, AgendaItem.planned_minutes).where(AgendaItem.meeting_id == meeting.id)
    at, found = meeting.starts_at, {}
    for item_id, planned in db.session.execute(rows.order_by(AgendaItem.position)):
        found[item_id] = at
        at += dt.timedelta(minutes=planned)
    return found


def _documents(actor: Actor, meeting: Meeting) -> dict[int, list[Document]]:
    """The papers of each item, in their order."""
    rows = select(Document).where(Document.meeting_id == meeting.id, visible(actor, Document))
    rows = rows.options(selectinload(Document.versions)).order_by(Document.position, Document.id)
    found: dict[int, list[Document]] = defaultdict(list)
    for document in db.session.scalars(rows):
        found[document.item_id or 0].append(document)
    return found


def _papers(items: list[AgendaItem], documents: dict[int, list[Document]]) -> Iterator[Piece]:
    """The current version of every paper that has a file."""
    for item in items:
        filed = [(each, each.current) for each in documents[item.id] if each.secrecy is Secrecy.NONE and each.current]
        for number, (document, version) in enumerate(filed, start=1):
            name = f"{_folder('tai-lieu', item)}/{number:02}-{plain_name(document.title)}.pdf"
            yield Piece(name, document.title, f"{PAPER}:{document.id}", _stored(version.sha256))


def _printed(items: list[AgendaItem], documents: dict[int, list[Document]]) -> Iterator[str]:
    for item in items:
        for document in documents[item.id]:
            if document.secrecy is not Secrecy.NONE:
                yield f"{document.title}: {word(document.secrecy)}, bản in số {document.paper_number}"


def _votes(actor: Actor, items: list[AgendaItem], now: dt.datetime) -> Iterator[Piece]:
    """Of every vote that is over the record and the evidence, each for whom it is open."""
    for item in items:
        rows = select(Poll).where(Poll.item_id == item.id, Poll.state != PollState.DRAFT, visible(actor, Poll))
        for number, poll in enumerate(db.session.scalars(rows.order_by(Poll.id)).all(), start=1):
            for kind, open_to in OF_POLLS.items():
                if open_to(actor, poll):
                    name = f"{_folder('bieu-quyet', item)}/{number:02}-{FILE_OF_POLL[kind]}"
                    title = f"{TITLE_OF_POLL[kind]}: {poll.question}"
                    yield Piece(name, title, f"{kind}:{poll.id}", _part(actor, poll.id, kind, now))


def _resolutions(actor: Actor, meeting: Meeting, now: dt.datetime) -> Iterator[Piece]:
    """The sealed documents; a recalled one only for whom it is still open. With its evidence for whom that is open."""
    rows = select(Resolution).where(Resolution.meeting_id == meeting.id, Resolution.state.in_(OUT))
    for one in db.session.scalars(rows.where(visible(actor, Resolution)).order_by(Resolution.id)).all():
        if one.number is None:
            continue
        name, title = f"nghi-quyet/{plain_name(one.number.text)}", f"Nghị quyết số {one.number.text}"
        file = resolutions.current_file(one) if copies.may_open(actor, one) else None
        if file is not None:
            yield Piece(f"{name}.pdf", title, f"{RESOLUTION}:{one.id}", _stored(file.sha256))
        if resolution_evidence.may_take(actor, one):
            read = _proved(actor, one.id, now)
            yield Piece(f"{name}-chung-cu.zip", f"Chứng cứ: {title}", f"{PROOF}:{one.id}", read)


def _minutes(actor: Actor, meeting: Meeting) -> Iterator[Piece]:
    """The newest version, for whom it is open: a draft that nobody signed, and named so."""
    for newest in minutes.versions_of(actor, meeting.id)[:1]:
        about = f"{MINUTES}:{newest.id}"
        yield Piece("bien-ban-phien-hop-du-thao.pdf", "Biên bản phiên họp (dự thảo, chưa ký)", about,
                    _stored(newest.sha256))  # fmt: skip


def _folder(kind: str, item: AgendaItem) -> str:
    return f"{kind}/{item.position:02}-{plain_name(item.title)}"


# -- how it is read ---------------------------------------------------------------------------------------------------


def _made(content: bytes) -> tuple[BinaryIO, int]:
    return BytesIO(content), len(content)


def _part(actor: Actor, poll_id: int, kind: str, now: dt.datetime) -> Callable[[], tuple[BinaryIO, int]]:
    return lambda: _made(evidence.part(actor, poll_id, kind, now))


def _proved(actor: Actor, resolution_id: int, now: dt.datetime) -> Callable[[], tuple[BinaryIO, int]]:
    return lambda: _made(resolution_evidence.part(actor, resolution_id, now))


def _stored(sha256: str) -> Callable[[], tuple[BinaryIO, int]]:
    """The file under its hash, proved by the store and never read as a whole."""

    def read() -> tuple[BinaryIO, int]:
        source = storage.store().open(sha256)
        size = source.seek(0, 2)
        source.seek(0)
        return source, size

    return read
