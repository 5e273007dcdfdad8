"""Draft texts (lời văn dự thảo): what a clerk writes before the vote, printed as the draft that is voted on."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.gateways import paper, storage
from app.models import AgendaItem, Body, Document, DocumentKind, DocumentVersion, DraftText, Office, Secrecy
from app.workflows import documents
from app.workflows.engine.errors import BadValue, Detached, Subject, WorkflowError
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.transaction import end_reading, record_refusal, use_case
from app.workflows.engine.visibility import seen
from app.workflows.polls import draft_of, locked_meeting
from app.workflows.rules import authority, numbering
from app.workflows.rules.calendar import hanoi_date
from app.workflows.rules.canonical import canonical, digest
from app.workflows.rules.resolution import parse_text, resolution_text

TYPE = "resolution"
FILE_NAME = "du-thao-nghi-quyet.pdf"
IMPLIED = ("v", "ctx", "kind")  # members that say what the text is; they are written, never typed


class TextRefused(BadValue):
    code, field = "text_refused", "text"
    message = _("The text does not have the form of a Resolution.")


@dataclass(frozen=True)
class PrintedDraft:
    """A draft that is in the store: its text in exact bytes, the file, and what each page says."""

    text: bytes
    stored: storage.Stored
    pages: Sequence[str]

    def kept_with(self, version: DocumentVersion) -> DraftText:
        """The row that keeps the text beside the version that was printed from it."""
        return DraftText(version_id=version.id, body_id=version.body_id, text=self.text, sha256=digest(self.text))


def write_draft(actor: Actor, item_id: int, text: Mapping[str, Any], now: dt.datetime) -> DocumentVersion:
    """Soạn dự thảo: the next version of the item's draft Resolution, printed from structured text that is kept with it.

    The draft paper is announced when there is none. Nothing is open while it is printed; a draft under a vote, a
    secret matter and a meeting that is over are refused as for any other version.
    """
    item = seen(actor, AgendaItem, item_id)
    about = Detached.of(item)
    try:
        actor.require(Right.PAPER_MANAGE, item)
        _refuse(item)
        draft = printed(item, item.meeting.body, text, now)
    except (storage.StorageError, WorkflowError) as error:
        refusal = documents.as_refusal(about, error)
        record_refusal("write_draft", actor, refusal)
        raise refusal from error
    return _keep_draft(actor, item_id, draft, now)


@use_case
def _keep_draft(actor: Actor, item_id: int, written: PrintedDraft, now: dt.datetime) -> DocumentVersion:
    item = seen(actor, AgendaItem, item_id)
    locked_meeting(item.meeting_id)
    actor.require(Right.PAPER_MANAGE, item)
    _refuse(item)
    draft = draft_of(item_id)
    if draft is None:
        title = title_of(parse_text(written.text)["subject"])
        draft = documents.add_paper(actor, item_id, title, DocumentKind.DRAFT_RESOLUTION, now)
    version = documents.append_version(actor, draft.id, FILE_NAME, written.stored, written.pages, now)
    db.session.add(written.kept_with(version))
    db.session.flush()
    return version


def printed(about: Subject, body: Body, text: Mapping[str, Any], now: dt.datetime) -> PrintedDraft:
    """The text as a draft of the body, in the store; nothing is open while it is printed."""
    written = canonical(cleaned(about, text))
    sheet = sheet_of(body, digest(written), now)
    end_reading()
    content = paper.resolution(parse_text(written), sheet)
    pages = paper.page_texts(content)
    return PrintedDraft(written, storage.store().put(content, documents.LIMITS.size), pages)


def text_of(version: DocumentVersion) -> dict[str, Any] | None:
    """The structured text from which a version was printed; None for an uploaded file."""
    kept = db.session.get(DraftText, version.id)
    return parse_text(kept.text) if kept else None


def title_of(subject: str) -> str:
    """The name of the paper; official Vietnamese, like everything that stands on it."""
    return f"Dự thảo Nghị quyết {subject[:1].lower()}{subject[1:]}"[: documents.LONGEST_TITLE]


def cleaned(subject: Subject, text: Mapping[str, Any]) -> dict[str, Any]:
    """The text in its one exact shape; TextRefused for anything else."""
    try:
        return resolution_text(**{name: value for name, value in text.items() if name not in IMPLIED})
    except (TypeError, ValueError) as odd:
        raise TextRefused(subject, problem=str(odd)) from odd  # details are for programs


def _refuse(item: AgendaItem) -> None:
    """No text of a secret matter enters the system; else what holds for any version of the draft."""
    papers = list(db.session.scalars(select(Document).where(Document.item_id == item.id)))
    for secret in papers:
        if secret.secrecy is not Secrecy.NONE:
            raise documents.SecretStaysOnPaper(secret)
    documents.refuse_closed(item)
    if draft := draft_of(item.id):
        documents.refuse_frozen(draft)


def sheet_of(body: Body, sha256: str, now: dt.datetime) -> paper.ResolutionSheet:
    """Beside the text: blanks for number, date and signature, and the post of the head of the body."""
    on = hanoi_date(now)
    return paper.ResolutionSheet(
        made_at=now, body=body.name, place=body.place, symbol=numbering.symbol(TYPE, body.code), year=on.year,
        authority=authority.lines(body.kind.value, Office.HEAD.value, on), draft=True, text_sha256=sha256,
        demo=bool(current_app.config.get("DEMO")),
    )  # fmt: skip
