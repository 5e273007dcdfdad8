"""The draft after the answers (dự thảo tiếp thu): the next version of what was sent, to which explanations point."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _

from app.extensions import db
from app.gateways import storage
from app.models import Document, DocumentKind, DocumentVersion, OpinionTable, Slip, SlipPaper
from app.workflows import documents, draft_texts, slip_papers, slips, synthesis
from app.workflows.draft_texts import PrintedDraft
from app.workflows.engine.errors import Detached, WorkflowError
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.transaction import record_refusal, use_case
from app.workflows.engine.visibility import seen
from app.workflows.rules.names import fold
from app.workflows.rules.resolution import parse_text
from app.workflows.slip_facts import NextDraftWritten, record_slip

NOTHING_WRITTEN: dict[str, Any] = {"articles": [], "annexes": []}


class NoDraftSent(WorkflowError):
    code = "no_draft_sent"
    message = _("No draft Resolution went with this slip, so there is none to write anew.")


class DraftWrittenMeanwhile(WorkflowError):
    code = "draft_written_meanwhile"
    message = _("Version %(number)s was saved meanwhile. Read it first; saving again puts yours above it.")


def write_next_draft(
    actor: Actor, slip_id: int, text: Mapping[str, Any], known: int | None, now: dt.datetime
) -> DocumentVersion:
    """Print the next version of the slip's draft from structured text; `known` is the version that was read before.

    The version that was sent stays with the slip for ever. Nothing is open while it is printed.
    """
    slip = seen(actor, Slip, slip_id)
    about = Detached.of(slip)
    try:
        actor.require(Right.SLIP_RUN, slip)
        _admit(slip, synthesis.listed_of(slip), known)
        draft = draft_texts.printed(slip, slip.body, text, now)
    except (storage.StorageError, WorkflowError) as error:
        refusal = documents.as_refusal(about, error)
        record_refusal("write_next_draft", actor, refusal)
        raise refusal from error
    return _keep_next_draft(actor, slip_id, draft, known, now)


@use_case
def _keep_next_draft(
    actor: Actor, slip_id: int, written: PrintedDraft, known: int | None, now: dt.datetime
) -> DocumentVersion:
    slip = synthesis.changeable(actor, slip_id)
    listed = synthesis.listed_of(slip)
    sent = _admit(slip, listed, known)
    document = _document(slip, sent, parse_text(written.text)["subject"])
    version = documents.next_version(actor, document, draft_texts.FILE_NAME, written.stored, written.pages, now)
    db.session.add(version)
    db.session.flush()
    db.session.add(written.kept_with(version))
    listed.document_version_id = version.id
    told = {"document_version_id": version.id, "number": version.number, "sha256": written.stored.sha256}
    record_slip(actor, slip, NextDraftWritten, now, **told)
    return version


def newest(slip: Slip) -> DocumentVersion | None:
    """The draft after the answers; None while there is none."""
    number = synthesis.listed_of(slip).document_version_id
    return db.session.get_one(DocumentVersion, number) if number is not None else None


def accepted(slip: Slip) -> DocumentVersion | None:
    """The draft that goes on: the newest one, once the table that explains it is submitted; None before."""
    return newest(slip) if synthesis.listed_of(slip).submitted_at is not None else None


def standing_text(slip: Slip) -> dict[str, Any] | None:
    """What to go on writing from: the newest draft, else the one that was sent; None for a slip without one."""
    sent = slip_papers.draft_of(slip)
    version = newest(slip) or (sent.version if sent else None)
    return draft_texts.text_of(version) if version else None


def text_linked_to(slip: Slip) -> dict[str, Any] | None:
    """What explanations point to: a text without passages until it is written, None where no draft was sent."""
    if slip_papers.draft_of(slip) is None:
        return None
    version = newest(slip)
    return (draft_texts.text_of(version) if version else None) or NOTHING_WRITTEN


def _admit(slip: Slip, listed: OpinionTable, known: int | None) -> SlipPaper:
    slips.require_state(slip, slips.CLOSED, slips.REPORTED)
    if listed.submitted_at is not None:
        raise synthesis.TableSubmitted(slip)
    sent = slip_papers.draft_of(slip)
    if sent is None:
        raise NoDraftSent(slip)
    if listed.document_version_id != known:
        version = newest(slip)
        raise DraftWrittenMeanwhile(slip, number=version.number if version else 0)
    return sent


def _document(slip: Slip, sent: SlipPaper, subject: str) -> Document:
    """The document that goes on: that of the draft which was sent, if it belongs to this slip, else one of its own."""
    own = newest(slip) or (sent.version if sent.version.document.slip_id == slip.id else None)
    if own is not None:
        return own.document
    title = draft_texts.title_of(subject)
    document = Document(
        body_id=slip.body_id, slip_id=slip.id, kind=DocumentKind.DRAFT_RESOLUTION, title=title, title_fold=fold(title),
        paper_number="", position=len(slip.papers) + 1,
    )  # fmt: skip
    db.session.add(document)
    db.session.flush()
    return document
