"""The life of a meeting: prepared, called, opened, broken off, ended, put off or called off; and who sits."""

import datetime as dt

import pytest

from app.extensions import db
from app.models import (
    FOREVER,
    Appointment,
    AuditEntry,
    Meeting,
    MeetingKind,
    MeetingState,
    Office,
    Presence,
    Reply,
    Seat,
    SeatRole,
)
from app.workflows import agenda, attendance, meetings, polls
from app.workflows.engine.errors import NotAllowed, NotFound, WrongState
from app.workflows.engine.text import BadText
from app.workflows.engine.transaction import own_transaction
from tests.cabinet import NOW

OUTSIDE = [(m, s) for m in meetings.LIFECYCLE.moves.values() for s in MeetingState if s not in m.sources]


@pytest.mark.parametrize(("move", "state"), OUTSIDE, ids=lambda value: getattr(value, "name", None))
def test_a_move_is_refused_from_every_state_outside_its_row(app, people, move, state):
    subject = Meeting(id=1, body_id=1, state=state, seats=[])
    capable = people["chairman"] if move.right.value == "meeting:invite" else people["head"]
    if move.right.value == "meeting:run":
        from app.workflows.engine.rights import Actor

        capable = Actor(1, seats=frozenset({(1, SeatRole.CHAIR)}))
    with pytest.raises(WrongState):
        meetings.LIFECYCLE.admit(move.name, subject, capable)


def test_the_seats_follow_the_roll_of_the_meetings_date_and_the_head_has_the_chair(scene):
    members = [seat for seat in scene.meeting.seats if seat.is_member]
    assert [seat.abbreviation for seat in members] == ["TTg", "TTg", "BXD", "BYT", "VPCP"]
    assert scene.meeting.chair_id == scene.who["head"].person_id


def test_a_minister_replaced_next_week_still_sits_this_week(scene):
    leaves, successor = dt.date(2026, 8, 15), scene.who["under_a"].person_id
    with own_transaction() as session:
        old = session.query(Appointment).filter_by(abbreviation="BXD", office=Office.MEMBER).one()
        old.valid_to = leaves
        session.add(
            Appointment(
                person_id=successor, body_id=1, organisation_id=old.organisation_id,
                office=Office.MEMBER, post=old.post, abbreviation="BXD", rank=3, valid_from=leaves, valid_to=FOREVER,
            )
        )  # fmt: skip
    before = polls.members_of(1, dt.date(2026, 8, 14))
    after = polls.members_of(1, leaves)
    assert len(before) == len(after) == 5
    assert scene.who["a"].person_id in {post.person_id for post in before}
    assert successor in {post.person_id for post in after}


def test_an_invitation_needs_an_agenda_and_reaches_everybody_seated(scene):
    agenda.remove_item(scene.who["clerk"], scene.item_id, now=NOW)
    with pytest.raises(meetings.NoAgenda):
        scene.invite()
    agenda.add_item(scene.who["clerk"], scene.meeting_id, "Báo cáo", "report", now=NOW)
    with pytest.raises(NotFound):
        attendance.answer_invitation(scene.who["a"], scene.meeting_id, Reply.IN_ROOM, now=NOW)
    scene.invite()
    attendance.answer_invitation(scene.who["a"], scene.meeting_id, Reply.IN_ROOM, now=NOW)
    assert db.session.query(AuditEntry).filter_by(fact="InvitationIssued").count() == 1


@pytest.mark.parametrize(
    ("values", "refusal", "field"),
    [
        ({"title": "  "}, BadText, "title"),
        ({"title": "x" * 301}, BadText, "title"),
        ({"place": "Phòng\u202e 1"}, BadText, "place"),
        ({"starts_at": NOW - dt.timedelta(days=1)}, meetings.StartsInThePast, "starts_at"),
        ({"conference_url": "javascript:alert(1)"}, meetings.BadLink, "conference_url"),
        ({"planned_minutes": 0}, meetings.BadDuration, "planned_minutes"),
    ],
)
def test_bad_values_are_refused_at_their_field_and_nothing_is_written(people, values, refusal, field):
    good = {"kind": MeetingKind.REGULAR, "title": "Phiên họp", "starts_at": NOW + dt.timedelta(days=1), "place": "P1"}
    with pytest.raises(refusal) as refused:
        meetings.create_meeting(people["clerk"], 1, **(good | values), now=NOW)
    assert refused.value.field == field
    assert db.session.query(Meeting).count() == db.session.query(Seat).count() == 0


@pytest.mark.parametrize("name", ["a", "admin", "auditor", "guest", "records"])
def test_only_clerks_prepare_meetings(people, name):
    with pytest.raises((NotAllowed, NotFound)):
        meetings.create_meeting(
            people[name], 1, MeetingKind.REGULAR, "Phiên họp", NOW + dt.timedelta(days=1), "P1", now=NOW
        )
    assert db.session.query(Meeting).count() == 0


def test_nobody_prepares_a_meeting_of_another_body(people):
    with pytest.raises(NotFound):
        meetings.create_meeting(
            people["clerk"], 2, MeetingKind.REGULAR, "Phiên họp", NOW + dt.timedelta(days=1), "P1", now=NOW
        )


def test_a_session_is_broken_off_and_goes_on_only_with_quorum(scene):
    scene.open()
    meetings.adjourn_meeting(scene.who["head"], scene.meeting_id, "Nghỉ giải lao", now=NOW)
    with pytest.raises(polls.MeetingNotOpen):
        scene.open_poll()
    scene.check_in("a", "b", presence=Presence.AWAY)
    with pytest.raises(polls.NoQuorum):
        meetings.resume_meeting(scene.who["head"], scene.meeting_id, now=NOW)
    scene.check_in("a")
    assert meetings.resume_meeting(scene.who["head"], scene.meeting_id, now=NOW).state is MeetingState.OPEN


def test_a_session_does_not_end_over_an_open_vote_or_item(scene):
    scene.open()
    poll = scene.open_poll()
    secretary = scene.who["secretary"]
    for expected in (meetings.PollStillOpen, meetings.PollStillOpen):
        with pytest.raises(expected):
            meetings.end_meeting(secretary, scene.meeting_id, now=NOW)
        with pytest.raises(expected):
            meetings.adjourn_meeting(secretary, scene.meeting_id, "x", now=NOW)
    polls.close_poll(secretary, poll.id, now=NOW)
    polls.publish_poll(secretary, poll.id, now=NOW)
    with pytest.raises(meetings.ItemStillOpen):
        meetings.end_meeting(secretary, scene.meeting_id, now=NOW)
    agenda.close_item(secretary, scene.item_id, now=NOW)
    assert meetings.end_meeting(secretary, scene.meeting_id, now=NOW).closed_at == NOW


def test_a_postponed_meeting_is_called_again_and_every_answer_is_asked_again(scene):
    scene.invite()
    attendance.answer_invitation(scene.who["a"], scene.meeting_id, Reply.REMOTE, now=NOW)
    meetings.postpone_meeting(scene.who["clerk"], scene.meeting_id, "Thủ tướng đi công tác", now=NOW)
    with pytest.raises(WrongState):
        attendance.answer_invitation(scene.who["a"], scene.meeting_id, Reply.IN_ROOM, now=NOW)
    later = NOW + dt.timedelta(days=7)
    again = meetings.reschedule_meeting(scene.who["clerk"], scene.meeting_id, later, now=NOW)
    assert (again.state, again.held_on) == (MeetingState.INVITED, dt.date(2026, 8, 6))
    assert {seat.reply for seat in again.seats} == {Reply.NONE}


def test_a_cancelled_meeting_says_why_and_stays(scene):
    scene.invite()
    with pytest.raises(meetings.ReasonMissing):
        meetings.cancel_meeting(scene.who["clerk"], scene.meeting_id, " ", now=NOW)
    cancelled = meetings.cancel_meeting(scene.who["clerk"], scene.meeting_id, "Đã lấy ý kiến bằng phiếu", now=NOW)
    assert (cancelled.state, cancelled.state_reason) == (MeetingState.CANCELLED, "Đã lấy ý kiến bằng phiếu")
    with pytest.raises(WrongState):
        meetings.cancel_meeting(scene.who["clerk"], scene.meeting_id, "x", now=NOW)


def test_an_open_meeting_is_not_called_off(scene):
    scene.open()
    with pytest.raises(WrongState):
        meetings.cancel_meeting(scene.who["head"], scene.meeting_id, "x", now=NOW)


def test_the_head_hands_the_chair_to_a_deputy_and_takes_it_back(scene):
    """rule:R5"""
    scene.invite().check_in("head", "deputy", "a", "b")
    deputy = scene.who["deputy"].person_id
    meetings.hand_chair(scene.who["head"], scene.meeting_id, deputy, now=NOW)
    assert scene.meeting.chair_id == deputy
    with pytest.raises(NotAllowed):
        meetings.open_meeting(scene.who["head"], scene.meeting_id, now=NOW)
    meetings.open_meeting(scene.who["deputy"], scene.meeting_id, now=NOW)
    meetings.hand_chair(scene.who["head"], scene.meeting_id, scene.who["head"].person_id, now=NOW)
    assert scene.meeting.chair_id == scene.who["head"].person_id


@pytest.mark.parametrize("name", ["a", "secretary", "chairman"])
def test_the_chair_goes_to_nobody_but_a_deputy_head(scene, name):
    with pytest.raises(meetings.NotADeputy):
        meetings.hand_chair(scene.who["head"], scene.meeting_id, scene.who[name].person_id, now=NOW)
    with pytest.raises(NotAllowed):
        meetings.hand_chair(scene.who["secretary"], scene.meeting_id, scene.who["deputy"].person_id, now=NOW)


def test_every_act_counts_up_the_live_version_once(scene):
    before = scene.meeting.version
    scene.invite()
    attendance.answer_invitation(scene.who["a"], scene.meeting_id, Reply.IN_ROOM, now=NOW)
    scene.check_in("a")
    assert scene.meeting.version == before + 3


def test_a_guest_sees_the_meeting_and_only_the_items_named(scene):
    from app.models import AgendaItem
    from app.workflows.engine.visibility import seen

    other = agenda.add_item(scene.who["clerk"], scene.meeting_id, "Nội dung khác", "report", now=NOW)
    meetings.add_seat(
        scene.who["clerk"], scene.meeting_id, scene.who["guest"].person_id, SeatRole.GUEST, now=NOW,
        item_ids=(scene.item_id,),
    )  # fmt: skip
    with pytest.raises(NotFound):
        seen(scene.who["guest"], Meeting, scene.meeting_id)
    scene.invite()
    assert seen(scene.who["guest"], Meeting, scene.meeting_id)
    assert seen(scene.who["guest"], AgendaItem, scene.item_id)
    with pytest.raises(NotFound):
        seen(scene.who["guest"], AgendaItem, other.id)


def test_the_seat_of_a_guest_is_taken_back_before_the_session_and_a_members_never(scene):
    from app.models import GuestItem

    clerk, guest = scene.who["clerk"], scene.who["guest"].person_id
    seat = meetings.add_seat(clerk, scene.meeting_id, guest, SeatRole.GUEST, now=NOW, item_ids=(scene.item_id,))
    member = next(each.id for each in scene.meeting.seats if each.is_member)
    with pytest.raises(meetings.SeatOfTheRoll):
        meetings.remove_seat(clerk, member, now=NOW)
    meetings.remove_seat(clerk, seat.id, now=NOW)
    assert guest not in {each.person_id for each in scene.meeting.seats}
    assert db.session.query(GuestItem).count() == 0
    again = meetings.add_seat(clerk, scene.meeting_id, guest, SeatRole.GUEST, now=NOW)
    scene.open()
    with pytest.raises(meetings.SeatsFrozen):
        meetings.remove_seat(scene.who["clerk"], again.id, now=NOW)
