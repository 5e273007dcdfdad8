"""The log of a poll (nhật ký biểu quyết): one RFC 9162 tree, appended under the poll's row lock."""

import datetime as dt
from typing import Any

from app.models import LeafKind, Poll, PollLeaf
from app.workflows import tree_log
from app.workflows.tree_log import TreeLog

LOG = TreeLog(PollLeaf, "poll_id", LeafKind)


class Growth(tree_log.Growth):
    """The log of a poll that is locked."""

    def __init__(self, poll_id: int, body_id: int) -> None:
        super().__init__(LOG, poll_id, body_id)


def append(poll: Poll, entry: dict[str, Any]) -> None:
    """Add one entry; the caller holds the poll's lock and took `seq` from `next_place`."""
    LOG.append(poll, entry)


def next_place(poll: Poll, now: dt.datetime) -> tuple[int, str]:
    """Sequence and time of the next entry of a poll that is locked."""
    return LOG.next_place(poll, now)


def checkpoint(poll: Poll) -> dict[str, Any]:
    """An earlier head that a signer names as `seen`: size and root after the last entry."""
    return LOG.checkpoint(poll.id)


def entries(poll: Poll) -> list[dict[str, Any]]:
    """Every entry in order, parsed from the exact leaf bytes."""
    return LOG.entries(poll.id)
