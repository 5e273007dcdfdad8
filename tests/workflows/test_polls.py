"""The life of a poll: what may be opened, closed, published, annulled, by whom and when."""

import datetime as dt
import json

import pytest

from app.extensions import db
from app.models import AuditEntry, Job, Outcome, Poll, PollLeaf, PollState, Presence, Refusal, RollEntry, SeatRole
from app.workflows import agenda, attendance, meetings, poll_acts, polls, prepared
from app.workflows.engine.errors import NotAllowed, NotFound, WrongState
from app.workflows.engine.rights import SYSTEM
from app.workflows.rules.canonical import canonical, digest
from tests.cabinet import PIN
from tests.conftest import nonce_of

OUTSIDE = [(m, s) for m in polls.LIFECYCLE.moves.values() for s in PollState if s not in m.sources]


@pytest.mark.parametrize(("move", "state"), OUTSIDE, ids=lambda value: getattr(value, "name", None))
def test_a_move_is_refused_from_every_state_outside_its_row(scene, move, state):
    meeting = scene.meeting
    subject = Poll(id=1, body_id=1, meeting_id=meeting.id, meeting=meeting, item=scene.item, state=state)
    with db.session.no_autoflush, pytest.raises(WrongState):
        polls.LIFECYCLE.admit(move.name, subject, scene.who["head"])
    db.session.rollback()


def test_opening_freezes_question_roll_rules_and_presence(scene):
    scene.open(present=("head", "deputy", "a", "b"))
    poll = scene.open_poll()
    frozen = json.loads(poll.definition)
    assert digest(poll.definition) == poll.definition_sha256
    assert canonical(frozen) == poll.definition
    assert [entry["post"] for entry in frozen["roll"]][:2] == ["Thủ tướng Chính phủ", "Phó Thủ tướng Chính phủ"]
    assert [entry["head"] for entry in frozen["roll"]] == [True, False, False, False, False]
    assert frozen["quorum"] == {"members": 5, "present": 4, "in_room": 4, "remote": 0, "needed": 4}
    assert frozen["rule_set"]["code"] == "QC-191-2026"
    assert all(entry["certificate_sha256"] for entry in frozen["roll"])
    assert db.session.query(PollLeaf).one().seq == 0


def test_opening_leaves_its_audit_row_and_its_jobs_in_one_transaction(scene):
    scene.open()
    before = scene.meeting.version
    poll = scene.open_poll()
    entry = db.session.query(AuditEntry).filter_by(fact="PollOpened").one()
    assert (entry.actor_id, entry.subject_type, entry.subject_id) == (
        scene.who["secretary"].person_id, "poll", poll.id
    )  # fmt: skip
    assert entry.payload["version"] == scene.meeting.version > before
    told = db.session.query(Job).filter_by(name="meetings.announce").order_by(Job.id.desc()).first()
    assert told.payload == {"audit_entry_id": entry.id}


def test_remote_members_count_as_present_and_substitutes_and_guests_do_not(scene):
    scene.invite().check_in("head", "deputy", "b")
    absence = attendance.ask_absence(
        scene.who["a"], scene.meeting_id, "Đi công tác", scene.now, scene.who["under_a"].person_id
    )
    attendance.decide_absence(scene.who["head"], absence.id, True, now=scene.now)
    meetings.add_seat(scene.who["clerk"], scene.meeting_id, scene.who["guest"].person_id, SeatRole.GUEST, now=scene.now)
    scene.check_in("under_a", "guest")
    with pytest.raises(polls.NoQuorum):
        meetings.open_meeting(scene.who["secretary"], scene.meeting_id, now=scene.now)
    scene.check_in("a", presence=Presence.REMOTE)
    opened = meetings.open_meeting(scene.who["secretary"], scene.meeting_id, now=scene.now)
    assert (polls.presence_of(opened).in_room, polls.presence_of(opened).remote) == (3, 1)


def test_each_poll_checks_the_quorum_again(scene):
    scene.open(present=("head", "deputy", "a", "b"))
    scene.check_in("b", presence=Presence.AWAY)
    with pytest.raises(polls.NoQuorum) as refusal:
        scene.open_poll()
    assert "Nghị định số 191/2026/NĐ-CP" in str(refusal.value.details["source"])
    assert db.session.query(RollEntry).count() == 0


def test_a_poll_opens_only_in_session_and_on_the_item_under_way(scene):
    scene.invite().check_in("head", "deputy", "a", "b")
    with pytest.raises(polls.MeetingNotOpen):
        scene.open_poll()
    meetings.open_meeting(scene.who["secretary"], scene.meeting_id, now=scene.now)
    with pytest.raises(polls.ItemNotCurrent):
        scene.open_poll()


def test_only_one_poll_is_open_and_a_decided_item_is_not_voted_again(scene):
    scene.open()
    first = scene.open_poll()
    with pytest.raises(polls.AnotherPollOpen):
        scene.open_poll()
    for name in ("head", "a", "b"):
        scene.vote(name, first.id, "agree")
    polls.close_poll(scene.who["secretary"], first.id, now=scene.now)
    with pytest.raises(polls.AlreadyDecided):
        scene.open_poll()


@pytest.mark.parametrize("name", ["a", "clerk", "under_a", "admin", "auditor", "guest"])
def test_only_chair_and_secretary_run_a_vote(scene, name):
    scene.open()
    poll = scene.draft()
    who = scene.who[name]
    with pytest.raises((NotAllowed, NotFound)) as refusal:
        polls.open_poll(who, poll.id, now=scene.now)
    expected = NotAllowed if name in ("a", "clerk", "auditor") else NotFound
    if name == "a":  # a member does not see the draft of a question
        expected = NotFound
    assert refusal.type is expected
    row = db.session.query(Refusal).order_by(Refusal.id.desc()).first()
    assert (row.act, row.actor_id) == ("open_poll", who.person_id)
    assert db.session.query(PollLeaf).count() == 0


@pytest.mark.parametrize("question", ["", "  ?", "…"[:0] + "?!."])
def test_an_empty_question_is_refused(scene, question):
    with pytest.raises(polls.NoQuestion):
        scene.draft(question)
    assert db.session.query(Poll).count() == 0


@pytest.mark.parametrize("question", ["Thông qua\u202e?", "x" * 501, "a\x00b"])
def test_a_question_with_invisible_controls_or_too_long_is_refused(scene, question):
    with pytest.raises(polls.QuestionUnclean):
        scene.draft(question)


def test_a_question_in_decomposed_form_is_frozen_in_nfc(scene):
    import unicodedata

    scene.open()
    poll = scene.open_poll(question=unicodedata.normalize("NFD", "Thông qua Nghị quyết?"))
    assert json.loads(poll.definition)["question"] == "Thông qua Nghị quyết?"


def test_closing_counts_and_publishing_shows(scene):
    scene.open()
    poll = scene.open_poll()
    for name in ("head", "a", "b"):
        scene.vote(name, poll.id, "agree")
    closed = polls.close_poll(scene.who["head"], poll.id, now=scene.now)
    assert closed.outcome is Outcome.ADOPTED
    assert json.loads(closed.result)["percent_of_all"] == "60.0"
    published = polls.publish_poll(scene.who["secretary"], poll.id, now=scene.now)
    assert published.state is PollState.PUBLISHED
    agenda.close_item(scene.who["secretary"], scene.item_id, now=scene.now)


def test_an_item_is_not_closed_before_its_result_is_published(scene):
    scene.open()
    scene.open_poll()
    with pytest.raises(agenda.PollUndone):
        agenda.close_item(scene.who["secretary"], scene.item_id, now=scene.now)


def test_the_clock_closes_an_overdue_poll_and_does_nothing_else(scene):
    import datetime as dt

    scene.open()
    draft = scene.draft()
    polls.open_poll(scene.who["secretary"], draft.id, scene.now, closes_at=scene.now + dt.timedelta(minutes=5))
    assert polls.overdue_poll_ids(scene.now) == []
    later = scene.now + dt.timedelta(minutes=5)
    assert polls.overdue_poll_ids(later) == [draft.id]
    assert polls.close_poll(SYSTEM, draft.id, now=later).outcome is Outcome.UNDECIDED  # 0 : 0, and the head cast none
    with pytest.raises(NotAllowed):
        polls.publish_poll(SYSTEM, draft.id, now=later)


def test_a_closing_time_lies_ahead_and_is_written_in_the_log(scene):
    scene.open()
    who, later = scene.who["secretary"], scene.now + dt.timedelta(minutes=5)
    with pytest.raises(polls.ClosingTimePast):
        polls.put_to_vote(who, scene.item_id, scene.now, closes_at=scene.now)
    assert db.session.query(Poll).filter_by(state="open").count() == 0
    poll = polls.put_to_vote(who, scene.item_id, scene.now, closes_at=later)
    assert poll.closes_at == later
    said = db.session.query(AuditEntry).filter_by(fact="PollOpened").one().payload["closes_at"]
    assert dt.datetime.fromisoformat(said) == later


@pytest.fixture
def tied(scene):
    """Two for, two against, one not voting: with five members equal, and the head has voted."""
    scene.open()
    poll = scene.open_poll()
    for name, choice in {"head": "agree", "a": "agree", "b": "disagree", "deputy": "disagree"}.items():
        scene.vote(name, poll.id, choice)
    return polls.close_poll(scene.who["secretary"], poll.id, now=scene.now)


def test_a_tie_waits_for_the_head_and_follows_the_heads_ballot(scene, tied):
    assert tied.outcome is Outcome.TIE_CONFIRM
    with pytest.raises(polls.TieUnconfirmed):
        polls.publish_poll(scene.who["secretary"], tied.id, now=scene.now)
    head, nonce = scene.who["head"], nonce_of("tie")
    poll_acts.prepare_tie_confirmation(head, tied.id, nonce, now=scene.now)
    confirmed = poll_acts.sign_act(head, tied.id, nonce, PIN, now=scene.now)
    assert confirmed.confirmed_outcome is Outcome.ADOPTED
    assert confirmed.outcome is Outcome.TIE_CONFIRM
    assert json.loads(confirmed.confirmed_result)["confirmation"]["choice"] == "agree"
    assert polls.publish_poll(scene.who["secretary"], tied.id, now=scene.now).state is PollState.PUBLISHED
    assert poll_acts.sign_act(head, tied.id, nonce, PIN, now=scene.now).id == tied.id


def test_nobody_but_the_head_confirms_a_tie_and_only_a_tie(scene, tied):
    with pytest.raises(NotAllowed):
        poll_acts.prepare_tie_confirmation(scene.who["deputy"], tied.id, nonce_of("t"), now=scene.now)
    with pytest.raises(NotAllowed):
        poll_acts.prepare_tie_confirmation(scene.who["secretary"], tied.id, nonce_of("t"), now=scene.now)


def test_a_tie_in_which_the_head_abstains_is_undecided(scene):
    scene.open()
    poll = scene.open_poll()
    for name, choice in {"head": "other", "a": "agree", "b": "disagree"}.items():
        scene.vote(name, poll.id, choice)
    closed = polls.close_poll(scene.who["secretary"], poll.id, now=scene.now)
    assert closed.outcome is Outcome.UNDECIDED
    with pytest.raises(poll_acts.NoTie):
        poll_acts.prepare_tie_confirmation(scene.who["head"], poll.id, nonce_of("t"), now=scene.now)
    polls.publish_poll(scene.who["secretary"], poll.id, now=scene.now)
    assert scene.open_poll().state is PollState.OPEN  # only a new vote or a deferral is left


@pytest.mark.parametrize("moment", ["open", "closed", "published"])
def test_the_chair_annuls_with_a_signature_and_a_new_vote_is_a_new_poll(scene, moment):
    scene.open()
    poll = scene.open_poll()
    scene.vote("a", poll.id, "agree")
    if moment != "open":
        polls.close_poll(scene.who["secretary"], poll.id, now=scene.now)
    if moment == "published":
        polls.publish_poll(scene.who["secretary"], poll.id, now=scene.now)
    nonce = nonce_of("annul")
    poll_acts.prepare_annulment(scene.who["head"], poll.id, "Nhầm phiên bản dự thảo", nonce, now=scene.now)
    annulled = poll_acts.sign_act(scene.who["head"], poll.id, nonce, PIN, now=scene.now)
    assert (annulled.state, annulled.annulment_reason) == (PollState.ANNULLED, "Nhầm phiên bản dự thảo")
    assert annulled.annulment.cms
    again = scene.open_poll()
    assert again.id != poll.id
    assert db.session.query(PollLeaf).filter_by(poll_id=poll.id).count() >= 2


@pytest.mark.parametrize("name", ["secretary", "a", "clerk"])
def test_nobody_but_the_chair_annuls(scene, name):
    scene.open()
    poll = scene.open_poll()
    with pytest.raises(NotAllowed):
        poll_acts.prepare_annulment(scene.who[name], poll.id, "x", nonce_of("n"), now=scene.now)


def test_an_annulment_needs_a_reason(scene):
    scene.open()
    poll = scene.open_poll()
    with pytest.raises(poll_acts.ReasonMissing):
        poll_acts.prepare_annulment(scene.who["head"], poll.id, "  ", nonce_of("n"), now=scene.now)


def test_an_act_prepared_again_brings_the_same_bytes_and_another_reason_needs_another_number(scene):
    scene.open()
    poll, head, nonce = scene.open_poll(), scene.who["head"], nonce_of("n")
    first = poll_acts.prepare_annulment(head, poll.id, "Nhầm dự thảo", nonce, now=scene.now)
    scene.now += dt.timedelta(seconds=30)
    assert poll_acts.prepare_annulment(head, poll.id, "Nhầm dự thảo", nonce, now=scene.now).statement == first.statement
    with pytest.raises(prepared.NonceReused):
        poll_acts.prepare_annulment(head, poll.id, "Lý do khác", nonce, now=scene.now)


def test_a_confirmation_prepared_again_brings_the_same_bytes(scene, tied):
    head, nonce = scene.who["head"], nonce_of("tie")
    first = poll_acts.prepare_tie_confirmation(head, tied.id, nonce, now=scene.now)
    assert poll_acts.prepare_tie_confirmation(head, tied.id, nonce, now=scene.now).statement == first.statement


def test_the_deputy_who_was_handed_an_item_runs_its_vote_and_the_head_does_not_there(scene):
    scene.open()
    deputy = scene.who["deputy"].person_id
    meetings.hand_chair(scene.who["head"], scene.meeting_id, deputy, now=scene.now, item_id=scene.item_id)
    poll = scene.draft()
    with pytest.raises(NotAllowed):
        polls.open_poll(scene.who["head"], poll.id, now=scene.now)
    assert polls.open_poll(scene.who["deputy"], poll.id, now=scene.now).state is PollState.OPEN


def test_put_to_vote_asks_the_usual_question_over_the_item(scene):
    scene.open()
    poll = polls.put_to_vote(scene.who["head"], scene.item_id, now=scene.now)
    assert poll.question == "Thông qua Nghị quyết về doanh nghiệp nhỏ?"
    assert poll.state is PollState.OPEN


def test_a_drafted_question_is_worded_otherwise_and_an_opened_one_is_not(scene):
    from app.models import Visibility

    poll = scene.draft()
    clerk = scene.who["clerk"]
    polls.edit_poll(clerk, poll.id, "Thông qua Đề án?", scene.now, visibility=Visibility.NAMED_NOT_DISPLAYED)
    with pytest.raises(polls.NoQuestion):
        polls.edit_poll(clerk, poll.id, " ", scene.now)
    scene.open()
    opened = polls.open_poll(scene.who["secretary"], poll.id, now=scene.now)
    assert (opened.question, opened.visibility) == ("Thông qua Đề án?", Visibility.NAMED_NOT_DISPLAYED)
    with pytest.raises(polls.PollFrozen):
        polls.edit_poll(clerk, poll.id, "Câu hỏi khác?", scene.now)
    with pytest.raises(NotAllowed):
        polls.edit_poll(scene.who["a"], poll.id, "Câu hỏi khác?", scene.now)
