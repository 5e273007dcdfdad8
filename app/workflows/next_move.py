"""The one next move of a meeting: what the chair or the secretary does now, or why it cannot be done yet."""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _

from app.models import AgendaItem, ItemKind, Meeting, MeetingState, Outcome, Poll, PollState
from app.workflows import poll_passkeys, polls
from app.workflows.engine.errors import WorkflowError
from app.workflows.engine.rights import SAID, Actor, Right


@dataclass(frozen=True)
class Attendance:
    """Members present against the quorum (rule:R3); `unclear` when no rule set is in force."""

    members: int
    in_room: int
    remote: int
    present: int
    needed: int
    source: str
    unclear: WorkflowError | None

    @property
    def reached(self) -> bool:
        return self.unclear is None and self.members > 0 and self.present >= self.needed

    def as_dict(self) -> dict[str, Any]:
        """For the screens: a member who is neither in the room nor connected is absent."""
        return {
            "members": self.members, "in_room": self.in_room, "remote": self.remote,
            "absent": self.members - self.in_room - self.remote, "present": self.present, "needed": self.needed,
            "reached": self.reached, "source": self.source,
        }  # fmt: skip


@dataclass(frozen=True)
class Table:
    """What lies on the table: the meeting, the item under way with its poll, and the item after it."""

    meeting: Meeting
    presence: Attendance
    item: AgendaItem | None
    poll: Poll | None
    planned: AgendaItem | None


@dataclass(frozen=True)
class Kind:
    """One kind of move: what the button says, where it is sent, whether it cannot be taken back, who may."""

    label: Any
    address: str
    right: Right
    danger: bool = False
    method: str = "POST"


KINDS = {
    "open_meeting": Kind(_("Open the meeting"), "/meetings/{id}/open", Right.MEETING_RUN),
    "resume_meeting": Kind(_("Resume the meeting"), "/meetings/{id}/resume", Right.MEETING_RUN),
    "open_item": Kind(_("Open item %(n)s"), "/items/{id}/open", Right.ITEM_RUN),
    "open_vote": Kind(_("Open the vote"), "/items/{id}/vote", Right.POLL_RUN, danger=True),
    "close_vote": Kind(_("Close the vote"), "/polls/{id}/close", Right.POLL_RUN, danger=True),
    "confirm_tie": Kind(
        _("Confirm the consequence of the tie"), "/polls/{id}/tie", Right.POLL_CONFIRM_TIE, danger=True, method="SIGN"
    ),
    "publish": Kind(_("Publish the result"), "/polls/{id}/publish", Right.POLL_PUBLISH, danger=True),
    "close_item": Kind(_("Close item %(n)s"), "/items/{id}/close", Right.ITEM_RUN),
    "end_meeting": Kind(_("End the meeting"), "/meetings/{id}/end", Right.MEETING_RUN, danger=True),
}
NEEDS_QUORUM = frozenset({"open_meeting", "resume_meeting", "open_vote"})


def of(actor: Actor, table: Table) -> dict[str, Any] | None:
    """Name, label and address of the next move, and whether it can be made now; None when nothing is left to do."""
    name, subject = _next(actor, table)
    if name is None or subject is None:
        return None
    kind = KINDS[name]
    why_not = _why_not(actor, table, name, subject)
    return {
        "name": name, "label": str(kind.label) % {"n": getattr(subject, "position", "")},
        "url": kind.address.format(id=subject.id), "danger": kind.danger, "method": kind.method,
        "enabled": why_not is None, "why_not": why_not,
    }  # fmt: skip


def tie_waits(poll: Poll) -> bool:
    """Whether the head of the body still has to confirm what a tie means (rule:R2)."""
    return (
        poll.state is PollState.CLOSED and poll.outcome is Outcome.TIE_CONFIRM and poll.tie_confirmation_id is None
    )


def _next(actor: Actor, table: Table) -> tuple[str | None, Any]:
    meeting = table.meeting
    if meeting.state is MeetingState.INVITED:
        return "open_meeting", meeting
    if meeting.state is MeetingState.ADJOURNED:
        return "resume_meeting", meeting
    if meeting.state is not MeetingState.OPEN:
        return None, None
    if table.item is not None:
        return _next_of_item(actor, table.item, table.poll)
    return ("open_item", table.planned) if table.planned else ("end_meeting", meeting)


def _next_of_item(actor: Actor, item: AgendaItem, poll: Poll | None) -> tuple[str, Any]:
    if poll is None or poll.state is PollState.ANNULLED:
        return ("open_vote", item) if item.kind is ItemKind.DECISION else ("close_item", item)
    if poll.state is PollState.OPEN:
        return "close_vote", poll
    if poll.state is PollState.CLOSED:
        return ("confirm_tie" if tie_waits(poll) and actor.may(Right.POLL_CONFIRM_TIE, poll) else "publish"), poll
    if poll.state is PollState.PUBLISHED:
        return "close_item", item
    return "open_vote", item


def _why_not(actor: Actor, table: Table, name: str, subject: Any) -> str | None:
    """The sentence of the refusal that the act would answer with now."""
    if not actor.may(KINDS[name].right, subject):
        return str(SAID[KINDS[name].right])
    try:
        if name in NEEDS_QUORUM:
            _require_quorum(table)
        if table.poll is not None and name == "open_vote":
            polls.draft_is_current(table.poll)
        if name == "open_vote" and polls.will_demand_passkey(table.meeting, table.poll):
            poll_passkeys.require_all(subject, polls.members_of(table.meeting.body_id, table.meeting.held_on))
        if table.poll is not None and name == "publish":
            polls.tie_confirmed(table.poll)
    except WorkflowError as refusal:
        return str(refusal)
    return None


def _require_quorum(table: Table) -> None:
    presence = table.presence
    if presence.unclear is not None:
        raise presence.unclear
    if not presence.reached:
        raise polls.NoQuorum(
            table.meeting, present=presence.present, members=presence.members, needed=presence.needed,
            source=presence.source,
        )  # fmt: skip
