"""The chain of approval of a body (quy trình duyệt phiếu) as data: its steps in order, and who may approve each."""

from typing import Any

from flask import Flask, flash, redirect, render_template, request, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.extensions import db
from app.models import Body, Office, Slip
from app.views.actor import current_actor, now
from app.views.guards import signed_in
from app.views.parsing import BadField
from app.workflows import slip_approval
from app.workflows.engine.errors import NotAllowed, NotFound, WorkflowError
from app.workflows.engine.rights import APPROVERS, GRANTS, SAID, Actor, Right
from app.workflows.engine.visibility import nothing
from app.workflows.engine.words import word
from app.workflows.slip_approval import LONGEST_STEP, MOST_STEPS, Step

LONGEST = 10 * LONGEST_STEP
OFFICES = sorted(APPROVERS, key=list(Office).index)


class SlipChainView(BaseView):
    """Who may write it down is judged by app/workflows/slip_approval.py."""

    route_base = "/slips/chain"
    default_view = "page"

    @expose("/", methods=["GET"])
    @signed_in
    def page(self) -> str:
        body = _body(current_actor())
        return _page(body, slip_approval.chain_of(body.id))

    @expose("/", methods=["POST"])
    @signed_in
    def save(self) -> str | Response | tuple[str, int]:
        """All steps anew; those without a name and an office are left out."""
        actor = current_actor()
        body, typed = _body(actor), _typed()
        try:
            slip_approval.set_chain(actor, body.id, typed, now())
        except (NotFound, NotAllowed):
            raise
        except WorkflowError as refusal:
            return _page(body, typed, str(refusal)), refusal.http_status
        flash(_("The chain of approval is saved. Slips under way keep the one they were submitted with."), "success")
        return redirect(url_for("SlipChainView.page"), 303)


def _body(actor: Actor) -> Body:
    """The body whose rules this person keeps."""
    offices = GRANTS[Right.RULES_MANAGE]
    own = min((body_id for body_id in actor.body_ids if actor.holds(offices, body_id)), default=None)
    if own is None:
        raise NotAllowed(nothing(actor, Slip, 0), right=SAID[Right.RULES_MANAGE])
    return db.session.get_one(Body, own)


def _typed() -> list[Step]:
    steps = []
    for at in range(1, MOST_STEPS + 1):
        name, offices = request.form.get(f"name-{at}", ""), request.form.getlist(f"office-{at}")
        if len(name) > LONGEST or not set(offices) <= {office.value for office in OFFICES}:
            raise BadField("steps")
        if name.strip() or offices:
            steps.append(Step(name, tuple(Office(code) for code in dict.fromkeys(offices))))
    return steps


def _page(body: Body, steps: Any, problem: str = "") -> str:
    rows = [{"name": step.name, "offices": set(step.offices)} for step in steps]
    shown = min(len(rows) + 1, MOST_STEPS)
    rows += [{"name": "", "offices": set()}] * (MOST_STEPS - len(rows))
    offices = [(office, word(office)) for office in OFFICES]
    return render_template("ec/slip_chain.html", body=body, rows=rows, shown=shown, offices=offices, problem=problem)


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(SlipChainView)
