"""Papers of a meeting or a slip: read inside the page, or as the file itself."""

import re
from typing import Any

from flask import Flask, render_template, request, send_file, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import format_datetime
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import selectinload
from werkzeug.wrappers import Response

from app.extensions import db, talisman
from app.models import AgendaItem, Document, DocumentVersion, Slip
from app.views.actor import current_actor, now
from app.views.guards import signed_in
from app.workflows import documents
from app.workflows.engine.rights import Actor
from app.workflows.engine.visibility import seen, visible

INERT = {"default-src": "'none'", "sandbox": ""}


class PaperView(BaseView):
    """Reader and file of one version; what may not be seen is not there."""

    route_base = "/papers"
    default_view = "reader"

    @expose("/<int:version_id>")
    @signed_in
    def reader(self, version_id: int) -> str:
        actor = current_actor()
        version = seen(actor, DocumentVersion, version_id)
        return render_template("ec/reader.html", **_reader(actor, version))

    @expose("/<int:version_id>/file")
    @signed_in
    @talisman(content_security_policy=INERT)
    def file(self, version_id: int) -> Response:
        """The PDF, whole or in ranges; kept by no cache, and able to do nothing where it is opened."""
        version, content = documents.open_version(current_actor(), version_id)
        answer = send_file(
            content, mimetype="application/pdf", as_attachment="save" in request.args, etag=version.sha256,
            conditional=False, download_name=download_name(version),
        )  # fmt: skip
        answer.content_length = version.size
        answer.make_conditional(request.environ, accept_ranges=True, complete_length=version.size)
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Cache-Control"] = "no-store"
        return answer


def download_name(version: DocumentVersion) -> str:
    """The name of the upload without anything a file system or a header could stumble over; always .pdf."""
    stem = re.sub(r"[^\w\-. ()]+", "_", version.file_name.removesuffix(".pdf")).strip(" ._")[:100]
    return f"{stem or 'tai-lieu'}.pdf"


def _reader(actor: Actor, version: DocumentVersion) -> dict[str, Any]:
    paper = version.document
    file_url = url_for("PaperView.file", version_id=version.id)
    return {
        "paper": {
            "title": paper.title, "item_label": _place(actor, paper),
            "version": version.number, "version_at": version.uploaded_at, "pages": version.pages,
            "file_url": file_url, "sha256": version.sha256, "download_url": f"{file_url}?save=1",
        },
        "back": _back(paper),
        "groups": _groups(actor, version),
        "reader": f"{actor.name} · {format_datetime(now(), 'dd/MM/yyyy HH:mm')}",
    }  # fmt: skip


def _place(actor: Actor, paper: Document) -> str:
    """The agenda item of a paper, or the matter of its slip."""
    if paper.item is not None:
        return _item_label(paper.item)
    return seen(actor, Slip, paper.slip_id or 0).matter


def _item_label(item: AgendaItem) -> str:
    return str(_("Item %(n)s: %(title)s", n=item.position, title=item.title))


def _back(paper: Document) -> dict[str, str]:
    if paper.meeting_id is None:
        return {"url": "/", "label": _("Overview")}
    meeting_url = url_for("MeetingView.page", meeting_id=paper.meeting_id)
    return {"url": f"{meeting_url}#item-{paper.item_id}", "label": _("Back to the meeting")}


def _groups(actor: Actor, current: DocumentVersion) -> list[dict[str, Any]]:
    """The current versions of all papers of the meeting that this person may read, by item; or those of the slip."""
    if current.meeting_id is None:
        return _of_slip(actor, current)
    rows = select(Document).join(AgendaItem).where(Document.meeting_id == current.meeting_id, visible(actor, Document))
    rows = rows.options(selectinload(Document.versions)).order_by(AgendaItem.position, Document.position)
    groups: dict[int, dict[str, Any]] = {}
    for paper in db.session.scalars(rows):
        version = current if paper.id == current.document_id else paper.current
        if version is None:
            continue
        group = {"title": _item_label(paper.item), "papers": []} if paper.item else {}
        groups.setdefault(paper.item_id or 0, group)["papers"].append(_offered(version, current))
    return list(groups.values())


def _of_slip(actor: Actor, current: DocumentVersion) -> list[dict[str, Any]]:
    """The papers that go with the slip, each in the version that is pinned."""
    slip = seen(actor, Slip, current.document.slip_id or 0)
    return [{"title": slip.matter, "papers": [_offered(paper.version, current) for paper in slip.papers]}]


def _offered(version: DocumentVersion, current: DocumentVersion) -> dict[str, Any]:
    url = url_for("PaperView.reader", version_id=version.id)
    return {"title": version.document.title, "pages": version.pages, "url": url, "current": version is current}


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(PaperView)
