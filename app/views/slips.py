"""Opinion slips for those who answer them: the list, the page of one, drafts, and prepare, sign and cast."""

import io
from typing import Any, BinaryIO, cast

from flask import Flask, flash, jsonify, redirect, render_template, request, send_file, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from app.extensions import db, talisman
from app.models import Slip, SlipAnswer
from app.views.actor import current_actor, now
from app.views.guards import signed_in, wants_json
from app.views.notices_push import device as browser
from app.views.papers import INERT
from app.views.parsing import Sent, form_id, form_text, json_object
from app.views.signing_requests import answer_of, nonce_of, pin_of
from app.views.slip_advice import page_of_others, pages_of_office, suggestions
from app.views.slip_answers import mark_of, prepared_answer, receipt_answer, receipt_facts, receipt_file
from app.views.slip_card import asked_of, content_in, file_facts, slip_card
from app.views.slip_list import slip_list
from app.views.slip_requests import (
    CONTENT,
    LARGEST_REQUEST,
    content_of,
    device_of,
    fields_of,
    form_content,
    offered,
    offers,
    said_of,
    with_offered,
)
from app.views.slip_words import opinion_word
from app.workflows import slip_advice, slip_answers, slip_deliveries, slip_drafts
from app.workflows.engine.errors import NotAllowed, NotFound, WorkflowError
from app.workflows.engine.rights import Actor
from app.workflows.engine.transaction import plain
from app.workflows.engine.visibility import seen
from app.workflows.opinion_texts import OfferedText
from app.workflows.rules.slip import LARGEST_ANSWER
from app.workflows.slip_closing import takes_answers
from app.workflows.slip_rows import receipt_of, standing_of
from app.workflows.slip_waiting import drafted, not_received, waiting_slips

LONGEST_SIGNATURE = 20_000  # letters of base64
LONGEST_FIELD = 20  # text-20-999
MOST_TOGETHER = 20  # slips in one sitting


class NoAnswerGiven(NotFound):
    code = "no_answer_given"
    message = lazy_gettext("You have not answered this slip.")


class SlipView(BaseView):
    """A member's side of slips. Rights and states are judged by the acts of app.workflows.slip_answers."""

    route_base = "/slips"
    default_view = "list"

    @expose("/")
    @signed_in
    def list(self) -> str:
        return render_template("ec/slips.html", **slip_list(current_actor(), request.args, now()))

    @expose("/waiting")
    @signed_in
    def waiting(self) -> Response:
        """What the badge asks for, and whether anything of it has not reached this device yet."""
        slips = [slip.id for slip in waiting_slips(current_actor(), now())]
        device = device_of(Sent(dict(request.args), {"device"})) if request.args else ""
        news = not_received(current_actor(), slips, _device(device)) if device else []
        return jsonify(waiting=len(slips), news=news)

    @expose("/received", methods=["POST"])
    @signed_in
    def received(self) -> Response:
        """A page on this device has heard of the slips that wait."""
        device = _device(device_of(json_object("device")))
        slips = [slip.id for slip in waiting_slips(current_actor(), now())]
        for slip_id in not_received(current_actor(), slips, device):
            slip_deliveries.note_delivery(current_actor(), slip_id, device, False, now())
        return jsonify(waiting=len(slips), news=[])

    @expose("/<int:slip_id>")
    @signed_in
    def card(self, slip_id: int) -> Any:
        """The page of whoever is asked; aides and the office are led to theirs."""
        actor = current_actor()
        slip = slip_advice.slip_for(actor, slip_id, now())
        if there := page_of_others(actor, slip, now()):
            return redirect(there)
        return _card_page(actor, slip)

    @expose("/<int:slip_id>/seen", methods=["POST"])
    @signed_in
    def opened(self, slip_id: int) -> Response:
        device = _device(device_of(json_object("device")))
        return jsonify(news=slip_deliveries.note_delivery(current_actor(), slip_id, device, True, now()))

    @expose("/<int:slip_id>/draft", methods=["POST"])
    @signed_in
    def draft(self, slip_id: int) -> Response:
        sent = json_object(*CONTENT, "version", "as_typed", most=LARGEST_REQUEST)
        content = content_of(sent)
        version = sent.whole("version", least=0)
        kept = slip_drafts.save_draft(current_actor(), slip_id, content, version, now(), browser())
        told = {"version": kept.version, "saved_at": plain(kept.saved_at)}
        found = offers(seen(current_actor(), Slip, slip_id), content, fields_of(sent))
        return jsonify(**told, offers=found)

    @expose("/<int:slip_id>/attach", methods=["POST"])
    @signed_in
    def attach(self, slip_id: int) -> Any:
        file = request.files.get("file")
        if wants_json():
            return jsonify(file_facts(_attached(slip_id, file)))
        asked, version = asked_of(seen(current_actor(), Slip, slip_id)), form_id("version") or 0
        content = form_content(asked)
        try:
            content["uploads"].append(_attached(slip_id, file).id)
            slip_drafts.save_draft(current_actor(), slip_id, content, version, now(), browser())
        except NotAllowed:
            raise
        except WorkflowError as refused:
            return _typed_again(slip_id, content, refused)
        return redirect(url_for("SlipView.card", slip_id=slip_id), 303)

    @expose("/files/<int:upload_id>")
    @signed_in
    @talisman(content_security_policy=INERT)
    def attachment(self, upload_id: int) -> Response:
        upload, content = slip_drafts.open_attachment(current_actor(), upload_id)
        answer = send_file(content, mimetype="application/pdf", as_attachment=True, download_name=upload.name)
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @expose("/<int:slip_id>/prepare", methods=["POST"])
    @signed_in
    def prepare(self, slip_id: int) -> Any:
        sent = json_object(*CONTENT, "nonce", "as_typed", most=LARGEST_REQUEST)
        slip, nonce, content = seen(current_actor(), Slip, slip_id), nonce_of(sent), content_of(sent)
        try:
            said = said_of(slip, content, fields_of(sent))
        except OfferedText as refused:
            return jsonify(offered(refused)), refused.http_status
        prepared = slip_answers.prepare_answer(current_actor(), slip_id, said, nonce, now())
        return jsonify(prepared_answer(prepared))

    @expose("/<int:slip_id>/sign", methods=["POST"])
    @signed_in
    def sign(self, slip_id: int) -> Response:
        sent = json_object("nonce", "pin", "passkey")
        pin = pin_of(sent)
        receipt = slip_answers.sign_answer(current_actor(), slip_id, nonce_of(sent), pin, now(), answer_of(sent))
        return jsonify(receipt=receipt_answer(db.session.get_one(Slip, slip_id), receipt))

    @expose("/<int:slip_id>/cast", methods=["POST"])
    @signed_in
    def cast(self, slip_id: int) -> Response:
        sent = json_object("statement", "signature", "passkey", most=LARGEST_REQUEST)
        statement = sent.text("statement", LARGEST_ANSWER).encode()
        signature = sent.binary("signature", LONGEST_SIGNATURE)
        receipt = slip_answers.cast_answer(current_actor(), slip_id, statement, signature, now(), answer_of(sent))
        return jsonify(receipt=receipt_answer(db.session.get_one(Slip, slip_id), receipt))

    @expose("/<int:slip_id>/confirm", methods=["POST"])
    @signed_in
    def confirm(self, slip_id: int) -> Any:
        """Without a script: the text to be signed on a page of its own."""
        slip = seen(current_actor(), Slip, slip_id)
        content, nonce = form_content(asked_of(slip)), form_text("nonce", 64)
        if field := form_text("take", LONGEST_FIELD):
            return _card_page(current_actor(), slip, with_offered(slip, content, field))
        meant = request.form.getlist("as_typed")
        try:
            said = said_of(slip, content, meant)
            prepared = slip_answers.prepare_answer(current_actor(), slip_id, said, nonce, now())
        except WorkflowError as refused:
            return _typed_again(slip_id, content, refused)
        return _confirm_page(slip, prepared_answer(prepared), nonce)

    @expose("/<int:slip_id>/answer", methods=["POST"])
    @signed_in
    def answer(self, slip_id: int) -> Any:
        """Without a script: sign what was shown on that page."""
        sent = Sent({name: form_text(name, 64) for name in ("nonce", "pin")}, {"nonce", "pin"})
        nonce = nonce_of(sent)
        try:
            slip_answers.sign_answer(current_actor(), slip_id, nonce, pin_of(sent), now())
        except (NotFound, NotAllowed):
            raise
        except WorkflowError as refused:
            if wants_json():
                raise
            return _shown_again(slip_id, nonce, refused)
        flash(_("Your opinion is recorded."), "success")
        return redirect(url_for("SlipView.card", slip_id=slip_id), 303)

    @expose("/<int:slip_id>/receipt")
    @signed_in
    def receipt(self, slip_id: int) -> Response:
        slip, mine = _own_answer(slip_id)
        answer = jsonify(receipt_file(slip, mine))
        answer.headers["Content-Disposition"] = f'attachment; filename="bien-nhan-phieu-{slip_id}.json"'
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @expose("/<int:slip_id>/verify")
    @signed_in
    def verify(self, slip_id: int) -> Any:
        slip, mine = _own_answer(slip_id)
        receipt = receipt_facts(slip, receipt_of(mine), mark_of(slip))
        problem, at = slip_answers.verify_answer(current_actor(), slip_id), now()
        verdict = {"valid": problem is None, "message": str(problem or _("The signature is valid."))}
        if wants_json():
            return jsonify(verdict | {"checked_at": plain(at), "time_stamp": receipt["stamp_state"],
                                      "revocation": receipt["revocation_state"]})  # fmt: skip
        return render_template("ec/slip_verify.html", verdict=verdict | {"checked_at": at}, receipt=receipt, slip=slip)

    @expose("/together")
    @signed_in
    def together(self) -> str:
        """The slips that wait and have a draft, to be signed in one sitting."""
        waiting = waiting_slips(current_actor(), now())[:MOST_TOGETHER]
        drafts = drafted(current_actor(), [slip.id for slip in waiting])
        cards = [slip_card(current_actor(), slip, now()) for slip in waiting if slip.id in drafts]
        return render_template("ec/slips_together.html", cards=cards, waiting=len(waiting))


def _device(number: str) -> str:
    """What a member knows a device by: Safari, iPad · 3f9a."""
    return f"{browser()} · {number[:4]}".removeprefix(" · ")


def _own_answer(slip_id: int) -> tuple[Slip, SlipAnswer]:
    """The standing answer of the asking person; NotFound when there is none."""
    slip = seen(current_actor(), Slip, slip_id)
    mine = standing_of(slip.id, current_actor().person_id)
    if mine is None:
        raise NoAnswerGiven(slip)
    return slip, mine


def _attached(slip_id: int, file: FileStorage | None) -> Any:
    """What was sent, through the gate of every paper; nothing at all is refused there as an empty file."""
    name, stream = (file.filename or "", cast(BinaryIO, file.stream)) if file else ("", io.BytesIO())
    return slip_drafts.attach_file(current_actor(), slip_id, name, stream, now())


def _typed_again(slip_id: int, content: dict[str, Any], refused: WorkflowError) -> tuple[str, int]:
    """The form with everything that was typed, and the sentence at its field."""
    slip = seen(current_actor(), Slip, slip_id)
    problem = {"field": refused.field or "", "message": str(refused), "code": refused.code,
               "offered": getattr(refused, "offered", None)}  # fmt: skip
    return _card_page(current_actor(), slip, content, problem), refused.http_status


def _shown_again(slip_id: int, nonce: str, refused: WorkflowError) -> Any:
    """What was not signed, under the sentence why: to be signed while it can be, else as it was typed."""
    slip, prepared = seen(current_actor(), Slip, slip_id), slip_answers.prepared_for(current_actor(), slip_id, nonce)
    if prepared is None:
        flash(str(refused), "danger")
        return redirect(url_for("SlipView.card", slip_id=slip_id), 303)
    if prepared.expires_at < now() or not takes_answers(slip, now()):
        return _typed_again(slip_id, content_in(slip, prepared.person_id, prepared.statement), refused)
    return _confirm_page(slip, prepared_answer(prepared), nonce, str(refused)), refused.http_status


def _card_page(actor: Actor, slip: Slip, typed: dict[str, Any] | None = None, problem: Any = None) -> str:
    page = slip_card(actor, slip, now(), typed=typed, problem=problem)
    told = {"suggestions": suggestions(actor, slip), "office": pages_of_office(actor, slip)}
    return render_template("ec/slip_answer.html", **page, **told)


def _confirm_page(slip: Slip, prepared: dict[str, Any], nonce: str, problem: str = "") -> str:
    return render_template("ec/slip_confirm.html", slip=slip, prepared=prepared, nonce=nonce, problem=problem)


def register(app: Flask, appbuilder: AppBuilder) -> None:
    app.jinja_env.globals["opinion_word"] = opinion_word
    appbuilder.add_view_no_menu(SlipView)
