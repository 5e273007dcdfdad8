"""How far a slip has come to its members (đã gửi, đã nhận, đã xem), device by device."""

import datetime as dt

from sqlalchemy import select

from app.extensions import db
from app.models import SlipDelivery
from app.workflows import slips
from app.workflows.engine.rights import Actor
from app.workflows.engine.transaction import use_case
from app.workflows.slip_counting import admit_member

LONGEST_DEVICE = 200


@use_case
def note_delivery(actor: Actor, slip_id: int, device: str, seen: bool, now: dt.datetime) -> bool:
    """Note that a slip reached a device of the member, or was opened there; whether that was news.

    A slip that was recalled waits for nobody any more.
    """
    slip = slips.locked(actor, slip_id)
    entry = admit_member(slip, actor)
    if slip.state is slips.RECALLED:
        return False
    key = {"slip_id": slip.id, "member_id": entry.member_id, "device": device[:LONGEST_DEVICE]}
    delivery = db.session.scalar(select(SlipDelivery).filter_by(**key))
    if delivery is None:
        db.session.add(SlipDelivery(**key, body_id=slip.body_id, received_at=now, seen_at=now if seen else None))
    elif seen and delivery.seen_at is None:
        delivery.seen_at = now
    else:
        return False
    slip.version += 1
    db.session.flush()
    return True


def deliveries_of(slip_id: int) -> list[SlipDelivery]:
    """Every device that the slip has reached, in the order of arrival."""
    rows = select(SlipDelivery).where(SlipDelivery.slip_id == slip_id)
    return list(db.session.scalars(rows.order_by(SlipDelivery.received_at, SlipDelivery.id)))
