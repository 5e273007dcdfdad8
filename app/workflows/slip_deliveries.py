"""How far a slip has come to its members (đã gửi, đã nhận, đã xem), device by device."""

import datetime as dt
from itertools import count
from typing import NamedTuple

from sqlalchemy import func, select

from app.extensions import db
from app.models import Job, JobState, Slip, SlipDelivery
from app.workflows import slips
from app.workflows.engine import outbox
from app.workflows.engine.rights import Actor
from app.workflows.engine.transaction import use_case
from app.workflows.slip_counting import admit_member

LONGEST_DEVICE = 200
MOST_DEVICES = 30  # of one member for one slip; a browser chooses its number itself
TELL = "slips.arrived"  # a task: app/wiring.py


class Reached(NamedTuple):
    """A device of a member that a slip has come to, and when it was opened there, if it was."""

    member_id: int
    device: str
    received_at: dt.datetime
    seen_at: dt.datetime | None


@use_case
def note_delivery(actor: Actor, slip_id: int, device: str, seen: bool, now: dt.datetime) -> bool:
    """Note that a slip reached a device of the member, or was opened there; whether that was news.

    A slip that was recalled waits for nobody any more, and nobody has devices without end.
    """
    slip = slips.locked(actor, slip_id)
    entry = admit_member(slip, actor)
    if slip.state is slips.RECALLED:
        return False
    key = {"slip_id": slip.id, "member_id": entry.member_id, "device": device[:LONGEST_DEVICE]}
    delivery = db.session.scalar(select(SlipDelivery).filter_by(**key))
    if delivery is None:
        if _devices(slip.id, entry.member_id) >= MOST_DEVICES:
            return False
        db.session.add(SlipDelivery(**key, body_id=slip.body_id, received_at=now, seen_at=now if seen else None))
    elif seen and delivery.seen_at is None:
        delivery.seen_at = max(now, delivery.received_at)  # it asked before, and waited for the lock
    else:
        return False
    slip.version += 1
    _have_it_told(slip, now)
    db.session.flush()
    return True


def _devices(slip_id: int, member_id: int) -> int:
    rows = select(func.count()).select_from(SlipDelivery).filter_by(slip_id=slip_id, member_id=member_id)
    return db.session.scalar(rows) or 0


def deliveries_of(slip_id: int) -> list[Reached]:
    """Every device that the slip has reached, in the order of arrival."""
    rows = select(SlipDelivery.member_id, SlipDelivery.device, SlipDelivery.received_at, SlipDelivery.seen_at)
    rows = rows.where(SlipDelivery.slip_id == slip_id).order_by(SlipDelivery.received_at, SlipDelivery.id)
    return [Reached(*row) for row in db.session.execute(rows)]


def _have_it_told(slip: Slip, now: dt.datetime) -> None:
    """The boards are told once a second, however many devices are reached in it; the first of them at once.

    A job that nobody has taken yet tells of this delivery too: its row is held until the commit. What comes after it
    was taken waits for the next second.
    """
    second = int(now.timestamp())
    for slot in count(second):
        key = f"{TELL}:{slip.id}:{slot}"
        job = db.session.scalar(select(Job).where(Job.dedupe_key == key).with_for_update())
        if job is None:
            due_at = now if slot == second else dt.datetime.fromtimestamp(slot, dt.UTC)
            outbox.enqueue(slip.body_id, TELL, {"slip_id": slip.id}, key, now, due_at)
        if job is None or job.state is JobState.DUE:
            return
