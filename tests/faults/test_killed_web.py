"""Processes are killed while members vote: no acknowledged ballot is lost, none is counted twice, every count is told.

A real installation on PostgreSQL with every safeguard of the disk; it is the processes that die, never the tests.
"""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from tests.faults.doomed import HELD, NOTE
from tests.faults.history import History, close_and_take_evidence
from tests.faults.production import DOOMED, ENOUGH, FURNISHED, MEMBERS, POLL, Furnished, until
from tests.servers import PostgresServer
from tests.web import NO_ANSWER, Caller, Web, full

pytestmark = pytest.mark.fault

DATABASE = "killed"
REPEATS = 10 if full() else 3
CRASHES = 5 if full() else 1
TOGETHER = 5  # ballots, the first of which is counted alone
PAUSE = 0.2  # seconds before a device asks again


@pytest.fixture
def web(durable: PostgresServer, voting: Furnished) -> Iterator[Web]:
    """A copy of the open vote; the application only serves."""
    durable.create_database(DATABASE, FURNISHED)
    durable.execute("CHECKPOINT")  # else a crash would take the sequences of a fresh copy back to where it began
    server = Web(ECABINET_APP_ROLE="ecab_app", ECABINET_DATABASE=durable.url(DATABASE))
    server.furnish(voting.files)
    yield server.start(DOOMED)
    server.stop()
    durable.drop_database(DATABASE)


@pytest.fixture
def history(durable: PostgresServer, web: Web) -> History:
    return History(durable, DATABASE)


def sent_to_its_death(web: Web, member: Caller, moment: str) -> str:
    """The nonce of a ballot over which the process that received it died: the device has no answer."""
    nonce = member.prepare(POLL)
    (web.var / NOTE).write_text(moment)
    with pytest.raises(NO_ANSWER):
        member.sign(POLL, nonce)
    assert not (web.var / NOTE).exists()
    return nonce


def stored(history: History, nonce: str) -> int:
    return sum(row.nonce == nonce for row in history.ballots())


def receipt_of(member: Caller, nonce: str) -> dict[str, Any]:
    answer = member.sign(POLL, nonce)
    assert answer.status == 200, answer.body
    return answer.body["receipt"]


def test_killed_after_the_commit_the_same_nonce_brings_the_receipt_and_the_count_is_told(web, history):
    acknowledged = []
    for name in MEMBERS[:REPEATS]:
        member = Caller(web.url, name).sign_in()
        nonce = sent_to_its_death(web, member, "after_commit")
        assert stored(history, nonce) == 1
        web.wait_until_it_answers()  # the master has begun another worker
        receipt = receipt_of(member, nonce)
        assert receipt_of(member, nonce) == receipt
        acknowledged.append(receipt)
        assert stored(history, nonce) == 1
    until(history.told)
    history.check(acknowledged)
    assert len(history.ballots()) == REPEATS


def test_killed_before_the_commit_nothing_is_left_and_the_next_try_counts_once(web, history):
    acknowledged = []
    for name in MEMBERS[:REPEATS]:
        member = Caller(web.url, name).sign_in()
        before = history.rows("SELECT seq FROM poll_leaf")
        nonce = sent_to_its_death(web, member, "before_commit")
        assert stored(history, nonce) == 0
        assert history.rows("SELECT seq FROM poll_leaf") == before
        web.wait_until_it_answers()
        acknowledged.append(receipt_of(member, nonce))
        assert stored(history, nonce) == 1
    until(history.told)
    history.check(acknowledged)
    assert len(history.ballots()) == REPEATS


def test_killed_while_several_are_counted_together_nothing_of_any_is_left_and_each_counts_once(web, history):
    """One ballot is held before its commit until the others wait behind it; the transaction they share then dies."""
    devices = [Caller(web.url, name).sign_in() for name in MEMBERS[:TOGETHER]]
    nonces = [device.prepare(POLL) for device in devices]
    note, held = web.var / NOTE, web.var / HELD
    note.write_text("before_commit hold")
    with ThreadPoolExecutor(len(devices)) as pool:
        asked = [pool.submit(signed_or_cut_off, devices[0], nonces[0])]
        until(held.exists)
        asked += [pool.submit(signed_or_cut_off, *each) for each in zip(devices[1:], nonces[1:], strict=True)]
        until(lambda: held.read_text().strip() == str(TOGETHER - 1), "the others do not wait behind the first")
        note.write_text("before_commit")
        held.unlink()
        receipts = [each.result(ENOUGH) for each in asked]
    assert not note.exists(), "nobody died"
    assert receipts[1:] == [None] * (TOGETHER - 1)
    assert [row.nonce for row in history.ballots()] == nonces[:1]
    assert len(history.rows("SELECT seq FROM poll_leaf")) == 2
    assert len(history.rows("SELECT id FROM signed_statement")) == 1
    web.wait_until_it_answers()
    acknowledged = [receipt_of(*each) for each in zip(devices, nonces, strict=True)]
    until(history.told)
    history.check(acknowledged)
    assert len(history.ballots()) == TOGETHER


def signed_or_cut_off(device: Caller, nonce: str) -> dict[str, Any] | None:
    """The receipt, or None when the line broke."""
    try:
        answer = device.sign(POLL, nonce)
    except NO_ANSWER:
        return None
    assert answer.status == 200, answer.body
    receipt: dict[str, Any] = answer.body["receipt"]
    return receipt


def test_a_whole_installation_that_was_killed_tells_what_it_had_committed_when_it_is_back(web, history):
    """Master and worker die, so nobody can tell the count; the relay of the next start finds the row and does."""
    member = Caller(web.url, MEMBERS[1]).sign_in()
    nonce = sent_to_its_death(web, member, "after_commit all")
    assert stored(history, nonce) == 1
    assert not web.answers()
    assert not history.told()
    web.halt()
    web.start(DOOMED)
    until(history.told)
    history.check([receipt_of(member, nonce)])
    known = member.ask("/meetings/1/snapshot").body
    assert (known["poll"]["voted"], known["poll"]["members"]) == (1, 27)


@pytest.mark.parametrize("_crash", range(CRASHES))
def test_the_database_crashes_while_everybody_votes_and_every_ballot_is_counted_once(web, history, durable, _crash):
    devices = [Caller(web.url, name).sign_in() for name in MEMBERS]
    nonces = [device.prepare(POLL) for device in devices]
    note, held, heard = web.var / NOTE, web.var / HELD, Heard()
    with ThreadPoolExecutor(len(devices)) as pool:
        ask = partial(pool.submit, vote_until_acknowledged, heard)
        voting = [ask(*each) for each in zip(devices[:-1], nonces[:-1], strict=True)]
        assert heard.receipt.wait(ENOUGH)
        note.write_text("before_commit hold")
        voting.append(ask(devices[-1], nonces[-1]))  # so that there is one to hold, however fast the others were
        until(held.exists)
        durable.crash()
        held.unlink()
        assert heard.trouble.wait(ENOUGH), "nobody missed the database"
        durable.recover()
        receipts, asked = zip(*[vote.result() for vote in voting], strict=True)
    assert max(asked) > 1, "the crash came when everything was over"
    history.check(receipts)
    assert len(history.ballots()) == len(MEMBERS)
    result = json.loads(close_and_take_evidence(devices[0], POLL)["result.json"])
    assert (result["agree"], result["not_voting"]) == (len(MEMBERS), 0)
    until(history.told)


class Heard:
    """What the devices were answered: that somebody has a receipt, that somebody must ask again."""

    def __init__(self) -> None:
        self.receipt, self.trouble = threading.Event(), threading.Event()


def vote_until_acknowledged(heard: Heard, device: Caller, nonce: str) -> tuple[dict[str, Any], int]:
    """As the script of the vote card does it: no answer means to ask again under the same nonce."""
    deadline, asked = time.monotonic() + ENOUGH, 0
    while time.monotonic() < deadline:
        asked += 1
        try:
            answer = device.sign(POLL, nonce)
            if answer.status == 200:
                heard.receipt.set()  # now everything may go wrong
                return answer.body["receipt"], asked
            assert answer.status >= 500, answer.body
        except NO_ANSWER:
            pass
        heard.trouble.set()
        time.sleep(PAUSE)
    raise AssertionError(f"{device.name} got no receipt within {ENOUGH:g} s")


def test_the_oracle_notices_a_lost_ballot_and_a_changed_one(web, history):
    """Its negative control: what was never stored, or otherwise than acknowledged, must not pass."""
    receipt = Caller(web.url, MEMBERS[1]).sign_in().vote(POLL)
    history.check([receipt])
    with pytest.raises(AssertionError, match="lost"):
        history.check([receipt, {**receipt, "ballot_id": receipt["ballot_id"] + 1}])
    with pytest.raises(AssertionError):
        history.check([{**receipt, "leaf_hash": "0" * 64}])
