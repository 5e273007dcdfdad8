"""The synthesis of opinions (bản tổng hợp ý kiến): by question and article, each opinion with its source.

Which opinions say the same is proposed by the system and decided by a person; the exact words of everybody stay.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import func, select, update

from app.extensions import db
from app.models import Choice, Opinion, OpinionGroup, OpinionTable, Slip, SlipRecipient
from app.workflows import slips
from app.workflows.engine.errors import NotFound, WorkflowError
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.transaction import use_case
from app.workflows.engine.visibility import seen
from app.workflows.rules import opinions as counting
from app.workflows.rules.ballot import roll_code
from app.workflows.rules.canonical import read_stored
from app.workflows.rules.near_duplicates import near_duplicates
from app.workflows.rules.slip import ARTICLES, CONSENT
from app.workflows.slip_facts import OpinionsJoined, OpinionSplit, record_slip
from app.workflows.slips import CLOSED, DECIDED, REPORTED

FEWEST_JOINED = 2


class NotListed(WorkflowError):
    code = "not_listed"
    message = _("Opinions are put together when the slip is closed; it is not.")


class OtherPlaces(WorkflowError):
    code = "other_places"
    http_status = 422
    message = _("Only two opinions or more on the same question and article can be joined.")


class NotJoined(WorkflowError):
    code = "not_joined"
    message = _("This opinion stands in a row of its own already.")


class TableSubmitted(WorkflowError):
    code = "table_submitted"
    message = _("The table of explanations is submitted. Take it back before you change it.")


class TotalsDiffer(WorkflowError):
    code = "totals_differ"
    message = _("The list of opinions does not agree with the result of the slip (%(places)s). Tell the auditor.")


@dataclass(frozen=True)
class Source:
    """One opinion as it was written, and whose it is."""

    opinion_id: int
    member: str
    name: str
    post: str
    choice: Choice | None
    text: str


@dataclass(frozen=True)
class Row:
    """A row of both tables: the leading opinion, then those that were joined to it; numbered over the whole slip."""

    number: int
    leader_id: int
    sources: tuple[Source, ...]

    @property
    def text(self) -> str:
        return self.sources[0].text


@dataclass(frozen=True)
class Place:
    """A question, or an article of the draft that it asks about (`article` 0: the question itself).

    `counts` are the columns of the result, None where nothing is counted.
    """

    question: int
    article: int
    title: str
    counts: Mapping[str, int] | None
    rows: tuple[Row, ...]

    @cached_property
    def proposed(self) -> tuple[tuple[Row, ...], ...]:
        """Rows that may say the same (rule:R65); worked out only for whoever may join them."""
        alike = near_duplicates([row.text for row in self.rows])
        return tuple(tuple(self.rows[at] for at in group) for group in alike)

    @property
    def opinions(self) -> int:
        return sum(len(row.sources) for row in self.rows)


@dataclass(frozen=True)
class Synthesis:
    """`differs` names places where the list and the result disagree; none in a sound installation."""

    slip: Slip
    table: OpinionTable
    members: int
    answered: int
    deemed: int
    missing: int
    places: tuple[Place, ...]
    differs: tuple[str, ...]

    @property
    def rows(self) -> list[Row]:
        return [row for place in self.places for row in place.rows]

    @property
    def opinions(self) -> int:
        return sum(place.opinions for place in self.places)


def synthesis_of(actor: Actor, slip_id: int) -> Synthesis:
    """The synthesis of a closed slip, for those who see the board."""
    slip = seen(actor, Slip, slip_id)
    actor.require(Right.SLIP_BOARD, slip)
    listed = listed_of(slip)
    definition, result = read_stored(slip.definition or b"{}"), read_stored(slip.result or b"{}")
    read = _read(slip)
    rows = _rows(read)
    differs = counting.contradictions(result, result["answers"], [_as_rule(one) for one in read])
    return Synthesis(
        slip=slip, table=listed, members=result["members"], answered=result["answered"],
        deemed=len(result["deemed"]), missing=len(result["missing"]),
        places=_places(definition, result, rows), differs=tuple(differs),
    )  # fmt: skip


@use_case
def join_opinions(actor: Actor, slip_id: int, leaders: Sequence[int], now: dt.datetime) -> Slip:
    """Put rows together under the one that was written first; every opinion keeps its words and its source.

    What was explained of the other rows is kept with them and shows again once they are apart.
    """
    slip = changeable(actor, slip_id)
    wanted = sorted(set(leaders))
    groups = list(db.session.scalars(select(OpinionGroup).where(OpinionGroup.slip_id == slip.id,
                                                               OpinionGroup.leader_id.in_(wanted))))  # fmt: skip
    if {group.leader_id for group in groups} != set(wanted):
        raise NotFound(slip)
    if len(wanted) < FEWEST_JOINED or len({(group.question, group.article) for group in groups}) > 1:
        raise OtherPlaces(slip)
    first = wanted[0]
    change = update(OpinionGroup).where(OpinionGroup.slip_id == slip.id, OpinionGroup.leader_id.in_(wanted[1:]))
    db.session.execute(change.values(leader_id=first))
    record_slip(actor, slip, OpinionsJoined, now, leader_id=first, joined=tuple(wanted[1:]))
    return slip


@use_case
def split_opinion(actor: Actor, slip_id: int, opinion_id: int, now: dt.datetime) -> Slip:
    """Give a joined opinion its own row back; where it leads, those that were joined to it go to the next of them."""
    slip = changeable(actor, slip_id)
    own = select(OpinionGroup).where(OpinionGroup.slip_id == slip.id, OpinionGroup.opinion_id == opinion_id)
    group = db.session.scalar(own)
    if group is None:
        raise NotFound(slip)
    together = select(OpinionGroup).where(OpinionGroup.slip_id == slip.id, OpinionGroup.leader_id == group.leader_id)
    others = [one for one in db.session.scalars(together.order_by(OpinionGroup.opinion_id)) if one is not group]
    if not others:
        raise NotJoined(slip)
    was = group.leader_id
    if was == opinion_id:
        for one in others:
            one.leader_id = others[0].opinion_id
    group.leader_id = opinion_id
    record_slip(actor, slip, OpinionSplit, now, opinion_id=opinion_id, leader_id=was)
    return slip


def changeable(actor: Actor, slip_id: int) -> Slip:
    """A closed slip whose tables are worked on until they are submitted or the head decides, held until the end."""
    slip = slips.locked(actor, slip_id)
    actor.require(Right.SLIP_RUN, slip)
    listed = listed_of(slip)
    slips.require_state(slip, CLOSED, REPORTED)
    if listed.submitted_at is not None:
        raise TableSubmitted(slip)
    return slip


def unexplained(slip: Slip) -> int:
    """Rows of opinions that wait for the table of explanations; 0 once it is submitted (rule:R66)."""
    return rows_of(slip) if listed_of(slip).submitted_at is None else 0


def rows_of(slip: Slip) -> int:
    """How many rows both tables have after joining."""
    rows = select(func.count(OpinionGroup.leader_id.distinct())).where(OpinionGroup.slip_id == slip.id)
    return db.session.scalar(rows) or 0


def listed_of(slip: Slip) -> OpinionTable:
    """How far the opinions are worked on; NotListed while answers may still come."""
    found = db.session.get(OpinionTable, slip.id) if slip.state in (CLOSED, REPORTED, DECIDED) else None
    if found is None:
        raise NotListed(slip)
    return found


def refuse_differing(found: Synthesis) -> None:
    """Nothing leaves the house on a list that says otherwise than the result."""
    if found.differs:
        raise TotalsDiffer(found.slip, places=", ".join(found.differs))


@dataclass(frozen=True)
class _Read:
    question: int
    article: int
    leader_id: int
    source: Source


def _read(slip: Slip) -> list[_Read]:
    """Every opinion with its member and row, in the order of the tables, in one statement."""
    joined = (
        select(
            Opinion.id, Opinion.question, Opinion.article, Opinion.choice, Opinion.text, OpinionGroup.leader_id,
            SlipRecipient.roll_index, SlipRecipient.name, SlipRecipient.post,
        )
        .join(OpinionGroup, OpinionGroup.opinion_id == Opinion.id)
        .join(SlipRecipient, (SlipRecipient.slip_id == Opinion.slip_id)
              & (SlipRecipient.member_id == Opinion.member_id))
        .where(Opinion.slip_id == slip.id)
        .order_by(Opinion.question, Opinion.article, SlipRecipient.roll_index)
    )  # fmt: skip
    return [
        _Read(one.question, one.article, one.leader_id,
              Source(one.id, roll_code(one.roll_index), one.name, one.post, one.choice, one.text))
        for one in db.session.execute(joined)
    ]  # fmt: skip


def _as_rule(one: _Read) -> counting.Opinion:
    choice = one.source.choice.value if one.source.choice else None
    return counting.Opinion(one.source.member, one.question, one.article, choice, one.source.text)


def _rows(read: Sequence[_Read]) -> dict[tuple[int, int], list[Row]]:
    """The rows of each place, in the order of their leading opinions, numbered through."""
    grouped: dict[tuple[int, int], dict[int, list[Source]]] = defaultdict(dict)
    for one in read:
        grouped[one.question, one.article].setdefault(one.leader_id, []).append(one.source)
    found: dict[tuple[int, int], list[Row]] = {}
    number = 0
    for place, groups in grouped.items():
        found[place] = []
        for leader_id, sources in groups.items():
            number += 1
            leading = sorted(sources, key=lambda source: source.opinion_id != leader_id)
            found[place].append(Row(number, leader_id, tuple(leading)))
    return found


def _places(
    definition: Mapping[str, Any], result: Mapping[str, Any], rows: Mapping[tuple[int, int], list[Row]]
) -> tuple[Place, ...]:
    """Every question; of one about articles, also those articles on which somebody said something."""
    found = []
    for question, counted in zip(definition["questions"], result["questions"], strict=True):
        index = question["index"]
        counts = _columns(counted) if question["kind"] == CONSENT else None
        of_question = tuple(rows.get((index, counting.WHOLE), ()))
        found.append(Place(index, counting.WHOLE, question["text"], counts, of_question))
        if question["kind"] != ARTICLES:
            continue
        for article, counted_article in zip(definition["articles"], counted["articles"], strict=True):
            title = f"{article['label']}. {article['title']}".rstrip(". ")
            of_article = tuple(rows.get((index, article["index"]), ()))
            if of_article or any(counted_article[choice.value] for choice in Choice):
                found.append(Place(index, article["index"], title, _columns(counted_article), of_article))
    return tuple(found)


def _columns(counted: Mapping[str, Any]) -> dict[str, int]:
    return {name: counted[name] for name in ("agree", "disagree", "other", "deemed", "missing")}
