"""Every fact that changes the live state of a meeting is told, and every name in the tables has a handler."""

from importlib import import_module
from pathlib import Path

import pytest

from app import wiring, workflows
from app.workflows import ballots, notices
from app.workflows.engine.transaction import Fact, MeetingFact

for path in Path(workflows.__file__).parent.glob("*.py"):  # a fact counts when its room is loaded
    import_module(f"app.workflows.{path.stem}")


def below(kind):
    for each in kind.__subclasses__():
        yield each
        yield from below(each)


FACTS = [fact for fact in below(MeetingFact) if fact.__module__.startswith("app.")]


def test_there_are_facts_to_look_at():
    assert len(FACTS) > 25


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.__name__)
def test_a_fact_of_a_meeting_is_told_to_its_room(fact):
    wanted = wiring.PROGRESS if fact is ballots.BallotCast else wiring.LIVE
    assert wanted in wiring.HEARD_BY.get(fact, []), f"{fact.__name__} is heard by nobody in the meeting"


def test_a_ballot_is_told_as_a_count_only():
    assert wiring.HEARD_BY[ballots.BallotCast] == [wiring.PROGRESS]


def test_every_name_in_the_table_has_a_handler():
    assert {name for names in wiring.HEARD_BY.values() for name in names} == set(wiring.HANDLERS)


def test_whoever_is_to_be_told_of_a_fact_is_found_by_its_name():
    noticed = {fact.__name__ for fact, names in wiring.HEARD_BY.items() if wiring.NOTICE in names}
    assert noticed == set(notices.TOLD)
    names = [fact.__name__ for fact in below(Fact)]
    assert len([name for name in names if name in noticed]) == len(noticed), "names of facts are unique"
