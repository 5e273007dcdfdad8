"""What the log of a poll records, entry by entry: the leaves of its Merkle tree."""

from collections.abc import Callable, Mapping
from typing import Any

from app.workflows.rules.canonical import parse_canonical
from app.workflows.rules.schema import identifier, moment, one_of, pattern, record, sha256_hex, sha256_tagged, whole

_SHAPES: dict[str, Callable[[Any], Any]] = {
    "open": record(v=one_of(1), seq=one_of(0), kind=one_of("open"), poll_hash=sha256_tagged, at=moment),
    "ballot": record(
        v=one_of(1),
        seq=identifier,
        kind=one_of("ballot"),
        statement_sha256=sha256_hex,
        cms_sha256=sha256_hex,
        member=pattern(r"M[0-9]{2,4}", "a roll code like M07"),
        at=moment,
    ),
    "close": record(v=one_of(1), seq=identifier, kind=one_of("close"), at=moment, ballots=whole(0)),
}


def leaf(**fields: Any) -> dict[str, Any]:
    """One log entry; `kind` is open, ballot or close, `v` is filled in. The leaf data are its canonical bytes."""
    return _checked({"v": 1, **fields})


def opening_leaf(poll_hash: str, at: str) -> dict[str, Any]:
    """Entry 0: the tree of a poll begins with the hash of its definition."""
    return leaf(seq=0, kind="open", poll_hash=poll_hash, at=at)


def ballot_leaf(seq: int, statement_sha256: str, cms_sha256: str, member: str, at: str) -> dict[str, Any]:
    return leaf(seq=seq, kind="ballot", statement_sha256=statement_sha256, cms_sha256=cms_sha256, member=member, at=at)


def closing_leaf(seq: int, at: str, ballots: int) -> dict[str, Any]:
    """The last entry; `ballots` counts every ballot entry, superseded ones too."""
    return leaf(seq=seq, kind="close", at=at, ballots=ballots)


def parse_leaf(data: bytes) -> dict[str, Any]:
    return _checked(parse_canonical(data))


def _checked(value: Mapping[str, Any]) -> dict[str, Any]:
    kind = value.get("kind")
    if not isinstance(kind, str) or kind not in _SHAPES:
        raise ValueError("kind: must be open, ballot or close")
    found: dict[str, Any] = _SHAPES[kind](value)
    return found


def check_log(leaves: list[dict[str, Any]]) -> None:
    """A whole log: opened once at 0, ballots in sequence, closed once at the end with their number.

    Order is the sequence and never the time: two requests may read the clock in one order and get the lock in another.
    """
    kinds = [entry["kind"] for entry in leaves]
    if len(leaves) < 2 or kinds != ["open", *["ballot"] * (len(leaves) - 2), "close"]:  # noqa: PLR2004
        raise ValueError("a log opens once, holds ballots, and closes once")
    if [entry["seq"] for entry in leaves] != list(range(len(leaves))):
        raise ValueError("the entries of a log are numbered without gaps")
    if leaves[-1]["ballots"] != len(leaves) - 2:
        raise ValueError("the closing entry counts other ballots than the log holds")
