"""Answers, absences with substitutes, presence."""

import pytest

from app.extensions import db
from app.models import Absence, AbsenceState, Document, Presence, Reply, Seat, SeatRole
from app.workflows import attendance, documents
from app.workflows.engine.errors import NotAllowed, NotFound, WrongState
from app.workflows.engine.visibility import seen, visible
from tests.cabinet import NOW

OUTSIDE = [(m, s) for m in attendance.LIFECYCLE.moves.values() for s in AbsenceState if s not in m.sources]


@pytest.fixture
def invited(scene):
    return scene.invite()


def ask(scene, name="a", substitute="under_a", reason="Đi công tác nước ngoài"):
    substitute_id = scene.who[substitute].person_id if substitute else None
    return attendance.ask_absence(scene.who[name], scene.meeting_id, reason, NOW, substitute_id)


@pytest.mark.parametrize(("move", "state"), OUTSIDE, ids=lambda value: getattr(value, "name", None))
def test_a_move_is_refused_from_every_state_outside_its_row(app, people, move, state):
    subject = Absence(id=1, body_id=1, meeting_id=1, member_id=1, state=state)
    with pytest.raises(WrongState):
        attendance.LIFECYCLE.admit(move.name, subject, people["head"])


def test_the_head_approves_and_the_substitute_gets_a_seat_and_the_papers(invited):
    paper = documents.add_paper(invited.who["clerk"], invited.item_id, "Tờ trình", "submission", now=NOW)
    with pytest.raises(NotFound):
        seen(invited.who["under_a"], Document, paper.id)
    absence = ask(invited)
    attendance.decide_absence(invited.who["head"], absence.id, True, now=NOW)
    seat = db.session.query(Seat).filter_by(role=SeatRole.SUBSTITUTE).one()
    assert (seat.person_id, seat.stands_in_for_id) == (
        invited.who["under_a"].person_id, invited.who["a"].person_id
    )  # fmt: skip
    assert seen(invited.who["under_a"], Document, paper.id)


def test_a_refused_request_seats_nobody(invited):
    absence = ask(invited)
    refused = attendance.decide_absence(invited.who["head"], absence.id, False, now=NOW, reason="Nội dung quan trọng")
    assert (refused.state, refused.decision_reason) == (AbsenceState.REFUSED, "Nội dung quan trọng")
    assert db.session.query(Seat).filter_by(role=SeatRole.SUBSTITUTE).count() == 0


@pytest.mark.parametrize("name", ["clerk", "chairman", "secretary", "a"])
def test_nobody_but_the_head_decides(invited, name):
    absence = ask(invited)
    with pytest.raises(NotAllowed):
        attendance.decide_absence(invited.who[name], absence.id, True, now=NOW)


def test_a_decision_is_made_once(invited):
    absence = ask(invited)
    attendance.decide_absence(invited.who["head"], absence.id, True, now=NOW)
    with pytest.raises(WrongState):
        attendance.decide_absence(invited.who["head"], absence.id, False, now=NOW)


@pytest.mark.parametrize("substitute", ["b", "clerk", "guest", "deputy"])
def test_the_substitute_is_a_deputy_of_the_own_organisation(invited, substitute):
    with pytest.raises(attendance.NotOwnDeputy):
        ask(invited, substitute=substitute)
    assert db.session.query(Absence).count() == 0


def test_an_absence_needs_a_reason_and_the_head_asks_nobody(invited):
    with pytest.raises(attendance.ReasonMissing):
        ask(invited, reason="  ")
    with pytest.raises(attendance.HeadIsNotAbsent):
        ask(invited, "head", substitute=None)


def test_a_new_answer_withdraws_the_absence_and_the_substitutes_seat(invited):
    absence = ask(invited)
    attendance.decide_absence(invited.who["head"], absence.id, True, now=NOW)
    attendance.answer_invitation(invited.who["a"], invited.meeting_id, Reply.IN_ROOM, now=NOW)
    assert db.session.get(Absence, absence.id).state is AbsenceState.WITHDRAWN
    assert db.session.query(Seat).filter_by(role=SeatRole.SUBSTITUTE).count() == 0


def test_asking_again_replaces_the_request_before(invited):
    ask(invited)
    ask(invited, substitute=None)
    states = [absence.state for absence in db.session.query(Absence).order_by(Absence.id)]
    assert states == [AbsenceState.WITHDRAWN, AbsenceState.REQUESTED]


def test_the_secretary_checks_in_and_others_only_themselves(invited):
    seat = attendance.record_presence(
        invited.who["secretary"], invited.meeting_id, invited.who["a"].person_id, Presence.IN_ROOM, now=NOW
    )
    assert seat.presence is Presence.IN_ROOM
    with pytest.raises(NotAllowed):
        attendance.record_presence(
            invited.who["b"], invited.meeting_id, invited.who["a"].person_id, Presence.AWAY, now=NOW
        )


def test_who_has_no_seat_confirms_nothing(invited):
    with pytest.raises(NotAllowed):
        attendance.confirm_presence(invited.who["auditor"], invited.meeting_id, Presence.IN_ROOM, now=NOW)
    with pytest.raises(NotFound):
        attendance.confirm_presence(invited.who["admin"], invited.meeting_id, Presence.IN_ROOM, now=NOW)


def test_a_members_request_is_seen_by_the_preparing_office_and_by_himself_only(invited):
    ask(invited)
    rows = {
        name: db.session.query(Absence).filter(visible(invited.who[name], Absence)).count()
        for name in ("a", "b", "head", "clerk", "admin", "guest")
    }
    assert rows == {"a": 1, "b": 0, "head": 1, "clerk": 1, "admin": 0, "guest": 0}
