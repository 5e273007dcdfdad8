"""Asking for the dossier of a session, how far it is, and the file itself: all of it for the person who asked."""

from typing import Any

from flask import Flask, jsonify, redirect, render_template, send_file, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from werkzeug.wrappers import Response

from app.views.actor import current_actor, now
from app.views.exports_card import export_page, export_state
from app.views.guards import signed_in, wants_json
from app.workflows import exports


class DossierView(BaseView):
    """The button on the page of a meeting."""

    route_base = "/meetings"
    default_view = "ask"

    @expose("/<int:meeting_id>/dossier", methods=["POST"])
    @signed_in
    def ask(self, meeting_id: int) -> Any:
        export = exports.ask_export(current_actor(), meeting_id, now())
        if wants_json():
            return jsonify(export_state(export)), 202
        return redirect(url_for("MeetingView.page", meeting_id=meeting_id, _anchor="dossier"), 303)


class ExportView(BaseView):
    """One's own exports; those of others do not exist, nor do one's own that one may not have any more."""

    route_base = "/exports"
    default_view = "state"

    @expose("/<int:export_id>")
    @signed_in
    def state(self, export_id: int) -> Any:
        """How far it is: JSON for the scripts of the page, a page for people without scripts."""
        export = exports.own_export(current_actor(), export_id)
        if wants_json():
            return jsonify(export_state(export))
        return render_template("ec/export.html", **export_page(current_actor(), export))

    @expose("/<int:export_id>/file")
    @signed_in
    def file(self, export_id: int) -> Response:
        """The archive, saved by the browser and kept by nothing on the way."""
        export, content = exports.open_export(current_actor(), export_id, now())
        answer = send_file(
            content, mimetype="application/zip", as_attachment=True, download_name=export.name, etag=export.file_sha256,
            conditional=False,
        )  # fmt: skip
        answer.content_length = export.size
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Cache-Control"] = "no-store"
        return answer


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(DossierView)
    appbuilder.add_view_no_menu(ExportView)
