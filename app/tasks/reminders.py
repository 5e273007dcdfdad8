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
    members = slip_reminders.silent(job["slip_id"])
    end_reading()
    for done, member_id in enumerate(members):
        slip_reminders.remind_member(SYSTEM, job["slip_id"], member_id, job["step"], dt.datetime.now(dt.UTC))
        progress.report(done + 1, len(members))


def slip_slots(body_id: int, now: dt.datetime) -> Iterator[tuple[str, dict[str, int | str]]]:
    """One slot per slip, its deadline and the step."""
    for slip_id, deadline, step in slip_reminders.due_steps(body_id, now):
        yield f"{slip_id}:{deadline:%Y%m%dT%H%M}:{step}", {"slip_id": slip_id, "step": step}
