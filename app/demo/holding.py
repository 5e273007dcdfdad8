"""How a session of the programme comes about: prepared, called, answered and held, as steps with their dates."""

import datetime as dt
import io
from collections.abc import Callable, Iterator
from functools import partial

from sqlalchemy import select

from app.demo import issuing, voting
from app.demo.backstage import Backstage
from app.demo.history import Step
from app.demo.programme import Item, Paper, Session, Vote
from app.extensions import db
from app.models import Absence, AbsenceState, DocumentKind, Outcome, Poll, Presence, Reply, SeatRole
from app.workflows import agenda, attendance, documents, draft_texts, meetings, polls

HEAD = voting.HEAD
DAY, HOUR, MINUTE, SECOND = (dt.timedelta(**{unit: 1}) for unit in ("days", "hours", "minutes", "seconds"))
VOTING, AFTERWARDS = 2 * MINUTE, 3 * MINUTE  # a vote stays open so long, and so long it is spoken of
BEFORE_DOORS = 28 * MINUTE  # the first to arrive


def prepared(session: Session) -> Iterator[Step]:
    """The clerk prepares agenda and seats, then brings in the papers."""
    yield Step(session.prepared_at, partial(_prepare, session))
    yield Step(session.prepared_at + 2 * HOUR, partial(_announce_papers, session))
    yield Step(session.prepared_at + 3 * HOUR, partial(_bring_papers, session), alone=True)


def called(session: Session) -> Iterator[Step]:
    """The invitation is issued, members answer it, the head decides on absences."""
    at = session.invited_at
    yield Step(at, lambda stage, now: _invite(session, stage, now))
    yield Step(_next_morning(at), partial(_answer, session))
    for number, leave in enumerate(session.leaves):
        asked = at + DAY + number * HOUR
        yield Step(asked, partial(_ask, session, number))
        if leave.granted is not None:
            yield Step(asked + 4 * HOUR, partial(_decide, session, number))
        if leave.granted is False:
            yield Step(asked + 5 * HOUR, partial(_come_after_all, session, leave.handle))


def held(session: Session) -> Iterator[Step]:
    """Doors, opening, one item after the other, the end."""
    at = session.starts_at
    others = (session.secretary, *(guest.handle for guest in session.guests))
    stand_ins = tuple(leave.substitute for leave in session.leaves if leave.granted and leave.substitute)
    yield Step(at - BEFORE_DOORS, checked_in(session, (*others, *session.attending, *stand_ins)))
    yield Step(at, lambda stage, now: _run(meetings.open_meeting, session, stage, now))
    at += 4 * MINUTE
    for position, item in enumerate(session.items, start=1):
        steps = list(_item_held(session, position, item, at))
        yield from steps
        at = steps[-1].at + 3 * MINUTE
    yield Step(at, lambda stage, now: _run(meetings.end_meeting, session, stage, now))


def checked_in(session: Session, handles: tuple[str, ...]) -> Callable[[Backstage, dt.datetime], None]:
    """Those handles check in one after the other, remotely where they had answered so."""

    def check_in(stage: Backstage, at: dt.datetime) -> None:
        meeting_id = stage.meeting_id(session.title)
        for number, handle in enumerate(handles):
            presence = Presence.REMOTE if handle in session.remote else Presence.IN_ROOM
            now = at + number * 40 * SECOND
            attendance.confirm_presence(stage.who(handle, now), meeting_id, presence, now)

    return check_in


def draft_question(session: Session, position: int) -> Callable[[Backstage, dt.datetime], None]:
    """The clerk writes down the question for an item over its draft Resolution."""
    item = session.items[position - 1]

    def draft(stage: Backstage, at: dt.datetime) -> None:
        version = stage.paper(session.title, position, _place_of_draft(item)).current
        item_id = stage.item_id(session.title, position)
        clerk = stage.who(session.clerk, at)
        polls.draft_poll(clerk, item_id, item.question, at, document_version_id=version and version.id)

    return draft


def put_off(session: Session, by: str, reason: str) -> Callable[[Backstage, dt.datetime], None]:
    return lambda stage, at: _end_early(meetings.postpone_meeting, session, by, reason, stage, at)


def called_off(session: Session, by: str, reason: str) -> Callable[[Backstage, dt.datetime], None]:
    return lambda stage, at: _end_early(meetings.cancel_meeting, session, by, reason, stage, at)


def _next_morning(at: dt.datetime) -> dt.datetime:
    return at.replace(hour=8, minute=30) + DAY


def _end_early(
    act: Callable[..., object], session: Session, by: str, reason: str, stage: Backstage, at: dt.datetime
) -> None:
    act(stage.who(by, at), stage.meeting_id(session.title), reason, at)


def _prepare(session: Session, stage: Backstage, at: dt.datetime) -> None:
    clerk = stage.who(session.clerk, at)
    meeting_id = meetings.create_meeting(
        clerk, stage.bodies[session.body], session.kind, session.title, session.starts_at, session.place, at,
        planned_minutes=session.minutes, conference_url=session.conference_url,
    ).id  # fmt: skip
    now = at + 6 * MINUTE
    meetings.add_seat(clerk, meeting_id, stage.people[session.secretary], SeatRole.SECRETARY, now)
    for item in session.items:
        now += 7 * MINUTE
        agenda.add_item(
            clerk, meeting_id, item.title, item.kind, now, organisation_id=stage.organisations[item.organisation],
            summary=item.summary, planned_minutes=item.minutes,
        )  # fmt: skip
    for guest in session.guests:
        item_ids = tuple(stage.item_id(session.title, position) for position in guest.positions)
        person_id = stage.people[guest.handle]
        meetings.add_seat(clerk, meeting_id, person_id, SeatRole.GUEST, now + MINUTE, item_ids, guest.post)


def _announce_papers(session: Session, stage: Backstage, at: dt.datetime) -> None:
    clerk = stage.who(session.clerk, at)
    for position, item in enumerate(session.items, start=1):
        item_id = stage.item_id(session.title, position)
        for paper in item.papers:
            documents.add_paper(clerk, item_id, paper.title, paper.kind, at, paper.secrecy, paper.number)
            at += 50 * SECOND


def _bring_papers(session: Session, stage: Backstage, at: dt.datetime) -> None:
    for position, item in enumerate(session.items, start=1):
        for place, paper in enumerate(item.papers, start=1):
            if paper.make is not None:
                _bring(session, position, place, paper, 1, stage, at)
                at += 80 * SECOND


def _bring(
    session: Session, position: int, place: int, paper: Paper, version: int, stage: Backstage, at: dt.datetime
) -> None:
    """Write or upload a version unless it is there already."""
    announced = stage.paper(session.title, position, place)
    if paper.make is None or len(announced.versions) >= version:
        return
    clerk = stage.who(session.clerk, at)
    if paper.text is not None:
        draft_texts.write_draft(clerk, documents.item_of(announced).id, paper.text(), at)
    else:
        documents.add_version(clerk, announced.id, paper.file_name, io.BytesIO(paper.make()), at)


def _invite(session: Session, stage: Backstage, at: dt.datetime) -> None:
    meetings.issue_invitation(stage.who(session.invited_by, at), stage.meeting_id(session.title), at)


def _answer(session: Session, stage: Backstage, at: dt.datetime) -> None:
    meeting_id = stage.meeting_id(session.title)
    waiting = {leave.handle for leave in session.leaves} | set(session.unanswered)
    answering = (session.secretary, *session.members, *(guest.handle for guest in session.guests))
    for number, handle in enumerate(handle for handle in answering if handle not in waiting):
        reply = Reply.REMOTE if handle in session.remote else Reply.IN_ROOM
        now = at + number * 9 * MINUTE
        attendance.answer_invitation(stage.who(handle, now), meeting_id, reply, now)


def _ask(session: Session, number: int, stage: Backstage, at: dt.datetime) -> None:
    leave = session.leaves[number]
    stand_in = stage.people[leave.substitute] if leave.substitute else None
    member, meeting_id = stage.who(leave.handle, at), stage.meeting_id(session.title)
    attendance.ask_absence(member, meeting_id, leave.reason, at, substitute_id=stand_in)


def _decide(session: Session, number: int, stage: Backstage, at: dt.datetime) -> None:
    leave = session.leaves[number]
    waiting = select(Absence.id).where(
        Absence.meeting_id == stage.meeting_id(session.title), Absence.member_id == stage.people[leave.handle],
        Absence.state == AbsenceState.REQUESTED,
    )  # fmt: skip
    absence_id = db.session.scalars(waiting).one()
    attendance.decide_absence(stage.who(HEAD, at), absence_id, bool(leave.granted), at, reason=leave.answer)


def _come_after_all(session: Session, handle: str, stage: Backstage, at: dt.datetime) -> None:
    reply = Reply.REMOTE if handle in session.remote else Reply.IN_ROOM
    attendance.answer_invitation(stage.who(handle, at), stage.meeting_id(session.title), reply, at)


def _run(act: Callable[..., object], session: Session, stage: Backstage, at: dt.datetime) -> None:
    act(stage.who(HEAD, at), stage.meeting_id(session.title), at)


def _item_held(session: Session, position: int, item: Item, at: dt.datetime) -> Iterator[Step]:
    if item.chair:
        yield Step(at - MINUTE, partial(_hand_chair, session, position, item.chair))
    yield Step(at, partial(_at_the_desk, agenda.open_item, session, position))
    at += item.minutes * MINUTE
    if item.question and item.votes:
        yield Step(at - MINUTE, draft_question(session, position))
    for number, vote in enumerate(item.votes, start=1):
        if vote.revised is not None:
            bring = partial(_bring, session, position, _place_of_draft(item), vote.revised, 2)
            yield Step(at, bring, alone=True)
            at += 5 * MINUTE
        yield from _vote_held(session, position, number, vote, at)
        at += VOTING + AFTERWARDS
    yield Step(at, partial(_at_the_desk, agenda.close_item, session, position))


def _vote_held(session: Session, position: int, number: int, vote: Vote, at: dt.datetime) -> Iterator[Step]:
    yield Step(at, partial(_at_the_desk, polls.put_to_vote, session, position))
    for which in (0, 1):
        yield Step(at + (4 + which) * SECOND, partial(_cast_round, session, position, number, vote, which), alone=True)
    if vote.annulled:
        yield Step(at + VOTING, partial(_annul, session, position, number, vote.annulled), alone=True)
        return
    yield Step(at + VOTING, partial(_on_the_vote, polls.close_poll, session, position, number))
    yield Step(at + VOTING + 20 * SECOND, partial(_confirm, session, position, number), alone=True)
    yield from issuing.issued(session, position, number, vote.issuance, at + VOTING)


def _cast_round(
    session: Session, position: int, number: int, vote: Vote, which: int, stage: Backstage, at: dt.datetime
) -> None:
    poll_id = stage.poll_id(session.title, position, number)
    began = at - which * SECOND
    voting.cast(stage, poll_id, voting.marks(vote, session.attending, poll_id, began)[which])


def _annul(session: Session, position: int, number: int, reason: str, stage: Backstage, at: dt.datetime) -> None:
    voting.annul(stage, stage.poll_id(session.title, position, number), reason, at)


def _confirm(session: Session, position: int, number: int, stage: Backstage, at: dt.datetime) -> None:
    """A tie waits for the head; any other result needs nothing."""
    poll_id = stage.poll_id(session.title, position, number)
    if db.session.get_one(Poll, poll_id).outcome is Outcome.TIE_CONFIRM:
        voting.confirm_tie(stage, poll_id, at)


def _hand_chair(session: Session, position: int, chair: str, stage: Backstage, at: dt.datetime) -> None:
    meeting_id, item_id = stage.meeting_id(session.title), stage.item_id(session.title, position)
    meetings.hand_chair(stage.who(HEAD, at), meeting_id, stage.people[chair], at, item_id=item_id)


def _at_the_desk(
    act: Callable[..., object], session: Session, position: int, stage: Backstage, at: dt.datetime
) -> None:
    act(stage.who(session.secretary, at), stage.item_id(session.title, position), at)


def _on_the_vote(
    act: Callable[..., object], session: Session, position: int, number: int, stage: Backstage, at: dt.datetime
) -> None:
    act(stage.who(session.secretary, at), stage.poll_id(session.title, position, number), at)


def _place_of_draft(item: Item) -> int:
    kinds = [paper.kind for paper in item.papers]
    return kinds.index(DocumentKind.DRAFT_RESOLUTION) + 1
