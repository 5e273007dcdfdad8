"""Resolutions as members, the chair and their makers see them: list, record, printed form, acts around the signing."""

import re
from io import BytesIO

from flask import Flask, flash, jsonify, make_response, redirect, render_template, request, send_file, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.extensions import talisman
from app.models import Resolution
from app.views.actor import current_actor, now
from app.views.evidence import download
from app.views.guards import signed_in, wants_json
from app.views.papers import INERT
from app.views.parsing import form_text
from app.views.protection import KEPT_BY_THE_READER
from app.views.resolution_list import resolution_list
from app.views.resolution_page import resolution_page
from app.workflows import copies, issuing, promulgation, resolution_evidence, resolutions
from app.workflows.engine.visibility import seen

LONGEST_REASON = 16_000  # of the request; the act judges the text itself


class ResolutionView(BaseView):
    """Rights and states are judged by the acts of app.workflows.resolutions."""

    route_base = "/resolutions"
    default_view = "list"

    @expose("/")
    @signed_in
    def list(self) -> str:
        return render_template("ec/resolutions.html", **resolution_list(current_actor(), request.args))

    @expose("/<int:resolution_id>")
    @signed_in
    def record(self, resolution_id: int) -> str:
        return render_template("ec/resolution.html", **resolution_page(current_actor(), resolution_id, now()))

    @expose("/<int:resolution_id>/file")
    @signed_in
    @talisman(content_security_policy=INERT)
    def file(self, resolution_id: int) -> Response:
        """The PDF, whole or in ranges; kept by no cache, and able to do nothing where it is opened."""
        resolution, file, content = copies.open_copy(current_actor(), resolution_id)
        answer = send_file(
            BytesIO(content), mimetype="application/pdf", as_attachment="save" in request.args, etag=file.sha256,
            conditional=False, download_name=download_name(resolution),
        )  # fmt: skip
        answer.content_length = file.size
        answer.make_conditional(request.environ, accept_ranges=True, complete_length=file.size)
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer

    @expose("/<int:resolution_id>/pages/<int:page>.png")
    @signed_in
    def page_image(self, resolution_id: int, page: int) -> Response:
        """A page as a picture. The browser may keep it, and asks each time whether it is still open to this person."""
        file = copies.page_of(current_actor(), resolution_id, page)
        answer = make_response()
        answer.set_etag(f"{file.sha256}-{page}")
        answer.make_conditional(request.environ)
        if answer.status_code != 304:  # noqa: PLR2004
            answer.data = copies.picture(file.sha256, page)
        answer.mimetype = "image/png"
        answer.headers["Cache-Control"] = KEPT_BY_THE_READER
        return answer

    @expose("/<int:resolution_id>/long-term.pdf")
    @signed_in
    @talisman(content_security_policy=INERT)
    def long_term(self, resolution_id: int) -> Response:
        """The newest long-term form, to be taken away and kept."""
        resolution, content = copies.open_long_term(current_actor(), resolution_id)
        return download(content, "application/pdf", f"luu-tru-{download_name(resolution)}")

    @expose("/<int:resolution_id>/evidence.zip")
    @signed_in
    def evidence(self, resolution_id: int) -> Response:
        made = resolution_evidence.bundle_of(current_actor(), resolution_id, now())
        return download(made, "application/zip", f"chung-cu-nghi-quyet-{resolution_id}.zip")

    @expose("/<int:resolution_id>/present", methods=["POST"])
    @signed_in
    def present(self, resolution_id: int) -> Response:
        resolution = resolutions.present_resolution(current_actor(), resolution_id, now())
        return done(resolution, _("The Resolution is presented to %(post)s.", post=resolution.signer_post))

    @expose("/<int:resolution_id>/abandon", methods=["POST"])
    @signed_in
    def abandon(self, resolution_id: int) -> Response:
        reason = form_text("reason", LONGEST_REASON)
        return done(resolutions.abandon_resolution(current_actor(), resolution_id, reason, now()), _("Given up."))

    @expose("/<int:resolution_id>/stop", methods=["POST"])
    @signed_in
    def stop(self, resolution_id: int) -> Response:
        reason = form_text("reason", LONGEST_REASON)
        return done(issuing.stop_resolution(current_actor(), resolution_id, reason, now()), _("Stopped."))

    @expose("/<int:resolution_id>/receipt", methods=["POST"])
    @signed_in
    def receipt(self, resolution_id: int) -> Response:
        promulgation.acknowledge(current_actor(), resolution_id, now())
        return done(seen(current_actor(), Resolution, resolution_id), _("Your receipt is recorded."))


class ResolutionDraftingView(BaseView):
    """From the page of a published vote to a draft, and with one press before its signer."""

    route_base = "/polls"
    default_view = "draft"

    @expose("/<int:poll_id>/resolution", methods=["POST"])
    @signed_in
    def draft(self, poll_id: int) -> Response:
        """Soạn Nghị quyết; with `then=present` the complete, unchanged text is presented too: two acts, one press."""
        actor = current_actor()
        resolution = resolutions.draft_resolution(actor, poll_id, now())
        if form_text("then", 20) != "present":
            return done(resolution, _("The draft is made from the voted text."))
        resolution = resolutions.present_resolution(actor, resolution.id, now())
        return done(resolution, _("The Resolution is presented to %(post)s.", post=resolution.signer_post))


def done(resolution: Resolution, said: str) -> Response:
    """After an act: where it can be seen, for a script; the record page for a plain form."""
    url = url_for("ResolutionView.record", resolution_id=resolution.id)
    if wants_json():
        return jsonify(id=resolution.id, state=resolution.state.value, url=url, said=said)
    flash(said, "success")
    return redirect(url, 303)


def download_name(resolution: Resolution) -> str:
    """nghi-quyet-186-NQ-CP.pdf; a draft carries its own number in the database."""
    number = resolution.number.text if resolution.number else f"du-thao-{resolution.id}"
    plain = number.replace("Đ", "D").replace("đ", "d")
    return f"nghi-quyet-{re.sub(r'[^0-9A-Za-z.]+', '-', plain)}.pdf"


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(ResolutionView)
    appbuilder.add_view_no_menu(ResolutionDraftingView)
