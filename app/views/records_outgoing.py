"""Register of outgoing documents (sổ đăng ký văn bản đi): every number that was given, also one that was cancelled."""

from typing import Any, NamedTuple

from flask import Flask
from flask_appbuilder import AppBuilder
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_babel import lazy_pgettext as _p
from markupsafe import Markup
from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.orm import InstrumentedAttribute

from app.models import Dispatch, IssuedNumber, Resolution, ResolutionState
from app.views.record_rows import RecordInterface
from app.views.record_words import NOTHING, chip
from app.views.records import RecordView, Step, Steps
from app.workflows.engine.rights import Actor, Right

REGISTERS = "Registers"
LABEL = _p("menu", "Registers")
CANCELLED = "cancelled"
TYPES: dict[str, Any] = {"resolution": _("Resolution")}


class Sent(NamedTuple):
    """To how many a document went, and how many confirmed it."""

    members: int = 0
    organisations: int = 0
    received: int = 0

    @property
    def copies(self) -> int:
        return self.members + self.organisations


class Register(RecordInterface):
    """Numbers with what a register says of the document: its recipients are counted in the same statement."""

    def rows_of(self, query: Any) -> list[Any]:
        counted = [_count(column) for column in (Dispatch.person_id, Dispatch.organisation_id, Dispatch.received_at)]
        return [_entry(row, Sent(*sent)) for row, *sent in query.add_columns(*counted)]


def _count(column: InstrumentedAttribute[Any]) -> ScalarSelect[int]:
    sent = select(func.count(column)).where(Dispatch.resolution_id == IssuedNumber.resolution_id)
    return sent.correlate(IssuedNumber).scalar_subquery()


def _entry(row: Any, sent: Sent) -> Any:
    row.recipients = row.copies = row.receipts = sent
    row.standing = CANCELLED if row.cancellation else row.resolution.state
    return row


def recipients(sent: Sent) -> str:
    """ "27 members, 22 organisations": a register names groups; the document lists them."""
    if not sent.copies:
        return NOTHING
    return gettext("%(members)s members, %(organisations)s organisations", **sent._asdict())


def receipts(sent: Sent) -> str:
    return f"{sent.received}/{sent.copies}" if sent.copies else NOTHING


def copies(sent: Sent) -> str:
    return str(sent.copies) if sent.copies else NOTHING


def unbroken(number: str) -> Markup:
    """The number on one line, as it is printed."""
    return Markup('<b class="ec-nowrap">{}</b>').format(number)


def standing(state: ResolutionState | str) -> Any:
    """The state of the document; of a number without one that it was cancelled."""
    if isinstance(state, ResolutionState):
        return chip(state)
    return Markup('<span class="ec-chip ec-chip--bad">{}</span>').format(gettext("Number cancelled"))


class OutgoingRecords(RecordView):
    """Read only: numbers come from issuing documents, and nothing is ever taken out."""

    route_base = "/records/outgoing"
    datamodel = Register(
        IssuedNumber,
        joined=("series", "resolution", "resolution.signer", "resolution.item", "resolution.item.organisation",
                "cancellation", "by"),
    )  # fmt: skip
    list_title, show_title = _("Register of outgoing documents"), _("Outgoing document")
    list_columns = ["text", "issued_on", "standing", "series.type", "resolution.subject",
                    "resolution.signer.full_name", "recipients", "copies", "receipts",
                    "resolution.item.organisation.name", "cancellation.reason"]  # fmt: skip
    show_columns = ["text", "issued_on", "series.type", "series.normative", "resolution.subject",
                    "resolution.signer.full_name", "resolution.signer_post", "recipients", "copies", "receipts",
                    "resolution.item.organisation.name", "resolution.urgency", "standing", "cancellation.reason",
                    "cancellation.at", "by.full_name", "at", "resolution.promulgated_at",
                    "resolution.ended_at"]  # fmt: skip
    search_columns = ["resolution.subject", "text", "issued_on", "series.year", "series.normative", "resolution.state",
                      "resolution.signer.full_name", "cancellation.reason"]  # fmt: skip
    order_columns = ["issued_on", "number"]
    base_order = ("id", "desc")
    title_column = "resolution.subject"
    words = {
        "text": unbroken, "series.type": TYPES.__getitem__, "recipients": recipients, "copies": copies,
        "receipts": receipts, "standing": standing,
    }  # fmt: skip
    label_columns = {
        "text": _("Number and symbol"), "number": _("Number"), "issued_on": _("Date of the document"),
        "series.type": _("Type of document"), "series.year": _("Year"), "series.normative": _("Normative"),
        "resolution.subject": _("Summary of the content"), "resolution.signer.full_name": _("Signer"),
        "resolution.signer_post": _("Post of the signer"), "recipients": _("Recipients"),
        "copies": _("Copies sent"), "receipts": _("Confirmed"),
        "resolution.item.organisation.name": _("Drafting unit"), "resolution.urgency": _("Urgency"),
        "standing": _("State"), "resolution.state": _("State of the document"),
        "cancellation.reason": _("Why the number was cancelled"), "cancellation.at": _("Cancelled at"),
        "by.full_name": _("Number allotted by"), "at": _("Allotted at"),
        "resolution.promulgated_at": _("Promulgated at"), "resolution.ended_at": _("Ended at"),
    }  # fmt: skip

    def steps(self, row: IssuedNumber, actor: Actor) -> Steps:
        document: Resolution = row.resolution
        steps = [Step(_("Open the document"), f"/resolutions/{document.id}", href=True, look="primary", icon="file")]
        waiting = (ResolutionState.NUMBERED, ResolutionState.SEALED)
        if document.state in waiting and actor.may(Right.RESOLUTION_ISSUE, document):
            to_issue = f"/resolutions/{document.id}/issue"
            steps.insert(0, Step(_("Seal and promulgate"), to_issue, href=True, look="act", icon="check"))
        return steps


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_link(
        "IssueQueue", href="IssuingView.queue", label=_("Number and seal"), category=REGISTERS, category_label=LABEL
    )
    appbuilder.add_view(
        OutgoingRecords, "OutgoingRecords", label=_("Register of outgoing documents"), category=REGISTERS
    )
