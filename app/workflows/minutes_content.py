"""What the record of a closed session holds for its minutes (biên bản phiên họp), put together for the paper."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask_babel import force_locale
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from app.extensions import db
from app.gateways import paper
from app.models import (
    Absence,
    AbsenceState,
    AgendaItem,
    AuditEntry,
    Document,
    LogKind,
    Meeting,
    Office,
    Poll,
    PollState,
    Resolution,
    ResolutionState,
    Seat,
    SeatRole,
    Secrecy,
)
from app.workflows import attendance, evidence, installation_log, meetings, sealed, witnessing
from app.workflows.engine.words import word
from app.workflows.installation_log import Mark
from app.workflows.rules.calendar import HANOI, official_date
from app.workflows.rules.canonical import parse_canonical
from app.workflows.rules.minutes import AWAY, Stay, dissents, stay
from app.workflows.rules.result import public_view

LANGUAGE = "vi"  # they are kept as the record of a session, whatever language whoever asked for them has chosen
END = "việc bế mạc phiên họp"
ENDED = {ResolutionState.RECALLED: " (đã thu hồi)", ResolutionState.REPLACED: " (đã được thay thế)"}
OUT = (ResolutionState.PROMULGATED, *ENDED)
NEUTRAL_TITLE = "Tài liệu"  # the title of a top secret paper is not written into registers
Facts = Mapping[str, Sequence[AuditEntry]]


def sheet_of(meeting: Meeting, demo: bool) -> paper.MinutesSheet:
    """Everything that the minutes of a closed session say; every published vote is verified and counted again first.

    EvidenceBroken when what is stored of a vote contradicts itself.
    """
    opened, closed = meeting.opened_at, meeting.closed_at
    if opened is None or closed is None:
        raise ValueError("a session that was not closed has no minutes")
    facts, polls = _facts(meeting), _polls(meeting)
    with force_locale(LANGUAGE):
        stays, (chair, chairs) = _stays(meeting, facts, opened, closed), _chairs(meeting, facts, opened)
        return paper.MinutesSheet(
            title=meeting.title, body=meeting.body.name, issued_in=meeting.body.place, place=meeting.place,
            opened_at=opened, closed_at=closed, chair=chair, chairs=chairs, secretary=_secretary(meeting),
            breaks=tuple(_breaks(facts)), members=tuple(_members(meeting, stays)),
            substitutes=tuple(_seated(meeting, stays, SeatRole.SUBSTITUTE)),
            guests=tuple(_seated(meeting, stays, SeatRole.GUEST)), matters=tuple(_matters(meeting, polls)),
            proved=tuple(_proved(meeting, polls)), demo=demo,
        )  # fmt: skip


def _facts(meeting: Meeting) -> Facts:
    """What the audit log tells of the meeting, by the name of the fact, each in its order."""
    absences = select(Absence.id).where(Absence.meeting_id == meeting.id)
    of_meeting = (AuditEntry.subject_type == Meeting.__tablename__) & (AuditEntry.subject_id == meeting.id)
    of_absence = (AuditEntry.subject_type == Absence.__tablename__) & AuditEntry.subject_id.in_(absences)
    found: dict[str, list[AuditEntry]] = defaultdict(list)
    for entry in db.session.scalars(select(AuditEntry).where(of_meeting | of_absence).order_by(AuditEntry.id)):
        found[entry.fact].append(entry)
    return found


# -- who was there ----------------------------------------------------------------------------------------------------


def _stays(meeting: Meeting, facts: Facts, opened: dt.datetime, closed: dt.datetime) -> dict[int, Stay]:
    """Of each seat by its person: asking for leave or a new date takes back that somebody was checked in."""
    changed = facts[attendance.PresenceChanged.__name__]
    steps = [(each, each.payload["person_id"], each.payload["presence"]) for each in changed]
    steps += [(each, each.payload["member_id"], AWAY) for each in facts[attendance.AbsenceRequested.__name__]]
    steps += [(each, None, AWAY) for each in facts[meetings.MeetingRescheduled.__name__]]
    steps.sort(key=lambda step: step[0].id)
    return {
        seat.person_id: stay(
            [(entry.at, place) for entry, person_id, place in steps if person_id in (None, seat.person_id)],
            opened, closed,
        )
        for seat in meeting.seats
    }  # fmt: skip


def _members(meeting: Meeting, stays: Mapping[int, Stay]) -> Iterator[paper.Attendee]:
    granted = select(Absence).where(Absence.meeting_id == meeting.id, Absence.state == AbsenceState.APPROVED)
    absences = {absence.member_id: absence for absence in db.session.scalars(granted)}
    sitting = {seat.stands_in_for_id: seat for seat in meeting.seats if seat.stands_in_for_id}
    for seat in meeting.seats:
        if not seat.is_member:
            continue
        absence, substitute = absences.get(seat.person_id), sitting.get(seat.person_id)
        here = stays[seat.person_id]
        reason = absence.reason if absence and not here.place else ""
        instead = _named(substitute) if substitute else ""
        yield paper.Attendee(seat.person.full_name, seat.post, *here, reason=reason, substitute=instead)


def _seated(meeting: Meeting, stays: Mapping[int, Stay], role: SeatRole) -> Iterator[paper.Attendee]:
    seats = {seat.person_id: seat for seat in meeting.seats}
    for seat in meeting.seats:
        if seat.role is role:
            absent = seats.get(seat.stands_in_for_id or 0)
            instead = _named(absent) if absent else ""
            yield paper.Attendee(seat.person.full_name, seat.post, *stays[seat.person_id], for_whom=instead)


def _secretary(meeting: Meeting) -> str:
    return "; ".join(_named(seat) for seat in meeting.seats if seat.role is SeatRole.SECRETARY)


def _chairs(meeting: Meeting, facts: Facts, opened: dt.datetime) -> tuple[str, tuple[tuple[dt.datetime, str], ...]]:
    """Who had the chair at the opening, and to whom it went later; single items say so themselves."""
    seats = {seat.person_id: seat for seat in meeting.seats}
    handed = [each for each in facts[meetings.ChairHanded.__name__] if each.payload["item_id"] is None]
    told = [(each.at, _named(seats[each.payload["to_person_id"]])) for each in handed
            if each.payload["to_person_id"] in seats]  # fmt: skip
    later = tuple(each for each in told if each[0] > opened)
    earlier = [name for at, name in told if at <= opened]
    if not later:
        return _named(seats[meeting.chair_id]) if meeting.chair_id in seats else "", ()
    heads = [_named(s) for s in meeting.seats if s.appointment and s.appointment.office is Office.HEAD]
    return (earlier or heads or [""])[-1], later


def _named(seat: Seat) -> str:
    return f"{seat.person.full_name}, {seat.post}"


def _breaks(facts: Facts) -> Iterator[paper.Break]:
    resumed = [each.at for each in facts[meetings.MeetingResumed.__name__]]
    for each in facts[meetings.MeetingAdjourned.__name__]:
        until = next((at for at in resumed if at >= each.at), None)
        yield paper.Break(each.at, until, each.payload["reason"])


# -- what was dealt with ----------------------------------------------------------------------------------------------


def _matters(meeting: Meeting, polls: Sequence[Poll]) -> Iterator[paper.Matter]:
    seats, papers = {seat.person_id: seat for seat in meeting.seats}, _papers(meeting)
    rows = select(AgendaItem).where(AgendaItem.meeting_id == meeting.id).options(joinedload(AgendaItem.organisation))
    for item in db.session.scalars(rows.order_by(AgendaItem.position)).all():
        chair = seats.get(item.chair_id or 0)
        yield paper.Matter(
            position=item.position, title=item.title, planned=item.planned_minutes, opened_at=item.opened_at,
            organisation=item.organisation.name if item.organisation else "", closed_at=item.closed_at,
            chair=_named(chair) if chair else "", papers=tuple(papers[item.id]),
            votes=tuple(_vote(poll) for poll in polls if poll.item_id == item.id),
        )  # fmt: skip


def _papers(meeting: Meeting) -> Mapping[int, list[str]]:
    """The titles of each item's papers; of what exists in print only, its degree and number."""
    found: dict[int, list[str]] = defaultdict(list)
    rows = select(Document).where(Document.meeting_id == meeting.id).options(selectinload(Document.versions))
    for document in db.session.scalars(rows.order_by(Document.position, Document.id)):
        if document.secrecy is not Secrecy.NONE:
            title = NEUTRAL_TITLE if document.secrecy is Secrecy.TOP_SECRET else document.title
            degree = f"{word(document.secrecy)}, bản in số {document.paper_number}"
            found[document.item_id or 0].append(f"{title} ({degree})")
        elif document.current:
            found[document.item_id or 0].append(document.title)
    return found


def _polls(meeting: Meeting) -> list[Poll]:
    """The votes that are over, in the order in which they were opened."""
    rows = select(Poll).where(Poll.meeting_id == meeting.id, Poll.state.in_(evidence.OVER), Poll.opened_at.is_not(None))
    return list(db.session.scalars(rows.order_by(Poll.opened_at, Poll.id)))


def _vote(poll: Poll) -> paper.Vote:
    """rule:R74: figures only of what is published, names only where they are displayed."""
    result = _result(poll) if poll.state is PollState.PUBLISHED else None
    if poll.opened_at is None or (poll.closed_at is None and poll.annulled_at is None):
        raise ValueError(f"vote {poll.id} is not over")
    ended: Any = poll.closed_at or poll.annulled_at
    return paper.Vote(
        question=poll.question, opened_at=poll.opened_at, closed_at=ended, annulled=poll.state is PollState.ANNULLED,
        result=result, dissents=tuple(dissents(result)) if result else (), resolutions=tuple(_resolutions(poll)),
    )  # fmt: skip


def _result(poll: Poll) -> dict[str, Any]:
    return public_view(parse_canonical(sealed.checked(poll).result or b""))


def _resolutions(poll: Poll) -> Iterator[str]:
    """Those that are out; what is still being made is nobody's business here."""
    rows = select(Resolution).where(Resolution.poll_id == poll.id, Resolution.state.in_(OUT)).order_by(Resolution.id)
    for one in db.session.scalars(rows):
        if one.number is not None and one.promulgated_at is not None:
            day = official_date(one.promulgated_at.astimezone(HANOI).date())
            about = one.subject.replace("Về ", "về ", 1) if one.subject.startswith("Về ") else one.subject
            yield f"Nghị quyết số {one.number.text} {day} {about}{ENDED.get(one.state, '')}."


# -- what proves it ---------------------------------------------------------------------------------------------------


def _proved(meeting: Meeting, polls: Sequence[Poll]) -> Iterator[paper.Proved]:
    """Each checkpoint that first covers a vote, and the one over the end; one that covers several stands once."""
    subjects: list[tuple[str, Mark | None]] = [
        (f"biểu quyết tại nội dung {poll.item.position}", installation_log.mark_of_poll(poll.id)) for poll in polls
    ]
    subjects.append((END, _mark_of_end(meeting)))
    grouped: dict[int, tuple[list[str], Mark | None]] = {}
    for words, mark in subjects:
        about, _mark = grouped.setdefault(mark.checkpoint_id if mark else 0, ([], mark))
        if words not in about:
            about.append(words)
    for about, mark in grouped.values():
        yield paper.Proved(" và ".join(about), evidence.printed(mark, witnessing.confirmations_of(mark)))


def _mark_of_end(meeting: Meeting) -> Mark | None:
    """Of a session that ended when ends had no entry of their own, the checkpoint over the fact that it ended."""
    own = installation_log.mark_of_meeting(meeting.id)
    if own is not None:
        return own
    ended = _facts(meeting)[meetings.MeetingEnded.__name__]
    return installation_log.mark_over(installation_log.entry_of((LogKind.AUDIT,), ended[-1].id)) if ended else None
