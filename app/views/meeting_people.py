"""Who is expected, who is here, and the own answer to the invitation, as the page of a meeting shows them."""

import datetime as dt
from typing import Any

from flask import url_for
from flask_babel import format_datetime
from flask_babel import gettext as _
from sqlalchemy import select

from app.extensions import db
from app.models import Absence, AbsenceState, Meeting, MeetingState, Office, Presence, Reply, Seat, SeatRole
from app.workflows import polls
from app.workflows.attendance import ANSWERABLE, deputies_of, standing_absence
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.words import word
from app.workflows.rules import quorum as quorum_rule
from app.workflows.rules.calendar import hanoi_date

KINDS_OF_REPLY = {Reply.NONE: "warn", Reply.IN_ROOM: "ok", Reply.REMOTE: "info", Reply.ABSENT: ""}
KINDS_OF_PRESENCE = {Presence.IN_ROOM: "ok", Presence.REMOTE: "info", Presence.AWAY: ""}
KINDS_OF_ABSENCE = {
    AbsenceState.REQUESTED: "warn", AbsenceState.APPROVED: "ok", AbsenceState.REFUSED: "bad", AbsenceState.WITHDRAWN: ""
}  # fmt: skip
UNDER_WAY = (MeetingState.OPEN, MeetingState.ADJOURNED, MeetingState.CLOSED)


def attendance(meeting: Meeting) -> dict[str, Any]:
    """How many members are expected by their answers, or present once the meeting has begun, against the quorum."""
    members = [seat for seat in meeting.seats if seat.is_member]
    live = meeting.state in UNDER_WAY
    here = [_place(seat, live) for seat in members]
    in_room, remote = here.count("in_room"), here.count("remote")
    rule = _quorum(meeting, len(members), in_room, remote)
    absent = sum(seat.reply is Reply.ABSENT and place is None for seat, place in zip(members, here, strict=True))
    return {
        "members": len(members), "confirmed": in_room + remote, "in_room": in_room, "remote": remote,
        "absent": absent, "unanswered": len(members) - in_room - remote - absent, "live": live, **rule,
    }  # fmt: skip


def _place(seat: Seat, live: bool) -> str | None:
    where = seat.presence.value if live else seat.reply.value
    return where if where in ("in_room", "remote") else None


def _quorum(meeting: Meeting, members: int, in_room: int, remote: int) -> dict[str, Any]:
    try:
        rule_set, parameters = polls.parameters_of(meeting)
    except polls.NoRules as unclear:
        return {"needed": 0, "reached": False, "rule": str(unclear)}
    if not members:
        return {"needed": 0, "reached": False, "rule": rule_set.legal_source}
    presence = quorum_rule.Presence(members, in_room, remote)
    needed = quorum_rule.quorum(members, parameters)
    words = _("At least %(needed)s of %(members)s members.", needed=needed, members=members)
    return {
        "needed": needed, "reached": quorum_rule.quorum_reached(presence, parameters),
        "rule": f"{words} {rule_set.legal_source}.",
    }  # fmt: skip


def composition(meeting: Meeting) -> list[dict[str, Any]]:
    """Everybody with a place: members by rank, each followed by the substitute, then the others."""
    deputies = [seat for seat in meeting.seats if seat.stands_in_for_id]
    substitutes: dict[int | None, Seat] = {seat.stands_in_for_id: seat for seat in deputies}
    members: dict[int | None, Seat] = {seat.person_id: seat for seat in meeting.seats if seat.is_member}
    return [_row(meeting, seat, substitutes, members) for seat in meeting.seats]


def _row(
    meeting: Meeting, seat: Seat, substitutes: dict[int | None, Seat], members: dict[int | None, Seat]
) -> dict[str, Any]:
    if meeting.state in UNDER_WAY:
        label, kind = word(seat.presence), KINDS_OF_PRESENCE[seat.presence]
    else:
        label, kind = word(seat.reply), KINDS_OF_REPLY[seat.reply]
    own = substitutes.get(seat.person_id)
    absent = members.get(seat.stands_in_for_id)
    return {
        "abbreviation": seat.abbreviation or "–", "post": seat.post, "name": seat.person.full_name,
        "presence_label": label, "presence_kind": kind,
        "role_label": None if seat.role in (SeatRole.ATTENDEE, SeatRole.SUBSTITUTE) else word(seat.role),
        "stands_in_for": absent.post if absent else None, "substitute": own.person.full_name if own else None,
    }  # fmt: skip


def own_answer(actor: Actor, meeting: Meeting, now: dt.datetime) -> dict[str, Any] | None:
    """The box with the own answer; None for whoever has no seat."""
    seat = next((seat for seat in meeting.seats if seat.person_id == actor.person_id), None)
    if seat is None:
        return None
    answerable, under_way = meeting.state in ANSWERABLE, meeting.state in UNDER_WAY
    absence = _latest_absence(meeting, seat)
    label, kind = _my_state(seat, under_way)
    may_check_in = answerable and (under_way or meeting.held_on <= hanoi_date(now))
    return {
        "answered": seat.reply is not Reply.NONE,
        "reply": None if seat.reply is Reply.NONE else seat.reply.value, "reply_label": label, "reply_kind": kind,
        "may_reply": answerable and seat.role is not SeatRole.SUBSTITUTE, "under_way": under_way,
        "reply_url": url_for("MeetingView.answer", meeting_id=meeting.id),
        "presence": seat.presence.value, "may_check_in": may_check_in,
        "presence_url": url_for("MeetingView.presence", meeting_id=meeting.id), "votes": seat.is_member,
        "checked_in_label": _checked_in(seat), "note": _note(seat), **_absence(actor, meeting, seat, absence),
    }  # fmt: skip


def _my_state(seat: Seat, under_way: bool) -> tuple[Any, str]:
    """Before the meeting the own answer, during it whether one is here."""
    if under_way:
        return word(seat.presence), KINDS_OF_PRESENCE[seat.presence]
    return word(seat.reply), KINDS_OF_REPLY[seat.reply]


def _latest_absence(meeting: Meeting, seat: Seat) -> Absence | None:
    """The request that stands, else the last one that was refused."""
    if standing := standing_absence(meeting.id, seat.person_id):
        return standing
    rows = select(Absence).where(Absence.meeting_id == meeting.id, Absence.member_id == seat.person_id)
    return db.session.scalars(rows.where(Absence.state == AbsenceState.REFUSED).order_by(Absence.id.desc())).first()


def _absence(actor: Actor, meeting: Meeting, seat: Seat, absence: Absence | None) -> dict[str, Any]:
    may_ask = actor.may(Right.ABSENCE_ASK, meeting) and not actor.holds(frozenset({Office.HEAD}), meeting.body_id)
    deputies = deputies_of(seat, meeting) if may_ask and seat.is_member else []
    return {
        "may_be_absent": may_ask and seat.is_member,
        "substitutes": [{"id": post.person_id, "label": f"{post.person.full_name} – {post.post}"} for post in deputies],
        "substitute_id": absence.substitute_id if absence else None, "reason": absence.reason if absence else "",
        "approval_label": _("Absence: %(state)s", state=word(absence.state)) if absence else None,
        "approval_kind": KINDS_OF_ABSENCE[absence.state] if absence else None,
        "decision_reason": absence.decision_reason if absence else "",
    }  # fmt: skip


def _checked_in(seat: Seat) -> str | None:
    if seat.presence is Presence.AWAY or seat.present_since is None:
        return None
    at = format_datetime(seat.present_since, "HH:mm")
    if seat.presence is Presence.IN_ROOM:
        return _("Present in the room since %(time)s", time=at)
    return _("Connected remotely since %(time)s", time=at)


def _note(seat: Seat) -> str | None:
    if seat.role is SeatRole.SUBSTITUTE and seat.stands_in_for:
        return _(
            "You sit in for %(name)s: you present the member's opinion and have no vote.",
            name=seat.stands_in_for.full_name,
        )
    if seat.is_member:
        return _("Whoever is absent may still vote remotely with the own key.")
    return _("You take part without a vote.")
