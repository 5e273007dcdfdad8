"""Redis goes while members vote, and comes back: no ballot waits for it, and every screen is right again.

In every way that it may go: ended, killed, or frozen so that it takes connections and answers nobody. What it held is
lost each time but the last; nothing that counts lives there.
"""

import json
import time
from statistics import median
from typing import Any

import pytest

from tests.faults.history import close_and_take_evidence
from tests.faults.production import (
    CARELESS,
    MEETING,
    MEMBERS,
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
VOTERS, BEFORE = 12, 5  # of the 27 members; so many vote before Redis goes, two when it is back
SLOWER = 5  # an answer that waits for Redis comes twenty times later and more


def timed(member: Caller) -> tuple[float, dict[str, Any]]:
    """How long the one request took in which a ballot is signed and counted, and its receipt."""
    nonce = member.prepare(POLL)
    began = time.monotonic()
    answer = member.sign(POLL, nonce)
    took = time.monotonic() - began
    assert answer.status == 200, answer.body
    return took, answer.body["receipt"]


def counted(listener: Listener) -> int:
    counts = [fact["voted"] for fact in listener.facts if "voted" in fact]
    return counts[-1] if counts else 0


@pytest.mark.parametrize("_repeat", range(REPEATS))
@pytest.mark.parametrize("way", WAY if full() else ["killed", "frozen"])
def test_no_ballot_waits_for_redis_and_the_screens_are_right_when_it_is_back(production, way, _repeat):
    go, come_back = WAY[way]
    webs = [production.web(), production.web()]
    members = [Caller(webs[number % 2].url, name).sign_in() for number, name in enumerate(MEMBERS[:VOTERS])]
    before, without, after = members[:BEFORE], members[BEFORE:-2], members[-2:]
    screen = production.listen(members[-1])
    with_redis = [timed(member) for member in before]
    until(lambda: counted(screen) == len(before))
    go(production.redis)
    try:
        without_redis = [timed(member) for member in without]
        until(lambda: ("adrift", {}) in screen.told, "the screens were not told to look for themselves")
        seen = after[0].ask(f"/meetings/{MEETING}/snapshot").body["poll"]
        assert seen["voted"] == len(before) + len(without), "whoever looks sees what is true"
    finally:
        come_back(production.redis)
    until(lambda: ("resync", {}) in screen.told, "the screens were not told to look again")
    until(production.history.told, "what was committed meanwhile was not told")
    last = [timed(member) for member in after]
    until(lambda: counted(screen) == VOTERS)
    until(production.history.told)
    assert no_slower(with_redis, without_redis)
    production.history.check([receipt for _took, receipt in with_redis + without_redis + last])
    assert production.ballots() == VOTERS
    result = json.loads(close_and_take_evidence(members[0], POLL)["result.json"])
    assert (result["agree"], result["not_voting"]) == (VOTERS, len(MEMBERS) - VOTERS)


def no_slower(with_redis: list[tuple[float, Any]], without_redis: list[tuple[float, Any]]) -> bool:
    """The usual answer as well as the slowest: a machine that is busy makes both slow, with Redis or without."""
    here, away = [took for took, _receipt in with_redis], [took for took, _receipt in without_redis]
    return median(away) < SLOWER * median(here)


def test_an_answer_that_waits_for_redis_is_noticed(production):
    """Negative control: a web process that speaks with Redis before it answers is slow without it."""
    web = production.web(CARELESS)
    members = [Caller(web.url, name).sign_in() for name in MEMBERS[:7]]
    with_redis = [timed(member) for member in members[:4]]
    freeze(production.redis)
    try:
        without_redis = [timed(member) for member in members[4:]]
    finally:
        thaw(production.redis)
    assert not no_slower(with_redis, without_redis)
