"""The signer's own count: it survives, it grows, and what is damaged never opens it."""

import datetime as dt
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import pytest

from app.gateways.signing import PinHeld, SignerBusy
from app.signer.gate import Gate
from app.signer.tries import FIRST_HOLD, LONGEST_HOLD, MOST, Tries

NOW = dt.datetime(2026, 11, 21, 2, 0, tzinfo=dt.UTC)
KEY, OTHER = "a" * 32, "b" * 32


@pytest.fixture
def tries(tmp_path, monkeypatch):
    monkeypatch.setattr("app.signer.tries.WAITS", 120)
    return Tries(tmp_path / "keys" / "tries")


def use_up(tries, now, key=KEY):
    for _ in range(MOST):
        tries.charge(key, now)


def held_until(tries, now, key=KEY):
    with pytest.raises(PinHeld) as held:
        tries.charge(key, now)
    return held.value.until


def test_the_tenth_wrong_pin_holds_the_key_and_each_hold_is_twice_as_long(tries):
    now, holds = NOW, []
    for _ in range(9):
        use_up(tries, now)
        until = held_until(tries, now)
        holds.append(until - now)
        held_until(tries, until - dt.timedelta(seconds=1))
        now = until
    assert holds[:4] == [FIRST_HOLD, 2 * FIRST_HOLD, 4 * FIRST_HOLD, 8 * FIRST_HOLD]
    assert holds[-1] == LONGEST_HOLD
    tries.charge(OTHER, now)
    tries.forgive(KEY)
    use_up(tries, now)
    assert held_until(tries, now) - now == FIRST_HOLD


def test_another_process_on_the_same_folder_goes_on_counting(tries, tmp_path):
    for _ in range(MOST - 1):
        tries.charge(KEY, NOW)
    again = Tries(tmp_path / "keys" / "tries")
    again.charge(KEY, NOW)
    held_until(again, NOW)


def test_a_try_that_was_not_looked_at_is_given_back(tries):
    for _ in range(3 * MOST):
        tries.charge(KEY, NOW)
        tries.give_back(KEY)
    for _ in range(MOST - 1):
        tries.charge(KEY, NOW)
    tries.charge(KEY, NOW)
    tries.give_back(KEY)
    tries.charge(KEY, NOW)
    held_until(tries, NOW)


@pytest.mark.parametrize("damage", ["", "{", "[]", "7", '{"wrong": -99999}x', '{"wrong": "0"}', '{"right": 1}',
                                    '{"wrong": 0, "holds": 0, "until": "never"}', "\x00" * 40])  # fmt: skip
def test_a_damaged_count_leaves_one_try(tries, tmp_path, damage):
    tries.charge(KEY, NOW)
    (tmp_path / "keys" / "tries" / f"{KEY}.json").write_text(damage)
    tries.charge(KEY, NOW)
    held_until(tries, NOW)


def test_a_clock_that_was_set_back_holds_nobody_for_years(tries):
    late = NOW + dt.timedelta(days=3000)
    use_up(tries, late)
    assert held_until(tries, NOW) - NOW <= LONGEST_HOLD


def test_the_count_is_the_owners_alone(tries, tmp_path):
    tries.charge(KEY, NOW)
    folder = tmp_path / "keys" / "tries"
    modes = [path.stat().st_mode & 0o777 for path in (tmp_path / "keys", folder, *folder.iterdir())]
    assert modes == [0o700, 0o700, 0o600]


# -- the queue


def until(fact):
    deadline = time.monotonic() + 60
    while not fact():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_so_many_unlock_at_once_and_the_rest_waits_in_line():
    gate, inside, go = Gate(at_once=2, waiting=64, longest=120), [], threading.Event()

    def unlock(number):
        with gate:
            inside.append(number)
            go.wait(60)

    with ThreadPoolExecutor(27) as pool:
        unlocked = pool.map(unlock, range(27))
        try:
            until(lambda: (len(inside), gate._waiting) == (2, 25))
        finally:
            go.set()
        list(unlocked)
    assert sorted(inside) == list(range(27))


def test_whoever_finds_the_line_full_is_told_at_once():
    gate, begin = Gate(at_once=1, waiting=2, longest=120), time.monotonic()
    inside, go = threading.Event(), threading.Event()

    def hold():
        with gate:
            inside.set()
            go.wait(120)

    def wait():
        with gate:
            pass

    with ThreadPoolExecutor(3) as pool:
        holding = pool.submit(hold)
        try:
            assert inside.wait(60)
            waiting = [pool.submit(wait) for _ in range(2)]
            until(lambda: gate._waiting == 2)
            with pytest.raises(SignerBusy):
                wait()
            assert time.monotonic() - begin < 100
        finally:
            go.set()
        for each in (holding, *waiting):
            each.result(60)


def test_whoever_waits_too_long_is_told_too_and_leaves_the_line():
    gate = Gate(at_once=1, waiting=1, longest=0.05)
    with gate:
        for _ in range(3):
            with pytest.raises(SignerBusy), gate:
                pass
    with gate:
        pass


# -- several at once


def test_more_right_pins_at_once_than_there_are_tries_hold_no_key(tries):
    """All of them are looked at in the same moment, as far as there are tries; the others wait for what comes of it."""
    everybody = threading.Barrier(MOST)

    def unlock(_number):
        with tries.looking(KEY):
            with suppress(threading.BrokenBarrierError):
                everybody.wait(0.5)
            tries.forgive(KEY)
        return "right"

    with ThreadPoolExecutor(2 * MOST) as pool:
        assert list(pool.map(unlock, range(2 * MOST))) == ["right"] * 2 * MOST
    assert tries._looked_at == {}


def test_the_count_alone_would_hold_it(tries):
    """The control: while ten are looked at, an eleventh finds the key held."""
    for _ in range(MOST):
        tries.charge(KEY, dt.datetime.now(dt.UTC))
    held_until(tries, dt.datetime.now(dt.UTC))


def test_more_wrong_pins_at_once_get_their_number_of_looks_and_the_rest_is_told(tries):
    looks = []

    def guess(number):
        try:
            with tries.looking(KEY):
                looks.append(number)
                time.sleep(0.05)
        except PinHeld:
            return "held"
        return "wrong"

    with ThreadPoolExecutor(4 * MOST) as pool:
        found = list(pool.map(guess, range(4 * MOST)))
    assert (len(looks), found.count("wrong"), found.count("held")) == (MOST, MOST, 3 * MOST)


def test_whoever_is_not_decided_on_in_time_keeps_nobody_waiting_for_ever(tries, monkeypatch):
    monkeypatch.setattr("app.signer.tries.WAITS", 0.05)
    with ExitStack() as open_looks:
        for _ in range(MOST):
            open_looks.enter_context(tries.looking(KEY))
        with pytest.raises(PinHeld), tries.looking(KEY):
            pass
