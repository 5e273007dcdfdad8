"""The draft Resolution of a slip, typed here article by article, so that an opinion can be given on each."""

from typing import Any

from flask import Flask, flash, redirect, render_template, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import gettext as _

from app.models import Slip
from app.views.actor import current_actor, now
from app.views.guards import signed_in
from app.views.parsing import form_id
from app.views.slip_compose import draft_of
from app.views.text_forms import TypedText, checks, nothing_typed, of_text, typed_text
from app.workflows import draft_texts, slip_papers
from app.workflows.engine.errors import NotFound, WorkflowError
from app.workflows.rules.completeness import completeness
from app.workflows.rules.resolution import formula

DRAFT_OF = "Dự thảo Nghị quyết "


class SlipDraftTextView(BaseView):
    """Rights and states are judged by app.workflows.slip_papers; nothing typed is lost."""

    route_base = "/slips"
    default_view = "edit"

    @expose("/<int:slip_id>/draft-text", methods=["GET"])
    @signed_in
    def edit(self, slip_id: int) -> str:
        slip = draft_of(current_actor(), slip_id)
        return _page(slip, _standing(slip), known=slip_papers.known_draft(slip))

    @expose("/<int:slip_id>/draft-text", methods=["POST"])
    @signed_in
    def save(self, slip_id: int) -> Any:
        actor = current_actor()
        typed, known = typed_text(draft_of(actor, slip_id).body.name), form_id("known")
        if typed.text is None:
            return _page(draft_of(actor, slip_id), typed, known=known), 422
        try:
            slip_papers.write_slip_draft(actor, slip_id, typed.text, now(), known)
        except NotFound:
            raise
        except WorkflowError as refusal:
            slip, overtaken = draft_of(actor, slip_id), isinstance(refusal, slip_papers.AnotherText)
            seen = slip_papers.known_draft(slip) if overtaken else known
            return _page(slip, typed, str(refusal), known=seen), refusal.http_status
        flash(_("The draft Resolution goes with the slip; its articles can be asked about."), "success")
        return redirect(url_for("SlipComposeView.edit", slip_id=slip_id, _anchor="papers"), 303)

    @expose("/<int:slip_id>/draft-text/check", methods=["POST"])
    @signed_in
    def check(self, slip_id: int) -> str:
        """The same page with what was typed, judged and not saved."""
        slip = draft_of(current_actor(), slip_id)
        return _page(slip, typed_text(slip.body.name), known=form_id("known"))


def _standing(slip: Slip) -> TypedText:
    attached = slip_papers.draft_of(slip)
    text = draft_texts.text_of(attached.version) if attached else None
    return of_text(text) if text else nothing_typed(subject=subject_of(slip.matter))


def subject_of(matter: str) -> str:
    """What the draft Resolution is about: “Dự thảo Nghị quyết về thuế” is one “Về thuế”."""
    about = matter.removeprefix(DRAFT_OF)
    return about[:1].upper() + about[1:]


def _page(slip: Slip, typed: TypedText, problem: str = "", *, known: int | None) -> str:
    body = slip.body.name
    found = checks(completeness(typed.text, body), typed.text) if typed.text else None
    return render_template(
        "ec/slip_draft_text.html", fields=typed.fields, formula=formula(body), problem=problem, checks=found,
        matter=slip.matter, known="" if known is None else known, blank=slip_papers.draft_of(slip) is None, urls={
            "save": url_for("SlipDraftTextView.save", slip_id=slip.id),
            "check": url_for("SlipDraftTextView.check", slip_id=slip.id),
            "back": url_for("SlipComposeView.edit", slip_id=slip.id),
        },
    )  # fmt: skip


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(SlipDraftTextView)
