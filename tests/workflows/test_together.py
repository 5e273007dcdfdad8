"""What many threads ask for at once is done together; whatever goes wrong with one is nobody else's."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.workflows.engine.together import Together

PATIENCE = 60.0
KEY = "poll"


class Bad(Exception):
    """What the work says of an item that it cannot do."""


class Work:
    """Notes every round; the first one stands still until it is let go, so that others gather behind it."""

    def __init__(self, *, late: bool = False) -> None:
        self.rounds: list[list[int]] = []
        self.begun, self.going = threading.Event(), threading.Event()
        self.late = late

    def __call__(self, _key: str, take) -> list[str | None]:
        items = [] if self.late else take()
        if not self.begun.is_set():
            self.begun.set()
            assert self.going.wait(PATIENCE)
        items = items or take()
        self.rounds.append(items)
        if any(item < 0 for item in items):
            raise Bad(items)
        return [None if item == 0 and len(items) > 1 else f"done {item}" for item in items]


def gathered(together: Together, work: Work, items: list[int]) -> list[object]:
    """The first item is at work when the others come, one after the other; outcomes or what was raised, in order."""

    def ask(item: int) -> object:
        try:
            return together(KEY, item)
        except Bad as bad:
            return bad

    with ThreadPoolExecutor(len(items)) as threads:
        asked = [threads.submit(ask, items[0])]
        assert work.begun.wait(PATIENCE)
        for item in items[1:]:
            waiting = len(together._lanes[KEY])
            asked.append(threads.submit(ask, item))
            while len(together._lanes[KEY]) == waiting:
                threading.Event().wait(0.001)
        work.going.set()
        return [each.result(PATIENCE) for each in asked]


def test_who_comes_while_others_are_at_work_is_taken_along_in_the_next_round():
    work = Work()
    together = Together(work, most=32)
    assert gathered(together, work, [1, 2, 3, 4]) == ["done 1", "done 2", "done 3", "done 4"]
    assert work.rounds == [[1], [2, 3, 4]]


def test_who_comes_before_the_work_takes_is_taken_along_at_once():
    work = Work(late=True)
    together = Together(work, most=32)
    assert gathered(together, work, [1, 2, 3]) == ["done 1", "done 2", "done 3"]
    assert work.rounds == [[1, 2, 3]]


def test_no_round_is_larger_than_allowed_and_everybody_has_a_turn():
    work = Work()
    together = Together(work, most=2)
    assert gathered(together, work, [1, 2, 3, 4, 5, 6]) == [f"done {n}" for n in range(1, 7)]
    assert work.rounds == [[1], [2, 3], [4, 5], [6]]


def test_a_round_that_fails_is_done_one_by_one_and_only_the_bad_one_hears_of_it():
    work = Work()
    together = Together(work, most=32)
    first, good, bad, other = gathered(together, work, [1, 2, -3, 4])
    assert (first, good, other) == ("done 1", "done 2", "done 4")
    assert isinstance(bad, Bad)
    assert bad.args == ([-3],)
    assert work.rounds[:2] == [[1], [2, -3, 4]]
    assert sorted(work.rounds[2:]) == [[-3], [2], [4]]


def test_an_item_that_must_go_alone_goes_alone():
    work = Work()
    together = Together(work, most=32)
    assert gathered(together, work, [1, 0, 2]) == ["done 1", "done 0", "done 2"]
    assert work.rounds == [[1], [0, 2], [0]]


def test_who_is_alone_hears_what_went_wrong_and_the_next_one_is_not_hindered():
    work = Work()
    work.begun.set()
    together = Together(work, most=32)
    with pytest.raises(Bad):
        together(KEY, -1)
    assert together(KEY, 2) == "done 2"
    assert together._lanes == {}


def test_work_that_fails_before_it_takes_fails_for_its_leader_and_the_next_one_leads():
    """The lock of the database was not to be had: whoever asked for it is told, the others try themselves."""
    begun, going, tries = threading.Event(), threading.Event(), []

    def work(_key, take):
        tries.append(1)
        if len(tries) == 1:
            begun.set()
            assert going.wait(PATIENCE)
            raise Bad("no lock")
        return [f"done {item}" for item in take()]

    together = Together(work, most=32)
    with ThreadPoolExecutor(2) as threads:
        leader = threads.submit(together, KEY, 1)
        assert begun.wait(PATIENCE)
        follower = threads.submit(together, KEY, 2)
        while len(together._lanes[KEY]) == 1:
            threading.Event().wait(0.001)
        going.set()
        assert isinstance(leader.exception(PATIENCE), Bad)
        assert follower.result(PATIENCE) == "done 2"
    assert together._lanes == {}


def test_two_keys_do_not_wait_for_each_other():
    work = Work()
    together = Together(work, most=32)
    with ThreadPoolExecutor(1) as threads:
        held = threads.submit(together, "one", 1)
        assert work.begun.wait(PATIENCE)
        assert together("two", 2) == "done 2"
        work.going.set()
        assert held.result(PATIENCE) == "done 1"
