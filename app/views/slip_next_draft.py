"""The clerk's draft after the answers to a slip: typed here, printed and filed; explanations point to its passages."""

from typing import Any

from flask import Flask, flash, redirect, render_template, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import gettext as _

from app.models import Slip
from app.views.actor import current_actor, now
from app.views.guards import signed_in
from app.views.parsing import form_id
from app.views.slip_synthesis_page import next_draft_page
from app.views.text_forms import TypedText, of_text, typed_text
from app.workflows import next_drafts
from app.workflows.engine.errors import NotFound, WorkflowError
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.visibility import seen
from app.workflows.rules.resolution import formula


class NextDraftView(BaseView):
    """Rights and states are judged by app.workflows.next_drafts; nothing typed is lost."""

    route_base = "/slips"
    default_view = "edit"

    @expose("/<int:slip_id>/next-draft", methods=["GET"])
    @signed_in
    def edit(self, slip_id: int) -> str:
        slip = _open(current_actor(), slip_id)
        text = next_drafts.standing_text(slip)
        if text is None:
            raise next_drafts.NoDraftSent(slip)
        return _page(slip, of_text(text))

    @expose("/<int:slip_id>/next-draft", methods=["POST"])
    @signed_in
    def save(self, slip_id: int) -> Any:
        actor = current_actor()
        slip = _open(actor, slip_id)
        typed, known = typed_text(slip.body.name), form_id("known")
        if typed.text is None:
            return _page(slip, typed), 422
        try:
            saved = next_drafts.write_next_draft(actor, slip_id, typed.text, known, now())
        except NotFound:
            raise
        except WorkflowError as refusal:
            return _page(_open(actor, slip_id), typed, str(refusal)), refusal.http_status
        flash(_("Version %(n)s of the draft is saved; every link is judged against it.", n=saved.number), "success")
        return redirect(url_for("SlipExplanationView.page", slip_id=slip_id), 303)


def _open(actor: Actor, slip_id: int) -> Slip:
    slip = seen(actor, Slip, slip_id)
    actor.require(Right.SLIP_RUN, slip)
    next_drafts.newest(slip)  # refuses while answers may still come
    return slip


def _page(slip: Slip, typed: TypedText, problem: str = "") -> str:
    context = next_draft_page(slip, typed, next_drafts.newest(slip), problem)
    return render_template("ec/slip_next_draft.html", formula=formula(slip.body.name), **context)


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(NextDraftView)
