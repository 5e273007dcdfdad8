"""What the Office does when a slip of the demo is closed: opinions joined, rows explained, the draft written anew."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.extensions import db
from app.models import Slip, Stance
from app.workflows import explanations, next_drafts, slip_closing, slips, synthesis
from app.workflows.engine.rights import Actor
from app.workflows.explanations import Reply
from app.workflows.rules.passages import passages


@dataclass(frozen=True)
class Handling:
    """How an opinion is dealt with; `quote` are the words of the new draft that follow from it."""

    stance: Stance
    explanation: str
    quote: str = ""


def lay_before_head(
    clerk: Actor, slip_id: int, handled: Mapping[str, Handling], draft: Mapping[str, Any] | None, now: dt.datetime
) -> None:
    """Submit the table of explanations, with every row as `handled` says of its words, and report the outcome.

    `draft` is the text after the answers, None where it stays as it was. Begun again, it goes on where it was
    interrupted; a slip that is not closed any more was laid before the head already.
    """
    if db.session.get_one(Slip, slip_id).state is not slips.CLOSED:
        return
    table = explanations.table_of(clerk, slip_id)
    if table.synthesis.table.submitted_at is None:
        _explain(clerk, slip_id, handled, draft, now)
    slip_closing.report_slip(clerk, slip_id, now)


def _explain(
    clerk: Actor, slip_id: int, handled: Mapping[str, Handling], draft: Mapping[str, Any] | None, now: dt.datetime
) -> None:
    for place in synthesis.synthesis_of(clerk, slip_id).places:
        for alike in place.proposed:
            synthesis.join_opinions(clerk, slip_id, [row.leader_id for row in alike], now)
    if draft is not None and next_drafts.newest(db.session.get_one(Slip, slip_id)) is None:
        next_drafts.write_next_draft(clerk, slip_id, draft, None, now)
    for row in explanations.table_of(clerk, slip_id).rows:
        handling = handled[row.row.text]
        path = _place(draft, handling.quote) if draft and handling.quote else ""
        said = Reply(handling.stance, handling.explanation, path, handling.quote)
        if not row.version:
            explanations.save_reply(clerk, slip_id, row.row.leader_id, said, row.version, now)
    explanations.submit_explanations(clerk, slip_id, now)


def _place(draft: Mapping[str, Any], quote: str) -> str:
    """The smallest passage that holds the words."""
    return next(passage.path for passage in reversed(passages(draft)) if quote in passage.text)
