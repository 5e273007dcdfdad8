"""Every fact that changes the live state of a meeting is told, and every name in the tables has a handler."""

from importlib import import_module
from pathlib import Path

import pytest
from sqlalchemy import select

from app import wiring, workflows
from app.extensions import db
from app.models import AuditEntry, SlipRecipient
from app.realtime import announcing, slips
from app.tasks import execution
from app.workflows import ballots, notices, slip_deliveries, slip_facts, slip_reminders, worth_sending
from app.workflows.engine import outbox
from app.workflows.engine.transaction import Fact, MeetingFact, fact_of
from app.workflows.resolution_sources import ResolutionFact
from tests.cabinet import NOW
from tests.slipping import SlipScene

for path in Path(workflows.__file__).parent.glob("*.py"):  # a fact counts when its room is loaded
    import_module(f"app.workflows.{path.stem}")


def below(kind):
    for each in kind.__subclasses__():
        yield each
        yield from below(each)


FACTS = [fact for fact in (*below(MeetingFact), *below(ResolutionFact)) if fact.__module__.startswith("app.")]


def test_there_are_facts_to_look_at():
    assert len(FACTS) > 25


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.__name__)
def test_a_fact_of_a_meeting_is_told_to_its_room(fact):
    wanted = wiring.PROGRESS if fact is ballots.BallotCast else wiring.LIVE
    assert wanted in wiring.HEARD_BY.get(fact, []), f"{fact.__name__} is heard by nobody in the meeting"


def test_a_ballot_is_told_as_a_count_only():
    assert wiring.HEARD_BY[ballots.BallotCast] == [wiring.PROGRESS]


def test_a_slip_is_told_to_those_who_are_asked_an_answer_to_its_member_and_everything_to_the_board(app, monkeypatch):
    told, board = [], []
    monkeypatch.setattr(announcing, "to_slip", lambda slip_id, message: board.append((slip_id, message["fact"])))
    monkeypatch.setattr(announcing, "to_person", lambda person_id, message: told.append((person_id, message["fact"])))
    scene = SlipScene()
    slip_id = scene.issue()
    scene.answer("a", slip_id)
    slip_reminders.chase_slip(scene.who["clerk"], slip_id, NOW, [scene.who["b"].person_id])
    entries = select(AuditEntry.id).where(AuditEntry.fact.in_(("SlipIssued", "SlipAnswered", "SlipReminded")))
    for entry_id in db.session.scalars(entries.order_by(AuditEntry.id)).all():
        slips.announce(fact_of(entry_id))
    asked = db.session.scalars(select(SlipRecipient.member_id).where(SlipRecipient.slip_id == slip_id)).all()
    assert told == [*((person_id, "SlipIssued") for person_id in sorted(asked)),
                    (scene.who["a"].person_id, "SlipAnswered")]  # fmt: skip
    assert board == [(slip_id, "SlipIssued"), (slip_id, "SlipAnswered"), (slip_id, "SlipReminded")]


def test_how_far_a_slip_has_come_is_told_to_its_board_alone(app, monkeypatch):
    board, told = [], []
    monkeypatch.setattr(announcing, "to_slip", lambda slip_id, message: board.append((slip_id, message)))
    monkeypatch.setattr(announcing, "to_person", lambda *told_to: told.append(told_to))
    scene = SlipScene()
    slip_id = scene.issue()
    execution.drain(NOW)
    board.clear()
    told.clear()
    slip_deliveries.note_delivery(scene.who["a"], slip_id, "iPad", False, now=NOW)
    execution.drain(NOW)
    assert (board, told) == ([(slip_id, {"fact": "SlipArrived", "slip_id": slip_id})], [])


AFTER_THE_ISSUE = (
    slip_facts.SlipIssued, slip_facts.SlipAnswered, slip_facts.SlipExtended, slip_facts.SlipClosed,
    slip_facts.SlipRecalled, slip_facts.SlipReported, slip_facts.SlipDecided, slip_reminders.SlipReminded,
)  # fmt: skip


@pytest.mark.parametrize("fact", AFTER_THE_ISSUE, ids=lambda fact: fact.__name__)
def test_whatever_happens_to_an_issued_slip_is_told(fact):
    assert wiring.SLIPS in wiring.HEARD_BY[fact]


TASKS = {task.name: task for task in wiring.TASKS}


def test_every_name_in_the_table_has_a_task_that_is_told_a_fact():
    heard = {name for names in wiring.HEARD_BY.values() for name in names} | {wiring.NOTICE}
    assert len(TASKS) == len(wiring.TASKS)
    assert {name for name in heard if TASKS[name].arguments == {"audit_entry_id": int}} == heard


def test_whoever_is_to_be_told_of_a_fact_is_found_by_its_name(app):
    assert set(notices.kinds) == set(worth_sending.topics) == {fact.__name__ for fact in wiring.KINDS}
    assert all(wiring.NOTICE in outbox.heard_by[fact] for fact in wiring.KINDS)
    assert not any(wiring.NOTICE in names for fact, names in outbox.heard_by.items() if fact not in wiring.KINDS)
    names = [fact.__name__ for fact in below(Fact)]
    assert all(names.count(fact.__name__) == 1 for fact in wiring.KINDS), "names of facts are unique"


def test_a_reminder_is_worth_sending_only_while_it_is_needed():
    assert set(wiring.STILL_NEEDED) <= {fact.__name__ for fact in wiring.KINDS}


def test_what_comes_round_is_a_task_with_the_arguments_of_its_slots():
    assert all(entry.task in TASKS for entry in wiring.TIMETABLE)


@pytest.mark.parametrize("name", TASKS)
def test_a_task_says_why_running_it_twice_is_harmless(name):
    """Its handler's docstring does; that of a task which is told a fact is the handler within."""
    run = TASKS[name].run
    inner = [cell.cell_contents for cell in run.__closure__ or () if callable(cell.cell_contents)]
    said = ((inner[0] if inner else run).__doc__ or "").lower()
    assert "twice" in said
