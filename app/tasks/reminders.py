"""Reminders come round with the clock; whether one is needed still is looked up when it is told and when it is sent."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from app.tasks import progress
from app.workflows import reminders, slip_reminders
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import end_reading

INVITATIONS = "reminders.invitations"
SLIPS = "reminders.slips"


def invitations(job: dict[str, Any]) -> None:
    """Remind everybody who has not answered. Running twice is harmless: nobody is reminded twice at one step."""
    seats = reminders.silent(job["meeting_id"])
    end_reading()
    for seat_id in seats:
        reminders.remind(SYSTEM, seat_id, job["step"], dt.datetime.now(dt.UTC))


def slots(body_id: int, now: dt.datetime) -> Iterator[tuple[str, dict[str, int | str]]]:
    """One slot per session, its time and the step."""
    for (meeting_id, step), starts_at in reminders.due_steps(body_id, now).items():
        yield f"{meeting_id}:{starts_at:%Y%m%dT%H%M}:{step}", {"meeting_id": meeting_id, "step": step}


def of_slip(job: dict[str, Any]) -> None:
    """Remind everybody who has not answered. Running twice is harmless: nobody is reminded twice at one step."""
    remind_of_slip(job["slip_id"], job["step"], dt.datetime.now(dt.UTC))


def remind_of_slip(slip_id: int, step: int, now: dt.datetime) -> int:
    """Remind the silent members of a slip at a step, each in a transaction of its own; how many were."""
    members, told = slip_reminders.silent(slip_id), 0
    end_reading()
    for done, member_id in enumerate(members, start=1):
        told += slip_reminders.remind_member(SYSTEM, slip_id, member_id, step, now)
        progress.report(done, len(members))
    return told


def slip_slots(body_id: int, now: dt.datetime) -> Iterator[tuple[str, dict[str, int | str]]]:
    """One slot per slip, its deadline and the step."""
    for slip_id, deadline, step in slip_reminders.due_steps(body_id, now):
        yield f"{slip_id}:{deadline:%Y%m%dT%H%M}:{step}", {"slip_id": slip_id, "step": step}
