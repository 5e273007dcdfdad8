"""Aides and slips: the member's switch for each aide, the aide's suggestion, and its way into the member's draft."""

from enum import StrEnum
from typing import Any

from flask import Flask, flash, redirect, render_template, request, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.models import Choice, QuestionKind, Slip, SlipAdvice, SlipQuestion, SlipRecipient
from app.views.actor import current_actor, now
from app.views.guards import signed_in
from app.views.parsing import BadField, form_code, form_id, form_text
from app.workflows import slip_advice
from app.workflows.engine.errors import NotFound
from app.workflows.engine.rights import Actor
from app.workflows.engine.visibility import nothing, seen
from app.workflows.engine.words import word

LONGEST_TYPED = 400_000  # letters of one text as it may be sent; what may be signed is judged when it is signed


class Wanted(StrEnum):
    LET = "let"
    END = "end"


class SlipAdviceView(BaseView):
    """No page here has a button to sign with; app.workflows.slip_advice decides who may do what."""

    route_base = "/slips"
    default_view = "aides"

    @expose("/aides")
    @signed_in
    def aides(self) -> str:
        found = slip_advice.own_aides(current_actor(), now())
        rows = [{"id": person.id, "name": person.full_name, "allowed": allowed} for person, allowed in found]
        return render_template("ec/slip_aides.html", aides=rows)

    @expose("/aides/<int:person_id>", methods=["POST"])
    @signed_in
    def let(self, person_id: int) -> Response:
        wanted = form_code("wanted", Wanted) is Wanted.LET
        slip_advice.let_aide(current_actor(), person_id, wanted, now())
        flash(
            _("The aide sees your slips from now on.") if wanted else _("The aide sees your slips no more."), "success"
        )
        return redirect(url_for("SlipAdviceView.aides"), 303)

    @expose("/<int:slip_id>/advice")
    @signed_in
    def advice(self, slip_id: int) -> str:
        """The page of an aide: what is asked, and a suggestion for each member who lets the aide see it."""
        actor = current_actor()
        slip = seen(actor, Slip, slip_id)
        members = slip_advice.advised_members(actor, slip_id, now())
        if not members:
            raise NotFound(nothing(actor, Slip, slip_id))
        forms = [_form(actor, slip, entry) for entry in members]
        return render_template("ec/slip_advice.html", slip=slip, questions=_asked(slip), forms=forms)

    @expose("/<int:slip_id>/advice/<int:person_id>", methods=["POST"])
    @signed_in
    def write(self, slip_id: int, person_id: int) -> Response:
        actor = current_actor()
        slip = seen(actor, Slip, slip_id)
        answers = [_part(question) for question in slip.questions]
        content = {"answers": answers, "reservation": bool(request.form.get("reservation"))}
        slip_advice.write_advice(actor, slip_id, person_id, content, now())
        flash(_("The suggestion is kept. The member alone sees it, and alone can sign an answer."), "success")
        return redirect(url_for("SlipAdviceView.advice", slip_id=slip_id), 303)

    @expose("/<int:slip_id>/advice/<int:advice_id>/take", methods=["POST"])
    @signed_in
    def take(self, slip_id: int, advice_id: int) -> Response:
        version = form_id("version")
        if version is None:
            raise BadField("version")
        slip_advice.take_over(current_actor(), slip_id, advice_id, version, now())
        flash(_("The suggestion is in your draft. Read it, change what you want, and sign."), "success")
        return redirect(f"/slips/{slip_id}", 303)


def suggestions(actor: Actor, slip: Slip) -> list[dict[str, Any]]:
    """The context of templates/ec/_slip_suggestions.html on the member's page of a slip; empty without any."""
    return [
        {"id": one.id, "version": one.version, "aide": one.aide.full_name, "at": one.at,
         "lines": _lines(slip, one), "take_url": url_for("SlipAdviceView.take", slip_id=slip.id, advice_id=one.id)}
        for one in slip_advice.advice_for(actor, slip.id)
    ]  # fmt: skip


def _lines(slip: Slip, advice: SlipAdvice) -> list[dict[str, Any]]:
    """What is suggested, question by question, in words."""
    parts = {part["question"]: part for part in advice.content.get("answers", [])}
    return [
        {"number": row.position, "text": row.text, "said": _said(row, parts.get(row.position, {})),
         "opinion": parts.get(row.position, {}).get("text", "")}
        for row in slip.questions
    ]  # fmt: skip


def _said(question: SlipQuestion, part: dict[str, Any]) -> Any:
    if part.get("choice"):
        return word(Choice(part["choice"]))
    option = part.get("option")
    return question.options[option - 1] if option and option <= len(question.options) else ""


def _asked(slip: Slip) -> list[dict[str, Any]]:
    return [
        {"number": row.position, "kind": row.kind.value, "text": row.text,
         "options": list(enumerate(row.options, start=1)), "choices": [(code.value, word(code)) for code in Choice]}
        for row in slip.questions
    ]  # fmt: skip


def _form(actor: Actor, slip: Slip, entry: SlipRecipient) -> dict[str, Any]:
    written = slip_advice.own_advice(actor, slip.id, entry.member_id)
    content = written.content if written else {}
    return {
        "member": entry.name, "post": entry.post, "abbreviation": entry.abbreviation, "at": written and written.at,
        "url": url_for("SlipAdviceView.write", slip_id=slip.id, person_id=entry.member_id),
        "parts": {part["question"]: part for part in content.get("answers", [])},
        "reservation": content.get("reservation", False), "key": entry.member_id,
    }  # fmt: skip


def _part(question: SlipQuestion) -> dict[str, Any]:
    """What the form says to one question, in the shape of a draft; opinions on single articles are the member's."""
    number, choice, option = question.position, None, None
    if question.kind is QuestionKind.CONSENT and request.form.get(f"choice-{number}"):
        choice = form_code(f"choice-{number}", Choice).value
    if question.kind is QuestionKind.PICK:
        option = form_id(f"option-{number}")
    text = form_text(f"text-{number}", LONGEST_TYPED)
    return {"question": number, "choice": choice, "option": option, "text": text, "articles": []}


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(SlipAdviceView)
