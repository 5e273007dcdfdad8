"""The weekly report says what was held, voted and promulgated, and never how a vote went that is not published."""

import datetime as dt

import pytest

from app.extensions import db
from app.models import AuditEntry, MeetingState, Outcome, PollState, Reply, SeatRole
from app.workflows import agenda, announcements, attendance, meetings, poll_acts, polls, slip_closing, weekly
from app.workflows.engine.errors import NotAllowed
from app.workflows.engine.rights import SYSTEM
from app.workflows.rules.timetable import Week
from tests.cabinet import MEMBERS, NOW, PIN, TODAY, actors
from tests.conftest import Scene, both, nonce_of
from tests.resolving import Resolving
from tests.slipping import DEADLINE, LATE, SlipScene

WEEK = Week.of(TODAY)  # Thursday 30 July 2026
SUNDAY = WEEK.ends_at - dt.timedelta(hours=1)
MONDAY = WEEK.ends_at + dt.timedelta(hours=7)


def report(name="head", week=WEEK, now=MONDAY):
    return weekly.weekly_report(actors()[name], week, now)


def minutes(count):
    return dt.timedelta(minutes=count)


@pytest.mark.parametrize("name", ["head", "deputy", "chairman", "clerk", "secretary"])
def test_the_report_is_for_the_head_the_deputies_and_the_office(app, name):
    assert report(name).body == "Chính phủ"


@pytest.mark.parametrize("name", ["a", "records", "auditor", "admin", "guest", "under_a"])
def test_nobody_else_reads_the_report(app, name):
    with pytest.raises(NotAllowed, match=r"."):
        report(name)
    with pytest.raises(NotAllowed, match=r"."):
        weekly.weeks(actors()[name], MONDAY)


def test_a_week_without_anything_is_empty(app):
    empty = report()
    assert (empty.sessions, empty.votes, empty.decisions, empty.invitations) == ((), (), (), ())
    assert (empty.planned, empty.used) == (minutes(0), minutes(0))


def test_a_week_is_worth_announcing_for_invitations_that_nobody_has_answered(scene):
    def worth(week):
        return weekly.anything_in(SYSTEM, 1, week)

    assert not worth(WEEK), "a meeting in preparation is nothing to report"
    scene.invite()
    assert not worth(WEEK), "it is to be held within the week, and was not"
    assert not worth(WEEK.before), "nobody was invited then"
    meetings.postpone_meeting(scene.who["secretary"], scene.meeting_id, "Bão lũ", scene.now)
    meetings.reschedule_meeting(scene.who["secretary"], scene.meeting_id, MONDAY, scene.now)
    assert worth(WEEK), "at its end everybody's answer was open"
    assert report().invitations


def test_a_week_without_anything_is_not_announced_and_one_with_a_session_is_once(scene):
    scene.open()
    weeks = (WEEK.before, WEEK, WEEK, WEEK.after)
    assert [announcements.announce_week(SYSTEM, 1, str(week), MONDAY) for week in weeks] == [False, True, False, False]
    told = db.session.query(AuditEntry).filter_by(fact="WeekReported")
    assert [entry.payload["week"] for entry in told] == [str(WEEK)]


def test_a_session_is_reported_with_its_time_without_the_breaks(scene):
    scene.open()
    who, end = scene.who["secretary"], scene.now + minutes(100)
    meetings.adjourn_meeting(who, scene.meeting_id, "Nghỉ giải lao", scene.now + minutes(30))
    meetings.resume_meeting(who, scene.meeting_id, scene.now + minutes(50))
    (under_way,) = report().sessions
    assert (under_way.state, under_way.used) == (MeetingState.OPEN, None)
    agenda.close_item(who, scene.item_id, end)
    meetings.end_meeting(who, scene.meeting_id, end)
    found = report()
    (held,) = found.sessions
    assert (held.planned, held.used, held.items, held.items_done) == (minutes(120), minutes(80), 1, 1)
    assert (found.planned, found.used) == (minutes(120), minutes(80))
    assert report(week=WEEK.before).sessions == report(week=WEEK.after).sessions == ()


@pytest.mark.parametrize(
    ("pauses", "used"),
    [
        ([], 60),
        ([(10, True), (30, False)], 40),
        ([(10, True)], 10),
        ([(10, True), (20, True), (30, False), (40, False)], 40),
        ([(10, True), (20, False), (30, True), (45, False)], 35),
    ],
)
def test_breaks_are_no_time_used(pauses, used):
    moments = [(NOW + minutes(at), begins) for at, begins in pauses]
    assert weekly.time_used(NOW, NOW + minutes(60), moments) == minutes(used)


def test_a_session_that_is_not_over_has_no_time_used():
    assert weekly.time_used(NOW, None, []) is None
    assert weekly.time_used(None, None, []) is None


@pytest.mark.parametrize("name", ["head", "secretary"])
def test_no_figure_of_a_vote_is_told_before_its_result_is_published(scene, name):
    """Not even to the chair and the secretary, who may see the split on their desk: the report goes further."""
    poll = scene.open().open_poll()
    for member in MEMBERS:
        scene.vote(member, poll.id, "agree")
    (vote,) = report(name).votes
    assert (vote.state, vote.split, vote.outcome) == (PollState.OPEN, None, None)
    polls.close_poll(scene.who["secretary"], poll.id, now=scene.now)
    (vote,) = report(name).votes
    assert (vote.state, vote.split, vote.outcome) == (PollState.CLOSED, None, None)
    assert report(name).outcomes == {None: 1}
    polls.publish_poll(scene.who["head"], poll.id, now=scene.now)
    (vote,) = report(name).votes
    assert (vote.split, vote.outcome) == (weekly.Split(5, 5, 0, 0), Outcome.ADOPTED)


def test_a_published_vote_is_counted_of_all_members(app):
    scene = Resolving().voted({"head": "agree", "deputy": "agree", "a": "agree", "b": "disagree"})
    (vote,) = report().votes
    assert vote.split == weekly.Split(members=5, agree=3, disagree=1, other=0)
    assert vote.split.cast == 4
    assert (vote.poll_id, vote.outcome) == (scene.poll_id, Outcome.ADOPTED)


def test_an_annulled_vote_has_no_figures(scene):
    poll = scene.open().open_poll()
    scene.vote("a", poll.id, "agree")
    poll_acts.prepare_annulment(scene.who["head"], poll.id, "Nhầm tài liệu", nonce_of("annul"), scene.now)
    poll_acts.sign_act(scene.who["head"], poll.id, nonce_of("annul"), PIN, scene.now)
    (vote,) = report().votes
    assert (vote.state, vote.split, vote.outcome) == (PollState.ANNULLED, None, None)


@both
def test_a_promulgated_resolution_is_reported_with_its_stopwatch(app):
    scene = Resolving().up_to("promulgated")
    (decision,) = report().decisions
    assert decision.number == scene.resolution.number.text
    assert [decision.took(code) for code in ("signed", "numbered", "sealed", "promulgated")] == [20, 5, 5, 10]
    assert decision.whole == 40
    assert report(week=WEEK.after).decisions == ()
    scene.recalled()
    assert len(report().decisions) == 1  # it was promulgated all the same


def test_a_resolution_that_is_not_out_is_no_decision_yet(app):
    Resolving().up_to("sealed")
    assert report().decisions == ()


def test_open_invitations_are_those_without_an_answer_at_the_end_of_the_week(scene):
    start = MONDAY + dt.timedelta(days=1)
    meetings.edit_meeting(scene.who["clerk"], scene.meeting_id, scene.now, starts_at=start)
    scene.invite()
    everybody = report().invitations
    assert len(everybody) == len(scene.meeting.seats) == len(MEMBERS) + 1
    assert (everybody[0].meeting, everybody[0].starts_at) == ("Phiên họp thường kỳ", start)
    attendance.answer_invitation(scene.who["a"], scene.meeting_id, Reply.REMOTE, scene.now)
    assert "Phạm Văn Ba" not in [one.name for one in report().invitations]
    attendance.answer_invitation(scene.who["b"], scene.meeting_id, Reply.IN_ROOM, MONDAY)
    assert "Đỗ Thị Bốn" in [one.name for one in report().invitations]  # had not answered when the week ended
    assert "Đỗ Thị Bốn" not in [one.name for one in report(week=WEEK.after, now=MONDAY).invitations]


def test_no_substitute_and_no_past_session_waits_for_an_answer(scene):
    scene.invite()
    attendance.ask_absence(
        scene.who["a"], scene.meeting_id, "Đi công tác", scene.now, substitute_id=scene.who["under_a"].person_id
    )
    assert SeatRole.SUBSTITUTE not in [seat.role for seat in scene.meeting.seats if seat.reply is Reply.NONE]
    assert report(now=MONDAY).invitations == ()  # the session was on Thursday
    assert len(report(now=scene.now).invitations) == len(MEMBERS)  # all but who asked for leave, and the secretary


@both
def test_the_list_has_the_weeks_in_which_something_happened(app):
    Resolving().up_to("promulgated")
    months = MONDAY + dt.timedelta(weeks=10)
    this, then = weekly.weeks(actors()["head"], months)
    assert (this.sessions, this.votes, this.decisions) == (0, 0, 0)
    assert (then.week, then.sessions, then.votes, then.decisions) == (WEEK, 1, 1, 1)
    assert [one.week for one in weekly.weeks(actors()["head"], SUNDAY)] == [WEEK]
    assert len(weekly.weeks(actors()["head"], MONDAY + dt.timedelta(weeks=30))) == 1


def test_a_meeting_in_preparation_is_in_no_report(app):
    Scene()
    assert report("clerk").sessions == report("clerk", now=NOW).invitations == ()


@both
def test_slips_closed_in_the_week_stand_in_it_with_cast_deemed_and_missing(app):
    slip = SlipScene()
    slip_id = slip.issue()
    slip.answer("a", slip_id)
    slip.answer("b", slip_id, "disagree")
    assert report(week=WEEK.after, now=DEADLINE).slips == ()
    slip_closing.close_slip(SYSTEM, slip_id, LATE)
    assert report().slips == (), "it was closed in the week after"
    (done,) = report(week=WEEK.after, now=LATE).slips
    assert (done.slip_id, done.members, done.answered, done.deemed, done.missing) == (slip_id, 5, 2, 3, 0)
    assert (done.outcome, done.took) == (Outcome.ADOPTED, LATE - NOW)
    assert weekly.anything_in(SYSTEM, 1, WEEK.after)
    counted = {row.week: row.slips for row in weekly.weeks(actors()["head"], LATE)}
    assert counted == {WEEK.after: 1}
