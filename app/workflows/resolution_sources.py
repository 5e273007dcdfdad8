"""What a Resolution stands on (căn cứ của Nghị quyết): a published vote, or a slip that the head decided to sign on."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm.attributes import set_committed_value

from app.extensions import db
from app.models import (
    AuditEntry,
    DocumentVersion,
    Meeting,
    Outcome,
    Poll,
    PollState,
    Resolution,
    Slip,
    SlipDecision,
    SlipPaper,
    SlipWay,
)
from app.workflows import draft_texts, next_drafts, polls
from app.workflows.engine.errors import Subject, WorkflowError
from app.workflows.engine.rights import Actor
from app.workflows.engine.transaction import Fact, record
from app.workflows.engine.words import word
from app.workflows.rules import drafting
from app.workflows.rules.canonical import parse_canonical
from app.workflows.rules.resolution import formula


class NotAdopted(WorkflowError):
    code = "not_adopted"
    message = _("The vote did not adopt this matter (%(outcome)s); there is nothing to promulgate.")


class NotPublished(WorkflowError):
    code = "not_published"
    message = _("The result of the vote is not published, or the vote was annulled.")


class NotDecidedToSign(WorkflowError):
    code = "not_decided_to_sign"
    message = _("The head of the body has not decided to sign on the strength of this slip.")


class NoVotedText(WorkflowError):
    code = "no_voted_text"
    message = _("The vote was not about a draft Resolution whose text can be read. Attach the draft before the vote.")


class NoAskedText(WorkflowError):
    code = "no_asked_text"
    message = _("No draft Resolution went with this slip, so there is no text to sign. Choose another way on.")


@dataclass(frozen=True)
class ResolutionFact(Fact):
    """A fact about a Resolution; `version` is the live state of its meeting after it, or of its slip."""

    meeting_id: int | None
    version: int


def record_step(
    actor: Actor,
    resolution: Resolution,
    fact: type[ResolutionFact],
    now: dt.datetime,
    counted_by: Resolution | None = None,
    **fields: Any,
) -> AuditEntry:
    """Count up the live state of the meeting or slip (its row is locked) and record the fact with the new number.

    `counted_by`: the Resolution whose meeting or slip is held, where that is another one.
    """
    held = counted_by or resolution
    source = held.meeting or held.slip
    if source is None:
        raise RuntimeError("a Resolution stands on a vote or on a slip")
    source.version += 1
    return record(actor, fact.about(resolution, meeting_id=held.meeting_id, version=source.version, **fields), now)


def hold(resolution: Resolution) -> Meeting | Slip:
    """The meeting or slip behind a Resolution, held until the end of the transaction; before the Resolution itself."""
    if resolution.meeting_id is not None:
        return polls.locked_meeting(resolution.meeting_id)
    rows = select(Slip).where(Slip.id == resolution.slip_id).with_for_update()
    return db.session.execute(rows.execution_options(populate_existing=True)).scalar_one()


def put_back(resolution: Resolution, source: Meeting | Slip) -> None:
    """Let a Resolution that was read anew know what is held for it."""
    set_committed_value(resolution, "meeting" if isinstance(source, Meeting) else "slip", source)
    if resolution.poll is not None:
        db.session.refresh(resolution.poll)


def origin_of(resolution: Resolution) -> str:
    """Where it comes from, in a few words: the title of the meeting, or the number of the slip."""
    if resolution.meeting is not None:
        return resolution.meeting.title
    return gettext("Opinion slip no. %(number)s", number=resolution.slip.number_text if resolution.slip else "")


def sentence_of(resolution: Resolution) -> str:
    """What the members answered on the slip, in the sentence of its result; empty for a vote."""
    slip = resolution.slip
    return str(parse_canonical(slip.result)["sentence"]) if slip and slip.result else ""


def keys_of(resolution: Resolution) -> dict[str, int | None]:
    """The columns that say on what it stands."""
    return {"poll_id": resolution.poll_id, "slip_id": resolution.slip_id}


def require_source(resolution: Resolution) -> None:
    """Only a published, adopted vote that was not annulled, or the decision to sign, carries it (rule:R1, rule:R11)."""
    if resolution.poll is not None:
        require_vote(resolution.poll, resolution)
        return
    decided = db.session.get(SlipDecision, resolution.slip_id or 0)
    if decided is None or decided.way is not SlipWay.SUBMIT:
        raise NotDecidedToSign(resolution)


def require_vote(poll: Poll, about: Subject) -> None:
    if poll.state is not PollState.PUBLISHED:
        raise NotPublished(about)
    outcome = poll.confirmed_outcome or poll.outcome
    if outcome is not Outcome.ADOPTED:
        raise NotAdopted(about, outcome=word(outcome))


def formula_of(resolution: Resolution) -> str:
    """The sentence that ties the text to what it stands on (rule:R21)."""
    return formula(resolution.body.name, by_slip=resolution.slip_id is not None)


def opening_texts(resolution: Resolution) -> list[tuple[dict[str, Any], str]]:
    """The texts with which a Resolution begins, each with its reason: that of `first_text`, then the one that was
    mended after the opinions on a slip were explained."""
    texts = [(first_text(resolution), "")]
    slip = resolution.slip
    mended = next_drafts.accepted(slip) if slip is not None else None
    if slip is not None and mended is not None and (text := draft_texts.text_of(mended)) is not None:
        texts.append((text | {"formula": formula_of(resolution)}, mended_reason(slip)))
    return texts


def mended_reason(slip: Slip) -> str:
    """Why the text differs from the one that was asked about; official Vietnamese, kept with the version."""
    return f"Tiếp thu, giải trình ý kiến của các thành viên {slip.body.name} tại Phiếu lấy ý kiến số {slip.number_text}"


def first_text(resolution: Resolution) -> dict[str, Any]:
    """The text that was voted on, or on which opinions were asked, with the formula of the one or the other."""
    if resolution.poll is not None:
        return voted_text(resolution.poll) | {"formula": formula_of(resolution)}
    slip = resolution.slip or db.session.get_one(Slip, resolution.slip_id)
    return asked_text(slip) | {"formula": formula_of(resolution)}


def voted_text(poll: Poll) -> dict[str, Any]:
    """The text of the version that the vote froze; NoVotedText when there is none or it cannot be read."""
    version = poll.document_version
    read = _read(version) if version is not None else None
    if read is None:
        raise NoVotedText(poll)
    return read


def asked_text(slip: Slip) -> dict[str, Any]:
    """The text of the draft that went with a slip; NoAskedText when there is none or it cannot be read."""
    attached = select(DocumentVersion).join(SlipPaper, SlipPaper.document_version_id == DocumentVersion.id)
    version = db.session.scalar(attached.where(SlipPaper.slip_id == slip.id, SlipPaper.draft.is_(True)))
    read = _read(version) if version is not None else None
    if read is None:
        raise NoAskedText(slip)
    return read


def _read(version: DocumentVersion) -> dict[str, Any] | None:
    return draft_texts.text_of(version) or drafting.from_pdf_text(version.content.split("\f"))
