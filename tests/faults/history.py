"""What devices were told, held against what the database keeps: the oracle of every fault."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from app.workflows.rules import merkle
from app.workflows.rules.evidence import read_bundle
from tests.servers import PostgresServer
from tests.web import Caller

BALLOTS = """
    SELECT ballot.id, member_id, nonce, leaf_seq, supersedes_id, sha256, leaf_hash
    FROM ballot JOIN signed_statement ON signed_statement.id = statement_id
    JOIN poll_leaf USING (poll_id) WHERE poll_leaf.seq = leaf_seq ORDER BY leaf_seq
"""
LEAVES = "SELECT seq, kind, data, leaf_hash, root FROM poll_leaf ORDER BY seq"


class Row(NamedTuple):
    """One stored ballot."""

    id: int
    member_id: int
    nonce: str
    leaf_seq: int
    supersedes_id: int | None
    sha256: str
    leaf_hash: str


class History:
    """One vote in one database, looked at from outside the application."""

    def __init__(self, server: PostgresServer, database: str) -> None:
        self.server, self.database = server, database

    def ballots(self) -> list[Row]:
        return [Row(*row) for row in self.rows(BALLOTS)]

    def standing(self) -> int:
        """How many members have a ballot in the vote."""
        return len({row.member_id for row in self.ballots()})

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.server.connect(self.database) as connection:
            return connection.execute(query, values or None).fetchall()

    def told(self) -> bool:
        """Whether every count was announced that a committed ballot asked for."""
        return not self.rows("SELECT 1 FROM job WHERE state <> 'done' AND name = 'polls.progress'")

    def check(self, receipts: Sequence[dict[str, Any]]) -> None:
        """Every acknowledged ballot is there as acknowledged, one standing each, and the log recomputes."""
        stored = {row.id: row for row in self.ballots()}
        for receipt in receipts:
            row = stored.get(receipt["ballot_id"])
            assert row is not None, f"ballot {receipt['ballot_id']} was acknowledged and is lost"
            said = (receipt["statement_sha256"], receipt["leaf_seq"], receipt["leaf_hash"])
            assert said == (row.sha256, row.leaf_seq, row.leaf_hash)
        first = Counter(row.member_id for row in stored.values() if row.supersedes_id is None)
        assert set(first.values()) <= {1}, "two standing ballots of one member"
        assert len({row.nonce for row in stored.values()}) == len(stored)
        self._check_log({row.leaf_seq for row in stored.values()})

    def _check_log(self, of_ballots: set[int]) -> None:
        leaves = self.rows(LEAVES)
        assert [seq for seq, *_rest in leaves] == list(range(len(leaves)))
        hashes = [merkle.leaf_hash(bytes(data)) for _seq, _kind, data, _hash, _root in leaves]
        for place, (_seq, _kind, _data, leaf_hash, root) in enumerate(leaves):
            assert leaf_hash == hashes[place].hex()
            assert root == merkle.root(hashes[: place + 1]).hex()
        assert {seq for seq, kind, *_rest in leaves if kind == "ballot"} == of_ballots


def close_and_take_evidence(head: Caller, poll_id: int) -> dict[str, bytes]:
    """Close and publish; the evidence is handed out only when every signature holds and the result counts again."""
    assert head.tell(f"/polls/{poll_id}/close").status == 200
    assert head.tell(f"/polls/{poll_id}/publish").status == 200
    bundle = head.get(f"/polls/{poll_id}/evidence.zip")
    assert bundle.status == 200, bundle.text
    return read_bundle(bundle.content)
