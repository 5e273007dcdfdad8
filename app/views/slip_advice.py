"""Aides and slips: the member's switch for each aide, the aide's suggestion, and its way into the member's draft."""

import datetime as dt
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from flask import Flask, flash, redirect, render_template, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.models import Slip, SlipAdvice, SlipRecipient
from app.views.actor import current_actor, now
from app.views.guards import signed_in, wants_json
from app.views.parsing import BadField, form_code, form_id
from app.views.slip_card import asked_of, by_field, slip_card
from app.views.slip_office_words import address_of
from app.views.slip_requests import form_content
from app.views.slip_words import spoken
from app.workflows import slip_advice, slips
from app.workflows.engine.errors import NotAllowed, NotFound, WorkflowError
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.visibility import nothing, seen
from app.workflows.slip_reading import is_asked

OF_THE_SLIP = ("slip", "questions", "articles", "papers", "changes", "following")  # what an aide sees as well
BLANK: dict[str, Any] = {"choice": None, "option": None, "text": "", "articles": []}


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

    @expose("/aides/<int:aide_id>", methods=["POST"])
    @signed_in
    def let(self, aide_id: int) -> Response:
        wanted = form_code("wanted", Wanted) is Wanted.LET
        slip_advice.let_aide(current_actor(), aide_id, wanted, now())
        flash(
            _("The aide sees your slips from now on.") if wanted else _("The aide sees your slips no more."), "success"
        )
        return redirect(url_for("SlipAdviceView.aides"), 303)

    @expose("/<int:slip_id>/advice")
    @signed_in
    def advice(self, slip_id: int) -> str:
        """The page of an aide: what is asked, and a suggestion for each member who lets the aide see it."""
        return _page(slip_advice.slip_for(current_actor(), slip_id, now()))

    @expose("/<int:slip_id>/advice/<int:person_id>", methods=["POST"])
    @signed_in
    def write(self, slip_id: int, person_id: int) -> Any:
        actor = current_actor()
        slip = seen(actor, Slip, slip_id)
        content = form_content(asked_of(slip))
        try:
            slip_advice.write_advice(actor, slip_id, person_id, content, now())
        except (NotFound, NotAllowed, slip_advice.NotAdmitted):
            raise
        except WorkflowError as refused:
            if wants_json():
                raise
            return _page(seen(actor, Slip, slip_id), person_id, content, str(refused)), refused.http_status
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
        return redirect(url_for("SlipView.card", slip_id=slip_id), 303)


def page_of_others(actor: Actor, slip: Slip, at: dt.datetime) -> str | None:
    """Where somebody goes on with a slip who is not asked: an aide, the office; None for whoever is asked."""
    if is_asked(actor, slip):
        return None
    if slip_advice.helped_slips(actor, [slip.id], at):
        return url_for("SlipAdviceView.advice", slip_id=slip.id)
    if not actor.may(Right.SLIP_BOARD, slip):
        return None
    return _report(slip) if slip.state in (slips.REPORTED, slips.DECIDED) else address_of(slip, actor)


def pages_of_office(actor: Actor, slip: Slip) -> list[dict[str, str]]:
    """The board and the report, for those of the asked who see them: {label, url, icon}."""
    if slip.issued_at is None or not actor.may(Right.SLIP_BOARD, slip):
        return []
    board = {"label": _("Open the board"), "url": address_of(slip, actor), "icon": "chart-column"}
    report = {"label": _("Report on the outcome"), "url": _report(slip), "icon": "file-text"}
    return [board, report] if slip.state in (slips.CLOSED, slips.REPORTED, slips.DECIDED) else [board]


def _report(slip: Slip) -> str:
    return url_for("SlipReportView.report", slip_id=slip.id)


def suggestions(actor: Actor, slip: Slip) -> list[dict[str, Any]]:
    """The context of templates/ec/_slip_suggestions.html on the member's page of a slip; empty without any."""
    asked = asked_of(slip)
    return [
        {"id": one.id, "version": one.version, "aide": one.aide.full_name, "at": one.at,
         "parts": _parts(asked, one), "reservation": one.content.get("reservation", False),
         "take_url": url_for("SlipAdviceView.take", slip_id=slip.id, advice_id=one.id)}
        for one in slip_advice.advice_for(actor, slip.id)
    ]  # fmt: skip


def _parts(asked: Mapping[str, Any], advice: SlipAdvice) -> list[dict[str, Any]]:
    """What is suggested, question by question, in words; what was left open is left out."""
    said = {part["question"]: BLANK | part for part in advice.content.get("answers", [])}
    answers = [_without_blank_articles(said.get(each["index"], BLANK)) for each in asked["questions"]]
    parts = spoken(asked, {"answers": answers})
    return [part for part in parts if part["answer"] or part["remark"] or part["articles"]]


def _without_blank_articles(part: Mapping[str, Any]) -> dict[str, Any]:
    return {**part, "articles": [each for each in part["articles"] if each["choice"] or each["text"]]}


def _page(slip: Slip, typed_for: int = 0, typed: Mapping[str, Any] | None = None, problem: str = "") -> str:
    """`typed` is the suggestion to one member that was refused with `problem`: it stays in the form."""
    actor = current_actor()
    members = slip_advice.advised_members(actor, slip.id, now())
    if not members:
        raise NotFound(nothing(actor, Slip, slip.id))
    card = slip_card(actor, slip, now())
    forms = [_form(actor, slip, entry) for entry in members]
    for form in forms:
        if form["key"] == typed_for and typed is not None:
            form |= {"said": by_field(typed), "problem": problem}
    return render_template("ec/slip_advice.html", forms=forms, me={}, **{name: card[name] for name in OF_THE_SLIP})


def _form(actor: Actor, slip: Slip, entry: SlipRecipient) -> dict[str, Any]:
    written = slip_advice.own_advice(actor, slip.id, entry.member_id)
    answers = [BLANK | part for part in written.content.get("answers", [])] if written else []
    return {
        "member": entry.name, "post": entry.post, "abbreviation": entry.abbreviation, "at": written and written.at,
        "url": url_for("SlipAdviceView.write", slip_id=slip.id, person_id=entry.member_id), "key": entry.member_id,
        "said": by_field({**(written.content if written else {}), "answers": answers}), "problem": "",
    }  # fmt: skip


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(SlipAdviceView)
