"""What the log of the installation records, entry by entry: the leaves of the tree that joins all others."""

from collections.abc import Callable, Mapping
from typing import Any

from app.workflows.rules.canonical import parse_canonical
from app.workflows.rules.schema import identifier, moment, one_of, record, sha256_hex, whole

AUDIT, POLL_CLOSED, POLL_ANNULLED, RESOLUTION = "audit", "poll_closed", "poll_annulled", "resolution"
SLIP_CLOSED, SLIP_RECALLED = "slip_closed", "slip_recalled"
MEETING_CLOSED = "meeting_closed"
_HEAD: dict[str, Any] = {"v": one_of(1), "body_id": identifier, "subject_id": identifier, "at": moment}
_ROOT: dict[str, Any] = {"size": whole(1), "root": sha256_hex}
_SHAPES: dict[str, Callable[[Any], Any]] = {
    AUDIT: record(**_HEAD, kind=one_of(AUDIT), sha256=sha256_hex),
    POLL_CLOSED: record(**_HEAD, kind=one_of(POLL_CLOSED), **_ROOT),
    POLL_ANNULLED: record(**_HEAD, kind=one_of(POLL_ANNULLED), **_ROOT),
    SLIP_CLOSED: record(**_HEAD, kind=one_of(SLIP_CLOSED), **_ROOT),
    SLIP_RECALLED: record(**_HEAD, kind=one_of(SLIP_RECALLED), **_ROOT),
    RESOLUTION: record(**_HEAD, kind=one_of(RESOLUTION), sha256=sha256_hex),
    MEETING_CLOSED: record(**_HEAD, kind=one_of(MEETING_CLOSED), version=whole(1)),
}


def leaf(**fields: Any) -> dict[str, Any]:
    """rule:R47: one entry of the log, checked.

    `kind`, `subject_id` (the audit row, the poll, the slip, the Resolution, the meeting), `body_id`, `at` (when it was
    entered). An audit row and a promulgated document are named by their `sha256`, the log of a poll or a slip by `size`
    and `root`, the end of a session by the `version` of its live state. The leaf data are the canonical bytes; `v` is
    filled in. ValueError for anything else.
    """
    return _checked({"v": 1, **fields})


def parse_leaf(data: bytes) -> dict[str, Any]:
    """Read leaf data; ValueError for bytes that are no entry."""
    return _checked(parse_canonical(data))


def _checked(value: Mapping[str, Any]) -> dict[str, Any]:
    kind = value.get("kind")
    if not isinstance(kind, str) or kind not in _SHAPES:
        raise ValueError(f"kind: must be one of {', '.join(_SHAPES)}")
    found: dict[str, Any] = _SHAPES[kind](value)
    return found
