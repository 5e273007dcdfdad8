"""What a member has typed and not signed (bản nháp ý kiến), and the files laid beside it; nothing of it counts."""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any, BinaryIO

from sqlalchemy import select

from app.extensions import db
from app.gateways import storage
from app.gateways.intake import Limits, UploadRefused, another_name, safe_filename
from app.models import Slip, SlipDraft, SlipUpload
from app.workflows import documents, slips
from app.workflows.engine.errors import Detached, WorkflowError
from app.workflows.engine.rights import Actor
from app.workflows.engine.transaction import record_refusal, use_case
from app.workflows.engine.visibility import seen
from app.workflows.rules.canonical import clean_text
from app.workflows.rules.opinion_text import without_hidden
from app.workflows.slip_counting import admit_member, require_open
from app.workflows.slip_refusals import DraftConflict, DraftTooLong, TooManyUploads

LARGEST_DRAFT = 600_000  # bytes: every question and article filled to the brim, and nothing much beyond
LONGEST_DEVICE = 200
MOST_UPLOADS = 40  # files of one member for one slip, those included that were taken off again


@use_case
def save_draft(
    actor: Actor, slip_id: int, content: Mapping[str, Any], version: int, now: dt.datetime, device: str = ""
) -> SlipDraft:
    """Keep what is typed; `version` is that of the draft it was typed over, 0 for a first one.

    DraftConflict with what stands when another device was faster. What is not clean yet is kept as it was typed: a
    draft is judged when it is signed.
    """
    slip = slips.locked(actor, slip_id)
    entry = admit_member(slip, actor)
    require_open(slip, now)
    if len(json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass")) > LARGEST_DRAFT:
        raise DraftTooLong(slip)
    draft = db.session.get(SlipDraft, (slip.id, entry.member_id), populate_existing=True)
    if (draft.version if draft else 0) != version:
        raise DraftConflict(slip, **_told(draft))
    if draft is None:
        draft = SlipDraft(slip_id=slip.id, member_id=entry.member_id, body_id=slip.body_id, version=0)
        db.session.add(draft)
    draft.content, draft.version, draft.saved_at = dict(content), version + 1, now
    draft.device = _device(device)
    db.session.flush()
    return draft


def draft_of(actor: Actor, slip_id: int) -> SlipDraft | None:
    """The actor's own draft."""
    slip = seen(actor, Slip, slip_id)
    return db.session.get(SlipDraft, (slip.id, actor.person_id or 0))


def attach_file(
    actor: Actor, slip_id: int, file_name: str, stream: BinaryIO, now: dt.datetime, limits: Limits = documents.LIMITS
) -> SlipUpload:
    """Take a PDF in through the gate of every paper, to be named in an answer. Nothing is open while it is read."""
    slip = seen(actor, Slip, slip_id)
    about = Detached.of(slip)
    try:
        admit_member(slip, actor)
        require_open(slip, now)
        stored, _pages = documents.keep(stream, limits)
    except (UploadRefused, storage.StorageError, WorkflowError) as error:
        refusal = documents.as_refusal(about, error)
        record_refusal("attach_file", actor, refusal)
        raise refusal from error
    return _keep_file(actor, slip_id, safe_filename(without_hidden(file_name)), stored, now)


@use_case
def _keep_file(actor: Actor, slip_id: int, name: str, stored: storage.Stored, now: dt.datetime) -> SlipUpload:
    slip = slips.locked(actor, slip_id)
    entry = admit_member(slip, actor)
    require_open(slip, now)
    own = select(SlipUpload).filter_by(slip_id=slip.id, member_id=entry.member_id, sha256=stored.sha256)
    if kept := db.session.scalar(own):
        return kept
    sent = select(SlipUpload.name).filter_by(slip_id=slip.id, member_id=entry.member_id)
    names = list(db.session.scalars(sent))
    if len(names) >= MOST_UPLOADS:
        raise TooManyUploads(slip, most=MOST_UPLOADS)
    upload = SlipUpload(
        body_id=slip.body_id, slip_id=slip.id, member_id=entry.member_id, name=another_name(name, names),
        sha256=stored.sha256, size=stored.size, at=now,
    )  # fmt: skip
    db.session.add(upload)
    db.session.flush()
    return upload


def open_attachment(actor: Actor, upload_id: int) -> tuple[SlipUpload, BinaryIO]:
    """The bytes of an attached file for its member and for those who see the board."""
    upload = seen(actor, SlipUpload, upload_id)
    return upload, storage.store().open(upload.sha256)


def _told(draft: SlipDraft | None) -> dict[str, Any]:
    if draft is None:
        return {"content": None, "version": 0, "device": ""}
    return {"content": draft.content, "version": draft.version, "device": draft.device}


def _device(name: str) -> str:
    try:
        return clean_text(name)[:LONGEST_DEVICE]
    except ValueError:
        return ""
