"""What happens to a slip, as it is recorded: each fact counts up the live state of the slip."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import update

from app.extensions import db
from app.models import Outcome, Slip, SlipWay, Urgency
from app.workflows.engine.rights import Actor
from app.workflows.engine.tables import table
from app.workflows.engine.transaction import Fact, record, record_all


@dataclass(frozen=True)
class SlipFact(Fact):
    """A fact that changes the live state of a slip; `version` is that state's number after the fact."""

    version: int


@dataclass(frozen=True)
class SlipDrafted(SlipFact):
    matter: str


@dataclass(frozen=True)
class SlipChanged(SlipFact):
    matter: str


@dataclass(frozen=True)
class SlipAbandoned(SlipFact):
    reason: str


@dataclass(frozen=True)
class SlipPaperAdded(SlipFact):
    document_version_id: int
    title: str
    sha256: str
    draft: bool


@dataclass(frozen=True)
class SlipPaperRemoved(SlipFact):
    document_version_id: int
    title: str


@dataclass(frozen=True)
class SlipSubmitted(SlipFact):
    """`step` and `offices` (codes) are those of the step that is waited for."""

    step: str
    offices: tuple[str, ...]


@dataclass(frozen=True)
class SlipStepApproved(SlipFact):
    """One step of several; `step` and `offices` are those of the next one, `remark` what was said to this one."""

    step: str
    offices: tuple[str, ...]
    remark: str


@dataclass(frozen=True)
class SlipApproved(SlipFact):
    """The last step: the slip can be issued."""

    remark: str


@dataclass(frozen=True)
class SlipReturned(SlipFact):
    reason: str
    drafted_by_id: int | None


@dataclass(frozen=True)
class SlipWithdrawn(SlipFact):
    """Whoever submitted it works on it again."""


@dataclass(frozen=True)
class SlipIssued(SlipFact):
    """`without_passkey` are the members who cannot answer for want of one, as the issuer knew."""

    number: str
    definition_sha256: str
    deadline_at: dt.datetime
    urgency: Urgency
    without_passkey: tuple[int, ...] = ()


@dataclass(frozen=True)
class SlipAnswered(SlipFact):
    """Carries the number of the answer, never what it says."""

    answer_id: int


@dataclass(frozen=True)
class SlipExtended(SlipFact):
    old_deadline_at: dt.datetime
    deadline_at: dt.datetime
    reason: str


@dataclass(frozen=True)
class SlipClosed(SlipFact):
    """Carries the hash of the result and how many were silent; `reason` of an early close, empty from the clock."""

    result_sha256: str
    answered: int
    deemed: int
    missing: int
    reason: str


@dataclass(frozen=True)
class SlipReported(SlipFact):
    """`outcome` as in the result; None where no question asked for agreement."""

    outcome: Outcome | None


@dataclass(frozen=True)
class SlipDecided(SlipFact):
    """What the head of the body decided, and what was made of it in the same act."""

    way: SlipWay
    reason: str
    tie_confirmed: bool
    meeting_id: int | None
    item_id: int | None
    resolution_id: int | None
    resubmit_on: dt.date | None
    organisation_id: int | None


@dataclass(frozen=True)
class SlipToldToSession(SlipFact):
    """A session reports what the head decided to sign (rule:R12)."""

    meeting_id: int
    item_id: int


@dataclass(frozen=True)
class SlipRecalled(SlipFact):
    reason: str


@dataclass(frozen=True)
class OpinionsJoined(SlipFact):
    """Rows of the synthesis put together: the opinion that leads, and those that led the others."""

    leader_id: int
    joined: tuple[int, ...]


@dataclass(frozen=True)
class OpinionSplit(SlipFact):
    """An opinion in a row of its own again; `leader_id` led the row it was in."""

    opinion_id: int
    leader_id: int


@dataclass(frozen=True)
class NextDraftWritten(SlipFact):
    """A draft after the answers; its articles are what explanations point to."""

    document_version_id: int
    number: int
    sha256: str


@dataclass(frozen=True)
class ExplanationsSubmitted(SlipFact):
    """`sha256` is over the canonical content of every row."""

    rows: int
    sha256: str


@dataclass(frozen=True)
class ExplanationsTakenBack(SlipFact):
    reason: str


def record_slip(actor: Actor, slip: Slip, fact: type[SlipFact], now: dt.datetime, **fields: Any) -> None:
    """Count up the live state of the slip (its row is locked) and record the fact with the new number."""
    slip.version += 1
    record(actor, fact.about(slip, version=slip.version, **fields), now)


def record_all_of_slip(told: Sequence[tuple[Actor, SlipFact, dt.datetime]]) -> None:
    """`record_slip` for facts of one kind about one slip that become true together, numbered under its lock."""
    last, slip = told[-1][1], table(Slip)
    db.session.execute(update(slip).where(slip.c.id == last.subject_id).values(version=last.version))
    record_all(told)
