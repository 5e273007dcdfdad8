"""What is read of slips by programs and lists: which ones somebody sees, what came of one, what one answered there."""

from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import func, select

from app.extensions import db
from app.models import Slip, SlipRecipient, SlipState
from app.workflows import slip_rows
from app.workflows.engine.errors import NotAllowed, WorkflowError
from app.workflows.engine.rights import SAID, Actor, Right
from app.workflows.engine.visibility import seen, visible
from app.workflows.rules.ballot import roll_code
from app.workflows.rules.canonical import parse_canonical
from app.workflows.rules.slip import parse_answer, parse_slip_definition
from app.workflows.rules.slip_result import counts_so_far
from app.workflows.slip_rows import AnswerReceipt, receipt_of

COUNTED = frozenset({SlipState.CLOSED, SlipState.REPORTED, SlipState.DECIDED})
_COUNTS = ("agree", "disagree", "other", "deemed", "missing", "counted_for", "threshold", "percent_of_all", "outcome")
_OTHERS = ("options", "articles", "spoken")


class NotIssued(WorkflowError):
    code = "slip_not_issued"
    message = _("The slip is not issued: there is nothing to count yet.")


def slips_page(actor: Actor, states: Iterable[SlipState], page: int, size: int) -> tuple[list[Slip], int]:
    """The slips that this person sees, newest first, `page` from 0; and how many there are. No states: all of them."""
    wanted = list(states)
    criteria = [visible(actor, Slip), *([Slip.state.in_(wanted)] if wanted else [])]
    rows = select(Slip).where(*criteria).order_by(Slip.issued_at.desc().nulls_first(), Slip.id.desc())
    found = db.session.scalars(rows.limit(size).offset(page * size))
    return list(found), db.session.scalar(select(func.count()).select_from(Slip).where(*criteria)) or 0


def is_asked(actor: Actor, slip: Slip) -> bool:
    """Whether the actor is on the roll that was frozen at the issue."""
    return actor.person_id is not None and db.session.get(SlipRecipient, (slip.id, actor.person_id)) is not None


def may_see_counts(actor: Actor, slip: Slip) -> bool:
    """Those who see the board at any time after the issue; who was asked once the slip is closed and counted."""
    return actor.may(Right.SLIP_BOARD, slip) or (slip.state in COUNTED and is_asked(actor, slip))


def own_answers(actor: Actor, slip_id: int) -> list[AnswerReceipt]:
    """Everything the actor has answered to a slip, in the order of the log; the last one stands."""
    slip = seen(actor, Slip, slip_id)
    if not is_asked(actor, slip):
        raise NotAllowed(slip, right=SAID[Right.SLIP_ANSWER])
    return [receipt_of(answer) for answer in slip_rows.answers_of(slip.id, actor.person_id or 0)]


def statistics_of(actor: Actor, slip_id: int) -> dict[str, Any]:
    """How many answered and how: cast, deemed and missing apart, by question; before the close as it stands now.

    Keys: members, answered, deemed, missing, outcome, sentence, rule_set, legal_source, questions [{index, kind, main,
    agree, disagree, other, deemed, missing, counted_for, threshold, percent_of_all, outcome, options, articles,
    spoken}]; what has no meaning for a kind of question is None, and so are outcome and sentence before
    the close.
    """
    slip = seen(actor, Slip, slip_id)
    if slip.issued_at is None:
        raise NotIssued(slip)
    if not may_see_counts(actor, slip):
        raise NotAllowed(slip, right=SAID[Right.SLIP_BOARD])
    if slip.state in COUNTED and slip.result is not None:
        return _counted(parse_canonical(slip.result))
    answered, members = slip_rows.answered(slip)
    so_far = {"deemed": 0, "missing": members - answered, "outcome": None, "sentence": None}
    questions = [_question(each) for each in _so_far(slip)]
    return {"members": members, "answered": answered, **so_far, "questions": questions, **_rules(slip)}


def _so_far(slip: Slip) -> list[dict[str, Any]]:
    statements = slip_rows.standing_statements(slip.id)
    said = {roll_code(index): parse_answer(statement)["answers"] for index, statement in statements.items()}
    return counts_so_far(parse_slip_definition(slip.definition or b""), said)


def _rules(slip: Slip) -> dict[str, Any]:
    rules = slip.rule_set
    return {"rule_set": rules and rules.code, "legal_source": rules and rules.legal_source}


def _counted(result: dict[str, Any]) -> dict[str, Any]:
    questions = [_question(each) for each in result["questions"]]
    return {
        "members": result["members"], "answered": result["answered"], "deemed": len(result["deemed"]),
        "missing": len(result["missing"]), "outcome": result["outcome"], "sentence": result["sentence"],
        "questions": questions, "rule_set": result["rule_set"]["code"],
        "legal_source": result["rule_set"]["legal_source"],
    }  # fmt: skip


def _question(counted: dict[str, Any]) -> dict[str, Any]:
    always = {name: counted[name] for name in ("index", "kind", "main")}
    return always | {name: counted.get(name) for name in (*_COUNTS, *_OTHERS)}
