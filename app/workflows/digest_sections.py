"""What a person is told in a digest (bản tin): one row for each section, each read as this person sees it."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import func, select

from app.extensions import db
from app.models import (
    AgendaItem,
    Body,
    Document,
    DocumentVersion,
    IssuedNumber,
    Meeting,
    MeetingState,
    Resolution,
    ResolutionState,
    Slip,
    Urgency,
)
from app.workflows.engine.rights import Actor
from app.workflows.engine.visibility import visible
from app.workflows.inbox import Task, TaskKind, waiting_for
from app.workflows.rules.digest import (
    CHANGED,
    DAILY,
    NEW,
    NOW,
    OPEN,
    SESSION,
    DigestContent,
    Line,
    Occasion,
    Section,
    with_sections,
)
from app.workflows.slip_waiting import waiting_slips

Words = Any  # translated when they are shown
COMING = (MeetingState.INVITED, MeetingState.OPEN, MeetingState.ADJOURNED)
HURRIED = (TaskKind.VOTE, TaskKind.TIE, TaskKind.PUBLISH, TaskKind.SIGN, TaskKind.ISSUE)  # somebody waits for it now


@dataclass(frozen=True)
class Source:
    """A section: what it is called, and what this person is told of a matter since a moment; None for nothing."""

    title: Words
    gather: Callable[[Actor, Any, dt.date, dt.datetime, dt.datetime], Section | None]


def daily(actor: Actor, body: Body, day: dt.date, since: dt.datetime, now: dt.datetime) -> DigestContent | None:
    """The digest of a day for this person; None when there is nothing to tell. `since` is aware: new is what is later.

    The number of statements is the same for everybody, whatever there is to tell.
    """
    head = _head(actor, body, DAILY, day, since, now)
    return with_sections(head, (source.gather(actor, body, day, since, now) for source in SECTIONS.values()))


def session(actor: Actor, meeting: Meeting, why: str, since: dt.datetime, now: dt.datetime) -> DigestContent | None:
    """The digest of a session for somebody who sees it; `why` is PAPERS or OPENING of rules/timetable.py."""
    about = Occasion(meeting.id, meeting.title, meeting.starts_at, why)
    head = _head(actor, meeting.body, SESSION, meeting.held_on, since, now, about)
    parts = (source.gather(actor, meeting, meeting.held_on, since, now) for source in SESSION_SECTIONS.values())
    return with_sections(head, parts)


def _head(
    actor: Actor, body: Body, kind: str, day: dt.date, since: dt.datetime, now: dt.datetime,
    occasion: Occasion | None = None,
) -> DigestContent:  # fmt: skip
    return DigestContent(
        kind, body.name, body.place, actor.name, actor.post, day, since, now, sections=(), occasion=occasion
    )


def _section(key: str, lines: Iterable[Line]) -> Section | None:
    found = tuple(lines)
    return Section(key, found) if found else None


# -- sessions and their papers ----------------------------------------------------------------------------------------


def _sessions(actor: Actor, body: Body, day: dt.date, since: dt.datetime, _now: dt.datetime) -> Section | None:
    rows = select(Meeting).where(Meeting.body_id == body.id, Meeting.held_on == day, visible(actor, Meeting))
    meetings = db.session.scalars(rows.where(Meeting.state.in_(COMING)).order_by(Meeting.starts_at, Meeting.id)).all()
    items, papers = _items_of(actor, meetings), _papers_of(actor, meetings)
    return _section("sessions", (line for one in meetings for line in _session_lines(one, items, papers, since)))


@dataclass(frozen=True)
class Paper:
    """The current version of a paper as far as this person may read it."""

    version: DocumentVersion
    title: str
    position: int
    invited_at: dt.datetime | None

    def released_since(self, since: dt.datetime) -> bool:
        """A paper is out when it is uploaded and the invitation is issued: before that no member sees it."""
        return max(self.version.uploaded_at, self.invited_at or self.version.uploaded_at) > since

    def line(self, *, below: bool) -> Line:
        """Below its session, or for itself among the new papers, where nobody needs to be told that it is new."""
        told: dict[str, str | int]
        told = {"title": self.title, "item": self.position, "version": self.version.number}
        first = (NEW,) if below else ()
        marks = first if self.version.number == 1 else (CHANGED,)
        return Line("paper", told, self.version.uploaded_at, f"/papers/{self.version.id}", marks, below)


def _items_of(actor: Actor, meetings: Sequence[Meeting]) -> Counter[int]:
    """How many items each of the meetings has for this person."""
    ids = [meeting.id for meeting in meetings]
    rows = select(AgendaItem.meeting_id, func.count()).where(AgendaItem.meeting_id.in_(ids), visible(actor, AgendaItem))
    found = db.session.execute(rows.group_by(AgendaItem.meeting_id)).all() if ids else []
    return Counter({meeting_id: count for meeting_id, count in found})


def _papers_of(actor: Actor, meetings: Sequence[Meeting]) -> list[Paper]:
    """The current version of every paper of the meetings, by item; what is secret has none."""
    invited = {meeting.id: meeting.invited_at for meeting in meetings}
    rows = select(DocumentVersion, Document.title, AgendaItem.position)
    rows = rows.join(Document, Document.id == DocumentVersion.document_id)
    rows = rows.join(AgendaItem, AgendaItem.id == Document.item_id)
    rows = rows.where(DocumentVersion.meeting_id.in_(list(invited)), visible(actor, DocumentVersion))
    rows = rows.order_by(AgendaItem.position, Document.position, Document.id, DocumentVersion.number)
    current: dict[int, Paper] = {}
    for version, title, position in db.session.execute(rows) if invited else ():
        current[version.document_id] = Paper(version, title, position, invited[version.meeting_id or 0])
    return list(current.values())


def _session_lines(meeting: Meeting, items: Counter[int], papers: list[Paper], since: dt.datetime) -> Iterable[Line]:
    own = [paper for paper in papers if paper.version.meeting_id == meeting.id]
    new = [paper for paper in own if paper.released_since(since)]
    told: dict[str, str | int] = {"title": meeting.title, "place": meeting.place}
    told |= {"items": items[meeting.id], "papers": len(own), "new": len(new)}
    marks = (OPEN,) if meeting.state is MeetingState.OPEN else ()
    yield Line("session", told, meeting.starts_at, f"/meetings/{meeting.id}", marks)
    yield from (paper.line(below=True) for paper in new)


def _agenda(actor: Actor, meeting: Meeting, _day: dt.date, _since: dt.datetime, _now: dt.datetime) -> Section | None:
    rows = select(AgendaItem).where(AgendaItem.meeting_id == meeting.id, visible(actor, AgendaItem))
    papers = Counter(paper.position for paper in _papers_of(actor, [meeting]))
    return _section("agenda", (
        Line("item", {"position": item.position, "title": item.title, "minutes": item.planned_minutes,
                      "papers": papers[item.position]}, address=f"/meetings/{meeting.id}#item-{item.id}")
        for item in db.session.scalars(rows.order_by(AgendaItem.position))
    ))  # fmt: skip


def _new_papers(actor: Actor, meeting: Meeting, _day: dt.date, since: dt.datetime, _now: dt.datetime) -> Section | None:
    papers = _papers_of(actor, [meeting])
    return _section("papers", (paper.line(below=False) for paper in papers if paper.released_since(since)))


# -- slips ------------------------------------------------------------------------------------------------------------

SOON = dt.timedelta(hours=24)  # before the deadline


def _slips(actor: Actor, body: Body, _day: dt.date, _since: dt.datetime, now: dt.datetime) -> Section | None:
    """What the member's own list counts too, of this body; the nearest deadline first."""
    found = (slip for slip in waiting_slips(actor, now) if slip.body_id == body.id)
    return _section("slips", (_slip_line(slip, now) for slip in found))


def _slip_line(slip: Slip, now: dt.datetime) -> Line:
    marks = () if slip.urgency is Urgency.NORMAL else (slip.urgency.value,)
    if slip.deadline_at and slip.deadline_at - now <= SOON:
        marks = (NOW, *marks)
    where = slip.organisation.name if slip.organisation else ""
    told = {"number": slip.number_text, "title": slip.matter, "where": where}
    return Line("slip", told, slip.deadline_at, f"/slips/{slip.id}", marks)


# -- what waits -------------------------------------------------------------------------------------------------------

ADDRESSES = {
    TaskKind.VOTE: "/polls/{id}", TaskKind.TIE: "/polls/{id}", TaskKind.PUBLISH: "/meetings/{meeting}/cockpit",
    TaskKind.SIGN: "/resolutions/{id}/sign", TaskKind.ISSUE: "/resolutions/{id}/issue",
    TaskKind.RECEIVE: "/resolutions/{id}", TaskKind.DRAFT: "/polls/{id}/result",
    TaskKind.DECIDE: "/slips/{id}/report", TaskKind.REPORT: "/slips/{id}/report",
    TaskKind.RESUBMIT: "/slips/{id}/report",
    TaskKind.RECOVERY: "/records/recoveries/{id}", TaskKind.ABSENCE: "/absences/",
    TaskKind.ANSWER: "/meetings/{id}", TaskKind.ENROL: "/keys/",
    TaskKind.OPINION: "/slips/{id}", TaskKind.APPROVE: "/slips/{id}/preview", TaskKind.RELEASE: "/slips/{id}/preview",
    TaskKind.MEND: "/slips/{id}/edit", TaskKind.ADVISE: "/slips/{id}/advice",
}  # fmt: skip


def _waiting(actor: Actor, body: Body, _day: dt.date, _since: dt.datetime, now: dt.datetime) -> Section | None:
    """In this body: what waits in another one is told in that one's digest. Slips have a section of their own."""
    tasks = (task for task in waiting_for(actor, now) if task.body_id == body.id and task.kind != TaskKind.OPINION)
    return _section("waiting", map(_task_line, tasks))


def _waiting_there(actor: Actor, meeting: Meeting, _day: dt.date, _since: dt.datetime, now: dt.datetime) -> Any:
    tasks = (task for task in waiting_for(actor, now) if task.meeting_id == meeting.id)
    return _section("waiting", map(_task_line, tasks))


def _task_line(task: Task) -> Line:
    address = ADDRESSES[task.kind].format(id=task.subject_id, meeting=task.meeting_id)
    marks = (NOW,) if task.kind in HURRIED else ()
    return Line(f"task.{task.kind}", {"title": task.title, "where": task.where}, task.at, address, marks)


# -- what was decided -------------------------------------------------------------------------------------------------


def _promulgated(actor: Actor, body: Body, _day: dt.date, since: dt.datetime, now: dt.datetime) -> Section | None:
    rows = select(Resolution, IssuedNumber.text).outerjoin(IssuedNumber, IssuedNumber.resolution_id == Resolution.id)
    rows = rows.where(Resolution.body_id == body.id, Resolution.state == ResolutionState.PROMULGATED)
    rows = rows.where(Resolution.promulgated_at > since, Resolution.promulgated_at <= now, visible(actor, Resolution))
    found = db.session.execute(rows.order_by(Resolution.promulgated_at, Resolution.id))
    return _section("promulgated", (_resolution_line(resolution, number or "") for resolution, number in found))


def _resolution_line(resolution: Resolution, number: str) -> Line:
    told = {"number": number, "subject": resolution.subject, "signer": resolution.signer_post}
    marks = () if resolution.urgency is Urgency.NORMAL else (resolution.urgency.value,)
    return Line("resolution", told, resolution.promulgated_at, f"/resolutions/{resolution.id}", marks)


SECTIONS: dict[str, Source] = {
    # key           title                                    what this person is told
    "sessions":     Source(_("Sessions of the day"),         _sessions),
    "slips":        Source(_("Slips waiting for your answer"), _slips),
    "waiting":      Source(_("Waiting for you"),             _waiting),
    "promulgated":  Source(_("Resolutions promulgated"),     _promulgated),
}  # fmt: skip
"""The daily digest, in the order of its sections: a new room adds its row here and its lines in digest_words.py."""

SESSION_SECTIONS: dict[str, Source] = {
    "papers":       Source(_("New papers"),                  _new_papers),
    "waiting":      Source(_("Waiting for you"),             _waiting_there),
    "agenda":       Source(_("Agenda of the session"),       _agenda),
}  # fmt: skip
"""The same for a session digest; these are asked about a meeting instead of a body."""
