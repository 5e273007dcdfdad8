"""What the office sees of a slip under way: five columns that make N, who said what, who is silent, the deadline."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask import url_for
from flask_babel import format_datetime
from flask_babel import gettext as _

from app.models import Slip, SlipAnswer, SlipDelivery, SlipReminder, SlipState
from app.views.slip_compose_page import changes
from app.views.slip_office_page import acts
from app.views.slip_office_words import ARRIVALS, COLUMNS, choice_word, full, head, occasion, remaining
from app.workflows import deadline_calendar, slip_closing, slip_rows, slips
from app.workflows.engine.errors import NotFound
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.words import word
from app.workflows.rules.calendar import hanoi_date
from app.workflows.rules.canonical import parse_canonical
from app.workflows.rules.slip import parse_answer, parse_slip_definition
from app.workflows.rules.slip_load import DayLoad
from app.workflows.slip_board import CAST, Board, BoardRow, Column, board_of, watched
from app.workflows.slip_outlook import outlook

LOOKS = {
    Column.AGREE: ("yes", "circle-check"), Column.DISAGREE: ("no", "circle-x"),
    Column.OTHER: ("other", "message-square-text"), Column.ANSWERED: ("yes", "circle-check"),
    Column.DEEMED: ("deemed", "circle-check"), Column.MISSING: ("miss", "circle"),
}  # fmt: skip
FILTERS = ("all", "answered", "missing")


def board_page(actor: Actor, slip_id: int, now: dt.datetime, shown: str = "all") -> dict[str, Any]:
    """The context of templates/ec/slip_board.html; `shown` is one of FILTERS, anything else shows all."""
    board = board_of(actor, slip_id)
    slip, runs = board.slip, actor.may(Right.SLIP_RUN, board.slip)
    takes = slip_closing.takes_answers(slip, now)
    return {
        "slip": head(slip), "version": slip.version, "state_url": url_for("SlipBoardView.state", slip_id=slip.id),
        "counts": [_count(board, column) for column in board.counts], "bar": _bar(board),
        "members": board.members, "answered": board.answered, "threshold": board.threshold,
        "silence": _silence(slip), "deadline": _deadline(slip, now), "extensions": _extensions(slip),
        "filters": _filters(board, shown), "shown": shown if shown in FILTERS else "all",
        "rows": [_row(slip, row, runs and takes) for row in board.rows if _wanted(row, shown)],
        "chase": {"n": len(board.silent), "url": url_for("SlipBoardView.chase", slip_id=slip.id)}
        if runs and takes and board.silent else None,
        "run": _run(actor, board, now) if runs and takes else {}, "acts": acts(actor, slip), "changes": changes(slip),
        "result": _result(slip), "reason": slip.reason, "ended": _ended(slip), "arrivals": _arrivals(board),
    }  # fmt: skip


def _count(board: Board, column: Column) -> dict[str, Any]:
    names = [row.entry.post for row in board.rows if row.column is column]
    return {"label": COLUMNS[column], "n": board.counts[column], "look": LOOKS[column][0],
            "who": "\n".join(names), "cast": column in CAST}  # fmt: skip


def _bar(board: Board) -> list[tuple[str, int]]:
    return [(LOOKS[column][0], number) for column, number in board.counts.items() if column is not Column.MISSING]


def _wanted(row: BoardRow, shown: str) -> bool:
    if shown == "missing":
        return row.column in (Column.MISSING, Column.DEEMED)
    return row.column in CAST if shown == "answered" else True


def _filters(board: Board, shown: str) -> list[dict[str, Any]]:
    silent = board.members - board.answered
    labels = {"all": (_("All"), board.members), "answered": (_("Answered"), board.answered),
              "missing": (_("Not answered"), silent)}  # fmt: skip
    chosen = shown if shown in labels else "all"
    return [{"key": key, "label": label, "n": number, "current": key == chosen,
             "url": url_for("SlipBoardView.board", slip_id=board.slip.id, shown=None if key == "all" else key)}
            for key, (label, number) in labels.items()]  # fmt: skip


def _row(slip: Slip, row: BoardRow, chaseable: bool) -> dict[str, Any]:
    look, sign = LOOKS[row.column]
    silent = row.column is Column.MISSING
    return {
        "member_id": row.entry.member_id, "post": row.entry.post, "name": row.entry.name, "look": look, "icon": sign,
        "said": COLUMNS[row.column], "arrival": ARRIVALS[row.arrival] if silent else "",
        "at": format_datetime(row.at, "dd/MM") if row.at else "",
        "at_full": format_datetime(row.at, "HH:mm:ss, dd/MM/yyyy") if row.at else "",
        "reminded": len(row.reminded), "chase": silent and chaseable,
        "url": url_for("SlipBoardView.member", slip_id=slip.id, member_id=row.entry.member_id),
    }  # fmt: skip


def _arrivals(board: Board) -> str:
    """How far the slip has come, in one sentence."""
    seen = sum(any(device.seen_at for device in row.devices) for row in board.rows)
    received = sum(bool(row.devices) for row in board.rows)
    return _("Sent to %(n)s, received by %(received)s, seen by %(seen)s.",
             n=board.members, received=received, seen=seen)  # fmt: skip


def _silence(slip: Slip) -> str:
    source = slip.rule_set.legal_source if slip.rule_set else ""
    if slips.rules_of(slip).deemed:
        return _("Deemed agreement is recorded only when the time is over (%(source)s).", source=source)
    return _("Whoever does not answer counts as not having answered (%(source)s).", source=source)


def _deadline(slip: Slip, now: dt.datetime) -> dict[str, Any]:
    assert slip.deadline_at is not None  # noqa: S101 - the database keeps one for every issued slip
    running = slip.state is SlipState.ISSUED
    return {**remaining(slip.deadline_at, now), "full": full(slip.deadline_at), "running": running}


def _extensions(slip: Slip) -> list[dict[str, str]]:
    return [
        {"old": full(row.old_deadline_at), "new": full(row.new_deadline_at), "reason": row.reason,
         "at": format_datetime(row.at, "HH:mm, dd/MM/yyyy")}
        for row in reversed(slip.extensions)
    ]  # fmt: skip


def _run(actor: Actor, board: Board, now: dt.datetime) -> dict[str, Any]:
    """What can be done with the slip while it runs: the days to which it can be extended, recall, early close."""
    slip, standing = board.slip, board.slip.deadline_at
    assert slip.issued_at is not None  # noqa: S101 - it is under way
    found = outlook(slip, slip.issued_at)
    later = [end for end in found.ends.values() if standing and hanoi_date(end) > hanoi_date(standing) and end > now]
    loads = deadline_calendar.later_loads(slip, later)
    return {
        "extend_url": url_for("SlipBoardView.extend", slip_id=slip.id),
        "days": [_later_day(end, loads[hanoi_date(end)]) for end in later],
        "rule": _("At most %(n)s working days, counted from the issue (%(source)s).",
                  n=found.parameters.max_working_days, source=found.rule_set.legal_source),
        "recall_url": url_for("SlipBoardView.recall", slip_id=slip.id),
        "close_url": url_for("SlipBoardView.close", slip_id=slip.id) if board.answered == board.members else "",
    }  # fmt: skip


def _later_day(end: dt.datetime, load: DayLoad) -> dict[str, Any]:
    crowded = "" if load.free else _("too many on this day for %(n)s members", n=len(load.crowded))
    return {"day": hanoi_date(end).isoformat(), "said": full(end), "crowded": crowded}


def _result(slip: Slip) -> dict[str, Any] | None:
    """The outcome in the sentence of the result, and what speaks against showing it."""
    if slip.result is None:
        return None
    said = parse_canonical(slip.result)
    differs = slip_closing.differences(slip)
    return {"outcome": word(slip.outcome) if slip.outcome else "", "sentence": said.get("sentence") or "",
            "kind": {"adopted": "ok", "not_adopted": "bad"}.get(slip.outcome or "", "info"),
            "differs": ", ".join(differs)}  # fmt: skip


def _ended(slip: Slip) -> str:
    at = slip.closed_at or slip.ended_at
    return format_datetime(at, "HH:mm:ss, dd/MM/yyyy") if at else ""


# -- one member ------------------------------------------------------------------------------------------------------


def member_page(actor: Actor, slip_id: int, member_id: int) -> dict[str, Any]:
    """The context of templates/ec/slip_member.html: every answer of a member, read from what was signed."""
    slip = watched(actor, slip_id)
    board = board_of(actor, slip_id)
    row = next((each for each in board.rows if each.entry.member_id == member_id), None)
    if row is None:
        raise NotFound(slip)
    asked = parse_slip_definition(slip.definition or b"")
    answers = slip_rows.answers_of(slip.id, member_id)
    return {
        "slip": head(slip), "row": _row(slip, row, False), "back": url_for("SlipBoardView.board", slip_id=slip.id),
        "answers": [_answer(asked, answer, answer is answers[-1]) for answer in reversed(answers)],
        "devices": [_device(device) for device in row.devices],
        "reminders": [_reminder(one) for one in row.reminded],
        "deemed": row.column is Column.DEEMED, "silence": _silence(slip),
    }  # fmt: skip


def _answer(asked: Mapping[str, Any], answer: SlipAnswer, standing: bool) -> dict[str, Any]:
    said = parse_answer(answer.statement.statement)
    parts = zip(asked["questions"], said["answers"], strict=True)
    return {
        "standing": standing, "at": format_datetime(answer.answered_at, "HH:mm:ss, dd/MM/yyyy"),
        "seq": answer.leaf_seq, "sha256": answer.statement.sha256, "reservation": said["reservation"],
        "certificate": answer.statement.certificate.subject, "serial": answer.statement.certificate.serial,
        "attachments": [each["name"] for each in said["attachments"]],
        "parts": [_part(asked, question, part) for question, part in parts],
    }  # fmt: skip


def _part(asked: Mapping[str, Any], question: Mapping[str, Any], part: Mapping[str, Any]) -> dict[str, Any]:
    answer = choice_word(part["choice"])
    if part["option"]:
        answer = question["options"][part["option"] - 1]
    labels = {each["index"]: each["label"] for each in asked["articles"]}
    return {
        "n": question["index"], "question": question["text"], "answer": answer, "look": part["choice"] or "",
        "text": part["text"],
        "articles": [
            {"label": labels[each["article"]], "look": each["choice"] or "", "text": each["text"],
             "answer": choice_word(each["choice"])}
            for each in part["articles"]
        ],
    }  # fmt: skip


def _reminder(one: SlipReminder) -> dict[str, str]:
    return {"occasion": occasion(one.step), "by": one.by.full_name if one.by else "",
            "at": format_datetime(one.at, "HH:mm, dd/MM/yyyy")}  # fmt: skip


def _device(delivery: SlipDelivery) -> dict[str, str]:
    return {"name": delivery.device, "received": format_datetime(delivery.received_at, "HH:mm:ss, dd/MM/yyyy"),
            "seen": format_datetime(delivery.seen_at, "HH:mm:ss, dd/MM/yyyy") if delivery.seen_at else ""}  # fmt: skip
