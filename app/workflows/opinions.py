"""The opinions in the answers to a slip (ý kiến), listed one by one when the slip is closed."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert, select

from app.extensions import db
from app.models import Opinion, OpinionGroup, OpinionTable, Slip
from app.workflows import slip_rows
from app.workflows.engine.tables import table
from app.workflows.engine.transaction import use_case
from app.workflows.rules.ballot import roll_code
from app.workflows.rules.opinions import opinions_in


@use_case
def list_opinions(slip: Slip, answers: Sequence[Mapping[str, Any]], now: dt.datetime) -> None:
    """Write down every text of the standing answers (rule:R64), each in a row of its own; inside the closing act.

    `answers` are those of the result: [{member, answers …}].
    """
    members = {roll_code(entry.roll_index): entry.member_id for entry in slip.recipients}
    standing = slip_rows.standing(slip.id)
    rows = [
        {
            "body_id": slip.body_id, "slip_id": slip.id, "member_id": members[one.member],
            "answer_id": standing[members[one.member]].id, "question": one.question, "article": one.article,
            "choice": one.choice, "text": one.text,
        }
        for one in opinions_in(answers)
    ]  # fmt: skip
    db.session.add(OpinionTable(slip_id=slip.id, body_id=slip.body_id, listed_at=now))
    db.session.flush()
    if not rows:
        return
    db.session.execute(insert(Opinion), rows)
    listed, groups = table(Opinion), table(OpinionGroup)
    columns = listed.c.id, listed.c.id, listed.c.body_id, listed.c.slip_id, listed.c.question, listed.c.article
    names = ["opinion_id", "leader_id", "body_id", "slip_id", "question", "article"]
    db.session.execute(insert(groups).from_select(names, select(*columns).where(listed.c.slip_id == slip.id)))
