"""The own digests (bản tin): their list, each as a page and as the official-looking paper."""

from io import BytesIO
from typing import Any

from flask import Flask, current_app, render_template, request, send_file, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import force_locale, format_datetime
from werkzeug.wrappers import Response

from app.extensions import talisman
from app.gateways import paper
from app.models import Digest, DigestKind
from app.views.actor import current_actor, now
from app.views.guards import signed_in
from app.views.papers import INERT
from app.workflows import digests
from app.workflows.digest_words import about, name_of, sheet_of
from app.workflows.engine.visibility import seen
from app.workflows.rules.digest import DigestContent

PAPER_LANGUAGE = "vi"  # official papers have no other
ICONS = {DigestKind.DAILY: "calendar-days", DigestKind.SESSION: "landmark"}


class DigestView(BaseView):
    """A person's own digests and nobody else's."""

    route_base = "/digests"
    default_view = "list"

    @expose("/")
    @signed_in
    def list(self) -> str:
        return render_template("ec/digests.html", digests=[_row(digest) for digest in digests.own(current_actor())])

    @expose("/<int:digest_id>")
    @signed_in
    def page(self, digest_id: int) -> str:
        """The digest in the language of the page; it counts as read."""
        return render_template("ec/digest.html", **_page(digests.read_digest(current_actor(), digest_id, now())))

    @expose("/<int:digest_id>/file")
    @signed_in
    @talisman(content_security_policy=INERT)
    def file(self, digest_id: int) -> Response:
        """The PDF, made when it is asked for: the same digest gives the same bytes."""
        pdf = paper_of(seen(current_actor(), Digest, digest_id))
        name = f"ban-tin-{digest_id}.pdf"
        answer = send_file(
            BytesIO(pdf), mimetype="application/pdf", as_attachment="save" in request.args, download_name=name
        )
        answer.headers["Cache-Control"] = "no-store"
        return answer


def paper_of(digest: Digest) -> bytes:
    """The digest as one A4 page, in Vietnamese."""
    url = f"{current_app.config['PUBLIC_URL'].rstrip('/')}/digests/{digest.id}"
    with force_locale(PAPER_LANGUAGE):
        return paper.digest(sheet_of(DigestContent.parse(digest.content), url, demo=current_app.config["DEMO"]))


def _row(digest: Digest) -> dict[str, Any]:
    content = DigestContent.parse(digest.content)
    lines = [line for section in content.sections for line in section.lines if not line.below]
    return {
        "title": name_of(content), "about": about(content), "count": len(lines), "icon": ICONS[digest.kind],
        "at": format_datetime(digest.made_at, "HH:mm dd/MM/yyyy"), "new": digest.read_at is None,
        "url": url_for("DigestView.page", digest_id=digest.id),
    }  # fmt: skip


def _page(digest: Digest) -> dict[str, Any]:
    sheet, file_url = sheet_of(DigestContent.parse(digest.content)), url_for("DigestView.file", digest_id=digest.id)
    return {
        "name": sheet.name, "about": sheet.about, "parts": sheet.parts, "file_url": file_url,
        "download_url": f"{file_url}?save=1", "at": format_datetime(digest.made_at, "HH:mm dd/MM/yyyy"),
    }  # fmt: skip


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(DigestView)
