"""Record screens of the papers and of their uploaded versions."""

from typing import Any

from flask import Flask, request, url_for
from flask_appbuilder import AppBuilder
from flask_babel import lazy_gettext as _
from werkzeug.datastructures import MultiDict

from app.models import AgendaItem, Document, DocumentVersion, MeetingState, Secrecy
from app.views.record_fields import ParentField, UploadField, needed
from app.views.record_forms import RecordForm
from app.views.record_rows import RecordInterface
from app.views.record_words import digest, size
from app.views.records import RecordView, Step, Steps, Views
from app.views.records_attendance import MEETINGS
from app.workflows import documents
from app.workflows.engine.rights import Actor, Right

OVER = (MeetingState.CLOSED, MeetingState.CANCELLED)


class VersionRecords(RecordView):
    """Uploaded files: pages, size and digest; what was once there stays."""

    route_base = "/records/versions"
    datamodel = RecordInterface(DocumentVersion, joined=("document", "uploaded_by"))
    acts = {"add": documents.add_version}
    parents = {"Document": "document_id"}
    list_title, show_title, add_title = _("Versions"), _("Version"), _("Upload a version")
    list_columns = ["document.title", "number", "pages", "size", "sha256", "uploaded_by.full_name", "uploaded_at"]
    show_columns = [*list_columns, "file_name"]
    add_columns = ["document_id", "file"]
    search_columns = ["document.title", "file_name", "uploaded_at", "document_id"]
    order_columns = ["number", "pages", "size", "uploaded_at"]
    title_column = "document.title"
    words = {"sha256": digest, "size": size}
    label_columns = {
        "document_id": _("Paper"), "document.title": _("Paper"), "number": _("Version"), "pages": _("Number of pages"),
        "size": _("Size"), "sha256": _("SHA-256"), "uploaded_by.full_name": _("Uploaded by"),
        "uploaded_at": _("Uploaded at"), "file_name": _("File name"), "file": _("PDF file"),
    }  # fmt: skip
    add_form_extra_fields = {
        "document_id": ParentField(Document, _("Paper")),
        "file": UploadField(
            _("PDF file"), [needed()],
            description=_("At most 50 MB, no password, nothing secret. The content is checked."),
        ),
    }

    def values(self, form: RecordForm, row_id: int | None) -> dict[str, Any]:
        sent = form.file.data
        return {"document_id": form.document_id.data, "file_name": sent.filename or "", "stream": sent.stream}

    def steps(self, row: DocumentVersion, actor: Actor) -> Steps:
        return [Step(_("Read"), f"/papers/{row.id}", href=True, look="primary", icon="book")]

    def landing(self, made: Any) -> str:
        return url_for("MeetingRecords.show", pk=made.meeting_id) + "#agenda"


class PaperRecords(RecordView):
    """Papers of agenda items; a secret one is a placeholder for its printed copy."""

    route_base = "/records/papers"
    datamodel = RecordInterface(Document, joined=("item", "item.meeting"), orders={"title": "title_fold"})
    acts = {"add": documents.add_paper, "edit": documents.edit_paper, "delete": documents.remove_paper}
    related_views = [VersionRecords]
    list_title, show_title = _("Papers"), _("Paper")
    add_title, edit_title = _("Add a paper"), _("Edit the paper")
    list_columns = ["title", "kind", "item.title", "item.meeting.title", "secrecy"]
    show_columns = ["title", "kind", "item.title", "item.meeting.title", "secrecy", "paper_number"]
    add_columns = ["item_id", "kind", "title", "secrecy", "paper_number"]
    edit_columns = ["kind", "title"]
    search_columns = ["title", "item.title", "kind", "secrecy"]
    order_columns = ["title", "kind", "secrecy"]
    title_column = "title"
    label_columns = {
        "item_id": _("Agenda item"), "item.title": _("Agenda item"), "item.meeting.title": _("Meeting"),
        "kind": _("Kind of paper"), "title": _("Title of the paper"), "secrecy": _("Secrecy"),
        "paper_number": _("Number of the printed copy"),
    }  # fmt: skip
    description_columns = {
        "secrecy": _("A secret paper never enters this system: only its place is kept, and it is handed out in print."),
        "paper_number": _("Only for secret papers."),
    }
    add_form_extra_fields = {"item_id": ParentField(AgendaItem, _("Agenda item"))}

    def related_to(self, row: Document) -> Views:
        return super().related_to(row) if row.secrecy is Secrecy.NONE else []

    def steps(self, row: Document, actor: Actor) -> Steps:
        if row.item is None:
            return []
        back = url_for("MeetingRecords.show", pk=row.meeting_id)
        steps = [Step(_("To the meeting"), back, href=True, icon="list-alt")]
        open_to_change = row.item.meeting.state not in OVER and actor.may(Right.PAPER_MANAGE, row)
        if open_to_change and row.secrecy is Secrecy.NONE:
            upload = url_for("VersionRecords.add", _flt_0_document_id=row.id)
            steps.insert(0, Step(_("Upload a version"), upload, href=True, look="primary", icon="plus"))
        if open_to_change and not row.versions:
            here, sure = f"{self.route_base}/{row.id}/delete", _("Take this paper back?")
            steps.append(Step(_("Take back"), here, icon="trash", confirm=sure))
        return steps

    def landing(self, made: Document) -> str:
        """A new paper wants its file; a secret one is complete."""
        if made.secrecy is Secrecy.NONE and not made.versions:
            return url_for("VersionRecords.add", _flt_0_document_id=made.id)
        return url_for("MeetingRecords.show", pk=made.meeting_id) + "#agenda"

    def parent_url(self, row: Document) -> str:
        if row.item is None:
            return f"{self.route_base}/"
        return url_for("MeetingRecords.show", pk=row.meeting_id)


def close_uploads(_error: BaseException | None = None) -> None:
    """Let go of uploaded files with the request that brought them, kept or refused."""
    for sent in request.__dict__.get("files", MultiDict()).listvalues():
        for file in sent:
            file.close()


def register(app: Flask, appbuilder: AppBuilder) -> None:
    app.teardown_request(close_uploads)
    label = _("Preparing meetings")
    appbuilder.add_view(PaperRecords, "PaperRecords", label=_("Papers"), category=MEETINGS, category_label=label)
    appbuilder.add_view_no_menu(VersionRecords)
