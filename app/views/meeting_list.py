"""Which meetings the list shows: coming ones first, then the past, found with or without Vietnamese marks."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask import url_for
from sqlalchemy import Select, func, select
from sqlalchemy.orm import selectinload

from app.extensions import db
from app.models import Meeting, MeetingState, Seat
from app.views.meeting_page import KINDS_OF_MEETING, seat_of
from app.workflows.engine.rights import Actor
from app.workflows.engine.visibility import visible
from app.workflows.engine.words import word
from app.workflows.rules.calendar import hanoi_date
from app.workflows.rules.names import fold

PER_PAGE = 20
OVER = (MeetingState.CLOSED, MeetingState.CANCELLED)
LONGEST_QUERY = 100


def meeting_list(actor: Actor, args: Mapping[str, str], now: dt.datetime) -> dict[str, Any]:
    """The context of templates/ec/meetings.html; unknown or odd parameters are read as none."""
    query = args.get("q", "").strip()[:LONGEST_QUERY]
    page = max(1, int(args["page"])) if args.get("page", "").isdecimal() and len(args["page"]) < 6 else 1  # noqa: PLR2004
    over = past(actor, now, query)
    count = db.session.scalar(select(func.count()).select_from(over.subquery())) or 0
    rows = over.limit(PER_PAGE).offset((page - 1) * PER_PAGE)
    return {
        "query": query, "upcoming": listed(actor, upcoming(actor, now, query)), "past": listed(actor, rows),
        "page": page, "pages": max(1, -(-count // PER_PAGE)), "past_count": count,
    }  # fmt: skip


def upcoming(actor: Actor, now: dt.datetime, query: str = "") -> Select[Any]:
    """Meetings that are not over: from today on, and those still in session; the next one first."""
    rows = _found(actor, query).where(Meeting.state.not_in(OVER))
    still = (Meeting.held_on >= hanoi_date(now)) | Meeting.state.in_([MeetingState.OPEN, MeetingState.ADJOURNED])
    return rows.where(still).order_by(Meeting.starts_at, Meeting.id)


def past(actor: Actor, now: dt.datetime, query: str = "") -> Select[Any]:
    """All others, the latest first."""
    rows = _found(actor, query)
    still = (Meeting.held_on >= hanoi_date(now)) | Meeting.state.in_([MeetingState.OPEN, MeetingState.ADJOURNED])
    return rows.where(Meeting.state.in_(OVER) | ~still).order_by(Meeting.starts_at.desc(), Meeting.id.desc())


def _found(actor: Actor, query: str) -> Select[Any]:
    rows = select(Meeting).where(visible(actor, Meeting))
    return rows.where(Meeting.title_fold.contains(fold(query), autoescape=True)) if query else rows


def listed(actor: Actor, rows: Select[Any]) -> list[dict[str, Any]]:
    """What a row of a list says of a meeting."""
    found = db.session.scalars(rows.options(selectinload(Meeting.seats).joinedload(Seat.person)))
    return [_row(actor, meeting) for meeting in found]


def _row(actor: Actor, meeting: Meeting) -> dict[str, Any]:
    seat = seat_of(actor, meeting) if meeting.state is MeetingState.INVITED else None
    return {
        "title": meeting.title, "starts_at": meeting.starts_at, "place": meeting.place, "kind": word(meeting.kind),
        "state_label": word(meeting.state), "state_kind": KINDS_OF_MEETING[meeting.state],
        "url": url_for("MeetingView.page", meeting_id=meeting.id), "reply": word(seat.reply) if seat else None,
    }  # fmt: skip
