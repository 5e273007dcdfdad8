"""The vote card of a poll, and the three requests of a ballot: prepare, sign, cast."""

from typing import Any

from flask import Flask, jsonify, render_template
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from werkzeug.wrappers import Response

from app.models import Ballot, Choice, Poll
from app.views.actor import current_actor, now
from app.views.ballot_answers import prepared_answer, receipt_answer, receipt_facts, receipt_file
from app.views.guards import signed_in, wants_json
from app.views.marks import mark_of
from app.views.parsing import json_object
from app.views.signing_requests import answer_of, nonce_of, pin_of
from app.views.vote_card import vote_card
from app.workflows import ballots
from app.workflows.engine.errors import NotFound
from app.workflows.engine.transaction import plain
from app.workflows.engine.visibility import seen
from app.workflows.polls import standing

LONGEST_REMARK = 16_000  # of the request; the act judges the text itself
LONGEST_STATEMENT, LONGEST_SIGNATURE = 40_000, 20_000


class VoteView(BaseView):
    """A member's ballot in one poll. Rights and states are judged by the acts of app.workflows.ballots."""

    route_base = "/polls"
    default_view = "card"

    @expose("/<int:poll_id>")
    @signed_in
    def card(self, poll_id: int) -> str:
        actor = current_actor()
        return render_template("ec/vote.html", **vote_card(actor, seen(actor, Poll, poll_id), now()))

    @expose("/<int:poll_id>/prepare", methods=["POST"])
    @signed_in
    def prepare(self, poll_id: int) -> Response:
        sent = json_object("choice", "remark", "reservation", "nonce")
        prepared = ballots.prepare_ballot(
            current_actor(), poll_id, sent.code("choice", Choice), nonce_of(sent), now(),
            remark=sent.text("remark", LONGEST_REMARK, ""), reservation=sent.flag("reservation"),
        )  # fmt: skip
        return jsonify(prepared_answer(prepared))

    @expose("/<int:poll_id>/sign", methods=["POST"])
    @signed_in
    def sign(self, poll_id: int) -> Response:
        sent = json_object("nonce", "pin", "passkey")
        pin = pin_of(sent)
        receipt = ballots.sign_ballot(current_actor(), poll_id, nonce_of(sent), pin, now(), answer_of(sent))
        return jsonify(receipt=receipt_answer(receipt))

    @expose("/<int:poll_id>/cast", methods=["POST"])
    @signed_in
    def cast(self, poll_id: int) -> Response:
        sent = json_object("statement", "signature", "passkey")
        statement = sent.text("statement", LONGEST_STATEMENT).encode()
        signature = sent.binary("signature", LONGEST_SIGNATURE)
        receipt = ballots.cast_ballot(current_actor(), poll_id, statement, signature, now(), answer_of(sent))
        return jsonify(receipt=receipt_answer(receipt))

    @expose("/<int:poll_id>/receipt")
    @signed_in
    def receipt(self, poll_id: int) -> Response:
        answer = jsonify(receipt_file(_own_ballot(poll_id)))
        answer.headers["Content-Disposition"] = f'attachment; filename="bien-nhan-{poll_id}.json"'
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @expose("/<int:poll_id>/verify")
    @signed_in
    def verify(self, poll_id: int) -> Any:
        mine = _own_ballot(poll_id)
        receipt = receipt_facts(ballots.receipt_of(mine), mark_of(seen(current_actor(), Poll, poll_id)))
        problem, at = ballots.verify_ballot(current_actor(), poll_id), now()
        verdict = {"valid": problem is None, "message": str(problem or _("The signature is valid."))}
        if wants_json():
            return jsonify(verdict | {"checked_at": plain(at), "time_stamp": receipt["stamp_state"],
                                      "revocation": receipt["revocation_state"]})  # fmt: skip
        poll = seen(current_actor(), Poll, poll_id)
        return render_template("ec/verify.html", verdict=verdict | {"checked_at": at}, receipt=receipt, poll=poll)


class NoBallot(NotFound):
    code = "no_ballot"
    message = lazy_gettext("You have no ballot in this vote.")


def _own_ballot(poll_id: int) -> Ballot:
    """The standing ballot of the asking person; NotFound when there is none."""
    actor = current_actor()
    poll = seen(actor, Poll, poll_id)
    mine = standing(poll).get(actor.person_id or 0)
    if mine is None:
        raise NoBallot(poll)
    return mine


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(VoteView)
