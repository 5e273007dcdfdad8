"""What the office sees of a slip under way: five columns that make N, who said what, who is silent, the deadline."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from flask import url_for
from flask_babel import format_datetime, lazy_gettext
from flask_babel import gettext as _

from app.models import Slip, SlipAnswer, SlipReminder, SlipState, SlipUpload
from app.views.slip_compose_page import changes
from app.views.slip_office_page import acts
from app.views.slip_office_words import (
    ARRIVALS,
    COLUMNS,
    EVENTS,
    SHUT,
    address_of,
    choice_word,
    full,
    head,
    occasion,
    remaining,
)
from app.workflows import deadline_calendar, slip_closing, slip_rows, slips
from app.workflows.engine.errors import NotFound
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.words import word
from app.workflows.rules.calendar import hanoi_date
from app.workflows.rules.canonical import read_stored
from app.workflows.rules.names import fold
from app.workflows.rules.slip import parse_answer, parse_slip_definition
from app.workflows.rules.slip_load import DayLoad
from app.workflows.slip_board import (
    CAST,
    Arrival,
    Board,
    BoardRow,
    Column,
    Event,
    attachments_of,
    board_of,
    history_of,
)
from app.workflows.slip_deliveries import Reached
from app.workflows.slip_outlook import outlook

LOOKS = {
    Column.AGREE: ("yes", "circle-check"), Column.DISAGREE: ("no", "circle-x"),
    Column.OTHER: ("other", "message-square-text"), Column.ANSWERED: ("yes", "circle-check"),
    Column.DEEMED: ("deemed", "circle-check"), Column.MISSING: ("miss", "circle"),
}  # fmt: skip
FILTERS = ("all", "answered", "deemed", "missing")
FILES = {"xlsx": lazy_gettext("Excel workbook"), "docx": lazy_gettext("Word document"), "pdf": "PDF"}
LONGEST_QUERY = 100
PER_PAGE, MOST_NAMES = 200, 40  # members on a page; names in the small hint of a column


def board_page(
    actor: Actor, slip_id: int, now: dt.datetime, shown: str = "", q: str = "", page: int = 1
) -> dict[str, Any]:
    """The context of templates/ec/slip_board.html; `shown` is one of FILTERS, `q` a part of a post or a name."""
    board, shown, query = board_of(actor, slip_id, now), shown if shown in FILTERS else "all", q.strip()[:LONGEST_QUERY]
    slip, runs = board.slip, actor.may(Right.SLIP_RUN, board.slip)
    takes = slip_closing.takes_answers(slip, now)
    events, found = history_of(slip), [row for row in board.rows if _wanted(row, shown, fold(query))]
    pages = max(1, -(-len(found) // PER_PAGE))
    page = min(page, pages)
    return {
        "slip": head(slip), "version": slip.version, "state_url": url_for("SlipBoardView.state", slip_id=slip.id),
        "counts": [_count(board, column) for column in board.counts], "bar": _bar(board),
        "members": board.members, "answered": board.answered, "threshold": board.threshold,
        "shut": _shut(board, runs and takes), "all_answered": runs and takes and board.answered == board.members,
        "silence": _silence(slip), "deadline": _deadline(slip, now), "extended": _extended(slip),
        "filters": _filters(board, shown, query), "shown": shown, "query": query,
        "rows": [_row(slip, row, runs and takes) for row in found[(page - 1) * PER_PAGE : page * PER_PAGE]],
        "page": page, "pages": pages, "kept": {"shown": shown, "q": query},
        "chase": {"n": len(board.silent), "url": url_for("SlipBoardView.chase", slip_id=slip.id)}
        if runs and takes and board.silent else None,
        "run": _run(actor, board, now) if runs and takes else {}, "acts": acts(actor, slip), "changes": changes(slip),
        "result": _result(slip), "reason": slip.reason, "ended": _ended(slip), "arrivals": _arrivals(board),
        "events": [_event(event) for event in reversed(events)], "reminders": _reminded(board),
        "rounds": _rounds(slip, actor),
        "files": [(FILES[ending], url_for("SlipBoardView.file", slip_id=slip.id, ending=ending)) for ending in FILES],
    }  # fmt: skip


def _count(board: Board, column: Column) -> dict[str, Any]:
    names = [row.entry.post for row in board.rows if row.column is column]
    names = [*names[:MOST_NAMES], "…"] if len(names) > MOST_NAMES else names
    return {"label": COLUMNS[column], "n": board.counts[column], "look": LOOKS[column][0],
            "who": "\n".join(names), "cast": column in CAST}  # fmt: skip


def _bar(board: Board) -> list[tuple[str, int]]:
    """Who agreed and who is deemed to agree stand together; the missing ones are what is left."""
    first = [column for column in (Column.AGREE, Column.ANSWERED, Column.DEEMED) if column in board.counts]
    rest = [column for column in board.counts if column not in (*first, Column.MISSING)]
    return [(LOOKS[column][0], board.counts[column]) for column in (*first, *rest)]


def _wanted(row: BoardRow, shown: str, folded: str) -> bool:
    if folded and folded not in fold(f"{row.entry.post} {row.entry.name}"):
        return False
    if shown in ("missing", "deemed"):
        return row.column is Column(shown)
    return row.column in CAST if shown == "answered" else True


def _filters(board: Board, chosen: str, query: str) -> list[dict[str, Any]]:
    """Deemed and missing are never one number; what nobody can be as yet is not offered."""
    labels = {"all": (_("All"), board.members), "answered": (_("Answered"), board.answered)}
    running = {Column.MISSING} if board.slip.state is SlipState.ISSUED else set()
    for each in (Column.DEEMED, Column.MISSING):
        if (number := board.counts.get(each, 0)) or each.value == chosen or each in running:
            labels[each.value] = (COLUMNS[each], number)
    return [{"key": key, "label": label, "n": number, "current": key == chosen,
             "url": url_for("SlipBoardView.board", slip_id=board.slip.id, shown=None if key == "all" else key,
                            q=query or None)}
            for key, (label, number) in labels.items()]  # fmt: skip


def _row(slip: Slip, row: BoardRow, chaseable: bool) -> dict[str, Any]:
    look, sign = LOOKS[row.column]
    silent = row.column is Column.MISSING
    return {
        "member_id": row.entry.member_id, "post": row.entry.post, "name": row.entry.name, "look": look, "icon": sign,
        "said": COLUMNS[row.column], "arrival": _arrival(row) if silent else "",
        "earlier": COLUMNS[row.earlier] if row.earlier else "",
        "at": format_datetime(row.at, "dd/MM") if row.at else "",
        "at_full": format_datetime(row.at, "HH:mm:ss, dd/MM/yyyy") if row.at else "",
        "reminded": len(row.reminded), "chase": silent and chaseable, "shut": SHUT[row.shut] if row.shut else "",
        "url": url_for("SlipBoardView.member", slip_id=slip.id, member_id=row.entry.member_id),
    }  # fmt: skip


def _arrival(row: BoardRow) -> str:
    """How far the slip has come to a member, since when and where: “seen 10:05 (iPad)”."""
    reached = [each for each in row.devices if each.seen_at or row.arrival is not Arrival.SEEN]
    if not reached:
        return str(ARRIVALS[row.arrival])
    at = min(each.seen_at or each.received_at for each in reached)
    places = reached[0].device if len(reached) == 1 else _("%(n)s devices", n=len(reached))
    return f"{ARRIVALS[row.arrival]} {format_datetime(at, 'HH:mm dd/MM')} ({places})"


def _event(event: Event) -> dict[str, str]:
    """A line of the history; an extension says what moved."""
    told, moved = event.told, ("", "")
    if event.fact == "SlipExtended":
        old, new = (dt.datetime.fromisoformat(told[name]) for name in ("old_deadline_at", "deadline_at"))
        moved = (full(old), full(new))
    sign, label = EVENTS[event.fact]
    return {"icon": sign, "label": label, "by": event.by or _("by the clock of the system"),
            "at": format_datetime(event.at, "HH:mm:ss, dd/MM/yyyy"), "reason": told.get("reason") or "",
            "old": moved[0], "new": moved[1]}  # fmt: skip


def _reminded(board: Board) -> list[dict[str, Any]]:
    """Reminders together as they went out, the latest first: why, when, by whom, to how many."""
    found: dict[tuple[Any, ...], int] = {}
    for row in board.rows:
        for one in row.reminded:
            key = (one.at, one.step, one.by.full_name if one.by else "")
            found[key] = found.get(key, 0) + 1
    return [{"occasion": occasion(step), "at": format_datetime(at, "HH:mm, dd/MM/yyyy"), "by": by, "n": number}
            for (at, step, by), number in sorted(found.items(), key=lambda each: each[0][0], reverse=True)]  # fmt: skip


def _rounds(slip: Slip, actor: Actor) -> list[dict[str, str]]:
    """The rounds beside this one: what they are called and where they are."""
    following = slips.successor_of(slip)
    beside = [(slip.previous, _("The round before")), (following, _("The next round"))]
    return [{"label": label, "number": other.number_text or str(word(other.state)), "url": address_of(other, actor)}
            for other, label in beside if other]  # fmt: skip


def _arrivals(board: Board) -> str:
    """How far the slip has come, in one sentence."""
    seen = sum(any(device.seen_at for device in row.devices) for row in board.rows)
    received = sum(bool(row.devices) for row in board.rows)
    return _("Sent to %(n)s, received by %(received)s, seen by %(seen)s.",
             n=board.members, received=received, seen=seen)  # fmt: skip


def _silence(slip: Slip) -> str:
    source = slip.rule_set.legal_source if slip.rule_set else ""
    if slips.rules_of(slip).deemed:
        if slip.closed_at:
            return _("The system recorded deemed agreement at %(at)s (%(source)s); it is no answer of a member.",
                     at=format_datetime(slip.closed_at, "HH:mm:ss, dd/MM/yyyy"), source=source)  # fmt: skip
        return _("Deemed agreement is recorded only when the time is over (%(source)s).", source=source)
    return _("Whoever does not answer counts as not having answered (%(source)s).", source=source)


def _shut(board: Board, running: bool) -> dict[str, Any] | None:
    """Who has not answered and cannot sign, and what becomes of it; the way out is a new round."""
    unable = board.shut_out
    if not unable:
        return None
    posts = [f"{row.entry.post} ({SHUT[row.shut]})" for row in unable if row.shut]
    names = "; ".join([*posts[:MOST_NAMES], "…"] if len(posts) > MOST_NAMES else posts)
    deemed = slips.rules_of(board.slip).deemed
    if not running:
        sentence = _("Could not sign when the slip ended, and did not answer: %(names)s.", names=names)
        return {"sentence": sentence, "way": "", "running": False}
    way = _("Only a new round asks them with the certificate they have then: prepare it, and recall this slip before "
            "its deadline.")  # fmt: skip
    if deemed:
        way += " " + _("Otherwise their silence counts as agreement.")
    sentence = _("Cannot sign an answer to this slip any more: %(names)s.", names=names)
    return {"sentence": sentence, "way": way, "running": True}


def _deadline(slip: Slip, now: dt.datetime) -> dict[str, Any]:
    assert slip.deadline_at is not None  # noqa: S101 - the database keeps one for every issued slip
    running = slip.state is SlipState.ISSUED
    return {**remaining(slip.deadline_at, now, slip.body_id), "full": full(slip.deadline_at), "running": running}


def _extended(slip: Slip) -> str:
    """The deadline that the last extension replaced."""
    return full(slip.extensions[-1].old_deadline_at) if slip.extensions else ""


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
    said = read_stored(slip.result)
    differs = slip_closing.differences(slip)
    return {"outcome": word(slip.outcome) if slip.outcome else "", "sentence": said.get("sentence") or "",
            "kind": {"adopted": "ok", "not_adopted": "bad"}.get(slip.outcome or "", "info"),
            "differs": ", ".join(differs)}  # fmt: skip


def _ended(slip: Slip) -> str:
    at = slip.closed_at or slip.ended_at
    return format_datetime(at, "HH:mm:ss, dd/MM/yyyy") if at else ""


# -- one member ------------------------------------------------------------------------------------------------------


def member_page(actor: Actor, slip_id: int, member_id: int, now: dt.datetime) -> dict[str, Any]:
    """The context of templates/ec/slip_member.html: every answer of a member, read from what was signed."""
    slip = slips.watched(actor, slip_id)
    board = board_of(actor, slip_id, now)
    row = next((each for each in board.rows if each.entry.member_id == member_id), None)
    if row is None:
        raise NotFound(slip)
    asked = parse_slip_definition(slip.definition or b"")
    answers = slip_rows.answers_of(slip.id, member_id)
    files = attachments_of([answer.id for answer in answers])
    return {
        "slip": head(slip), "row": _row(slip, row, False), "back": url_for("SlipBoardView.board", slip_id=slip.id),
        "answers": [_answer(asked, answer, answer is answers[-1], files) for answer in reversed(answers)],
        "devices": [_device(device) for device in row.devices],
        "reminders": [_reminder(one) for one in row.reminded],
        "deemed": row.column is Column.DEEMED, "silence": _silence(slip), "before": _before(slip, row),
    }  # fmt: skip


def _before(slip: Slip, row: BoardRow) -> dict[str, Any] | None:
    """Where the member stood in the round before, and the way there."""
    if slip.previous is None or row.earlier is None:
        return None
    url = url_for("SlipBoardView.member", slip_id=slip.previous.id, member_id=row.entry.member_id)
    return {"number": slip.previous.number_text, "said": COLUMNS[row.earlier], "url": url}


def _answer(
    asked: Mapping[str, Any], answer: SlipAnswer, standing: bool, files: Mapping[int, Sequence[SlipUpload]]
) -> dict[str, Any]:
    said = parse_answer(answer.statement.statement)
    parts = zip(asked["questions"], said["answers"], strict=True)
    return {
        "standing": standing, "at": format_datetime(answer.answered_at, "HH:mm:ss, dd/MM/yyyy"),
        "seq": answer.leaf_seq, "sha256": answer.statement.sha256, "reservation": said["reservation"],
        "certificate": answer.statement.certificate.subject, "serial": answer.statement.certificate.serial,
        "attachments": [{"name": each.name, "url": url_for("SlipView.attachment", upload_id=each.id)}
                        for each in files.get(answer.id, ())],
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


def _device(delivery: Reached) -> dict[str, str]:
    return {"name": delivery.device, "received": format_datetime(delivery.received_at, "HH:mm:ss, dd/MM/yyyy"),
            "seen": format_datetime(delivery.seen_at, "HH:mm:ss, dd/MM/yyyy") if delivery.seen_at else ""}  # fmt: skip
