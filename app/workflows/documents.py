"""Session papers (tài liệu phiên họp): versions, placeholders for secret papers, nothing changed under a vote."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from flask_babel import lazy_gettext as _
from sqlalchemy import func, select

from app.extensions import db
from app.gateways import storage
from app.gateways.intake import Limits, UploadRefused, inspect, receive, safe_filename
from app.models import (
    AgendaItem,
    Document,
    DocumentKind,
    DocumentVersion,
    MeetingState,
    Poll,
    PollState,
    Secrecy,
)
from app.workflows.engine.errors import BadValue, NotFound, Subject, WorkflowError, WrongState
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.text import line
from app.workflows.engine.transaction import MeetingFact, end_reading, record_live, record_refusal, use_case
from app.workflows.engine.visibility import seen
from app.workflows.engine.words import word
from app.workflows.polls import locked_meeting
from app.workflows.rules.names import fold

LONGEST_TITLE, LONGEST_NUMBER = 500, 40
LIMITS = Limits()


class BadTitle(BadValue):
    code, field = "bad_title", "title"
    message = _("The title is empty, too long, or contains invisible control characters.")


class NoPaperNumber(BadValue):
    code, field = "no_paper_number", "paper_number"
    message = _("A secret paper is handed out in print: enter the number of the printed copy. No file is uploaded.")


class SecretStaysOnPaper(WorkflowError):
    code = "secret_on_paper"
    http_status = 422
    message = _("Secret papers never enter this system; this is a placeholder for the printed copy.")


class DraftFrozen(WorkflowError):
    code = "draft_frozen"
    message = _("Version %(version)s is being voted on or was voted on (%(state)s); it cannot be changed.")


class PaperRefused(WorkflowError):
    """An upload that is not accepted; carries the intake's own code, status and sentence."""

    def __init__(self, subject: Any, refused: UploadRefused) -> None:
        super().__init__(subject, **refused.details)
        self.code, self.http_status = f"upload_{refused.code}", refused.http_status  # type: ignore[misc]
        self.field, self.message = "file", refused.message  # type: ignore[misc]


class StoreRefused(WorkflowError):
    """The document store did not take or give a file; carries the store's own code, status and sentence."""

    def __init__(self, subject: Any, failed: storage.StorageError, field: str | None = "file") -> None:
        super().__init__(subject)
        self.code, self.http_status = failed.code, failed.http_status  # type: ignore[misc]
        self.field, self.message = field, failed.message  # type: ignore[misc]


@dataclass(frozen=True)
class PaperAdded(MeetingFact):
    title: str
    secrecy: Secrecy


@dataclass(frozen=True)
class PaperChanged(MeetingFact):
    changed: dict[str, Any]


@dataclass(frozen=True)
class VersionAdded(MeetingFact):
    document_id: int
    number: int
    sha256: str
    pages: int


@dataclass(frozen=True)
class PaperRemoved(MeetingFact):
    title: str


@use_case
def add_paper(
    actor: Actor,
    item_id: int,
    title: str,
    kind: DocumentKind,
    now: dt.datetime,
    secrecy: Secrecy = Secrecy.NONE,
    paper_number: str = "",
) -> Document:
    """Announce a paper of an item; a secret one is a placeholder with the number of its printed copy."""
    item = seen(actor, AgendaItem, item_id)
    meeting = locked_meeting(item.meeting_id)
    actor.require(Right.PAPER_MANAGE, item)
    refuse_closed(item)
    last = db.session.scalar(select(func.max(Document.position)).where(Document.item_id == item_id)) or 0
    paper = Document(
        body_id=item.body_id, meeting_id=meeting.id, item=item, kind=kind, secrecy=secrecy, position=last + 1
    )
    _write(paper, item, title, secrecy, paper_number)
    db.session.add(paper)
    db.session.flush()
    record_live(actor, meeting, paper, PaperAdded, now, title=paper.title, secrecy=secrecy)
    return paper


@use_case
def edit_paper(actor: Actor, document_id: int, title: str, kind: DocumentKind, now: dt.datetime) -> Document:
    """Correct title or kind of a paper that no vote holds."""
    paper = seen(actor, Document, document_id)
    item = item_of(paper)
    meeting = locked_meeting(item.meeting_id)
    actor.require(Right.PAPER_MANAGE, paper)
    refuse_frozen(paper)
    before = {"title": paper.title, "kind": paper.kind}
    _write(paper, item, title, paper.secrecy, paper.paper_number)
    paper.kind = kind
    changed = {name: [old, getattr(paper, name)] for name, old in before.items() if old != getattr(paper, name)}
    record_live(actor, meeting, paper, PaperChanged, now, changed=changed)
    return paper


@use_case
def remove_paper(actor: Actor, document_id: int, now: dt.datetime) -> None:
    """Take back a paper that has no file yet; what was once there stays."""
    paper = seen(actor, Document, document_id)
    meeting = locked_meeting(item_of(paper).meeting_id)
    actor.require(Right.PAPER_MANAGE, paper)
    if paper.versions:
        raise WrongState(paper, state=_("has versions"))
    record_live(actor, meeting, paper, PaperRemoved, now, title=paper.title)
    db.session.delete(paper)


def add_version(
    actor: Actor, document_id: int, file_name: str, stream: BinaryIO, now: dt.datetime, limits: Limits = LIMITS
) -> DocumentVersion:
    """Inspect an upload in a confined process, keep its bytes, then write the version in one transaction.

    Nothing is open while the file is read. A refused file is wiped; its content is never logged.
    """
    paper = seen(actor, Document, document_id)
    try:
        actor.require(Right.PAPER_MANAGE, paper)
        refuse_new_version(paper)
        stored, pages = keep(stream, limits)
    except (UploadRefused, storage.StorageError, WorkflowError) as error:
        refusal = as_refusal(seen(actor, Document, document_id), error)
        record_refusal("add_version", actor, refusal)
        raise refusal from error
    return append_version(actor, document_id, safe_filename(file_name), stored, pages, now)


def keep(stream: BinaryIO, limits: Limits = LIMITS) -> tuple[storage.Stored, Sequence[str]]:
    """Inspect an upload in a confined process and keep its bytes; with them, the text of each page.

    Nothing is open meanwhile. UploadRefused (the file is wiped) or StorageError.
    """
    with receive(stream, limits) as path:
        end_reading()
        inspection = inspect(path, limits)
        with path.open("rb") as content:
            return storage.store().put(content, limits.size), inspection.text


@use_case
def append_version(
    actor: Actor, document_id: int, file_name: str, stored: storage.Stored, pages: Sequence[str], now: dt.datetime
) -> DocumentVersion:
    """Write the next version of a paper whose bytes lie in the store; `pages` is the text of each page."""
    paper = seen(actor, Document, document_id)
    meeting = locked_meeting(item_of(paper).meeting_id)
    actor.require(Right.PAPER_MANAGE, paper)
    refuse_new_version(paper)
    version = next_version(actor, paper, file_name, stored, pages, now)
    db.session.add(version)
    db.session.flush()
    number = version.number
    added = {"document_id": paper.id, "number": number, "sha256": stored.sha256, "pages": len(pages)}
    record_live(actor, meeting, version, VersionAdded, now, **added)
    return version


def next_version(
    actor: Actor, paper: Document, file_name: str, stored: storage.Stored, pages: Sequence[str], now: dt.datetime
) -> DocumentVersion:
    """The next version of a paper, inside the act that admits it."""
    number = (paper.current.number if paper.current else 0) + 1
    text = "\f".join(pages)
    return DocumentVersion(
        body_id=paper.body_id, meeting_id=paper.meeting_id, document=paper, number=number, sha256=stored.sha256,
        size=stored.size, pages=len(pages), file_name=file_name, content=text, content_fold=fold(text),
        uploaded_by_id=actor.person_id, uploaded_at=now,
    )  # fmt: skip


def item_of(paper: Document) -> AgendaItem:
    """The agenda item of a paper; NotFound for one of an opinion slip, which has acts of its own."""
    if paper.item is None:
        raise NotFound(paper)
    return paper.item


def open_version(actor: Actor, version_id: int) -> tuple[DocumentVersion, BinaryIO]:
    """The bytes of a version the actor may read, proved by their hash; NotFound otherwise, storage.Altered if changed.

    Nothing is open while the store is asked.
    """
    version = seen(actor, DocumentVersion, version_id)
    sha256 = version.sha256
    end_reading()
    return version, storage.store().open(sha256)


def refuse_frozen(paper: Document) -> None:
    """A draft under a vote, or decided by one that stands, is what it is."""
    held = (
        select(DocumentVersion.number, Poll.state)
        .join(Poll, Poll.document_version_id == DocumentVersion.id)
        .where(DocumentVersion.document_id == paper.id)
        .where(Poll.state.in_([PollState.OPEN, PollState.CLOSED, PollState.PUBLISHED]))
    )
    if found := db.session.execute(held.limit(1)).one_or_none():
        raise DraftFrozen(paper, version=found[0], state=word(found[1]))


def refuse_closed(item: AgendaItem, about: Document | AgendaItem | None = None) -> None:
    """The papers of a meeting that is over are what they are."""
    state = item.meeting.state
    if state in (MeetingState.CLOSED, MeetingState.CANCELLED):
        raise WrongState(about or item, state=word(state))


def refuse_new_version(paper: Document) -> None:
    """Nothing is added to a secret paper, to a draft under a vote, or once the meeting is over."""
    if paper.secrecy is not Secrecy.NONE:
        raise SecretStaysOnPaper(paper)
    refuse_frozen(paper)
    refuse_closed(item_of(paper), paper)


def as_refusal(paper: Subject, error: Exception) -> WorkflowError:
    """What is said of an upload that was not kept: by the intake, by the store, or by an act."""
    if isinstance(error, UploadRefused):
        return PaperRefused(paper, error)
    if isinstance(error, storage.StorageError):
        return StoreRefused(paper, error)
    assert isinstance(error, WorkflowError)  # noqa: S101 - the three kinds that are caught above
    return error


def _write(paper: Document, subject: Subject, title: str, secrecy: Secrecy, paper_number: str) -> None:
    text = line(subject, title, "title", LONGEST_TITLE, refusal=BadTitle)
    number = line(subject, paper_number, "paper_number", LONGEST_NUMBER, wanted=False, refusal=NoPaperNumber)
    if (secrecy is Secrecy.NONE) != (not number):
        raise NoPaperNumber(subject)
    paper.title, paper.title_fold, paper.paper_number = text, fold(text), number
