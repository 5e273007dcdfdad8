"""The result of a vote as a page, the tally record and the evidence bundle as downloads."""

from typing import Any

from flask import Flask, make_response, render_template, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.gateways import bundles
from app.models import Poll, PollState
from app.views.actor import current_actor, now
from app.views.guards import signed_in
from app.views.resolution_offer import offer_of_poll
from app.workflows import evidence, polls, recounts
from app.workflows.engine.rights import Actor
from app.workflows.engine.visibility import seen


class EvidenceView(BaseView):
    """What a closed vote shows and hands out; app.workflows.evidence decides to whom."""

    route_base = "/polls"
    default_view = "result"

    @expose("/<int:poll_id>/result")
    @signed_in
    def result(self, poll_id: int) -> str:
        actor = current_actor()
        poll = seen(actor, Poll, poll_id)
        result = {**_result(actor, poll), "links_note": _links_note(actor, poll)}
        shown = {"poll": _shown_poll(poll), "result": result, "annul": annulment_sheet(actor, poll)}
        shown["offer"] = offer_of_poll(actor, poll)
        return render_template("ec/result.html", **shown)

    @expose("/<int:poll_id>/tally.pdf")
    @signed_in
    def tally_record(self, poll_id: int) -> Response:
        made = evidence.tally_record(current_actor(), poll_id, now())
        return download(made, "application/pdf", f"bien-ban-kiem-phieu-{poll_id}.pdf")

    @expose("/<int:poll_id>/evidence.zip")
    @signed_in
    def bundle(self, poll_id: int) -> Response:
        made = evidence.bundle_of(current_actor(), poll_id, now())
        return download(made, "application/zip", f"chung-cu-bieu-quyet-{poll_id}.zip")


    @expose("/verify_evidence.py")
    @signed_in
    def tool(self) -> Response:
        """The tool that verifies a bundle anywhere; the same file for everybody."""
        return download(bundles.TOOL.read_bytes(), "text/x-python; charset=utf-8", bundles.TOOL.name)


def shown_result(actor: Actor, poll: Poll) -> dict[str, Any] | None:
    """The context of templates/ec/_result.html; None while this person may not see the result."""
    return _result(actor, poll) if evidence.may_see_result(actor, poll) else None


def _result(actor: Actor, poll: Poll) -> dict[str, Any]:
    shown = {**evidence.result_view(actor, poll.id), "confirm": None, "links": result_links(actor, poll)}
    return shown | {"counts": _counts_that_differ(poll)}


def _counts_that_differ(poll: Poll) -> list[recounts.Total] | None:
    """Both counts of a closed vote where they are not the same (rule:R45): neither is shown as a result then."""
    found = recounts.compared(poll) if poll.state is PollState.CLOSED else None
    return [found.first, found.second] if found and found.differs else None


def _links_note(actor: Actor, poll: Poll) -> str | None:
    if not evidence.may_take_bundle(actor, poll):
        return None
    return _(
        "The evidence can be verified on any computer, without this system: who signed what, the log, and the result"
        " counted again. Whether the certificate authority is the right one, compare its SHA-256 with a source you"
        " trust."
    )


def result_links(actor: Actor, poll: Poll) -> list[dict[str, str]]:
    """The downloads that are open to this person."""
    links = []
    if evidence.may_see_result(actor, poll):
        url = url_for("EvidenceView.tally_record", poll_id=poll.id)
        links.append({"label": _("Tally record (PDF)"), "url": url, "icon": "file-text"})
    if evidence.may_take_bundle(actor, poll):
        url = url_for("EvidenceView.bundle", poll_id=poll.id)
        links.append({"label": _("Evidence (ZIP)"), "url": url, "icon": "shield-check"})
        tool = url_for("EvidenceView.tool")
        links.append({"label": _("Tool that verifies the evidence"), "url": tool, "icon": "file-check"})
    return links


def annulment_sheet(actor: Actor, poll: Poll) -> dict[str, Any] | None:
    """The signed act of templates/ec/_sign_sheet.html by which the chair annuls a vote; None for everybody else."""
    move = polls.LIFECYCLE.moves["annul"]
    if poll.state not in move.sources or not actor.may(move.right, poll):
        return None
    return {
        "key": "annul", "label": _("Annul the vote"), "title": _("Annul the vote"), "icon": "ban", "danger": True,
        "text": _("The vote is annulled with your signature. A new vote may follow; this one is never counted again."),
        "url": f"/polls/{poll.id}/annul", "submit": _("Annul the vote"), "sign": True,
        "fields": [{"name": "reason", "label": _("Reason"), "type": "textarea", "required": True}],
    }  # fmt: skip


def _shown_poll(poll: Poll) -> dict[str, Any]:
    return {
        "id": poll.id, "question": poll.question, "closed_at": poll.closed_at,
        "item_position": poll.item.position, "item_title": poll.item.title,
        "meeting_title": poll.meeting.title, "meeting_url": f"/meetings/{poll.meeting_id}",
    }  # fmt: skip


def download(content: bytes, kind: str, name: str) -> Response:
    """A file that is saved and never shown by the browser, nor kept by anything on the way."""
    response = make_response(content)
    response.headers["Content-Type"] = kind
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(EvidenceView)
