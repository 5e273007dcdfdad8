"""Processes are killed while a slip is issued or closed: each happens once and whole, whoever died over it and when.

A real installation on PostgreSQL with every safeguard of the disk; the processes die, never the tests.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from app.workflows.rules import merkle
from tests.faults.doomed import NOTE
from tests.faults.production import DOOMED, installed, until
from tests.house import FEW
from tests.servers import PostgresServer
from tests.web import NO_ANSWER, Caller, Web, full

pytestmark = pytest.mark.fault

DATABASE = "slips"
REPEATS = 5 if full() else 1
MOMENTS = ("before_commit", "after_commit")
STATES = "SELECT state, count(*) FROM slip GROUP BY state"
NUMBERS = "SELECT array_agg(number ORDER BY number) FROM slip WHERE number IS NOT NULL GROUP BY series_id"  # of a year
OF_SLIP = {
    "leaves": "SELECT kind FROM slip_leaf WHERE slip_id = %s ORDER BY seq",
    "issued": "SELECT id FROM audit_entry WHERE fact = 'SlipIssued' AND subject_id = %s",
    "closed": "SELECT id FROM audit_entry WHERE fact = 'SlipClosed' AND subject_id = %s",
    "deemed": "SELECT member_id FROM slip_deemed WHERE slip_id = %s",
    "asked": "SELECT member_id FROM slip_recipient WHERE slip_id = %s",
    "number": "SELECT number FROM slip WHERE id = %s AND number IS NOT NULL",
}


class Slips:
    """The slips of one database, looked at from outside the application."""

    def __init__(self, server: PostgresServer) -> None:
        self.server = server

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.server.connect(DATABASE) as connection:
            return connection.execute(query, values or None).fetchall()

    def ids(self, state: str) -> list[int]:
        return [found for (found,) in self.rows("SELECT id FROM slip WHERE state = %s ORDER BY id", state)]

    def about(self, slip_id: int) -> dict[str, Any]:
        """How much of each there is, and the kinds of the leaves in order."""
        found = {name: self.rows(query, slip_id) for name, query in OF_SLIP.items()}
        return {name: len(rows) for name, rows in found.items()} | {"leaves": [kind for (kind,) in found["leaves"]]}

    def check_log(self, slip_id: int) -> None:
        leaves = self.rows("SELECT data, root FROM slip_leaf WHERE slip_id = %s ORDER BY seq", slip_id)
        assert leaves[-1][1] == merkle.root([merkle.leaf_hash(bytes(data)) for data, _root in leaves]).hex()


@pytest.fixture(scope="module")
def web(durable: PostgresServer) -> Iterator[Web]:
    """Slips that nobody closed, and slips to be issued; nobody serves yet."""
    with installed(durable, DATABASE, "approved", ECABINET_TEST_SLIPS=str(len(MOMENTS) * REPEATS)) as server:
        yield server


@pytest.fixture
def slips(durable: PostgresServer) -> Slips:
    return Slips(durable)


def test_a_clock_that_was_dead_for_days_and_dies_over_the_close_again_closes_each_slip_once(web, slips):
    overdue = slips.ids("issued")
    assert overdue
    (web.var / NOTE).write_text("\n".join(f"{moment} close_slip" for moment in MOMENTS))  # one worker each
    web.start(DOOMED)
    until(lambda: not (web.var / NOTE).exists())
    web.wait_until_it_answers()
    until(lambda: not slips.ids("issued"))
    assert slips.ids("closed") == overdue
    for slip_id in overdue:
        assert slips.about(slip_id) == {
            "leaves": ["issued", "answer", "closed"], "issued": 1, "closed": 1, "deemed": FEW - 1, "asked": FEW,
            "number": 1,
        }  # fmt: skip
        slips.check_log(slip_id)


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_over_the_issue_it_is_issued_once_with_one_number(web, slips, moment):
    web.wait_until_it_answers()
    deputy = Caller(web.url, "tv02").sign_in()
    for slip_id in slips.ids("approved")[:REPEATS]:
        (web.var / NOTE).write_text(f"{moment} issue_slip")
        with pytest.raises(NO_ANSWER):
            deputy.post(f"/slips/{slip_id}/issue")
        assert not (web.var / NOTE).exists()
        web.wait_until_it_answers()
        there = moment == "after_commit"
        assert slips.about(slip_id) == {
            "leaves": ["issued"] * there, "issued": there, "closed": 0, "deemed": 0, "asked": FEW * there,
            "number": there,
        }  # fmt: skip
        again = deputy.post(f"/slips/{slip_id}/issue")
        assert again.status == (409 if there else 200), again.text
        assert slips.about(slip_id)["issued"] == 1
        assert slips.about(slip_id)["asked"] == FEW
        slips.check_log(slip_id)
    for (numbers,) in slips.rows(NUMBERS):
        assert numbers == list(range(1, len(numbers) + 1))
