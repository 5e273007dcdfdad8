"""Resolutions (Nghị quyết): from a published vote or a decided slip to a text that is presented for signature."""

import datetime as dt
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.gateways import paper, storage
from app.models import (
    Appointment,
    FileStage,
    NumberSeries,
    Office,
    Resolution,
    ResolutionFile,
    ResolutionState,
    ResolutionVersion,
    Slip,
    SlipDecision,
    SlipWay,
    Urgency,
)
from app.workflows import documents, draft_texts, polls, resolution_sources, slips
from app.workflows.engine.check_words import check_word
from app.workflows.engine.errors import BadValue, Detached, Subject, WorkflowError
from app.workflows.engine.moves import Lifecycle, Move
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.text import block
from app.workflows.engine.transaction import end_reading, record_refusal, use_case
from app.workflows.engine.visibility import seen
from app.workflows.resolution_sources import ResolutionFact, record_step
from app.workflows.rules import authority, changes, completeness, numbering
from app.workflows.rules.calendar import hanoi_date
from app.workflows.rules.canonical import canonical, digest
from app.workflows.rules.names import fold
from app.workflows.rules.resolution import parse_text

(DRAFTING, PRESENTED, SIGNED, NUMBERED, SEALED, PROMULGATED, RECALLED, REPLACED, ABANDONED) = ResolutionState
SIGNERS = frozenset({Office.HEAD, Office.DEPUTY_HEAD})
TYPE = "resolution"
TOKEN_BYTES = 16
LONGEST_REASON = 2000
FEWEST_DIGITS, NUMBERS_MEANWHILE = 3, 500  # others may be numbered between presenting and numbering
LARGEST_FILE = 50 * 1024 * 1024
URGENCY_MARKS = {
    Urgency.NORMAL: "", Urgency.URGENT: "KHẨN", Urgency.VERY_URGENT: "THƯỢNG KHẨN", Urgency.EXPRESS: "HỎA TỐC",
}  # fmt: skip


class AlreadyDrafted(WorkflowError):
    code = "already_drafted"
    message = _("There already is a Resolution on this vote.")


class SlipDraftedAlready(AlreadyDrafted):
    message = _("There already is a Resolution on this slip.")


class NotTheSigner(WorkflowError):
    code = "not_the_signer"
    http_status = 403
    message = _("This Resolution is presented to somebody else for signature.")


class NoSigner(BadValue):
    code, field = "no_signer", "signer_id"
    message = _("Choose the head of the body or a deputy who holds that post today.")


class TextIncomplete(WorkflowError):
    code = "text_incomplete"
    message = _("The text is not complete. %(findings)s")


class TextDiffers(WorkflowError):
    code = "text_differs"
    field = "reason"
    message = _("The text differs from the one that was voted on. Write the reason, or take the voted text again.")


class LayoutRefused(WorkflowError):
    code = "layout_refused"
    message = _("The printed form does not comply with the official layout. %(findings)s")


class ReasonMissing(BadValue):
    code, field = "no_reason", "reason"
    message = _("Write the reason.")


class NothingToReplace(BadValue):
    code, field = "nothing_to_replace", "replaces_id"
    message = _("Only a promulgated Resolution that nothing else replaces can be replaced.")


class FileChanged(WorkflowError):
    code = "file_changed"
    message = _("The document was changed since you opened it. Please read it again before you sign.")


@dataclass(frozen=True)
class ResolutionDrafted(ResolutionFact):
    poll_id: int | None
    text_sha256: str
    slip_id: int | None = None


@dataclass(frozen=True)
class ResolutionTextChanged(ResolutionFact):
    number: int
    text_sha256: str
    differs: bool
    reason: str


@dataclass(frozen=True)
class ResolutionPresented(ResolutionFact):
    signer_id: int
    file_sha256: str


@dataclass(frozen=True)
class ResolutionReturned(ResolutionFact):
    reason: str
    drafted_by_id: int | None


@dataclass(frozen=True)
class ResolutionAbandoned(ResolutionFact):
    reason: str
    drafted_by_id: int | None


@dataclass(frozen=True)
class Form:
    """How a Resolution is issued, beside its text; all of it can be changed until it is presented."""

    signer_id: int | None = None
    urgency: Urgency = Urgency.NORMAL
    normative: bool = False
    public: bool = True
    replaces_id: int | None = None


stands = resolution_sources.require_source
LIFECYCLE = Lifecycle(
    ResolutionState,
    #    name          from                                       to           who may
    Move("present",    frozenset({DRAFTING}),                     PRESENTED,   Right.RESOLUTION_DRAFT, (stands,)),
    Move("return",     frozenset({PRESENTED}),                    DRAFTING,    Right.RESOLUTION_SIGN),
    Move("abandon",    frozenset({DRAFTING, PRESENTED}),          ABANDONED,   Right.RESOLUTION_DRAFT),
    Move("sign",       frozenset({PRESENTED}),                    SIGNED,      Right.RESOLUTION_SIGN, (stands,)),
    Move("stop",       frozenset({SIGNED, NUMBERED, SEALED}),     ABANDONED,   Right.RESOLUTION_STOP),
    Move("number",     frozenset({SIGNED}),                       NUMBERED,    Right.RESOLUTION_ISSUE, (stands,)),
    Move("seal",       frozenset({NUMBERED}),                     SEALED,      Right.RESOLUTION_ISSUE, (stands,)),
    Move("promulgate", frozenset({SEALED}),                       PROMULGATED, Right.RESOLUTION_ISSUE, (stands,)),
    Move("recall",     frozenset({PROMULGATED}),                  RECALLED,    Right.RESOLUTION_RECALL),
    Move("replace",    frozenset({PROMULGATED}),                  REPLACED,    Right.RESOLUTION_ISSUE),
)  # fmt: skip


@use_case
def draft_resolution(actor: Actor, poll_id: int, now: dt.datetime, form: Form | None = None) -> Resolution:
    """Soạn Nghị quyết: the voted text with the formula of the vote, for signature by the head of the body."""
    poll = polls.locked(actor, poll_id)
    actor.require(Right.RESOLUTION_DRAFT, poll)
    resolution_sources.require_vote(poll, poll)
    living = select(Resolution.id).where(Resolution.poll_id == poll.id, Resolution.state != ABANDONED)
    if db.session.scalar(living):
        raise AlreadyDrafted(poll)
    resolution_sources.voted_text(poll)
    resolution = Resolution(
        body=poll.meeting.body, meeting=poll.meeting, item_id=poll.item_id, poll=poll, poll_id=poll.id,
        drafted_by_id=actor.person_id,
    )  # fmt: skip
    return _begin(actor, resolution, form or Form(), now)


def draft_from_slip(actor: Actor, slip: Slip, now: dt.datetime) -> Resolution:
    """The text on which opinions were asked, with the formula of the slip, once the head decided to sign.

    Inside the running act: `slip` is held. It is laid to the clerk who drafted the slip, who presents it.
    """
    living = select(Resolution.id).where(Resolution.slip_id == slip.id, Resolution.state != ABANDONED)
    if db.session.scalar(living):
        raise SlipDraftedAlready(slip)
    resolution_sources.asked_text(slip)
    resolution = Resolution(body=slip.body, slip=slip, slip_id=slip.id, drafted_by_id=slip.drafted_by_id)
    return _begin(actor, resolution, Form(urgency=slip.urgency), now)


@use_case
def draft_again(actor: Actor, slip_id: int, now: dt.datetime) -> Resolution:
    """Another draft from a slip that was decided to be signed, after the first one was given up."""
    slip = slips.locked(actor, slip_id)
    actor.require(Right.RESOLUTION_DRAFT, slip)
    decided = db.session.get(SlipDecision, slip.id)
    if decided is None or decided.way is not SlipWay.SUBMIT:
        raise resolution_sources.NotDecidedToSign(slip)
    return draft_from_slip(actor, slip, now)


def _begin(actor: Actor, resolution: Resolution, form: Form, now: dt.datetime) -> Resolution:
    """The first version from the text that it stands on, a second one where that was mended since."""
    resolution.body_id = resolution.body.id
    texts = resolution_sources.opening_texts(resolution)
    subject = texts[-1][0]["subject"]
    resolution.subject, resolution.subject_fold = subject, fold(subject)
    resolution.token, resolution.drafted_at = secrets.token_hex(TOKEN_BYTES), now
    _fill_form(resolution, form, now)
    db.session.add(resolution)
    db.session.flush()
    version = [_add_version(actor, resolution, text, reason, now) for text, reason in texts][-1]
    facts: dict[str, Any] = {**resolution_sources.keys_of(resolution), "text_sha256": version.sha256}
    record_step(actor, resolution, ResolutionDrafted, now, **facts)
    return resolution


@use_case
def edit_resolution(
    actor: Actor,
    resolution_id: int,
    text: Mapping[str, Any],
    reason: str,
    now: dt.datetime,
    form: Form | None = None,
) -> Resolution:
    """A new version of the text; beyond bases and formula a change needs a reason that the signer will see."""
    resolution = locked(actor, resolution_id)
    actor.require(Right.RESOLUTION_DRAFT, resolution)
    if resolution.state is not DRAFTING:
        LIFECYCLE.admit("present", resolution, actor)
    why = block(resolution, reason, "reason", LONGEST_REASON, wanted=False)
    version = _add_version(actor, resolution, draft_texts.cleaned(resolution, text), why, now)
    if form:
        _fill_form(resolution, form, now)
    resolution.subject = parse_text(version.text)["subject"]
    resolution.subject_fold = fold(resolution.subject)
    record_step(
        actor, resolution, ResolutionTextChanged, now, number=version.number,
        text_sha256=version.sha256, differs=differs(version), reason=version.reason,
    )  # fmt: skip
    return resolution


def present_resolution(actor: Actor, resolution_id: int, now: dt.datetime) -> Resolution:
    """Trình ký: print the final form with open fields, check text and layout, and put it before the signer."""
    try:
        resolution = seen(actor, Resolution, resolution_id)
        LIFECYCLE.admit("present", resolution, actor)
        version = resolution.versions[-1]
        refuse_unready(resolution, version)
        refuse_changed_post(resolution, now)
        text, sheet, version_id = parse_text(version.text), sheet_of(resolution, version, now), version.id
        about = Detached.of(resolution)
        end_reading()
        printed = paper.resolution(text, sheet)
        findings = [finding for finding in paper.check_layout(printed) if not finding.ok]
        pages, stored = paper.page_count(printed), keep(about, printed)
    except WorkflowError as refusal:
        record_refusal("present_resolution", actor, refusal)
        raise
    return _present(actor, resolution_id, version_id, stored, pages, findings, now)


@use_case
def _present(
    actor: Actor, resolution_id: int, version_id: int, stored: storage.Stored, pages: int, findings: list[Any],
    now: dt.datetime,
) -> Resolution:  # fmt: skip
    resolution = locked(actor, resolution_id)
    move = LIFECYCLE.admit("present", resolution, actor)
    if findings:
        said = "; ".join(f"{finding.title}: {finding.found} ({finding.wanted})" for finding in findings)
        raise LayoutRefused(resolution, findings=said)
    if resolution.versions[-1].id != version_id:
        raise FileChanged(resolution)
    add_file(resolution, resolution.versions[-1], FileStage.PRESENTED, stored, pages, now)
    move.apply(resolution, presented_at=now)
    record_step(
        actor, resolution, ResolutionPresented, now, signer_id=resolution.signer_id,
        file_sha256=stored.sha256,
    )  # fmt: skip
    return resolution


@use_case
def return_resolution(actor: Actor, resolution_id: int, reason: str, now: dt.datetime) -> Resolution:
    """Trả lại: the signer sends it back with a reason."""
    resolution = locked(actor, resolution_id)
    move = LIFECYCLE.admit("return", resolution, actor)
    require_signer(actor, resolution)
    why = block(resolution, reason, "reason", LONGEST_REASON, refusal=ReasonMissing)
    move.apply(resolution, reason=why)
    facts: dict[str, Any] = {"reason": why, "drafted_by_id": resolution.drafted_by_id}
    record_step(actor, resolution, ResolutionReturned, now, **facts)
    return resolution


@use_case
def abandon_resolution(actor: Actor, resolution_id: int, reason: str, now: dt.datetime) -> Resolution:
    """Give a draft up, so that another can be made from the vote."""
    resolution = locked(actor, resolution_id)
    move = LIFECYCLE.admit("abandon", resolution, actor)
    why = block(resolution, reason, "reason", LONGEST_REASON, refusal=ReasonMissing)
    move.apply(resolution, reason=why, ended_at=now)
    facts: dict[str, Any] = {"reason": why, "drafted_by_id": resolution.drafted_by_id}
    record_step(actor, resolution, ResolutionAbandoned, now, **facts)
    return resolution


def locked(actor: Actor, resolution_id: int) -> Resolution:
    """A visible Resolution and its meeting or slip, both held until the end of the transaction, the latter first."""
    source = resolution_sources.hold(seen(actor, Resolution, resolution_id))
    rows = select(Resolution).where(Resolution.id == resolution_id).with_for_update()
    resolution = db.session.execute(rows.execution_options(populate_existing=True)).scalar_one()
    resolution_sources.put_back(resolution, source)
    return resolution


def require_signer(actor: Actor, resolution: Resolution) -> None:
    if actor.person_id != resolution.signer_id:
        raise NotTheSigner(resolution)


def differences(resolution: Resolution, version: ResolutionVersion) -> tuple[changes.Change, ...]:
    """What a version says otherwise than the voted text, place by place."""
    return changes.changes(resolution_sources.first_text(resolution), parse_text(version.text))


def differs(version: ResolutionVersion) -> bool:
    """Whether more than bases and formula differ from the voted text (rule:R27)."""
    return changes.needs_reason(differences(version.resolution, version))


def findings_of(resolution: Resolution, version: ResolutionVersion) -> tuple[completeness.Finding, ...]:
    """The check list of the text: what an official document of this body must say."""
    body, on = resolution.body, hanoi_date(version.at)
    return completeness.completeness(
        parse_text(version.text), body.name, symbol=numbering.symbol(TYPE, body.code),
        signer=resolution.signer.full_name,
        authority=authority.lines(body.kind.value, _office_of(resolution, on).value, on),
        by_slip=resolution.slip_id is not None,
    )  # fmt: skip


def refuse_unready(resolution: Resolution, version: ResolutionVersion) -> None:
    """No incomplete text, and none that differs from the voted one without a reason, reaches the signer."""
    if missing := [finding for finding in findings_of(resolution, version) if not finding.ok]:
        raise TextIncomplete(resolution, findings=" ".join(_said(finding) for finding in missing))
    if differs(version) and not version.reason:
        raise TextDiffers(resolution)


def refuse_changed_post(resolution: Resolution, now: dt.datetime) -> None:
    """Whoever signs holds today the post that is printed above the name."""
    held = _may_sign(resolution.body_id, resolution.signer_id, hanoi_date(now))
    if held is None or held.post != resolution.signer_post:
        raise NoSigner(resolution)


def _said(finding: completeness.Finding) -> str:
    return f"{check_word(finding.code)} ({finding.found})" if finding.found else str(check_word(finding.code))


def presented_file(resolution: Resolution) -> ResolutionFile:
    """The form that lies before the signer."""
    return next(file for file in reversed(resolution.files) if file.stage is FileStage.PRESENTED)


def current_file(resolution: Resolution) -> ResolutionFile | None:
    """The latest form: presented, signed or sealed; nothing while the text is being drafted."""
    if resolution.signatures:
        return signed_file(resolution)
    return None if resolution.state is DRAFTING or not resolution.files else resolution.files[-1]


def signed_file(resolution: Resolution) -> ResolutionFile:
    """The form that carries the latest signature: a row that is slipped in later makes no other document of it."""
    signature = resolution.signatures[-1]
    return next(file for file in resolution.files if file.id == signature.file_id)


def current_version(resolution: Resolution) -> ResolutionVersion:
    """The text that was signed, before that the latest one."""
    if not resolution.signatures:
        return resolution.versions[-1]
    signed = signed_file(resolution).version_id
    return next(version for version in resolution.versions if version.id == signed)


def sheet_of(resolution: Resolution, version: ResolutionVersion, now: dt.datetime) -> paper.ResolutionSheet:
    """What is printed beside the text."""
    body, on = resolution.body, hanoi_date(now)
    office = _office_of(resolution, on)
    return paper.ResolutionSheet(
        made_at=now, body=body.name, place=body.place, symbol=numbering.symbol(TYPE, body.code), year=on.year,
        authority=authority.lines(body.kind.value, office.value, on), signer_name=resolution.signer.full_name,
        urgency=URGENCY_MARKS[resolution.urgency], qr=public_address(resolution), text_sha256=version.sha256,
        demo=bool(current_app.config.get("DEMO")), number_like=_number_like(resolution, on.year),
    )  # fmt: skip


def _number_like(resolution: Resolution, year: int) -> str:
    """The widest number it may get: there must be room for it once the document is signed."""
    series = select(NumberSeries.last_number).filter_by(
        body_id=resolution.body_id, type=TYPE, normative=resolution.normative, year=year
    )
    digits = max(FEWEST_DIGITS, len(str((db.session.scalar(series) or 0) + NUMBERS_MEANWHILE)))
    return numbering.number_text(int("9" * digits), year, resolution.normative)


def public_address(resolution: Resolution) -> str:
    """Where everybody can check the document; from the configuration, never from a request."""
    return f"{current_app.config['PUBLIC_URL'].rstrip('/')}/xac-minh/{resolution.token}"


def keep(about: Subject, content: bytes) -> storage.Stored:
    """The form in the store, before anything is written about it; StoreRefused when the store does not take it."""
    try:
        return storage.store().put(content, LARGEST_FILE)
    except storage.StorageError as failed:
        raise documents.StoreRefused(about, failed, field=None) from failed


def content_of(about: Subject, sha256: str) -> bytes:
    """The bytes of a form from the store, proved by their hash; StoreRefused when it does not give them."""
    try:
        return storage.read(sha256)
    except storage.StorageError as failed:
        raise documents.StoreRefused(about, failed, field=None) from failed


def add_file(
    resolution: Resolution, version: ResolutionVersion, stage: FileStage, stored: storage.Stored, pages: int,
    now: dt.datetime,
) -> ResolutionFile:  # fmt: skip
    file = ResolutionFile(
        body_id=resolution.body_id, resolution=resolution, version=version, stage=stage, sha256=stored.sha256,
        size=stored.size, pages=pages, at=now,
    )  # fmt: skip
    db.session.add(file)
    db.session.flush()
    return file


def _add_version(
    actor: Actor, resolution: Resolution, text: Mapping[str, Any], reason: str, now: dt.datetime
) -> ResolutionVersion:
    found, written = changes.changes(resolution_sources.first_text(resolution), text), canonical(text)
    version = ResolutionVersion(
        body_id=resolution.body_id, resolution=resolution, number=len(resolution.versions) + 1, text=written,
        sha256=digest(written), changes=canonical(changes.as_record(found)), author_id=actor.person_id, at=now,
        reason=reason if changes.needs_reason(found) else "",
    )  # fmt: skip
    db.session.add(version)
    db.session.flush()
    return version


def _fill_form(resolution: Resolution, form: Form, now: dt.datetime) -> None:
    on = hanoi_date(now)
    signer = _may_sign(resolution.body_id, form.signer_id, on)
    if signer is None:
        raise NoSigner(resolution)
    resolution.signer_id, resolution.signer_post = signer.person_id, signer.post
    resolution.urgency, resolution.normative, resolution.public = form.urgency, form.normative, form.public
    resolution.replaces_id = _replaceable(resolution, form.replaces_id)


def _may_sign(body_id: int, person_id: int | None, on: dt.date) -> Appointment | None:
    """The post by which somebody signs; without a person that of the head of the body."""
    held = select(Appointment).where(Appointment.body_id == body_id, Appointment.in_force(on))
    held = held.where(Appointment.office.in_(SIGNERS)).order_by(Appointment.rank)
    if person_id is None:
        return db.session.scalars(held.where(Appointment.office == Office.HEAD)).first()
    return db.session.scalars(held.where(Appointment.person_id == person_id)).first()


def _office_of(resolution: Resolution, on: dt.date) -> Office:
    post = _may_sign(resolution.body_id, resolution.signer_id, on)
    if post is None:
        raise NoSigner(resolution)
    return post.office


def _replaceable(resolution: Resolution, replaces_id: int | None) -> int | None:
    if replaces_id is None:
        return None
    old = db.session.get(Resolution, replaces_id)
    taken = select(Resolution.id).where(Resolution.replaces_id == replaces_id, Resolution.state != ABANDONED)
    others = [found for found in db.session.scalars(taken) if found != resolution.id]
    if old is None or old.body_id != resolution.body_id or old.state is not PROMULGATED or others:
        raise NothingToReplace(resolution)
    return replaces_id
