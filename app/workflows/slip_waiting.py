"""Which slips wait for a member's answer (chờ tôi trả lời): the list, its badge and the start page count the same."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import aliased, joinedload

from app.extensions import db
from app.models import Slip, SlipAnswer, SlipDelivery, SlipDraft, SlipRecipient, SlipState
from app.workflows.engine.rights import Actor, Right


def waiting_slips(actor: Actor, now: dt.datetime) -> list[Slip]:
    """Slips that this member is asked, can still answer and has not answered; the nearest deadline first.

    Who had no certificate when a slip was issued cannot answer it, and is not asked to. The deadline itself is over.
    """
    rows = unanswered(now).where(SlipRecipient.member_id == (actor.person_id or 0))
    return [slip for slip in db.session.scalars(rows) if actor.may(Right.SLIP_ANSWER, slip)]


def unanswered(now: dt.datetime) -> Select[Any]:
    """Slips once for each member who can still answer and has not, the nearest deadline first."""
    later = aliased(Slip)
    answered = exists().where(SlipAnswer.slip_id == Slip.id, SlipAnswer.member_id == SlipRecipient.member_id)
    replaced = select(later.id).where(later.previous_id == Slip.id, later.definition_sha256.is_not(None)).exists()
    rows = select(Slip).join(SlipRecipient, SlipRecipient.slip_id == Slip.id)
    rows = rows.where(SlipRecipient.certificate_id.is_not(None), ~answered, ~replaced)
    rows = rows.where(Slip.state == SlipState.ISSUED, Slip.deadline_at > now)
    return rows.options(joinedload(Slip.organisation)).order_by(Slip.deadline_at, Slip.id)


def slips_signed_with_the_key_of(member_id: int, now: dt.datetime) -> list[Slip]:
    """Slips under way that this member can answer with the certificate of their roll only, and has not answered.

    Once that certificate is revoked, nothing but a new round lets the member answer.
    """
    answered = exists().where(SlipAnswer.slip_id == Slip.id, SlipAnswer.member_id == member_id)
    rows = select(Slip).join(SlipRecipient, SlipRecipient.slip_id == Slip.id)
    rows = rows.where(SlipRecipient.member_id == member_id, SlipRecipient.certificate_id.is_not(None))
    rows = rows.where(Slip.state == SlipState.ISSUED, Slip.deadline_at > now, ~answered)
    return list(db.session.scalars(rows.order_by(Slip.deadline_at, Slip.id)))


def drafted(actor: Actor, slip_ids: Sequence[int]) -> dict[int, SlipDraft]:
    """The actor's own drafts of these slips."""
    rows = select(SlipDraft).where(SlipDraft.member_id == (actor.person_id or 0), SlipDraft.slip_id.in_(slip_ids))
    return {draft.slip_id: draft for draft in db.session.scalars(rows)}


def not_received(actor: Actor, slip_ids: Sequence[int], device: str) -> list[int]:
    """Of these slips those that have not reached this device of the member yet, in the given order."""
    rows = select(SlipDelivery.slip_id).where(SlipDelivery.member_id == (actor.person_id or 0))
    there = set(db.session.scalars(rows.where(SlipDelivery.device == device, SlipDelivery.slip_id.in_(slip_ids))))
    return [slip_id for slip_id in slip_ids if slip_id not in there]
