"""The log of a poll (nhật ký biểu quyết): one RFC 9162 tree, appended under the poll's row lock."""

import datetime as dt
from typing import Any

from sqlalchemy import bindparam, insert, select

from app.extensions import db
from app.models import LeafKind, Poll, PollLeaf
from app.workflows.engine.tables import table
from app.workflows.rules.calendar import iso_utc, parse_utc
from app.workflows.rules.canonical import canonical, parse_canonical
from app.workflows.rules.merkle import Frontier, leaf_hash

LOG = table(PollLeaf)
LAST = select(LOG.c.seq, LOG.c.at, LOG.c.frontier).where(LOG.c.poll_id == bindparam("poll"))
LAST = LAST.order_by(LOG.c.seq.desc()).limit(1)


class Growth:
    """The log while its poll is locked: entries are added here, one after the other, and written together."""

    def __init__(self, poll_id: int, body_id: int) -> None:
        self.poll_id, self.body_id = poll_id, body_id
        last = db.session.execute(LAST, {"poll": poll_id}).one_or_none()
        self._size: int = last.seq + 1 if last else 0
        self._last_at = iso_utc(last.at) if last else ""
        self._frontier = Frontier.from_json(last.frontier) if last else Frontier()
        self._rows: list[dict[str, Any]] = []

    def next_place(self, now: dt.datetime) -> tuple[int, str]:
        """Sequence and time of the next entry; the log's time never runs backwards, whatever the clock does."""
        return self._size, max(iso_utc(now), self._last_at)

    def append(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Add a checked log entry (rules/log.py) that took its place from `next_place`; the row it becomes."""
        data = canonical(entry)
        hashed = leaf_hash(data)
        self._frontier.append(hashed)
        row = {
            "poll_id": self.poll_id, "seq": entry["seq"], "body_id": self.body_id, "kind": LeafKind(entry["kind"]),
            "data": data, "leaf_hash": hashed.hex(), "root": self._frontier.root().hex(),
            "frontier": self._frontier.to_json(), "at": parse_utc(entry["at"]),
        }  # fmt: skip
        self._rows.append(row)
        self._size, self._last_at = entry["seq"] + 1, entry["at"]
        return row

    def write(self) -> None:
        """Insert what was added; two growths of one log at the same time collide in its primary key."""
        db.session.execute(insert(LOG), self._rows)
        self._rows = []


def append(poll: Poll, entry: dict[str, Any]) -> None:
    """Add one entry; the caller holds the poll's lock and took `seq` from `next_place`."""
    growth = Growth(poll.id, poll.body_id)
    growth.append(entry)
    growth.write()


def head(poll: Poll) -> PollLeaf | None:
    """The last entry; its root is the present head of the tree."""
    last = select(PollLeaf).where(PollLeaf.poll_id == poll.id).order_by(PollLeaf.seq.desc()).limit(1)
    return db.session.scalar(last)


def next_place(poll: Poll, now: dt.datetime) -> tuple[int, str]:
    """Sequence and time of the next entry of a poll that is locked."""
    return Growth(poll.id, poll.body_id).next_place(now)


def checkpoint(poll: Poll) -> dict[str, Any]:
    """An earlier head that a signer names as `seen`: size and root after the last entry."""
    last = head(poll)
    if last is None:
        raise LookupError("the log of a poll begins when it opens")
    return {"size": last.seq + 1, "root": last.root}


def entries(poll: Poll) -> list[dict[str, Any]]:
    """Every entry in order, parsed from the exact leaf bytes."""
    rows = select(PollLeaf).where(PollLeaf.poll_id == poll.id).order_by(PollLeaf.seq)
    return [parse_canonical(leaf.data) for leaf in db.session.scalars(rows)]
