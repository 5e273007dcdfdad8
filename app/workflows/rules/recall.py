"""What the head of the body signs when a Resolution is recalled: one exact shape, built and read back."""

from typing import Any

from app.workflows.rules.canonical import parse_canonical
from app.workflows.rules.schema import identifier, moment, nonce, one_of, record, sha256_hex, text

RECALL_CONTEXT = "vn.ecabinet.recall.v1"

_recall = record(
    v=one_of(1),
    ctx=one_of(RECALL_CONTEXT),
    type=one_of("resolution_recall"),
    resolution_id=identifier,
    number=text(60),
    file_sha256=sha256_hex,
    subject=text(500),
    reason=text(2000, lines=True),
    person=text(500),
    nonce=nonce,
    server_time=moment,
)


def recall_statement(**fields: Any) -> dict[str, Any]:
    """The recall of a promulgated Resolution (thu hồi); `v`, `ctx` and `type` are filled in (rule:R28).

    ValueError for another shape.
    """
    checked: dict[str, Any] = _recall({"v": 1, "ctx": RECALL_CONTEXT, "type": "resolution_recall", **fields})
    return checked


def parse_recall(statement: bytes) -> dict[str, Any]:
    """Read what `recall_statement` made and `canonical` wrote; ValueError for anything else."""
    value = parse_canonical(statement)
    checked: dict[str, Any] = _recall(value)
    if checked != value:
        raise ValueError("a text holds space at its ends")
    return checked
