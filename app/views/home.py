"""The start page: what waits for this person, the next meeting, what was just decided, and the way to the records."""

import datetime as dt
from typing import Any

from flask import current_app, render_template, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import format_datetime
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, selectinload

from app.extensions import db
from app.models import AgendaItem, Document, Meeting, MeetingState, Poll, PollState, Reply
from app.views.actor import current_actor, now
from app.views.guards import signed_in
from app.views.home_tasks import task_groups
from app.views.meeting_list import listed, past, upcoming
from app.views.meeting_page import KINDS_OF_OUTCOME, RUNNING, chair_of, ends_at, seat_of
from app.views.meeting_people import attendance
from app.views.notices import cards
from app.views.waits import waiting_tasks
from app.workflows.engine.rights import Actor
from app.workflows.engine.visibility import visible
from app.workflows.engine.words import word
from app.workflows.rules.calendar import HANOI, hanoi_date

RECENT = 5
SIGNS = {"ok": "circle-check", "bad": "circle-x", "warn": "scale"}


class HomeView(BaseView):
    """FAB's index view, for signed-in people only."""

    route_base = ""
    default_view = "index"

    @expose("/")
    @signed_in
    def index(self) -> str:
        return render_template("ec/home.html", **home_page(current_actor(), now()))


def home_page(actor: Actor, at: dt.datetime) -> dict[str, Any]:
    """The context of templates/ec/home.html."""
    coming = list(db.session.scalars(upcoming(actor, at).limit(1).options(selectinload(Meeting.seats))))
    return {
        "today": at,
        "me": {"name": actor.name, "post": actor.post},
        "groups": task_groups(waiting_tasks(), at),
        "starts": _starts(),
        "results": _results(actor),
        "next": _next(actor, coming[0], at) if coming else None,
        "upcoming": listed(actor, upcoming(actor, at).offset(1).limit(RECENT)),
        "past": listed(actor, past(actor, at).limit(RECENT)),
        "notices": cards(actor, RECENT),
    }


def _starts() -> list[dict[str, str]]:
    """The record screens of this person's role, as the menu has them."""
    entries = current_app.extensions["appbuilder"].menu.get_data()
    pages = [page for entry in entries for page in (entry.get("childs") or [entry])]
    return [{"label": page["label"], "url": page["url"]} for page in pages if page != "-" and page.get("url")]


def _results(actor: Actor) -> list[dict[str, Any]]:
    """The votes published last, with what became of them."""
    rows = select(Poll).where(Poll.state == PollState.PUBLISHED, visible(actor, Poll))
    rows = rows.options(joinedload(Poll.meeting)).order_by(Poll.published_at.desc(), Poll.id.desc()).limit(RECENT)
    return [_result(poll) for poll in db.session.scalars(rows)]


def _result(poll: Poll) -> dict[str, Any]:
    outcome = poll.confirmed_outcome or poll.outcome
    kind = KINDS_OF_OUTCOME[outcome] if outcome else "warn"
    published = format_datetime(poll.published_at, "HH:mm dd/MM/yyyy") if poll.published_at else ""
    return {
        "title": poll.question, "url": url_for("VoteView.card", poll_id=poll.id), "icon": SIGNS[kind],
        "facts": [str(word(outcome)), poll.meeting.title, published],
    }  # fmt: skip


def _next(actor: Actor, meeting: Meeting, at: dt.datetime) -> dict[str, Any]:
    seat, url = seat_of(actor, meeting), url_for("MeetingView.page", meeting_id=meeting.id)
    expected, running = attendance(meeting), meeting.state in RUNNING
    return {
        "title": meeting.title, "when_label": _when(meeting, at), "starts_at": meeting.starts_at,
        "ends_at": ends_at(meeting), "place": meeting.place, "chair": chair_of(meeting),
        "item_count": _count(actor, AgendaItem, meeting), "paper_count": _count(actor, Document, meeting),
        "confirmed": expected["confirmed"], "members": expected["members"], "live": expected["live"], "url": url,
        "papers_url": f"{url}#papers", "conference_url": meeting.conference_url if seat and running else "",
        "my_reply": word(seat.reply) if seat and seat.reply is not Reply.NONE else None,
        "reply_wanted": bool(seat and seat.reply is Reply.NONE and meeting.state is MeetingState.INVITED),
    }  # fmt: skip


def _count(actor: Actor, model: Any, meeting: Meeting) -> int:
    rows = select(func.count()).select_from(model).where(model.meeting_id == meeting.id, visible(actor, model))
    return db.session.scalar(rows) or 0


def _when(meeting: Meeting, at: dt.datetime) -> str:
    if meeting.opened_at:
        return str(word(meeting.state))
    start = meeting.starts_at.astimezone(HANOI)
    days = (start.date() - hanoi_date(at)).days
    words = {0: _("Today, %(time)s", time=f"{start:%H:%M}"), 1: _("Tomorrow, %(time)s", time=f"{start:%H:%M}")}
    return words.get(days) or _("In %(n)s days", n=days)
