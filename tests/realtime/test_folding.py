"""Counts of one vote from several web processes: ten a second, no hole that is not there, never backwards."""

import random
from itertools import pairwise

import pytest

from app.realtime.folding import GAP, HOLE, Folding, joined


class Stage:
    """A folding with a clock and a timer that the test moves."""

    def __init__(self):
        self.now, self.sent, self.timers = 100.0, [], []
        self.folding = Folding(self._tell, self._later, clock=lambda: self.now)

    def _tell(self, meeting_id, message):
        self.sent.append((round(self.now, 3), message))

    def _later(self, seconds, call):
        self.timers.append((self.now + seconds, call))

    def hear(self, since, version, voted=None, poll_id=1):
        self.folding.hear({
            "fact": "BallotCast", "poll_id": poll_id, "meeting_id": 5, "since": since, "version": version,
            "voted": version if voted is None else voted, "members": 500,
        })  # fmt: skip

    def move(self, to):
        while due := [timer for timer in self.timers if timer[0] <= to]:
            timer = min(due, key=lambda one: one[0])
            self.timers.remove(timer)
            self.now = timer[0]
            timer[1]()
        self.now = to

    def spans(self):
        return [(message["since"], message["version"]) for _at, message in self.sent]


@pytest.fixture
def stage():
    return Stage()


def test_a_single_count_is_told_at_once_as_it_came(stage):
    stage.hear(10, 11, voted=1)
    assert stage.sent == [
        (100.0, {"fact": "BallotCast", "poll_id": 1, "meeting_id": 5, "since": 10, "version": 11, "voted": 1,
                 "members": 500})
    ]  # fmt: skip


def test_counts_of_two_processes_that_come_crosswise_are_joined(stage):
    stage.hear(10, 11)
    stage.hear(12, 13)
    stage.hear(11, 12)
    stage.move(101)
    assert stage.spans() == [(10, 11), (10, 13)]


def test_a_hole_gets_a_moment_to_be_filled_and_no_longer(stage):
    stage.hear(10, 11)
    stage.move(101)
    stage.hear(12, 13)
    assert stage.spans() == [(10, 11)], "whoever has seen 11 would have to ask"
    stage.hear(11, 12)
    stage.move(101.2)
    assert stage.spans() == [(10, 11), (10, 13)]
    stage.hear(20, 21)
    stage.move(101.2 + HOLE / 2)
    assert stage.spans()[-1] == (10, 13)
    stage.move(102)
    assert stage.spans()[-1] == (20, 21), "something else has happened in between: they have to ask"


def test_what_follows_without_a_hole_is_told_meanwhile(stage):
    stage.hear(10, 11)
    stage.move(101)
    stage.hear(12, 13)
    stage.hear(14, 15)
    stage.hear(11, 12)
    stage.move(101.2)
    assert stage.spans() == [(10, 11), (10, 13)]
    stage.hear(13, 14)
    stage.move(101.4)
    assert stage.spans() == [(10, 11), (10, 13), (10, 15)]


def test_a_count_never_goes_backwards(stage):
    stage.hear(10, 12, voted=2)
    stage.hear(12, 13, voted=5)
    stage.hear(13, 14, voted=4)  # counted earlier, handed in later
    stage.move(101)
    stage.folding.settle(1)
    stage.hear(14, 15, voted=3)
    stage.move(102)
    assert [message["voted"] for _at, message in stage.sent] == [2, 5, 5]


def test_what_waits_goes_out_before_anything_else_about_the_vote(stage):
    stage.hear(10, 11)
    stage.hear(11, 12)
    stage.folding.settle(7)
    stage.folding.settle(None)
    assert stage.spans() == [(10, 11)]
    stage.folding.settle(1)
    assert stage.spans() == [(10, 11), (10, 12)]
    stage.move(101)
    assert len(stage.sent) == 2, "and is not told again"


def test_votes_do_not_slow_each_other_down(stage):
    stage.hear(10, 11, poll_id=1)
    stage.hear(3, 4, poll_id=2)
    assert [message["poll_id"] for _at, message in stage.sent] == [1, 2]


@pytest.mark.parametrize("seed", range(20))
def test_four_processes_at_random_make_ten_messages_a_second_and_a_course_without_holes(stage, seed):
    """Each hands in what it has after its own pause, up to 40 ms late; 400 ballots in two seconds."""
    chance = random.Random(seed)  # noqa: S311 - the order of a test
    events, handed = [], [100.0] * 4
    for version in range(1, 401):
        process, at = chance.randrange(4), 100 + version / 200
        if at > handed[process]:
            handed[process] = at + GAP
        events.append((min(handed[process], at + GAP) + chance.random() * 0.04, version - 1, version))
    for at, since, version in sorted(events):
        stage.move(at)
        stage.hear(since, version)
    stage.move(104)
    times = [at for at, _message in stage.sent]
    assert all(b - a >= GAP - 0.002 for a, b in pairwise(times))
    assert len(times) > 15
    known = stage.sent[0][1]["version"]
    for _at, message in stage.sent[1:]:
        assert message["since"] <= known, "a screen would have had to ask"
        known = max(known, message["version"])
    assert known == 400
    assert stage.sent[-1][1]["voted"] == 400


def test_spans_are_joined_where_they_touch():
    assert joined([(3, 4), (1, 2), (2, 3), (7, 9), (8, 8)]) == [(1, 4), (7, 9)]
