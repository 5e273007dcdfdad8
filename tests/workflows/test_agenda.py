"""The agenda: order, one item at a time, nothing removed that is in use."""

import pytest

from app.extensions import db
from app.models import AgendaItem, ItemKind, ItemState
from app.workflows import agenda, documents, meetings, polls
from app.workflows.engine.errors import NotAllowed, WrongState
from tests.cabinet import NOW

OUTSIDE = [(m, s) for m in agenda.LIFECYCLE.moves.values() for s in ItemState if s not in m.sources]


@pytest.mark.parametrize(("move", "state"), OUTSIDE, ids=lambda value: getattr(value, "name", None))
def test_a_move_is_refused_from_every_state_outside_its_row(scene, move, state):
    subject = AgendaItem(id=1, body_id=1, meeting_id=scene.meeting_id, state=state)
    with db.session.no_autoflush, pytest.raises(WrongState):
        agenda.LIFECYCLE.admit(move.name, subject, scene.who["head"])


@pytest.fixture
def four(scene):
    for title in ("Hai", "Ba", "Bốn"):
        agenda.add_item(scene.who["clerk"], scene.meeting_id, title, ItemKind.REPORT, now=NOW)
    return scene


def order(scene):
    items = db.session.query(AgendaItem).filter_by(meeting_id=scene.meeting_id).order_by(AgendaItem.position)
    assert [item.position for item in items] == list(range(1, items.count() + 1))
    return [item.title[:3] for item in items]


@pytest.mark.parametrize(
    ("title", "position", "expected"),
    [("Bốn", 1, ["Bốn", "Ngh", "Hai", "Ba"]), ("Nghị quyết về doanh nghiệp nhỏ", 3, ["Hai", "Ba", "Ngh", "Bốn"]),
     ("Ba", 3, ["Ngh", "Hai", "Ba", "Bốn"])],
)  # fmt: skip
def test_an_item_moves_and_the_others_close_up(four, title, position, expected):
    item = db.session.query(AgendaItem).filter_by(title=title).one()
    agenda.move_item(four.who["clerk"], item.id, position, now=NOW)
    assert order(four) == expected


@pytest.mark.parametrize("position", [0, 5, -1])
def test_a_place_outside_the_agenda_is_refused(four, position):
    with pytest.raises(agenda.BadPosition):
        agenda.move_item(four.who["clerk"], four.item_id, position, now=NOW)
    assert order(four) == ["Ngh", "Hai", "Ba", "Bốn"]


def test_a_removed_item_leaves_no_gap_and_one_in_use_stays(four):
    second = db.session.query(AgendaItem).filter_by(title="Hai").one().id
    agenda.remove_item(four.who["clerk"], second, now=NOW)
    assert order(four) == ["Ngh", "Ba", "Bốn"]
    documents.add_paper(four.who["clerk"], four.item_id, "Tờ trình", "submission", now=NOW)
    with pytest.raises(agenda.ItemInUse):
        agenda.remove_item(four.who["clerk"], four.item_id, now=NOW)


@pytest.mark.parametrize(
    ("values", "field"),
    [({"title": ""}, "title"), ({"title": "x" * 501}, "title"), ({"summary": "a\u202eb"}, "summary"),
     ({"planned_minutes": 601}, "planned_minutes")],
)  # fmt: skip
def test_bad_values_are_refused_at_their_field(scene, values, field):
    with pytest.raises(agenda.BadValue) as refusal:
        agenda.edit_item(scene.who["clerk"], scene.item_id, now=NOW, **values)
    assert refusal.value.field == field
    assert scene.item.title == "Nghị quyết về doanh nghiệp nhỏ"


def test_one_item_is_under_way_at_a_time_and_only_in_session(four):
    four.invite().check_in("head", "deputy", "a", "b")
    secretary = four.who["secretary"]
    with pytest.raises(polls.MeetingNotOpen):
        agenda.open_item(secretary, four.item_id, now=NOW)
    meetings.open_meeting(secretary, four.meeting_id, now=NOW)
    agenda.open_item(secretary, four.item_id, now=NOW)
    other = db.session.query(AgendaItem).filter_by(title="Ba").one().id
    with pytest.raises(agenda.AnotherItemOpen):
        agenda.open_item(secretary, other, now=NOW)
    with pytest.raises(NotAllowed):
        agenda.close_item(four.who["a"], four.item_id, now=NOW)
    agenda.close_item(secretary, four.item_id, now=NOW)
    assert agenda.open_item(secretary, other, now=NOW).state is ItemState.CURRENT


def test_a_title_of_two_lines_is_refused_before_a_vote_would_freeze_it(scene):
    with pytest.raises(agenda.BadTitle):
        agenda.edit_item(scene.who["clerk"], scene.item_id, now=NOW, title="Một\nHai")
