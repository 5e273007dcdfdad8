"""The clerk's draft of a Resolution before the vote: typed here, printed and filed as the paper that is voted on."""

from typing import Any

from flask import Flask, Response, flash, redirect, render_template, request, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.gateways import storage
from app.models import AgendaItem, DocumentVersion
from app.views.actor import current_actor, now
from app.views.guards import signed_in
from app.views.parsing import form_id
from app.views.resolution_text import CLASH, picture_of
from app.views.text_forms import TypedText, checks, nothing_typed, of_text, typed_text
from app.workflows import draft_texts, polls
from app.workflows.engine.errors import NotFound, WorkflowError
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.transaction import end_reading
from app.workflows.engine.visibility import seen
from app.workflows.rules.completeness import completeness
from app.workflows.rules.drafting import from_pdf_text
from app.workflows.rules.resolution import formula


class DraftTextView(BaseView):
    """Rights, states and the freeze by a vote are judged by app.workflows.draft_texts; nothing typed is lost."""

    route_base = "/items"
    default_view = "edit"

    @expose("/<int:item_id>/draft-text", methods=["GET"])
    @signed_in
    def edit(self, item_id: int) -> str:
        item = _open(current_actor(), item_id)
        return _page(item, _standing(item))

    @expose("/<int:item_id>/draft-text", methods=["POST"])
    @signed_in
    def save(self, item_id: int) -> Any:
        actor = current_actor()
        item = _open(actor, item_id)
        typed, known, latest = _typed(item), form_id("version") or 0, _latest(item)
        number = latest.number if latest else 0
        if typed.text is None:
            return _page(item, typed, version=known), 422
        if known != number:
            problem = _("Version %(n)s was saved meanwhile. Read it first; saving again puts yours above it.", n=number)
            return _page(item, typed, problem), CLASH
        try:
            saved = draft_texts.write_draft(actor, item_id, typed.text, now())
        except NotFound:
            raise
        except WorkflowError as refusal:
            return _page(_open(actor, item_id), typed, str(refusal)), refusal.http_status
        flash(_("Version %(n)s of the draft is saved and lies with the papers of the item.", n=saved.number), "success")
        return redirect(url_for("DraftTextView.edit", item_id=item_id), 303)

    @expose("/<int:item_id>/draft-text/check", methods=["POST"])
    @signed_in
    def check(self, item_id: int) -> str:
        """The same page with what was typed, judged and not saved."""
        item = _open(current_actor(), item_id)
        return _page(item, _typed(item), version=form_id("version") or 0)

    @expose("/<int:item_id>/draft-text/pages/<int:page>.png")
    @signed_in
    def page_image(self, item_id: int, page: int) -> Response:
        version = _latest(_open(current_actor(), item_id))
        if version is None:
            return Response(status=404)
        sha256 = version.sha256
        end_reading()
        with storage.store().open(sha256) as source:
            return picture_of(source.read(), page)


def _open(actor: Actor, item_id: int) -> AgendaItem:
    item = seen(actor, AgendaItem, item_id)
    actor.require(Right.PAPER_MANAGE, item)
    return db.session.get_one(AgendaItem, item.id, options=[joinedload(AgendaItem.meeting)])


def _latest(item: AgendaItem) -> DocumentVersion | None:
    draft = polls.draft_of(item.id)
    return draft.current if draft else None


def _standing(item: AgendaItem) -> TypedText:
    """The text of the latest version; read from the page where a file was uploaded, empty where that is not clear."""
    version = _latest(item)
    text = draft_texts.text_of(version) if version else None
    if text is None and version is not None:
        text = from_pdf_text(version.content.split("\f"))
    return of_text(text) if text else nothing_typed()


def _typed(item: AgendaItem) -> TypedText:
    return typed_text(item.meeting.body.name)


def _page(item: AgendaItem, typed: TypedText, problem: str = "", version: int | None = None) -> str:
    body, latest = item.meeting.body.name, _latest(item)
    number = latest.number if latest else 0
    found = checks(completeness(typed.text, body), typed.text) if typed.text else None
    return render_template(
        "ec/draft_text.html", fields=typed.fields, formula=formula(body), problem=problem, checks=found,
        version=number if version is None else version, saved=latest, blank=request.method == "GET" and not any(
            typed.typed.values()
        ),
        item={"title": item.title, "position": item.position, "meeting": item.meeting.title},
        pages=_pages(item, latest), urls={
            "save": url_for("DraftTextView.save", item_id=item.id),
            "check": url_for("DraftTextView.check", item_id=item.id),
            "meeting": url_for("MeetingRecords.show", pk=item.meeting_id) + f"#item-{item.id}",
            "reader": url_for("PaperView.reader", version_id=latest.id) if latest else "",
        },
    )  # fmt: skip


def _pages(item: AgendaItem, version: DocumentVersion | None) -> list[str]:
    if version is None:
        return []
    numbers = range(1, version.pages + 1)
    return [url_for("DraftTextView.page_image", item_id=item.id, page=page, v=version.sha256[:12]) for page in numbers]


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(DraftTextView)
