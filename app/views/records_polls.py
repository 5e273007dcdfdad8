"""Record screen of the questions put to the vote; no result is shown here, whatever its state."""

from typing import Any

from flask import Flask, url_for
from flask_appbuilder import AppBuilder
from flask_babel import lazy_gettext as _
from sqlalchemy import select
from wtforms import TextAreaField

from app.extensions import db
from app.models import AgendaItem, Document, DocumentKind, DocumentVersion, Poll, PollState
from app.views.record_fields import Area, ChoiceField, ParentField, needed
from app.views.record_forms import RecordForm
from app.views.record_rows import RecordInterface
from app.views.record_words import digest
from app.views.records import RecordView, Step, Steps
from app.views.records_attendance import MEETINGS
from app.workflows import polls
from app.workflows.engine.rights import Actor, Right


class PollRecords(RecordView):
    """Questions: drafted here, opened and closed in the meeting, published by the chair."""

    route_base = "/records/polls"
    datamodel = RecordInterface(Poll, joined=("item", "meeting"))
    acts = {"add": polls.draft_poll, "edit": polls.edit_poll}
    list_title, show_title = _("Questions put to the vote"), _("Question")
    add_title, edit_title = _("Draft a question"), _("Edit the question")
    list_columns = ["question", "item.title", "meeting.title", "visibility", "state"]
    show_columns = ["question", "item.title", "meeting.title", "document_version.document.title",
                    "document_version.number", "visibility", "passkey_demanded", "state", "opened_at",
                    "closes_at", "closed_at", "published_at", "definition_sha256"]  # fmt: skip
    add_columns = ["item_id", "question", "document_version_id", "visibility", "passkey_demanded"]
    edit_columns = ["question", "document_version_id", "visibility", "passkey_demanded"]
    search_columns = ["question", "item.title", "meeting.title", "state"]
    order_columns = ["question", "state"]  # not by outcome: the order would tell it
    chips = ("state",)
    title_column = "question"
    words = {"definition_sha256": digest}
    label_columns = {
        "item_id": _("Agenda item"), "item.title": _("Agenda item"), "meeting.title": _("Meeting"),
        "question": _("Question"), "document_version_id": _("Draft that is voted on"),
        "document_version.document.title": _("Draft that is voted on"), "document_version.number": _("Version"),
        "visibility": _("Who sees how members voted"), "state": _("State"),
        "passkey_demanded": _("Ask for a passkey beside the PIN"), "opened_at": _("Opened at"),
        "closes_at": _("Closes at"), "closed_at": _("Closed at"), "published_at": _("Published at"),
        "definition_sha256": _("SHA-256 of the frozen question"),
    }  # fmt: skip
    edit_form_extra_fields = {
        "question": TextAreaField(_("Question"), [needed()], widget=Area()),
        "document_version_id": ChoiceField(
            _("Draft that is voted on"), description=_("The version is frozen when the vote opens.")
        ),
    }
    add_form_extra_fields = {"item_id": ParentField(AgendaItem, _("Agenda item")), **edit_form_extra_fields}

    def prepare(self, form: RecordForm, row: Any) -> None:
        item_id = row.item_id if row else form.item_id.data or 0
        rows = select(DocumentVersion, Document).join(Document).where(Document.item_id == item_id)
        found = db.session.execute(rows.order_by(Document.position, DocumentVersion.number.desc())).all()
        label = _("%(title)s – version %(number)s")
        form.document_version_id.offer([
            (version.id, str(label) % {"title": paper.title, "number": version.number}) for version, paper in found
        ])  # fmt: skip
        if row is None and form.question.data is None and form.item_id.found is not None:
            form.question.data = polls.usual_question(form.item_id.found.title)
            drafts = (version.id for version, paper in found if paper.kind is DocumentKind.DRAFT_RESOLUTION)
            form.document_version_id.data = next(drafts, None)
            form.passkey_demanded.data = form.item_id.found.meeting.passkey_demanded

    def steps(self, row: Poll, actor: Actor) -> Steps:
        back = url_for("MeetingRecords.show", pk=row.meeting_id)
        steps = [Step(_("To the meeting"), back, href=True, look="primary", icon="list-alt")]
        if row.state is PollState.DRAFT and actor.may(Right.POLL_DRAFT, row):
            steps.append(Step(_("Edit the question"), url_for("PollRecords.edit", pk=row.id), href=True, icon="edit"))
        return steps

    def landing(self, made: Any) -> str:
        return url_for("MeetingRecords.show", pk=made.meeting_id) + "#agenda"


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view(PollRecords, "PollRecords", label=_("Questions put to the vote"), category=MEETINGS,
                        category_label=_("Preparing meetings"))  # fmt: skip
