"""A web process of a production dies over a ballot; another one takes the device, and tells the screens."""

import pytest

from tests.faults.doomed import NOTE
from tests.faults.production import DOOMED, MEETING, MEMBERS, POLL, at, until
from tests.web import NO_ANSWER, Caller, full

pytestmark = pytest.mark.fault

REPEATS = 50 if full() else 2


@pytest.mark.parametrize(("moment", "stored"), [("after_commit", 1), ("before_commit", 0)])
def test_the_other_process_answers_the_same_nonce_and_tells_the_count(production, moment, stored):
    """The first dies with its master, so that nobody but the second can tell what the first had committed."""
    first, second = production.web(), production.web()
    members = [Caller(first.url, name).sign_in() for name in MEMBERS[: min(REPEATS, len(MEMBERS))]]
    screen, receipts = production.listen(members[0]), []
    for repeat in range(REPEATS):
        member, other = members[repeat % len(members)], at(second, members[repeat % len(members)])
        choice = "agree" if repeat < len(members) else "disagree"  # a second round changes the votes
        before = production.ballots()
        nonce = member.prepare(POLL, choice)
        (first.var / NOTE).write_text(f"{moment} all")
        with pytest.raises(NO_ANSWER):
            member.sign(POLL, nonce)
        assert not (first.var / NOTE).exists()
        assert production.ballots() == before + stored
        if stored:  # without the device: the second process finds the row and tells it
            until(lambda: heard(screen) == production.history.standing(), "nobody told what was committed")
        receipts.append(other.sign(POLL, nonce).body["receipt"])
        assert other.sign(POLL, nonce).body["receipt"] == receipts[-1]
        assert production.ballots() == before + 1
        first.halt()
        first.start(DOOMED)
    until(production.history.told)
    production.history.check(receipts)
    until(lambda: heard(screen) == production.history.standing())


def test_while_nobody_is_left_nothing_is_told_and_the_next_process_does_it(production):
    """The negative control of the one above: it is the second process that tells."""
    first = production.web()
    member = Caller(first.url, MEMBERS[0]).sign_in()
    screen = production.listen(member)
    nonce = member.prepare(POLL)
    (first.var / NOTE).write_text("after_commit all")
    with pytest.raises(NO_ANSWER):
        member.sign(POLL, nonce)
    with pytest.raises(AssertionError):
        until(lambda: heard(screen) == 1 or production.history.told(), seconds=3)
    assert production.ballots() == 1
    second = production.web()
    until(lambda: heard(screen) == 1)
    until(production.history.told)
    receipt = at(second, member).sign(POLL, nonce).body["receipt"]
    production.history.check([receipt])
    known = at(second, member).ask(f"/meetings/{MEETING}/snapshot").body["poll"]
    assert (known["voted"], known["members"]) == (1, len(MEMBERS))


def heard(screen):
    counts = [fact["voted"] for fact in screen.facts if "voted" in fact]
    return counts[-1] if counts else 0
