"""What the log of a slip records, entry by entry: the leaves of its Merkle tree."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.workflows.rules.calendar import parse_utc
from app.workflows.rules.canonical import parse_canonical
from app.workflows.rules.opinion_text import clean_opinion
from app.workflows.rules.schema import (
    Check,
    identifier,
    list_of,
    moment,
    one_of,
    pattern,
    record,
    sha256_hex,
    sha256_tagged,
    text,
    whole,
)

ISSUED, ANSWER, EXTENDED, CLOSED, RECALLED = KINDS = ("issued", "answer", "extended", "closed", "recalled")
ENDS = (CLOSED, RECALLED)
_member = pattern(r"M[0-9]{2,4}", "a roll code like M07")


def _reason(*, empty: bool) -> Check:
    inner = text(2000, empty=empty, lines=True)
    return lambda value: inner(clean_opinion(value) if isinstance(value, str) else value)


_SHAPES: dict[str, Callable[[Any], Any]] = {
    ISSUED: record(
        v=one_of(1), seq=one_of(0), kind=one_of(ISSUED), slip_hash=sha256_tagged, deadline_at=moment, at=moment
    ),
    ANSWER: record(
        v=one_of(1),
        seq=identifier,
        kind=one_of(ANSWER),
        statement_sha256=sha256_hex,
        cms_sha256=sha256_hex,
        member=_member,
        at=moment,
    ),
    EXTENDED: record(
        v=one_of(1), seq=identifier, kind=one_of(EXTENDED), before=moment, after=moment, reason=_reason(empty=False),
        at=moment,
    ),
    CLOSED: record(
        v=one_of(1), seq=identifier, kind=one_of(CLOSED), answers=whole(0), deemed=list_of(_member),
        reason=_reason(empty=True), at=moment,
    ),
    RECALLED: record(
        v=one_of(1), seq=identifier, kind=one_of(RECALLED), answers=whole(0), reason=_reason(empty=False), at=moment
    ),
}  # fmt: skip


def leaf(**fields: Any) -> dict[str, Any]:
    """One log entry; `kind` is one of KINDS, `v` is filled in. The leaf data are its canonical bytes."""
    return _checked({"v": 1, **fields})


def issued_leaf(slip_hash: str, deadline_at: str, at: str) -> dict[str, Any]:
    """Entry 0: the tree of a slip begins with the hash of its definition."""
    return leaf(seq=0, kind=ISSUED, slip_hash=slip_hash, deadline_at=deadline_at, at=at)


def answer_leaf(seq: int, statement_sha256: str, cms_sha256: str, member: str, at: str) -> dict[str, Any]:
    return leaf(seq=seq, kind=ANSWER, statement_sha256=statement_sha256, cms_sha256=cms_sha256, member=member, at=at)


def extended_leaf(seq: int, before: str, after: str, reason: str, at: str) -> dict[str, Any]:
    """The deadline was moved from `before` to `after`."""
    return leaf(seq=seq, kind=EXTENDED, before=before, after=after, reason=reason, at=at)


def closed_leaf(seq: int, answers: int, deemed: Sequence[str], at: str, reason: str = "") -> dict[str, Any]:
    """The last entry. `answers` counts every answer, superseded ones too; `deemed` are the codes of those who are
    deemed to agree, in the order of the roll (rule:R60); `reason` is given for a close before the deadline alone.
    """
    return leaf(seq=seq, kind=CLOSED, answers=answers, deemed=list(deemed), reason=reason, at=at)


def recalled_leaf(seq: int, answers: int, reason: str, at: str) -> dict[str, Any]:
    """The last entry of a slip that was taken back."""
    return leaf(seq=seq, kind=RECALLED, answers=answers, reason=reason, at=at)


def parse_leaf(data: bytes) -> dict[str, Any]:
    value = parse_canonical(data)
    found = _checked(value)
    if found != value:
        raise ValueError("a text holds space at its ends")
    return found


def _checked(value: Mapping[str, Any]) -> dict[str, Any]:
    kind = value.get("kind")
    if not isinstance(kind, str) or kind not in _SHAPES:
        raise ValueError(f"kind: must be one of {', '.join(KINDS)}")
    found: dict[str, Any] = _SHAPES[kind](value)
    return found


def deadline_of(leaves: Sequence[Mapping[str, Any]]) -> str:
    """The standing deadline: that of the issue, or of the last extension."""
    moved = [entry["after"] for entry in leaves if entry["kind"] == EXTENDED]
    deadline: str = moved[-1] if moved else leaves[0]["deadline_at"]
    return deadline


def check_log(leaves: Sequence[Mapping[str, Any]]) -> None:
    """A whole log: issued once at 0, answers and extensions, ended once; ValueError says what is out of order.

    An answer counts only before the deadline that stood then, an extension begins at the standing deadline and moves it
    on, and what ends a slip counts its answers. Who was early in closing it says why.
    """
    kinds = [entry["kind"] for entry in leaves]
    if len(leaves) < 2 or kinds[0] != ISSUED or kinds[-1] not in ENDS:  # noqa: PLR2004
        raise ValueError("a log begins with the issue and ends with the close or the recall")
    if not set(kinds[1:-1]) <= {ANSWER, EXTENDED}:
        raise ValueError("between issue and end there are answers and extensions only")
    if [entry["seq"] for entry in leaves] != list(range(len(leaves))):
        raise ValueError("the entries of a log are numbered without gaps")
    if leaves[-1]["answers"] != kinds.count(ANSWER):
        raise ValueError("the last entry counts other answers than the log holds")
    _check_times(leaves)


def _check_times(leaves: Sequence[Mapping[str, Any]]) -> None:
    deadline = parse_utc(leaves[0]["deadline_at"])
    for entry in leaves[1:-1]:
        place = f"entry {entry['seq']}"
        if parse_utc(entry["at"]) >= deadline:
            raise ValueError(f"{place}: came after the deadline")
        if entry["kind"] == EXTENDED:
            if parse_utc(entry["before"]) != deadline or parse_utc(entry["after"]) <= deadline:
                raise ValueError(f"{place}: an extension begins at the standing deadline and moves it on")
            deadline = parse_utc(entry["after"])
    end = leaves[-1]
    early = parse_utc(end["at"]) < deadline
    if end["kind"] == CLOSED and early != bool(end["reason"]):
        raise ValueError("a reason is given for a close before the deadline, and for no other")
    if end["kind"] == RECALLED and not early:
        raise ValueError("a slip whose deadline is over is closed and not recalled")
