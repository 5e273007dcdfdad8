"""The clerk composes a slip (soạn phiếu lấy ý kiến): typed text is kept whatever is refused."""

import re
from typing import Any, BinaryIO, cast

from flask import Flask, flash, redirect, render_template, request, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from werkzeug.wrappers import Response

from app.models import DocumentKind, Slip
from app.views.actor import current_actor, now
from app.views.guards import signed_in
from app.views.parsing import BadField, form_code, form_id, form_text
from app.views.record_rows import whole
from app.views.slip_compose_page import compose_page
from app.views.slip_forms import TypedSlip, arrange, of_content, of_slip, typed_slip
from app.workflows import slip_approval, slip_papers, slip_templates, slips
from app.workflows.engine.errors import Detached, NotAllowed, NotFound, Subject, WorkflowError
from app.workflows.engine.rights import GRANTS, SAID, Actor, Right
from app.workflows.engine.visibility import nothing, seen
from app.workflows.engine.words import word

Page = str | Response | tuple[str, int]
TAKE = re.compile(r"take-([0-9]{1,9})")
QUESTIONS = re.compile(r"add|(drop|up|down)-[0-9]{1,2}")
NEXT = {"submit": "SlipOfficeView.preview", "write": "SlipDraftTextView.edit"}  # where a button leads beside saving
LONGEST_TITLE = 1000
DRAFT = "1"


class NoFile(BadField):
    code = "no_file"
    message = lazy_gettext("Choose the PDF that is to go with the slip.")


class SlipComposeView(BaseView):
    """Rights, states and what may be asked are judged by the acts of app.workflows.slips and slip_papers."""

    route_base = "/slips"
    default_view = "blank"

    @expose("/new", methods=["GET"])
    @signed_in
    def blank(self) -> str:
        actor = current_actor()
        template = whole(request.args.get("template", ""))
        typed = of_content(slip_templates.begun_from(actor, template)) if template else TypedSlip()
        return _page(actor, _begun(actor), None, typed)

    @expose("/new", methods=["POST"])
    @signed_in
    def create(self) -> Page:
        actor = current_actor()
        about, typed = _begun(actor), typed_slip()
        try:
            made = slips.compose_slip(actor, about.body_id, typed.content, now())
        except NotFound:
            raise
        except WorkflowError as refusal:
            typed.refuse(refusal)
            return _page(actor, about, None, typed), refusal.http_status
        flash(_("The draft is saved. Papers can be added now."), "success")
        return redirect(url_for("SlipComposeView.edit", slip_id=made.id), 303)

    @expose("/new/check", methods=["POST"])
    @signed_in
    def check_new(self) -> str:
        """The same form with what was typed, arranged as the button says; nothing is saved."""
        actor = current_actor()
        return _page(actor, _begun(actor), None, _arranged())

    @expose("/<int:slip_id>/edit", methods=["GET"])
    @signed_in
    def edit(self, slip_id: int) -> str:
        actor = current_actor()
        slip = draft_of(actor, slip_id)
        return _page(actor, slip, slip, of_slip(slip))

    @expose("/<int:slip_id>/edit", methods=["POST"])
    @signed_in
    def save(self, slip_id: int) -> Page:
        """Save what is typed, then do what the button says with a paper, or submit; a refusal keeps what was typed."""
        actor = current_actor()
        draft_of(actor, slip_id)
        typed, do = typed_slip(), request.form.get("do", "")
        try:
            slips.change_slip(actor, slip_id, typed.content, now(), known_version=form_id("version"))
            said = _go_on(actor, slip_id, do)
        except NotFound:
            raise
        except WorkflowError as refusal:
            typed.refuse(refusal)
            slip = draft_of(actor, slip_id)
            overtaken = isinstance(refusal, slips.DraftChanged)
            return _page(actor, slip, slip, typed, overtaken=overtaken), refusal.http_status
        flash(said, "success")
        return redirect(url_for(NEXT.get(do, "SlipComposeView.edit"), slip_id=slip_id), 303)

    @expose("/<int:slip_id>/check", methods=["POST"])
    @signed_in
    def check(self, slip_id: int) -> str:
        actor = current_actor()
        slip = draft_of(actor, slip_id)
        return _page(actor, slip, slip, _arranged())

    @expose("/<int:slip_id>/clone", methods=["POST"])
    @signed_in
    def clone(self, slip_id: int) -> Response:
        made = slips.clone_slip(current_actor(), slip_id, now())
        flash(_("A new draft was made of the earlier slip. Check its questions and papers."), "success")
        return redirect(url_for("SlipComposeView.edit", slip_id=made.id), 303)


def _begun(actor: Actor) -> Subject:
    """What will become a slip: of the body in which this person drafts them."""
    offices = GRANTS[Right.SLIP_DRAFT]
    body = min((body_id for body_id in actor.body_ids if actor.holds(offices, body_id)), default=None)
    if body is None:
        raise NotAllowed(nothing(actor, Slip, 0), right=SAID[Right.SLIP_DRAFT])
    return Detached(Slip.__tablename__, 0, None, body)


def draft_of(actor: Actor, slip_id: int) -> Slip:
    """A slip that this person may still change."""
    slip = seen(actor, Slip, slip_id)
    actor.require(Right.SLIP_DRAFT, slip)
    if slip.state is not slips.DRAFT:
        raise slips.SlipFrozen(slip, state=word(slip.state))
    return slip


def _arranged() -> TypedSlip:
    typed, do = typed_slip(), request.form.get("do", "")
    if QUESTIONS.fullmatch(do):
        arrange(typed, do)
    return typed


def _go_on(actor: Actor, slip_id: int, do: str) -> str:
    """What a button asks for beside saving; what is said of it."""
    if do == "upload":
        _upload(actor, slip_id)
        return _("The paper goes with the slip.")
    if do == "pin":
        slip_papers.pin_paper(actor, slip_id, form_id("version_id") or 0, now(), request.form.get("draft") == DRAFT)
        return _("The paper goes with the slip, in exactly this version.")
    if taken := TAKE.fullmatch(do):
        slip_papers.remove_slip_paper(actor, slip_id, int(taken[1]), now())
        return _("The paper was taken out of the slip.")
    if do == "submit":
        slip_approval.submit_slip(actor, slip_id, now())
        return _("The slip is on its way to approval.")
    if do not in ("", "write"):
        raise BadField("do")
    return _("The draft is saved.")


def _upload(actor: Actor, slip_id: int) -> Any:
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise NoFile("file")
    title, kind = form_text("title", LONGEST_TITLE), form_code("paper_kind", DocumentKind)
    stream = cast(BinaryIO, sent.stream)
    return slip_papers.upload_paper(actor, slip_id, title, kind, sent.filename, stream, now())


def _page(actor: Actor, about: Subject, slip: Slip | None, typed: TypedSlip, *, overtaken: bool = False) -> str:
    context = compose_page(actor, about, slip, typed, now())
    return render_template("ec/slip_compose.html", **context, overtaken=overtaken)


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(SlipComposeView)
