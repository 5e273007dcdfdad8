"""What the chair's desk shows beside the snapshot: steps, presence with its buttons, and the less common acts."""

import datetime as dt
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from app.extensions import db
from app.gateways.passkeys import relying_party
from app.models import AgendaItem, ItemKind, ItemState, Meeting, MeetingState, Office, Poll, PollState, Seat
from app.views.evidence import annulment_sheet, shown_result
from app.views.meeting_page import KINDS_OF_MEETING
from app.views.resolution_offer import course_strip
from app.workflows import expiry, live, meetings, poll_passkeys, polls
from app.workflows.attendance import ANSWERABLE
from app.workflows.engine.errors import NotAllowed
from app.workflows.engine.moves import Lifecycle
from app.workflows.engine.rights import SAID, Actor, Right
from app.workflows.passkeys import NoRelyingParty
from app.workflows.poll_passkeys import AboutPasskeys
from app.workflows.rules.calendar import HANOI

SHOWN_PRESENCE = {"in_room": "ok", "remote": "info", "absent": "warn", "expected": ""}
USUAL_VOTE = dt.timedelta(minutes=15)  # what the field for the closing time begins with
Sheet = dict[str, Any]


def cockpit_page(actor: Actor, meeting_id: int, now: dt.datetime) -> dict[str, Any]:
    """The context of templates/ec/cockpit.html; NotAllowed for who sees the meeting and does not run it."""
    snapshot = live.snapshot(actor, meeting_id, now)
    meeting = db.session.get_one(Meeting, meeting_id)
    if not snapshot["desk"]:
        raise NotAllowed(meeting, right=SAID[Right.MEETING_RUN])
    item_id, poll_id = (snapshot[name] and snapshot[name]["id"] for name in ("current_item", "poll"))
    item = db.session.get(AgendaItem, item_id) if item_id else None
    poll = db.session.get(Poll, poll_id) if poll_id else None
    _draw_result(actor, snapshot, poll)
    return {
        "snapshot": snapshot,
        "cockpit": {
            "snapshot_url": url_for("CockpitView.snapshot", meeting_id=meeting_id),
            "meeting_url": url_for("MeetingView.page", meeting_id=meeting_id),
            "state_label": snapshot["meeting"]["state_label"], "state_kind": KINDS_OF_MEETING[meeting.state],
            "chair_label": _chair(snapshot), "conference_url": snapshot["meeting"]["conference_url"],
            "hall_url": url_for("HallView.screen", meeting_id=meeting_id),
            "course": course_strip(actor, meeting_id, now, item_id),
            "steps": _steps(poll) if poll or (item and item.kind is ItemKind.DECISION) else [],
            "side": _side(actor, snapshot, poll, now),
            "presence_rows": [_presence_row(actor, meeting, seat) for seat in snapshot["seats"]],
            "menu": _menu(actor, meeting, item, poll, snapshot, now),
            "unable": unable(meeting, now, *_span(snapshot, poll, now)),
        },
    }  # fmt: skip


def _span(snapshot: dict[str, Any], poll: Poll | None, now: dt.datetime) -> tuple[bool, dt.datetime | None]:
    """Whether a vote is about to open or is open, and until when it lasts."""
    if poll is not None and polls.takes_ballots(poll, now):
        return True, poll.closes_at
    move = snapshot["next_move"]
    return bool(move and move["name"] == "open_vote"), now + USUAL_VOTE


def unable(meeting: Meeting, now: dt.datetime, asked: bool, until: dt.datetime | None) -> list[str]:
    """Members who cannot sign a ballot, or not until the end of the vote, each with the reason."""
    if not asked:
        return []
    people = [(post.person_id, post.person.full_name) for post in polls.members_of(meeting.body_id, meeting.held_on)]
    return [f"{each.name} ({each.said.rstrip('.')})" for each in expiry.troubles(people, now, until)]


def _draw_result(actor: Actor, snapshot: dict[str, Any], poll: Poll | None) -> None:
    """The result as the template wants it, and the address of the draft.

    Where the two counts differ (rule:R45) the button says why nothing is published; the act itself refuses anyway.
    """
    if poll is not None and snapshot["poll"]["result"] is not None:
        result = snapshot["poll"]["result"] = shown_result(actor, poll)
        if result and result["counts"] and snapshot["next_move"]:
            snapshot["next_move"] |= {"enabled": False, "why_not": _("The two counts of this vote differ.")}
    document = snapshot["current_item"] and snapshot["current_item"]["document"]
    if document:
        document["url"] = f"/papers/{document['version_id']}"


def _chair(snapshot: dict[str, Any]) -> str:
    """Who presides now: over the item under way, else over the meeting."""
    item, meeting = snapshot["current_item"], snapshot["meeting"]
    chair_id = item["chair_id"] if item else meeting["chair_id"]
    seat = next((seat for seat in snapshot["seats"] if seat["person_id"] == chair_id), None)
    return f"{seat['post']} {seat['name']}" if seat else _("not named yet")


def _steps(poll: Poll | None) -> list[dict[str, Any]]:
    """The four taps of an item, and how far they have come."""
    order = {PollState.OPEN: 2, PollState.CLOSED: 3, PollState.PUBLISHED: 4}
    done = order.get(poll.state, 1) if poll else 1
    labels = [_("Open the item"), _("Open the vote"), _("Close the vote"), _("Publish")]
    return [{"label": label, "done": n < done, "current": n == done} for n, label in enumerate(labels)]


def _side(actor: Actor, snapshot: dict[str, Any], poll: Poll | None, now: dt.datetime) -> dict[str, str] | None:
    """Whoever presides as a member has a ballot too; then the whole result; at the end the minutes."""
    if snapshot["meeting"]["state"] == MeetingState.CLOSED:
        url = url_for("MeetingView.page", meeting_id=snapshot["meeting"]["id"], _anchor="minutes")
        return {"label": _("Minutes of the session"), "url": url, "icon": "file-text"}
    if poll is not None and poll.state is PollState.PUBLISHED:
        return {"label": _("The whole result"), "url": f"/polls/{poll.id}/result", "icon": "file-check"}
    own = next((seat for seat in snapshot["seats"] if seat["person_id"] == actor.person_id), None)
    if poll is None or not polls.takes_ballots(poll, now) or own is None or own["voted"] is None:
        return None
    return {"label": _("My ballot"), "url": f"/polls/{poll.id}", "icon": "vote"}


def _presence_row(actor: Actor, meeting: Meeting, seat: dict[str, Any]) -> dict[str, Any]:
    words = {"in_room": _("In the room"), "remote": _("Remotely"), "absent": _("Absent"), "expected": _("Not here yet")}
    note = _("sits in for %(name)s", name=seat["stands_in_for"]) if seat["stands_in_for"] else seat["name"]
    may = meeting.state in ANSWERABLE and actor.may(Right.PRESENCE_RECORD, meeting)
    return {
        "abbreviation": seat["abbreviation"], "post": seat["post"], "name": seat["name"], "note": note,
        "presence_label": words[seat["presence"]], "presence_kind": SHOWN_PRESENCE[seat["presence"]],
        "acts": _check_in(meeting.id, seat) if may else [],
    }  # fmt: skip


def _check_in(meeting_id: int, seat: dict[str, Any]) -> list[dict[str, Any]]:
    url = f"/meetings/{meeting_id}/seats/{seat['person_id']}/presence"
    choices = {
        "in_room": (_("In the room"), "user-check"),
        "remote": (_("Remotely"), "wifi"),
        "away": (_("Has left"), "log-out"),
    }
    here = seat["presence"] if seat["presence"] in ("in_room", "remote") else "away"
    return [
        {"label": label, "url": url, "icon": icon, "fields": {"presence": code}}
        for code, (label, icon) in choices.items()
        if code != here
    ]


def _menu(
    actor: Actor, meeting: Meeting, item: AgendaItem | None, poll: Poll | None, snapshot: dict[str, Any],
    now: dt.datetime,
) -> list[Sheet]:
    """The acts beside the next move, each in a sheet that asks for what it needs."""
    move = snapshot["next_move"]
    next_name = move and move["name"]
    sheets = _of_item(actor, item, poll, next_name) if item else []
    if item and next_name == "open_vote" and move["enabled"]:
        sheets.insert(0, _timed_vote_sheet(item, now))
    if item and next_name == "open_vote" and polls.will_demand_passkey(meeting, poll):
        sheets[:0] = _passkey_sheets(item, meeting)
    voting = poll is not None and poll.state is PollState.OPEN
    if not voting and _can(actor, meeting, meetings.LIFECYCLE, "adjourn"):
        sheets.append(_reason_sheet("adjourn", meeting, _("Adjourn the meeting"), "hourglass"))
    if actor.may(Right.CHAIR_HAND, meeting) and meeting.state not in (MeetingState.CLOSED, MeetingState.CANCELLED):
        sheets.append(_chair_sheet(meeting, item))
    if item is None and _can(actor, meeting, meetings.LIFECYCLE, "end") and next_name != "end_meeting":
        text = _("The meeting ends for everybody; items that were not dealt with stay open.")
        sheets.append(_sheet("end", _("End the meeting"), "flag", f"/meetings/{meeting.id}/end", text, danger=True))
    if _can(actor, meeting, meetings.LIFECYCLE, "postpone"):
        sheets.append(_reason_sheet("postpone", meeting, _("Postpone the meeting"), "calendar-clock"))
    if _can(actor, meeting, meetings.LIFECYCLE, "reschedule"):
        sheets.append(_new_time_sheet(meeting))
    if _can(actor, meeting, meetings.LIFECYCLE, "cancel"):
        sheets.append(_reason_sheet("cancel", meeting, _("Cancel the meeting"), "ban", danger=True))
    return sheets


def _of_item(actor: Actor, item: AgendaItem, poll: Poll | None, next_name: str | None) -> list[Sheet]:
    sheets = []
    standing = poll is not None and poll.state in (PollState.OPEN, PollState.CLOSED)
    if actor.may(Right.ITEM_RUN, item) and not standing and next_name != "close_item":
        text = _("The item is closed without a vote.")
        sheets.append(_sheet("close-item", _("Close the item"), "check", f"/items/{item.id}/close", text))
    if actor.may(Right.POLL_RUN, item) and next_name != "open_vote" and _may_vote_again(poll):
        sheets.append(_sheet("vote", _("Put the item to a vote"), "vote", f"/items/{item.id}/vote"))
    if poll is not None and (sheet := annulment_sheet(actor, poll)):
        sheets.append(sheet)
    return sheets


def _may_vote_again(poll: Poll | None) -> bool:
    """Nothing was decided yet: no vote, an annulled one, or one without a decision."""
    if poll is None or poll.state is PollState.ANNULLED:
        return True
    return poll.state is PollState.PUBLISHED and poll.outcome is not None and poll.outcome.value == "undecided"


def _can(actor: Actor, subject: Any, lifecycle: Lifecycle, name: str) -> bool:
    """Whether a move is possible from here for this person; its guards have their say when it is made."""
    move = lifecycle.moves[name]
    return subject.state in move.sources and actor.may(move.right, subject)


def _sheet(key: str, label: str, icon: str, url: str, text: str = "", danger: bool = False) -> Sheet:
    return {
        "key": key, "label": label, "title": label, "icon": icon, "url": url, "submit": label, "text": text,
        "danger": danger, "fields": [], "sign": False,
    }  # fmt: skip


def _reason_field() -> dict[str, Any]:
    return {"name": "reason", "label": _("Reason"), "type": "textarea", "required": True}


def _reason_sheet(key: str, meeting: Meeting, label: str, icon: str, danger: bool = False) -> Sheet:
    return _sheet(key, label, icon, f"/meetings/{meeting.id}/{key}", danger=danger) | {"fields": [_reason_field()]}


def _new_time_sheet(meeting: Meeting) -> Sheet:
    field = {"name": "starts_at", "label": _("New time"), "type": "datetime-local", "required": True}
    url = f"/meetings/{meeting.id}/reschedule"
    return _sheet("reschedule", _("Call for another time"), "calendar-clock", url) | {"fields": [field]}


def _timed_vote_sheet(item: AgendaItem, now: dt.datetime) -> Sheet:
    """The same act as the next move, with the moment from which the clock takes no ballot any more."""
    label = _("Open the vote until a set time")
    usual = (now + USUAL_VOTE).astimezone(HANOI)
    field = {
        "name": "closes_at", "label": _("Closes at"), "type": "datetime-local", "required": True,
        "value": f"{usual:%Y-%m-%dT%H:%M}",
        "help": _("From this moment no ballot is taken, and the system counts. Until then the vote can be closed "
                  "by hand, too."),
    }  # fmt: skip
    return _sheet("timed-vote", label, "hourglass", f"/items/{item.id}/vote", danger=True) | {"fields": [field]}


def _passkey_sheets(item: AgendaItem, meeting: Meeting) -> list[Sheet]:
    """The chair decides what a vote asks for that some members could not take part in; nothing when all could."""
    posts = poll_passkeys.without_passkey(polls.members_of(item.body_id, meeting.held_on))
    names = "; ".join(f"{post.post} {post.person.full_name}" for post in posts)
    text = _("This vote is meant to ask for a passkey beside the PIN. Without one: %(names)s.", names=names)
    options = [{"id": AboutPasskeys.PIN.value, "label": _("the PIN alone: everybody can vote")}]
    if relying_party() is None:
        text = str(NoRelyingParty.message)
    elif not posts:
        return []
    else:
        label = _("a passkey all the same: those named cannot vote")
        options.append({"id": AboutPasskeys.DEMAND.value, "label": label})
    field = {
        "name": "passkeys", "label": _("What this vote asks for"), "type": "select", "options": options,
        "value": AboutPasskeys.PIN.value, "help": _("It is fixed when the vote opens and stands in its definition."),
    }  # fmt: skip
    title = _("Open the vote: some members have no passkey")
    sheet = _sheet("passkey-vote", title, "key-round", f"/items/{item.id}/vote", text, danger=True)
    return [sheet | {"fields": [field]}]


def _chair_sheet(meeting: Meeting, item: AgendaItem | None) -> Sheet:
    people = [seat for seat in meeting.seats if _may_chair(seat)]
    options = [{"id": seat.person_id, "label": f"{seat.post} {seat.person.full_name}"} for seat in people]
    fields = [
        {"name": "person_id", "label": _("Who takes the chair"), "type": "select", "options": options,
         "value": meeting.chair_id}
    ]  # fmt: skip
    if item is not None and item.state is ItemState.CURRENT:
        spans = [{"id": "", "label": _("the whole meeting")}, {"id": item.id, "label": _("this item only")}]
        fields.append({"name": "item_id", "label": _("For"), "type": "select", "options": spans, "value": ""})
    url = f"/meetings/{meeting.id}/chair"
    return _sheet("chair", _("Hand over the chair"), "users", url) | {"fields": fields}


def _may_chair(seat: Seat) -> bool:
    return bool(seat.appointment and seat.appointment.office in (Office.HEAD, Office.DEPUTY_HEAD))
