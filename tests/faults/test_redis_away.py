"""Redis goes while members vote, and comes back: no ballot waits for it, and every screen is right again.

It is killed with all that it held, or frozen so that it takes connections and answers nobody; in the full run it is
ended in order as well. That no ballot waits is shown by a web process without any limit for Redis: its answers come
although Redis answers nothing. How fast they come is measured by the benchmarks.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.faults.history import close_and_take_evidence
from tests.faults.production import (
    CARELESS,
    DOOMED,
    ENOUGH,
    MEETING,
    MEMBERS,
    PATIENT,
    POLL,
    freeze,
    kill,
    thaw,
    until,
)
from tests.realtime.conftest import Listener
from tests.servers import RedisServer
from tests.web import Caller, full

pytestmark = pytest.mark.fault

REPEATS = 10 if full() else 1
WAY = {
    "ended": (RedisServer.pause, RedisServer.start),
    "killed": (kill, RedisServer.start),
    "frozen": (freeze, thaw),
}
VOTERS, BEFORE = 8, 2  # of the 27 members; so many vote before Redis goes, two when it is back
A_WHILE = 2.0  # seconds in which an answer that waits for Redis does not come


def receipt_of(member: Caller) -> dict[str, Any]:
    """Signed and counted in one request."""
    answer = member.sign(POLL, member.prepare(POLL))
    assert answer.status == 200, answer.body
    return answer.body["receipt"]


def counted(listener: Listener) -> int:
    counts = [fact["voted"] for fact in listener.facts if "voted" in fact]
    return counts[-1] if counts else 0


@pytest.mark.parametrize("_repeat", range(REPEATS))
@pytest.mark.parametrize("way", WAY if full() else ["killed", "frozen"])
def test_no_ballot_waits_for_redis_and_the_screens_are_right_when_it_is_back(production, way, _repeat):
    go, come_back = WAY[way]
    webs = [production.web(DOOMED), production.web(PATIENT)]
    members = [Caller(webs[number % 2].url, name).sign_in() for number, name in enumerate(MEMBERS[:VOTERS])]
    before, without, after = members[:BEFORE], members[BEFORE:-2], members[-2:]
    screen = production.listen(members[-1])
    receipts = [receipt_of(member) for member in before]
    until(lambda: counted(screen) == len(before))
    go(production.redis)
    try:
        receipts += [receipt_of(member) for member in without]
        until(lambda: ("adrift", {}) in screen.told, "the screens were not told to look for themselves")
        seen = after[0].ask(f"/meetings/{MEETING}/snapshot").body["poll"]
        assert seen["voted"] == len(before) + len(without), "whoever looks sees what is true"
    finally:
        come_back(production.redis)
    until(lambda: ("resync", {}) in screen.told, "the screens were not told to look again")
    until(production.history.told, "what was committed meanwhile was not told")
    receipts += [receipt_of(member) for member in after]
    until(lambda: counted(screen) == VOTERS)
    until(production.history.told)
    production.history.check(receipts)
    assert production.ballots() == VOTERS
    result = json.loads(close_and_take_evidence(members[0], POLL)["result.json"])
    assert (result["agree"], result["not_voting"]) == (VOTERS, len(MEMBERS) - VOTERS)


def test_an_answer_that_waits_for_redis_is_noticed(production):
    """Negative control: a web process that speaks with Redis before it answers has no answer while it is frozen."""
    member = Caller(production.web(CARELESS).url, MEMBERS[0]).sign_in()
    freeze(production.redis)
    try:
        with ThreadPoolExecutor(1) as aside:
            asked = aside.submit(receipt_of, member)
            until(lambda: production.ballots() == 1, "the ballot was not counted")
            with pytest.raises(TimeoutError):
                asked.result(A_WHILE)
            thaw(production.redis)
            production.history.check([asked.result(ENOUGH)])
    finally:
        thaw(production.redis)
