"""Papers of a slip (tài liệu kèm phiếu): taken from the store or uploaded, each pinned in one version."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.gateways import storage
from app.gateways.intake import Limits, UploadRefused, safe_filename
from app.models import Document, DocumentKind, DocumentVersion, DraftText, Slip, SlipPaper
from app.workflows import documents, draft_texts, slips
from app.workflows.documents import BadTitle
from app.workflows.draft_texts import PrintedDraft
from app.workflows.engine.errors import Detached, NotFound, WorkflowError
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.text import line
from app.workflows.engine.transaction import record_refusal, use_case
from app.workflows.engine.visibility import seen
from app.workflows.rules.names import fold
from app.workflows.rules.resolution import parse_text
from app.workflows.slip_facts import SlipPaperAdded, SlipPaperRemoved, record_slip

MOST_PAPERS = 50


class TooManyPapers(WorkflowError):
    code = "too_many_papers"
    http_status = 422
    message = _("A slip carries at most 50 papers.")


class PaperTwice(WorkflowError):
    code = "paper_twice"
    message = _("This version goes with the slip already.")


class AnotherDraft(WorkflowError):
    code = "another_draft"
    message = _("The slip has a draft Resolution already. Take it out first.")


class NoArticles(WorkflowError):
    code = "no_articles"
    http_status = 422
    message = _("Only a draft Resolution that was written here has articles to give an opinion on.")


class AnotherText(WorkflowError):
    code = "another_text"
    message = _("Somebody else saved a draft meanwhile. What you typed stays here; saving again puts it in its place.")


@use_case
def pin_paper(actor: Actor, slip_id: int, version_id: int, now: dt.datetime, draft: bool = False) -> SlipPaper:
    """Let a version of the document store go with a slip; it stays that version."""
    slip = slips.locked_draft(actor, slip_id)
    version = seen(actor, DocumentVersion, version_id)
    if version.body_id != slip.body_id:
        raise NotFound(slip)
    return _pin(actor, slip, version, draft, now)


def upload_paper(
    actor: Actor,
    slip_id: int,
    title: str,
    kind: DocumentKind,
    file_name: str,
    stream: BinaryIO,
    now: dt.datetime,
    limits: Limits = documents.LIMITS,
) -> SlipPaper:
    """Take a PDF in through the same gate as every paper, and let it go with the slip. Nothing is open meanwhile."""
    slip = seen(actor, Slip, slip_id)
    about = Detached.of(slip)
    try:
        actor.require(Right.SLIP_DRAFT, slip)
        slips.require_state(slip, slips.DRAFT)
        line(slip, title, "title", documents.LONGEST_TITLE, refusal=BadTitle)
        stored, pages = documents.keep(stream, limits)
    except (UploadRefused, storage.StorageError, WorkflowError) as error:
        refusal = documents.as_refusal(about, error)
        record_refusal("upload_paper", actor, refusal)
        raise refusal from error
    return _keep_paper(actor, slip_id, title, kind, safe_filename(file_name), stored, pages, now)


@use_case
def _keep_paper(
    actor: Actor,
    slip_id: int,
    title: str,
    kind: DocumentKind,
    file_name: str,
    stored: storage.Stored,
    pages: Sequence[str],
    now: dt.datetime,
    written: PrintedDraft | None = None,
) -> SlipPaper:
    slip = slips.locked_draft(actor, slip_id)
    clean = line(slip, title, "title", documents.LONGEST_TITLE, refusal=BadTitle)
    document = Document(
        body_id=slip.body_id, slip_id=slip.id, kind=kind, title=clean, title_fold=fold(clean), paper_number="",
        position=len(slip.papers) + 1,
    )  # fmt: skip
    db.session.add(document)
    db.session.flush()
    version = documents.next_version(actor, document, file_name, stored, pages, now)
    db.session.add(version)
    db.session.flush()
    if written is not None:
        db.session.add(written.kept_with(version))
        db.session.flush()
    return _pin(actor, slip, version, written is not None, now)


def write_slip_draft(
    actor: Actor, slip_id: int, text: Mapping[str, Any], now: dt.datetime, known: int | None = None
) -> SlipPaper:
    """Soạn dự thảo: print the draft Resolution of the slip from structured text, whose articles can be asked about.

    An earlier draft of the slip gives way to it; `known` is the version it was typed over, 0 for none, None for
    whichever stands. Nothing is open while it is printed.
    """
    slip = seen(actor, Slip, slip_id)
    about = Detached.of(slip)
    try:
        actor.require(Right.SLIP_DRAFT, slip)
        slips.require_state(slip, slips.DRAFT)
        _require_known(slip, known)
        draft = draft_texts.printed(slip, slip.body, text, now)
    except (storage.StorageError, WorkflowError) as error:
        refusal = documents.as_refusal(about, error)
        record_refusal("write_slip_draft", actor, refusal)
        raise refusal from error
    return _replace_draft(actor, slip_id, draft, now, known)


@use_case
def _replace_draft(
    actor: Actor, slip_id: int, written: PrintedDraft, now: dt.datetime, known: int | None
) -> SlipPaper:
    slip = slips.locked_draft(actor, slip_id)
    _require_known(slip, known)
    for standing in [row for row in slip.papers if row.draft]:
        _remove(actor, slip, standing, now)
    title = draft_texts.title_of(parse_text(written.text)["subject"])
    kind = DocumentKind.DRAFT_RESOLUTION
    given = draft_texts.FILE_NAME, written.stored, written.pages
    return _keep_paper(actor, slip_id, title, kind, *given, now, written)


@use_case
def remove_slip_paper(actor: Actor, slip_id: int, paper_id: int, now: dt.datetime) -> Slip:
    """Take a paper out of a draft slip; the version stays in the store."""
    slip = slips.locked_draft(actor, slip_id)
    found = next((row for row in slip.papers if row.id == paper_id), None)
    if found is None:
        raise NotFound(slip)
    _remove(actor, slip, found, now)
    return slip


def _require_known(slip: Slip, known: int | None) -> None:
    if known is not None and known != known_draft(slip):
        raise AnotherText(slip)


def known_draft(slip: Slip) -> int:
    """The version of the attached draft, 0 without one: what a text is typed over."""
    attached = draft_of(slip)
    return attached.document_version_id if attached else 0


def draft_of(slip: Slip) -> SlipPaper | None:
    """The attached draft Resolution, if there is one."""
    return next((row for row in slip.papers if row.draft), None)


def articles_of(slip: Slip) -> list[dict[str, Any]]:
    """The articles of the attached draft, in order: index, label ("Điều 1") and title; none without a written draft."""
    attached = draft_of(slip)
    kept = db.session.get(DraftText, attached.document_version_id) if attached else None
    found = articles_in(parse_text(kept.text)) if kept else []
    return [{"index": place, **article} for place, article in enumerate(found, start=1)]


def articles_in(text: Mapping[str, Any]) -> list[dict[str, str]]:
    """Label and title of each article of a structured text, in order."""
    return [{"label": f"Điều {place}", "title": article["heading"][:500]}
            for place, article in enumerate(text["articles"], start=1)]  # fmt: skip


def _pin(actor: Actor, slip: Slip, version: DocumentVersion, draft: bool, now: dt.datetime) -> SlipPaper:
    if len(slip.papers) >= MOST_PAPERS:
        raise TooManyPapers(slip)
    if any(row.document_version_id == version.id for row in slip.papers):
        raise PaperTwice(slip)
    if draft and draft_of(slip) is not None:
        raise AnotherDraft(slip)
    if draft and db.session.get(DraftText, version.id) is None:
        raise NoArticles(slip)
    last = max((row.position for row in slip.papers), default=0)
    pinned = SlipPaper(body_id=slip.body_id, slip=slip, version=version, position=last + 1, draft=draft)
    db.session.add(pinned)
    db.session.flush()
    told = {"title": version.document.title, "sha256": version.sha256, "draft": draft}
    record_slip(actor, slip, SlipPaperAdded, now, document_version_id=version.id, **told)
    return pinned


def _remove(actor: Actor, slip: Slip, row: SlipPaper, now: dt.datetime) -> None:
    told = {"document_version_id": row.document_version_id, "title": row.version.document.title}
    slip.papers.remove(row)
    db.session.flush()
    record_slip(actor, slip, SlipPaperRemoved, now, **told)


def newer_version(slip: Slip) -> SlipPaper | None:
    """A pinned paper that has a newer version by now; whoever composes is told."""
    ids = [row.version.document_id for row in slip.papers]
    rows = select(DocumentVersion.document_id, DocumentVersion.id).where(DocumentVersion.document_id.in_(ids))
    newest = {row[0]: row[1] for row in db.session.execute(rows.order_by(DocumentVersion.number))}
    return next((row for row in slip.papers if newest[row.version.document_id] != row.document_version_id), None)
