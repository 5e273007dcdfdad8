"""How the office says things about slips: the time that is left, where a slip stands, what was done with it."""

import datetime as dt
from typing import Any

from flask import url_for
from flask_babel import format_datetime, lazy_gettext
from flask_babel import gettext as _
from flask_babel import lazy_pgettext as _p

from app.models import ApprovalAct, Slip, SlipState, Urgency
from app.views.record_words import LOOKS
from app.views.slip_words import left
from app.workflows import slip_approval, slip_board
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.words import word
from app.workflows.rules.deadline import is_over
from app.workflows.rules.slip_reminding import OVERDUE
from app.workflows.rules.working_days import Exceptions
from app.workflows.slip_board import Arrival, Column
from app.workflows.slip_keys import Shut

COLUMNS: dict[Column, Any] = {
    Column.AGREE: _p("opinion", "Agree"), Column.DISAGREE: _p("opinion", "Disagree"),
    Column.OTHER: _p("opinion", "Other opinion"), Column.ANSWERED: lazy_gettext("Answered"),
    Column.DEEMED: lazy_gettext("Deemed to agree"), Column.MISSING: lazy_gettext("Not answered"),
}  # fmt: skip
ARRIVALS: dict[Arrival, Any] = {
    Arrival.SENT: lazy_gettext("sent"), Arrival.RECEIVED: lazy_gettext("received"), Arrival.SEEN: lazy_gettext("seen"),
}  # fmt: skip
SHUT: dict[Shut, Any] = {
    Shut.NONE: lazy_gettext("had no certificate at the issue, cannot sign"),
    Shut.REVOKED: lazy_gettext("key replaced or revoked, cannot sign"),
    Shut.ENDED: lazy_gettext("certificate has ended, cannot sign"),
    Shut.SUSPENDED: lazy_gettext("key suspended, cannot sign"),
}  # fmt: skip
ACTS = {
    ApprovalAct.SUBMITTED: "send", ApprovalAct.APPROVED: "circle-check", ApprovalAct.RETURNED: "undo-2",
    ApprovalAct.WITHDRAWN: "arrow-left",
}  # fmt: skip
EVENTS: dict[str, tuple[str, Any]] = {
    "SlipIssued": ("send", lazy_gettext("Issued")), "SlipExtended": ("calendar-clock", lazy_gettext("Extended")),
    "SlipRecalled": ("ban", lazy_gettext("Recalled")), "SlipClosed": ("check-check", lazy_gettext("Closed")),
    "SlipReported": ("file-text", lazy_gettext("Reported to the head")),
    "SlipDecided": ("gavel", lazy_gettext("Decided")),
}  # fmt: skip
BEFORE_ISSUE = (SlipState.DRAFT, SlipState.SUBMITTED, SlipState.APPROVED, SlipState.ABANDONED)


def choice_word(code: str | None) -> str:
    """What a code of an answer is called on slips; nothing for none."""
    return str(COLUMNS[Column(code)]) if code else ""


def full(at: dt.datetime) -> str:
    """A moment with its weekday, in Hanoi: 17:00, thứ Hai, 03/08/2026."""
    return str(format_datetime(at, "HH:mm, EEEE, dd/MM/yyyy"))


def remaining(
    deadline: dt.datetime, now: dt.datetime, body_id: int, exceptions: Exceptions | None = None
) -> dict[str, Any]:
    """What is left until a deadline, as members read it, and whether it is less than a day."""
    said, soon = left(deadline, now, body_id, exceptions)
    over = is_over(deadline, now)
    return {"said": said, "soon": soon or over, "over": over}


def head(slip: Slip) -> dict[str, Any]:
    """What stands above every page of a slip."""
    return {
        "id": slip.id, "version": slip.version, "matter": slip.matter, "state": slip.state.value,
        "state_label": word(slip.state), "state_kind": LOOKS.get(slip.state, ""), "round": slip.round,
        "number": slip.number_text,
        "stamp": "" if slip.urgency is Urgency.NORMAL else str(word(slip.urgency)).upper(),
        "lead": slip.organisation.name if slip.organisation else "",
        "issued": format_datetime(slip.issued_at, "HH:mm, dd/MM/yyyy") if slip.issued_at else "",
    }  # fmt: skip


def occasion(step: int | None) -> str:
    """Why somebody was reminded: so many hours before the deadline, because it had passed, or by hand."""
    if step is None:
        return _("By hand")
    return _("When the deadline had passed") if step == OVERDUE else _("%(n)s h before the deadline", n=step)


def address_of(slip: Slip, actor: Actor) -> str:
    """Where the office goes on with a slip; whoever approved it and sees no board goes on seeing its preview."""
    on_board = slip.state not in BEFORE_ISSUE and actor.may(Right.SLIP_BOARD, slip)
    return url_for("SlipBoardView.board" if on_board else "SlipOfficeView.preview", slip_id=slip.id)


def course(slip: Slip) -> list[dict[str, Any]]:
    """The chain of approval as steps: drafted, each step of the chain, issued; which are done, which one is next."""
    chain = [step["name"] for step in slip.chain] or [step.name for step in slip_approval.chain_of(slip.body_id)]
    names = [_("Drafted"), *chain, _("Issued")]
    done = _steps_done(slip, len(chain))
    passed = [row for row in _since_submitted(slip) if row.act in (ApprovalAct.SUBMITTED, ApprovalAct.APPROVED)]
    said = [_who(row.name, row.at) for row in passed] or [_who(slip.drafted_by.full_name, slip.drafted_at)
                                                          if slip.drafted_by else ""]  # fmt: skip
    issued = [_who(event.by, event.at) for event in slip_board.history_of(slip)[:1]] if slip.issued_at else [""]
    notes = [*said, *[""] * (len(chain) + 1 - len(said)), *issued]
    over = slip.state is SlipState.ABANDONED
    return [
        {"name": name, "note": note, "done": place < done, "now": place == done and not over}
        for place, (name, note) in enumerate(zip(names, notes, strict=True))
    ]


def _who(name: str, at: dt.datetime) -> str:
    return f"{name}, {format_datetime(at, 'HH:mm dd/MM')}"


def _steps_done(slip: Slip, steps: int) -> int:
    if slip.state in (SlipState.DRAFT, SlipState.ABANDONED):
        return 0
    return 1 + slip.stage if slip.state in (SlipState.SUBMITTED, SlipState.APPROVED) else steps + 2


def _since_submitted(slip: Slip) -> list[Any]:
    """The history since the slip was submitted last; nothing while it is a draft."""
    if slip.state is SlipState.DRAFT:
        return []
    last = max((row.seq for row in slip.approvals if row.act is ApprovalAct.SUBMITTED), default=0)
    return [row for row in slip.approvals if row.seq >= last]


def history(slip: Slip) -> list[dict[str, Any]]:
    """Who did what on the way to the issue, the latest first."""
    return [
        {"act": word(row.act), "icon": ACTS[row.act], "step": row.step, "name": row.name, "post": row.post,
         "remark": row.remark, "at": format_datetime(row.at, "HH:mm:ss, dd/MM/yyyy"),
         "kind": {ApprovalAct.RETURNED: "bad", ApprovalAct.APPROVED: "ok"}.get(row.act, "")}
        for row in reversed(slip.approvals)
    ]  # fmt: skip
