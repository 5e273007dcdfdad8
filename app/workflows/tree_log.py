"""The log of one subject, a poll or a slip: one RFC 9162 tree, appended under the row lock of its subject."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, insert, select

from app.extensions import db
from app.workflows.engine.tables import table
from app.workflows.rules.calendar import iso_utc, parse_utc
from app.workflows.rules.canonical import canonical, parse_canonical
from app.workflows.rules.merkle import Frontier, leaf_hash


@dataclass(frozen=True)
class TreeLog:
    """Where the logs of one kind of subject are kept: the table of the leaves, its column of the subject, its kinds."""

    leaf: type[Any]
    owner: str
    kinds: type[StrEnum]

    def append(self, subject: Any, entry: dict[str, Any]) -> None:
        """Add one entry; the caller holds the subject's lock and took `seq` from `next_place`."""
        growth = Growth(self, subject.id, subject.body_id)
        growth.append(entry)
        growth.write()

    def head(self, subject_id: int) -> Any | None:
        """The last entry; its root is the present head of the tree."""
        owner = getattr(self.leaf, self.owner)
        return db.session.scalar(select(self.leaf).where(owner == subject_id).order_by(self.leaf.seq.desc()).limit(1))

    def next_place(self, subject: Any, now: dt.datetime) -> tuple[int, str]:
        """Sequence and time of the next entry of a subject that is locked."""
        return Growth(self, subject.id, subject.body_id).next_place(now)

    def checkpoint(self, subject_id: int) -> dict[str, Any]:
        """An earlier head that a signer names as `seen`: size and root after the last entry."""
        last = self.head(subject_id)
        if last is None:
            raise LookupError("a log begins when its subject is opened")
        return {"size": last.seq + 1, "root": last.root}

    def entries(self, subject_id: int) -> list[dict[str, Any]]:
        """Every entry in order, parsed from the exact leaf bytes."""
        rows = select(self.leaf.data).where(getattr(self.leaf, self.owner) == subject_id).order_by(self.leaf.seq)
        return [parse_canonical(data) for data in db.session.scalars(rows)]


class Growth:
    """A log while its subject is locked: entries are added here, one after the other, and written together."""

    def __init__(self, log: TreeLog, subject_id: int, body_id: int) -> None:
        self.log, self.subject_id, self.body_id = log, subject_id, body_id
        last = db.session.execute(_newest(log), {"subject": subject_id}).one_or_none()
        self._size: int = last.seq + 1 if last else 0
        self._last_at = iso_utc(last.at) if last else ""
        self._frontier = Frontier.from_json(last.frontier) if last else Frontier()
        self._rows: list[dict[str, Any]] = []

    def next_place(self, now: dt.datetime) -> tuple[int, str]:
        """Sequence and time of the next entry; the log's time never runs backwards, whatever the clock does."""
        return self._size, max(iso_utc(now), self._last_at)

    def append(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Add a checked log entry that took its place from `next_place`; the row it becomes."""
        data = canonical(entry)
        hashed = leaf_hash(data)
        self._frontier.append(hashed)
        row = {
            self.log.owner: self.subject_id, "seq": entry["seq"], "body_id": self.body_id,
            "kind": self.log.kinds(entry["kind"]), "data": data, "leaf_hash": hashed.hex(),
            "root": self._frontier.root().hex(), "frontier": self._frontier.to_json(), "at": parse_utc(entry["at"]),
        }  # fmt: skip
        self._rows.append(row)
        self._size, self._last_at = entry["seq"] + 1, entry["at"]
        return row

    def write(self) -> None:
        """Insert what was added; two growths of one log at the same time collide in its primary key."""
        db.session.execute(insert(table(self.log.leaf)), self._rows)
        self._rows = []


@cache
def _newest(log: TreeLog) -> Select[Any]:
    """Built once for each kind of log: building costs as much as asking."""
    leaves = table(log.leaf).c
    of_subject = select(leaves.seq, leaves.at, leaves.frontier).where(leaves[log.owner] == bindparam("subject"))
    return of_subject.order_by(leaves.seq.desc()).limit(1)
