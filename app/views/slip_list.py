"""The list of slips: what waits for the own answer first, found by matter or number, marks or no marks."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from flask import url_for
from flask_babel import format_datetime
from flask_babel import lazy_gettext as _
from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.models import Slip, SlipAnswer, SlipDraft, SlipState, Urgency
from app.views.parsing import page_number
from app.views.slip_words import left, stamp_of
from app.views.waits import waiting_slip_ids
from app.workflows import slip_advice, slips
from app.workflows.engine.rights import GRANTS, Actor, Right
from app.workflows.engine.visibility import visible
from app.workflows.engine.words import word
from app.workflows.rules.names import fold
from app.workflows.rules.working_days import Exceptions
from app.workflows.slip_closing import takes_answers
from app.workflows.slip_waiting import drafted
from app.workflows.working_calendar import exceptions_of

PER_PAGE, LONGEST_QUERY = 20, 100
WAITING, ANSWERED, RUNNING, CLOSED = "waiting", "answered", "running", "closed"
LABELS = {
    WAITING: _("Waiting for my answer"), ANSWERED: _("Answered by me"), RUNNING: _("Under way"), CLOSED: _("Over"),
    "": _("All"),
}  # fmt: skip
LOOKS = {SlipState.ISSUED: "now", SlipState.RECALLED: "bad"}
ENDED = (slips.CLOSED, slips.REPORTED, slips.DECIDED, slips.RECALLED)
ORDERS: dict[str, tuple[Any, Callable[[], Any]]] = {
    "": (_("Next deadline first"), Slip.deadline_at.asc),
    "late": (_("Last deadline first"), Slip.deadline_at.desc),
}


def slip_list(actor: Actor, args: Mapping[str, str], now: dt.datetime) -> dict[str, Any]:
    """The context of templates/ec/slips.html; unknown or odd parameters are read as none.

    Without a wish it shows what waits, if anything waits: as many rows as the badge says.
    """
    query, urgency = args.get("q", "").strip()[:LONGEST_QUERY], _urgency(args.get("urgency", ""))
    order = args.get("order", "") if args.get("order", "") in ORDERS else ""
    waiting, answers = waiting_slip_ids(), actor.holds(GRANTS[Right.SLIP_ANSWER])
    groups = {key: _of_group(key, actor, now, waiting) for key in LABELS}
    group = args.get("state", WAITING if waiting else "")
    group = group if group in groups else ""
    rows = _found(actor, query, urgency).where(groups[group])
    counts = {key: _count(_found(actor, query, urgency).where(condition)) for key, condition in groups.items()}
    pages = max(1, -(-counts[group] // PER_PAGE))
    page = min(page_number(args.get("page", "")), pages)
    ends_last = [] if group in (WAITING, CLOSED) else [Slip.state.in_(ENDED)]
    by_end = Slip.deadline_at.desc() if group == CLOSED and not order else ORDERS[order][1]()
    rows = rows.order_by(*ends_last, by_end, Slip.id).options(joinedload(Slip.organisation))
    shown = list(db.session.scalars(rows.limit(PER_PAGE).offset((page - 1) * PER_PAGE)))
    ids = [slip.id for slip in shown]
    drafts, answered = drafted(actor, ids), _answered(actor, shown)
    calendars = {body_id: exceptions_of(body_id) for body_id in {slip.body_id for slip in shown}}
    helped = set[int]() if answers else slip_advice.helped_slips(actor, ids, now)
    kept: dict[str, Any] = {"q": query or None, "urgency": urgency.value if urgency else None, "order": order or None}
    return {
        "query": query, "group": group, "order": order, "urgency": urgency.value if urgency else "",
        "count": counts[group], "page": page, "pages": pages, "waiting": len(waiting), "kept": kept,
        "groups": [{"key": key, "label": LABELS[key], "count": counts[key],
                    "url": url_for("SlipView.list", state=key, **kept)}
                   for key in LABELS if counts[key] or key == group or (key == WAITING and answers)],
        "orders": [{"key": key, "label": label} for key, (label, _made) in ORDERS.items()],
        "urgencies": [{"key": each.value, "label": word(each)} for each in Urgency],
        "rows": [
            _row(slip, now, calendars, slip.id in waiting, drafts.get(slip.id), answered.get(slip.id))
            | ({"helps": True, "url": url_for("SlipAdviceView.advice", slip_id=slip.id)} if slip.id in helped else {})
            for slip in shown
        ],
        "has_aides": answers,
        "ready": sum(slip.id in waiting and slip.id in drafts for slip in shown),
    }  # fmt: skip


def _of_group(key: str, actor: Actor, now: dt.datetime, waiting: list[int]) -> Any:
    mine = exists().where(SlipAnswer.slip_id == Slip.id, SlipAnswer.member_id == (actor.person_id or 0))
    running = (Slip.state == SlipState.ISSUED) & (Slip.deadline_at > now)
    return {
        WAITING: Slip.id.in_(waiting), ANSWERED: mine & running,
        RUNNING: running & ~mine & Slip.id.not_in(waiting), CLOSED: ~running, "": Slip.id > 0,
    }[key]  # fmt: skip


def _found(actor: Actor, query: str, urgency: Urgency | None) -> Select[tuple[Slip]]:
    """Issued slips that this person may see."""
    rows = select(Slip).where(visible(actor, Slip), Slip.definition_sha256.is_not(None))
    if urgency is not None:
        rows = rows.where(Slip.urgency == urgency)
    if not query:
        return rows
    numbered = Slip.number_text.contains(query.upper(), autoescape=True)
    return rows.where(or_(numbered, Slip.title_fold.contains(fold(query), autoescape=True)))


def _count(rows: Select[tuple[Slip]]) -> int:
    return db.session.scalar(rows.with_only_columns(func.count())) or 0


def _answered(actor: Actor, shown: list[Slip]) -> dict[int, SlipAnswer]:
    rows = select(SlipAnswer).where(SlipAnswer.member_id == (actor.person_id or 0))
    found = db.session.scalars(rows.where(SlipAnswer.slip_id.in_([slip.id for slip in shown])).order_by(SlipAnswer.id))
    return {answer.slip_id: answer for answer in found}


def _urgency(code: str) -> Urgency | None:
    return next((each for each in Urgency if each.value == code), None)


def _row(
    slip: Slip,
    now: dt.datetime,
    calendars: Mapping[int, Exceptions],
    waits: bool,
    draft: SlipDraft | None,
    answer: SlipAnswer | None,
) -> dict[str, Any]:
    exceptions = calendars[slip.body_id]
    words, soon = left(slip.deadline_at, now, slip.body_id, exceptions) if slip.deadline_at else ("", False)
    counted = slip.state in ENDED or takes_answers(slip, now)
    state = word(slip.state) if counted else _("The time is over, to be counted")
    return {
        "id": slip.id, "matter": slip.matter, "number": slip.number_text, "round": slip.round,
        "url": url_for("SlipView.card", slip_id=slip.id), "stamp": stamp_of(slip.urgency),
        "organisation": slip.organisation and slip.organisation.name, "waits": waits, "soon": soon and waits,
        "left": words if takes_answers(slip, now) else "", "draft": bool(draft),
        "deadline": format_datetime(slip.deadline_at, "HH:mm, dd/MM/yyyy"),
        "answered_at": answer and format_datetime(answer.answered_at, "HH:mm, dd/MM"),
        "choice": answer.choice.value if answer and answer.choice else "",
        "state_label": state, "state_kind": LOOKS.get(slip.state, ""),
    }  # fmt: skip
