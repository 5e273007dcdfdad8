"""The log of a poll (nhật ký biểu quyết): one RFC 9162 tree, appended under the poll's row lock."""

import datetime as dt
from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.models import LeafKind, Poll, PollLeaf
from app.workflows.rules.calendar import iso_utc, parse_utc
from app.workflows.rules.canonical import canonical, parse_canonical
from app.workflows.rules.merkle import Frontier, leaf_hash


def append(poll: Poll, entry: dict[str, Any]) -> PollLeaf:
    """Add a checked log entry (rules/log.py); the caller holds the poll's lock and took `seq` from `next_place`."""
    last = db.session.get(PollLeaf, (poll.id, entry["seq"] - 1)) if entry["seq"] else None
    frontier = Frontier.from_json(last.frontier) if last else Frontier()
    data = canonical(entry)
    hashed = leaf_hash(data)
    frontier.append(hashed)
    leaf = PollLeaf(
        poll_id=poll.id, seq=entry["seq"], body_id=poll.body_id, kind=LeafKind(entry["kind"]), data=data,
        leaf_hash=hashed.hex(), root=frontier.root().hex(), frontier=frontier.to_json(), at=parse_utc(entry["at"]),
    )  # fmt: skip
    db.session.add(leaf)
    return leaf


def head(poll: Poll) -> PollLeaf | None:
    """The last entry; its root is the present head of the tree."""
    last = select(PollLeaf).where(PollLeaf.poll_id == poll.id).order_by(PollLeaf.seq.desc()).limit(1)
    return db.session.scalar(last)


def next_place(poll: Poll, now: dt.datetime) -> tuple[int, str]:
    """Sequence and time of the next entry; the log's time never runs backwards, whatever the clock does."""
    last = head(poll)
    if last is None:
        return 0, iso_utc(now)
    return last.seq + 1, max(iso_utc(now), iso_utc(last.at))


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
