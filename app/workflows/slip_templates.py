"""Templates of opinion slips (mẫu phiếu): kept from a slip, begun from, and taken away."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.models import Organisation, QuestionKind, Slip, SlipTemplate, Urgency
from app.workflows import slips
from app.workflows.engine.errors import BadValue, Detached
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.text import line
from app.workflows.engine.transaction import Fact, record, use_case
from app.workflows.engine.visibility import seen, visible
from app.workflows.rules.names import fold
from app.workflows.slips import Content, Question

LONGEST_NAME = 200


class NoTemplateName(BadValue):
    code, field = "no_template_name", "name"
    message = _("Give the template a name of at most 200 letters, in one line.")


class TemplateNameTaken(BadValue):
    code, field = "template_name_taken", "name"
    message = _("There is a template of this name already.")


@dataclass(frozen=True)
class SlipTemplateKept(Fact):
    name: str


@dataclass(frozen=True)
class SlipTemplateRemoved(Fact):
    name: str


@use_case
def keep_template(actor: Actor, slip_id: int, name: str, now: dt.datetime) -> SlipTemplate:
    """Keep what a slip asks, as it is saved, for slips to come; its papers are of that slip alone."""
    slip = seen(actor, Slip, slip_id)
    actor.require(Right.SLIP_DRAFT, slip)
    named = slips.shown(slip, line(slip, name, "name", LONGEST_NAME, refusal=NoTemplateName), NoTemplateName)
    same = select(SlipTemplate.id).where(SlipTemplate.body_id == slip.body_id, SlipTemplate.name_fold == fold(named))
    if db.session.scalar(same):
        raise TemplateNameTaken(slip)
    kept = SlipTemplate(
        body_id=slip.body_id, name=named, name_fold=fold(named), content=_content(slip), by_id=actor.person_id, at=now
    )
    db.session.add(kept)
    db.session.flush()
    record(actor, SlipTemplateKept.about(Detached.of(kept), name=named), now)
    return kept


@use_case
def remove_template(actor: Actor, template_id: int, now: dt.datetime) -> None:
    """Take a template away; slips that began from it stay as they are."""
    kept = seen(actor, SlipTemplate, template_id)
    actor.require(Right.SLIP_DRAFT, kept)
    about = Detached.of(kept)
    db.session.delete(kept)
    db.session.flush()
    record(actor, SlipTemplateRemoved.about(about, name=kept.name), now)


def templates_of(actor: Actor, body_id: int) -> list[SlipTemplate]:
    """The templates of a body, by name."""
    rows = select(SlipTemplate).where(visible(actor, SlipTemplate), SlipTemplate.body_id == body_id)
    return list(db.session.scalars(rows.order_by(SlipTemplate.name_fold, SlipTemplate.id)))


def begun_from(actor: Actor, template_id: int) -> Content:
    """What a new slip asks that begins from a template; a ministry that is gone is left out."""
    kept = seen(actor, SlipTemplate, template_id).content
    lead = db.session.get(Organisation, kept["organisation_id"]) if kept["organisation_id"] else None
    questions = [
        Question(QuestionKind(each["kind"]), each["text"], tuple(each["options"]), each["main"])
        for each in kept["questions"]
    ]
    return Content(
        matter=kept["matter"], questions=questions, organisation_id=lead and lead.id, legal_basis=kept["legal_basis"],
        urgency=Urgency(kept["urgency"]), working_days=kept["working_days"], passkey_demanded=kept["passkey_demanded"],
    )  # fmt: skip


def _content(slip: Slip) -> dict[str, Any]:
    return {
        "matter": slip.matter, "organisation_id": slip.organisation_id, "legal_basis": slip.legal_basis,
        "urgency": slip.urgency.value, "working_days": slip.working_days, "passkey_demanded": slip.passkey_demanded,
        "questions": [
            {"kind": row.kind.value, "text": row.text, "options": list(row.options), "main": row.main}
            for row in slip.questions
        ],
    }  # fmt: skip
