"""The report on a slip to the head of the body (phiếu báo cáo kết quả lấy ý kiến): what it says, and as a document."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.gateways import paper
from app.models import (
    Appointment,
    BodyKind,
    DocumentVersion,
    Office,
    Organisation,
    OrganisationKind,
    Outcome,
    Slip,
    SlipDecision,
    SlipState,
)
from app.workflows import next_drafts, slip_closing, slip_decisions, slip_papers, synthesis
from app.workflows.engine.errors import NotFound, WorkflowError
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.transaction import end_reading
from app.workflows.engine.visibility import nothing, seen
from app.workflows.rules.calendar import hanoi_date, iso_utc
from app.workflows.rules.canonical import read_stored
from app.workflows.rules.slip_dissent import Dissent, Remark, dissents

COUNTED = (SlipState.CLOSED, SlipState.REPORTED, SlipState.DECIDED)


class NotCounted(WorkflowError):
    code = "not_counted"
    message = _("The slip is not closed yet, so there is no outcome to report.")


@dataclass(frozen=True)
class Explanations:
    """How far the opinions are answered: `rows` of them, when the table was submitted, None while it is not."""

    rows: int
    submitted_at: dt.datetime | None

    @property
    def open(self) -> bool:
        return bool(self.rows) and self.submitted_at is None


@dataclass(frozen=True)
class Report:
    """What is laid before the head: definition and result as they were sealed, and what members hold against it.

    `draft` is the version that would be signed: the one that was sent, or its successor once `explained` is submitted
    (rule:R66). `differs` names what the second count says otherwise (rule:R45).
    """

    slip: Slip
    definition: dict[str, Any]
    result: dict[str, Any]
    dissents: tuple[Dissent, ...]
    draft: DocumentVersion | None
    explained: Explanations
    differs: tuple[str, ...]
    decision: SlipDecision | None

    @property
    def decisive(self) -> dict[str, Any] | None:
        """The counts of the question that decides."""
        main = self.result["main"]
        return self.result["questions"][main - 1] if main else None

    @property
    def adopted(self) -> bool:
        return self.slip.outcome is Outcome.ADOPTED


def report_on(actor: Actor, slip_id: int) -> Report:
    """The report for those who see the board; NotCounted before the close, NotFound for everybody else."""
    slip = seen(actor, Slip, slip_id)
    if not actor.may(Right.SLIP_BOARD, slip):
        raise NotFound(nothing(actor, Slip, slip_id))
    if slip.state not in COUNTED:
        raise NotCounted(slip)
    definition, result = read_stored(slip.definition or b"{}"), read_stored(slip.result or b"{}")
    attached = slip_papers.draft_of(slip)
    return Report(
        slip, definition, result, dissents(result), next_drafts.accepted(slip) or (attached and attached.version),
        Explanations(synthesis.rows_of(slip), synthesis.listed_of(slip).submitted_at),
        tuple(slip_closing.differences(slip)), slip_decisions.decision_on(slip),
    )  # fmt: skip


def document_of(actor: Actor, slip_id: int) -> tuple[str, bytes]:
    """File name and PDF of the report, the same bytes at each call; refused while the second count differs."""
    report = report_on(actor, slip_id)
    slip_closing.counted_alike(report.slip)
    objections, demo = _objections(report), bool(current_app.config.get("DEMO"))
    at = report.explained.submitted_at
    sheet = paper.SlipSheet(
        objections=objections, head_post=_head_post(report), demo=demo, draft=_mended(report),
        rows=report.explained.rows, explained_at=iso_utc(at) if at else None, **_reporter(report),
    )  # fmt: skip
    name = f"bao-cao-ket-qua-phieu-{report.slip.id}.pdf"
    definition, result = report.definition, report.result
    end_reading()
    return name, paper.slip_report(definition, result, sheet)


def _reporter(report: Report) -> dict[str, Any]:
    """The office that reports, and the post of its head on the day of the close; nothing where a body has none."""
    slip, day = report.slip, hanoi_date(dt.datetime.fromisoformat(report.result["closed_at"]))
    heads = select(Appointment).where(
        Appointment.body_id == slip.body_id, Appointment.office == Office.MINISTER_CHAIRMAN, Appointment.in_force(day)
    )
    head = db.session.scalars(heads.order_by(Appointment.rank, Appointment.id).limit(1)).first()
    offices = select(Organisation).filter_by(body_id=slip.body_id, kind=OrganisationKind.OFFICE)
    own = db.session.scalars(offices.order_by(Organisation.position, Organisation.id).limit(1)).first()
    office = (head.organisation if head else None) or own
    if office is None:
        return {}
    found = {"office": office.name, "superior": "" if slip.body.kind is BodyKind.GOVERNMENT else slip.body.name}
    if head:
        found["signer_post"] = (head.post.removesuffix(office.name).strip(" ,").upper(),)
    return found


def _mended(report: Report) -> paper.DraftFile | None:
    """The draft after the opinions were explained; None where the one that was sent is laid before the head."""
    version = next_drafts.accepted(report.slip)
    if version is None:
        return None
    return paper.DraftFile(version.document.title, version.number, version.pages, version.sha256)


def _objections(report: Report) -> tuple[paper.Objection, ...]:
    labels = {article["index"]: article["label"] for article in report.definition["articles"]}
    return tuple(
        paper.Objection(
            each.name, each.post, each.choice, each.reservation,
            tuple(_line(remark, labels) for remark in each.remarks), each.attachments,
        )
        for each in report.dissents
    )  # fmt: skip


def _line(remark: Remark, labels: dict[int, str]) -> str:
    """Official Vietnamese, like everything that stands on the document."""
    place = labels.get(remark.article or 0) or f"Câu {remark.question}"
    said = remark.text or paper.ANSWERS.get(remark.choice or "", "")
    return f"{place}: {said}"


def _head_post(report: Report) -> str:
    """The head to whom it is addressed, as on the roll of that day; the body itself while it has none."""
    heads = (entry["post"] for entry in report.definition["roll"] if entry["head"])
    return str(next(heads, report.definition["body"]["name"]))
