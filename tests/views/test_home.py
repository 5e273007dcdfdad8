"""The start page: everything that waits for a person, and nothing else; the badge is the length of the list."""

import datetime as dt
from typing import NamedTuple

import pytest

from app.models import Office, RecoveryKind, SeatRole
from app.workflows import attendance, inbox, keys, poll_acts, polls
from app.workflows.engine.rights import Actor, Right
from app.workflows.inbox import PARTS, TaskKind, waiting_for
from tests.cabinet import PIN, actors
from tests.conftest import nonce_of
from tests.slipping import DEADLINE, SlipScene

ME = 7
VOTE, OPINION, TIE, PUBLISH = TaskKind.VOTE, TaskKind.OPINION, TaskKind.TIE, TaskKind.PUBLISH
RECOVERY, ABSENCE, ANSWER, ENROL = TaskKind.RECOVERY, TaskKind.ABSENCE, TaskKind.ANSWER, TaskKind.ENROL


class Subject(NamedTuple):
    """Something on which a right may be held, in the first body."""

    body_id: int
    meeting_id: int | None
    presiding_id: int | None


def kinds(scene, name):
    return [task.kind for task in waiting_for(actors()[name], scene.now)]


def test_an_invitation_waits_until_it_is_answered(scene):
    assert kinds(scene, "a") == []
    scene.invite()
    assert kinds(scene, "a") == [ANSWER]
    attendance.answer_invitation(scene.who["a"], scene.meeting_id, attendance.Reply.REMOTE, scene.now)
    assert kinds(scene, "a") == []


def test_an_open_vote_waits_for_each_member_until_the_ballot_is_cast(scene):
    poll = scene.open().open_poll()
    assert VOTE in kinds(scene, "a")
    assert VOTE not in kinds(scene, "clerk")
    scene.vote("a", poll.id, "agree")
    assert VOTE not in kinds(scene, "a")
    assert VOTE in kinds(scene, "b")


def test_a_vote_whose_time_is_over_waits_for_nobody_who_did_not_vote(scene):
    draft = scene.open().draft()
    later = scene.now + dt.timedelta(minutes=5)
    polls.open_poll(scene.who["secretary"], draft.id, scene.now, closes_at=later)
    assert VOTE in kinds(scene, "a")
    scene.now = later  # and no task has closed it
    assert VOTE not in kinds(scene, "a")


def test_a_closed_vote_waits_for_chair_and_secretary_until_it_is_published(scene):
    poll = scene.open().open_poll()
    polls.close_poll(scene.who["secretary"], poll.id, now=scene.now)
    assert PUBLISH not in kinds(scene, "a")
    for name in ("head", "secretary"):
        # nobody voted: equal votes without a side are undecided, and published by the chair
        assert kinds(scene, name).count(PUBLISH) == 1
    polls.publish_poll(scene.who["head"], poll.id, now=scene.now)
    assert PUBLISH not in kinds(scene, "head")


def test_a_tie_waits_for_the_head_alone_and_then_for_the_publication(scene):
    poll = scene.open().open_poll()
    for name, choice in {"head": "agree", "a": "disagree"}.items():
        scene.vote(name, poll.id, choice)
    polls.close_poll(scene.who["secretary"], poll.id, now=scene.now)
    assert TIE in kinds(scene, "head")
    assert not {TIE, PUBLISH} & set(kinds(scene, "secretary"))
    poll_acts.prepare_tie_confirmation(scene.who["head"], poll.id, nonce_of("tie"), scene.now)
    poll_acts.sign_act(scene.who["head"], poll.id, nonce_of("tie"), PIN, scene.now)
    assert TIE not in kinds(scene, "head")
    assert PUBLISH in kinds(scene, "secretary")


def test_a_slip_waits_for_each_member_until_it_is_answered_or_over(app):
    slip = SlipScene()
    slip_id = slip.issue()
    assert kinds(slip, "a") == kinds(slip, "head") == [OPINION]
    assert kinds(slip, "clerk") == []
    slip.answer("a", slip_id)
    assert kinds(slip, "a") == []
    slip.now = DEADLINE
    assert kinds(slip, "head") == []


def test_a_request_to_be_absent_waits_for_the_head(scene):
    attendance.ask_absence(scene.invite().who["a"], scene.meeting_id, "Đi công tác", scene.now)
    assert kinds(scene, "head") == [ABSENCE, ANSWER]
    assert ABSENCE not in kinds(scene, "chairman")


def test_a_recovery_waits_for_a_second_person_and_then_for_its_owner(scene):
    who = scene.who
    asked = keys.request_recovery(who["clerk"], who["a"].person_id, RecoveryKind.REPLACE, "Mất khóa", scene.now)
    assert kinds(scene, "records") == [RECOVERY]
    assert RECOVERY not in kinds(scene, "clerk") + kinds(scene, "a")
    keys.approve_recovery(who["records"], asked.id, scene.now)
    assert kinds(scene, "a") == [ENROL]
    assert kinds(scene, "records") == []


@pytest.mark.parametrize("name", ["admin", "auditor", "guest", "under_a"])
def test_nothing_of_a_meeting_waits_for_whoever_has_no_part_in_it(scene, name):
    scene.open().open_poll()
    assert kinds(scene, name) == []


def test_the_page_lists_every_task_with_its_address(at, scene):
    poll = scene.open().open_poll()
    text = at("a").get("/").text
    tasks = waiting_for(scene.who["a"], scene.now)
    assert text.count('class="ec-task"') == len(tasks)
    assert f'href="/polls/{poll.id}"' in text


def test_the_badge_is_the_length_of_the_list(at, scene):
    scene.open().open_poll()
    for name in ("a", "head"):
        waiting = len(waiting_for(actors()[name], scene.now))
        assert waiting
        for path in ("/", "/meetings/", "/keys/"):
            assert f'<span class="ec-count ec-count--now">{waiting}</span>' in at(name).get(path).text


def test_everybody_has_a_start_page(at, scene):
    scene.invite()
    for name in actors():
        answer = at(name).get("/")
        assert answer.status_code == 200, name
    assert "Phiên họp thường kỳ" in at("a").get("/").text
    assert "Phiên họp thường kỳ" not in at("admin").get("/").text


def test_what_was_decided_is_shown_to_those_who_may_see_it(at, scene):
    poll = scene.open().open_poll(question="Thông qua nội dung này?")
    for name in ("head", "deputy", "a"):
        scene.vote(name, poll.id, "agree")
    polls.close_poll(scene.who["secretary"], poll.id, now=scene.now)
    assert 'id="results-h"' not in at("b").get("/").text
    polls.publish_poll(scene.who["secretary"], poll.id, now=scene.now)
    assert 'id="results-h"' in at("b").get("/").text


def test_a_visitor_sees_the_sign_in_page_only(app, clock):
    answer = app.test_client().get("/")
    assert answer.status_code == 302
    assert "/login/" in answer.headers["Location"]


@pytest.mark.parametrize("right", Right)
def test_what_somebody_may_do_on_something_is_never_ruled_out(right):
    everywhere = [Subject(1, 1, None), Subject(1, 1, ME), Subject(1, None, None)]
    holders = [Actor(ME, offices=frozenset({(1, office)})) for office in Office]
    holders += [Actor(ME, seats=frozenset({(1, seat)})) for seat in SeatRole]
    may = [actor for actor in (*holders, Actor(ME)) if any(actor.may(right, subject) for subject in everywhere)]
    assert [actor for actor in may if not actor.may_somewhere(right)] == []


def test_nothing_is_missed_by_looking_up_only_what_somebody_may_act_upon(scene, monkeypatch):
    poll = scene.open().open_poll()
    keys.request_recovery(scene.who["clerk"], scene.who["b"].person_id, RecoveryKind.REPLACE, "Mất khóa", scene.now)
    found = {name: waiting_for(actor, scene.now) for name, actor in actors().items()}
    polls.close_poll(scene.who["secretary"], poll.id, now=scene.now)
    closed = {name: waiting_for(actor, scene.now) for name, actor in actors().items()}
    assert {task.kind for tasks in (*found.values(), *closed.values()) for task in tasks} >= {VOTE, PUBLISH, RECOVERY}
    parts = [part for part, rights in PARTS.items() if not rights or scene.who["a"].may_somewhere(*rights)]
    assert len(parts) < len(PARTS)
    monkeypatch.setattr(inbox, "PARTS", dict.fromkeys(PARTS, ()))
    assert {name: waiting_for(actor, scene.now) for name, actor in actors().items()} == closed
