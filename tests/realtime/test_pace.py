"""Many ballots become few messages: at most ten in any second, the last one right, none claiming too much."""

import threading
import time

import pytest

from app.realtime.polls import GAP, Pace
from tests.realtime.conftest import until


class Stage:
    """A pace with a clock and a timer that the test moves."""

    def __init__(self):
        self.now, self.sent, self.timers, self.due, self.away = 100.0, [], [], [], False
        self.pace = Pace(self._send, self._later, clock=lambda: self.now, reopen=self.due.append)

    def _send(self, poll_id, heard):
        if self.away:
            raise OSError("nobody takes it")
        self.sent.append((round(self.now, 3), poll_id, heard.since, heard.version))

    def _later(self, seconds, call):
        self.timers.append((self.now + seconds, call))

    def move(self, to):
        while due := [timer for timer in self.timers if timer[0] <= to]:
            timer = min(due, key=lambda one: one[0])
            self.timers.remove(timer)
            self.now = timer[0]
            timer[1]()
        self.now = to


@pytest.fixture
def stage():
    return Stage()


def test_the_first_ballot_is_told_at_once(stage):
    stage.pace.hear(1, 5, 11)
    assert stage.sent == [(100.0, 1, 10, 11)]


def test_what_follows_at_once_is_folded_into_one_message(stage):
    for version in range(11, 31):
        stage.pace.hear(1, 5, version)
    stage.move(101)
    assert [sent[2:] for sent in stage.sent] == [(10, 11), (11, 30)]


def test_two_hundred_ballots_in_a_second_make_at_most_ten_messages(stage):
    for version in range(1, 201):
        stage.move(100 + version / 200)
        stage.pace.hear(1, 5, version)
    stage.move(102)
    assert len([sent for sent in stage.sent if sent[0] <= 101]) <= 10
    assert stage.sent[-1][3] == 200
    assert all(b[0] - a[0] >= GAP - 0.001 for a, b in zip(stage.sent, stage.sent[1:], strict=False))


def test_every_version_is_covered_without_a_hole(stage):
    for version in range(1, 201):
        stage.move(100 + version / 200)
        stage.pace.hear(1, 5, version)
    stage.move(102)
    known = 0
    for _at, _poll, since, version in stage.sent:
        assert since <= known
        known = version
    assert known == 200


def test_another_fact_between_two_ballots_is_never_skipped(stage):
    """Version 13 was something else: whoever has not heard of it must ask, and `since` says so."""
    stage.pace.hear(1, 5, 11)
    stage.pace.hear(1, 5, 12)
    stage.pace.hear(1, 5, 14)
    stage.move(101)
    assert stage.sent[-1][2:] == (13, 14)


def test_what_cannot_be_told_later_makes_its_last_job_due_again(stage):
    for number, version in enumerate((11, 12, 13), start=501):
        stage.pace.hear(1, 5, version, number)
    stage.away = True
    with pytest.raises(OSError, match="takes it"):
        stage.move(101)
    assert stage.due == [503]
    stage.away = False
    stage.pace.hear(1, 5, 13, 503)  # when it is due again, here or in another process
    stage.move(102)
    assert stage.sent[-1][3] == 13


def test_what_cannot_be_told_at_once_is_left_to_its_own_job(stage):
    stage.away = True
    with pytest.raises(OSError, match="takes it"):
        stage.pace.hear(1, 5, 11, 501)
    assert stage.due == [], "it is in hand, and fails"


def test_polls_do_not_slow_each_other_down(stage):
    stage.pace.hear(1, 5, 11)
    stage.pace.hear(2, 6, 4)
    assert [sent[1] for sent in stage.sent] == [1, 2]


def test_the_close_sends_the_last_count_at_once_as_of_the_version_before_it(stage):
    for version in (11, 12, 13):
        stage.pace.hear(1, 5, version)
    stage.pace.finish(1, 5, 14)
    assert stage.sent[-1] == (100.0, 1, 11, 13)
    stage.move(101)
    assert len(stage.sent) == 2, "nothing comes after it"


def test_the_real_clock_keeps_the_pace_too():
    """Negative control of the figures above: real threads, real time, hundreds of ballots in two seconds.

    A thread may be stopped between the decision to tell and the telling: the moment of the decision counts.
    """
    sent, read = [], threading.local()

    def clock():
        read.last = time.monotonic()
        return read.last

    def later(seconds, call):
        timer = threading.Timer(seconds, call)
        timer.daemon = True
        timer.start()

    pace = Pace(lambda poll_id, heard: sent.append((read.last, heard)), later, clock)
    began, last = time.monotonic(), 400
    for version in range(1, last + 1):
        pace.hear(1, 5, version)
        time.sleep(0.005)
    assert until(lambda: any(heard.version == last for _at, heard in sent))
    took = time.monotonic() - began
    times = sorted(at for at, _heard in sent)
    busiest = max(sum(start <= at < start + 1 for at in times) for start in times)
    assert 2 <= len(sent) <= took / GAP + 1, "more was heard than told"
    assert busiest <= 10
    assert max(sent, key=lambda told: told[0])[1].version == last
