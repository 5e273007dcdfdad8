"""How far an adopted vote has come on its way to a promulgated Resolution: moments only, nothing of any text."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, case, func, select

from app.extensions import db
from app.models import IssuedNumber, Outcome, Poll, PollState, Resolution, ResolutionState
from app.workflows.engine.rights import Actor
from app.workflows.engine.visibility import visible
from app.workflows.rules.stopwatch import Step, stopwatch


@dataclass(frozen=True)
class Course:
    """A published vote that may become a Resolution, the Resolution as far as it is made, and its number.

    `open_to_reader`: whether the asking person may open the Resolution; the moments are for the whole room.
    """

    poll: Poll
    resolution: Resolution | None
    number: str = ""
    open_to_reader: bool = False

    @property
    def moments(self) -> dict[str, dt.datetime | None]:
        """When each step of rules/stopwatch.py was reached."""
        return _moments(self.poll, self.resolution)

    @property
    def steps(self) -> tuple[Step, ...]:
        return stopwatch(self.moments)

    @property
    def running(self) -> bool:
        """Until the Resolution is promulgated; what was given up is made anew, and the clock goes on."""
        return self.resolution is None or self.resolution.promulgated_at is None

    def as_dict(self) -> dict[str, Any]:
        """For the screens of a meeting: which step is reached when; times are aware."""
        made = self.resolution
        return {
            "poll_id": self.poll.id, "resolution_id": made.id if made and self.open_to_reader else None,
            "state": made.state.value if made else None, "number": self.number, "running": self.running,
            "steps": {step.code: step.at for step in self.steps},
        }  # fmt: skip


def course_of(resolution: Resolution) -> Course | None:
    """The course of one Resolution that the reader has open; None for one that stands on no vote."""
    if resolution.poll is None:
        return None
    return Course(resolution.poll, resolution, resolution.number.text if resolution.number else "", True)


def steps_of(resolution: Resolution) -> tuple[Step, ...]:
    """Its steps; those of a vote stay open where it stands on a slip."""
    return stopwatch(_moments(resolution.poll, resolution))


def _moments(poll: Poll | None, made: Resolution | None) -> dict[str, dt.datetime | None]:
    later = ("drafted", "presented", "signed", "numbered", "sealed", "promulgated")
    reached = {code: getattr(made, f"{code}_at") if made else None for code in later}
    closed, published = (poll.closed_at, poll.published_at) if poll else (None, None)
    return {"vote_closed": closed, "published": published, **reached}


def course_of_poll(actor: Actor, poll: Poll) -> Course | None:
    """The course of this vote; None while it is not published, did not adopt, or was about no draft."""
    return _first(_courses(actor).where(Poll.id == poll.id))


def course_of_meeting(actor: Actor, meeting_id: int, item_id: int | None = None) -> Course | None:
    """The course of the item under way, else of the vote published last; in one statement."""
    under_way = case((Poll.item_id == item_id, 0), else_=1)
    rows = _courses(actor).where(Poll.meeting_id == meeting_id)
    return _first(rows.order_by(under_way, Poll.published_at.desc(), Poll.id.desc()))


def _courses(actor: Actor) -> Select[Any, Any, Any, Any]:
    living = (Resolution.poll_id == Poll.id) & (Resolution.state != ResolutionState.ABANDONED)
    rows = select(Poll, Resolution, IssuedNumber.text, visible(actor, Resolution).label("open"))
    rows = rows.outerjoin(Resolution, living).outerjoin(IssuedNumber, IssuedNumber.resolution_id == Resolution.id)
    rows = rows.where(Poll.state == PollState.PUBLISHED, Poll.document_version_id.is_not(None), visible(actor, Poll))
    return rows.where(func.coalesce(Poll.confirmed_outcome, Poll.outcome) == Outcome.ADOPTED)


def _first(rows: Select[Any, Any, Any, Any]) -> Course | None:
    found = db.session.execute(rows.limit(1).execution_options(populate_existing=True)).first()
    return found and Course(found[0], found[1], found[2] or "", bool(found[1] and found[3]))
