"""Lost passkeys (mất thiết bị): two people of the office take out what its owner cannot remove himself."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select, update

from app.extensions import db
from app.models import Passkey, Person
from app.workflows.engine.rights import Actor
from app.workflows.engine.transaction import Fact, record, use_case


@dataclass(frozen=True)
class PasskeysTakenOut(Fact):
    """About the person: all passkeys at once, since nobody but the owner knows which device is which."""

    person_id: int
    passkeys: list[int]


def has_passkeys(person_id: int) -> bool:
    """Whether there is anything to take out, suspended ones included."""
    kept = select(Passkey.id).where(Passkey.person_id == person_id, Passkey.removed_at.is_(None))
    return db.session.scalar(kept.limit(1)) is not None


@use_case
def take_out(actor: Actor, person_id: int, now: dt.datetime) -> None:
    """Part of the act by which the second person confirms; what is removed already stays as it is."""
    kept = update(Passkey).where(Passkey.person_id == person_id, Passkey.removed_at.is_(None))
    gone = sorted(db.session.scalars(kept.values(removed_at=now).returning(Passkey.id)))
    if gone:
        person = db.session.get_one(Person, person_id)
        record(actor, PasskeysTakenOut.about(person, person_id=person_id, passkeys=gone), now)
