"""Aides and slips (người giúp việc tham mưu): a member lets an aide read along; the aide suggests and never answers."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import Select, exists, select

from app.extensions import db
from app.models import MemberStaff, Notice, Person, Slip, SlipAdvice, SlipAide, SlipDraft, SlipRecipient
from app.workflows import slip_drafts, slips
from app.workflows.engine.errors import Detached, NotFound, WorkflowError
from app.workflows.engine.rights import Actor, actor_for
from app.workflows.engine.transaction import Fact, record, use_case
from app.workflows.engine.visibility import nothing, seen
from app.workflows.rules.calendar import hanoi_date
from app.workflows.slip_counting import require_open
from app.workflows.slip_drafts import LARGEST_DRAFT
from app.workflows.slip_refusals import DraftTooLong
from app.workflows.slip_waiting import unanswered

PARTS = ("answers", "reservation")  # of a draft; files are laid beside an answer by the member alone


class NotYourAide(WorkflowError):
    code = "not_your_aide"
    http_status = 403
    message = _("This person does not help you today. Whom a member lets see slips is one of the own aides.")


class NotAdmitted(WorkflowError):
    code = "aide_not_admitted"
    http_status = 403
    message = _("The member does not let you see this slip, or you do not help the member today.")


class AdviceChanged(WorkflowError):
    code = "advice_changed"
    message = _("The suggestion was written anew meanwhile. Read it again before you take it over.")


@dataclass(frozen=True)
class AideOfSlips(Fact):
    """A member lets an aide see the own slips, or no longer does."""

    member_id: int
    aide_id: int
    allowed: bool


@use_case
def let_aide(actor: Actor, aide_id: int, allowed: bool, now: dt.datetime) -> bool:
    """Let one of the own aides see the slips one is asked about, or end it at once; whether that changed anything."""
    staff = _staff(actor.person_id, aide_id, now)
    if staff is None:
        raise NotYourAide(nothing(actor, SlipAide, aide_id))
    db.session.refresh(staff, with_for_update=True)  # held, so that two taps are one
    found = db.session.get(SlipAide, (staff.member_id, aide_id), with_for_update=True)
    if found is None:
        found = SlipAide(member_id=staff.member_id, aide_id=aide_id, body_id=staff.body_id, allowed=False, at=now)
        db.session.add(found)
    if found.allowed == allowed:
        return False
    found.allowed, found.at = allowed, now
    db.session.flush()
    fact = AideOfSlips(staff.body_id, SlipAide.__tablename__, aide_id, staff.member_id, aide_id, allowed)
    record(actor, fact, now)
    return True


@use_case
def write_advice(
    actor: Actor, slip_id: int, member_id: int, content: Mapping[str, Any], now: dt.datetime
) -> SlipAdvice:
    """Suggest an answer to a member who lets this aide see the slip; while the slip can be answered.

    It is judged when the member signs it, like everything that is typed.
    """
    slip = slips.locked(actor, slip_id)
    _require_admitted(actor, slip, member_id, now)
    require_open(slip, now)
    if len(json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass")) > LARGEST_DRAFT:
        raise DraftTooLong(slip)
    key = {"slip_id": slip.id, "member_id": member_id, "aide_id": actor.person_id}
    advice = db.session.scalar(select(SlipAdvice).filter_by(**key))
    if advice is None:
        advice = SlipAdvice(**key, body_id=slip.body_id, version=0)
        db.session.add(advice)
    advice.content = {name: content[name] for name in PARTS if name in content}
    advice.version, advice.at = advice.version + 1, now
    db.session.flush()
    return advice


def advice_for(actor: Actor, slip_id: int) -> list[SlipAdvice]:
    """What the actor's aides suggest to the actor; nobody else's suggestions, whatever office is held."""
    slip = seen(actor, Slip, slip_id)
    rows = select(SlipAdvice).where(SlipAdvice.slip_id == slip.id, SlipAdvice.member_id == (actor.person_id or 0))
    return list(db.session.scalars(rows.order_by(SlipAdvice.at.desc(), SlipAdvice.id)))


def slip_for(actor: Actor, slip_id: int, now: dt.datetime) -> Slip:
    """The slip for somebody who comes by a link; an aide whom the member does not let see it is told so.

    Aides are reminded of slips whether they are let in or not, so that there is nothing to hide from them here.
    """
    try:
        return seen(actor, Slip, slip_id)
    except NotFound:
        asked = select(SlipRecipient.member_id).where(SlipRecipient.slip_id == slip_id)
        if db.session.scalar(_helping(actor, now).where(MemberStaff.member_id.in_(asked)).limit(1)) is None:
            raise
        raise NotAdmitted(nothing(actor, Slip, slip_id)) from None


def helped_slips(actor: Actor, slip_ids: Sequence[int], now: dt.datetime) -> set[int]:
    """Of these slips those for which a member lets this aide suggest an answer."""
    rows = select(SlipRecipient.slip_id).where(SlipRecipient.slip_id.in_(slip_ids))
    return set(db.session.scalars(rows.where(SlipRecipient.member_id.in_(_admitted(actor, now)))))


def slips_to_advise(actor: Actor, now: dt.datetime) -> list[Slip]:
    """Slips that a member who admits this aide can still answer, and for which the aide has suggested nothing yet."""
    written = exists().where(
        SlipAdvice.slip_id == Slip.id, SlipAdvice.member_id == SlipRecipient.member_id,
        SlipAdvice.aide_id == actor.person_id,
    )  # fmt: skip
    rows = unanswered(now).where(SlipRecipient.member_id.in_(_admitted(actor, now)), ~written)
    return list(db.session.scalars(rows).unique())


def helps_members(actor: Actor, now: dt.datetime) -> bool:
    """Whether any member lets this person see slips today."""
    return db.session.scalar(_admitted(actor, now).limit(1)) is not None


def advised_members(actor: Actor, slip_id: int, now: dt.datetime) -> list[SlipRecipient]:
    """Whom this aide may suggest an answer to: those of the roll who let the aide see the slip."""
    slip = seen(actor, Slip, slip_id)
    return [entry for entry in slip.recipients if _admits(entry.member_id, actor.person_id, now)]


def still_concerns(notice: Notice, now: dt.datetime) -> bool:
    """Whether the news of a slip still is for this person: who is asked, or an aide whom a member lets see it."""
    slip_id, on = notice.details["subject_id"], hanoi_date(now)
    if db.session.get(SlipRecipient, (slip_id, notice.person_id)) is not None:
        return True
    return bool(helped_slips(actor_for(notice.person_id, on), [slip_id], now))


def own_aides(actor: Actor, now: dt.datetime) -> list[tuple[Person, bool]]:
    """The actor's aides of today, and whether each may see the actor's slips."""
    on = hanoi_date(now)
    rows = select(Person).join(MemberStaff, MemberStaff.aide_id == Person.id)
    mine = rows.where(
        MemberStaff.member_id == (actor.person_id or 0), MemberStaff.valid_from <= on, MemberStaff.valid_to > on
    )
    found = db.session.scalars(mine.distinct().order_by(Person.sort_key, Person.id))
    return [(person, _admits(actor.person_id or 0, person.id, now)) for person in found]


def own_advice(actor: Actor, slip_id: int, member_id: int) -> SlipAdvice | None:
    """What this aide has suggested to a member so far."""
    key = {"slip_id": slip_id, "member_id": member_id, "aide_id": actor.person_id or 0}
    return db.session.scalar(select(SlipAdvice).filter_by(**key))


@use_case
def take_over(
    actor: Actor, slip_id: int, advice_id: int, version: int, now: dt.datetime, device: str = ""
) -> SlipDraft:
    """Make a suggestion the member's own draft, in place of what was typed; the member's files stay.

    It counts for nothing before the member signs it.
    `version` is that of the suggestion the member has read: AdviceChanged when the aide wrote on meanwhile.
    """
    advice = seen(actor, SlipAdvice, advice_id)
    if advice.slip_id != slip_id or advice.member_id != actor.person_id:
        raise NotFound(nothing(actor, SlipAdvice, advice_id))
    if advice.version != version:
        raise AdviceChanged(Detached.of(advice), version=advice.version)
    draft = slip_drafts.draft_of(actor, slip_id)
    version, files = (draft.version, draft.content.get("uploads", [])) if draft else (0, [])
    return slip_drafts.save_draft(actor, slip_id, {**advice.content, "uploads": files}, version, now, device)


def _require_admitted(actor: Actor, slip: Slip, member_id: int, now: dt.datetime) -> None:
    asked = db.session.get(SlipRecipient, (slip.id, member_id)) is not None
    if not asked or not _admits(member_id, actor.person_id, now):
        raise NotAdmitted(slip)


def _admits(member_id: int, aide_id: int | None, now: dt.datetime) -> bool:
    permission = db.session.get(SlipAide, (member_id, aide_id or 0), populate_existing=True)
    return permission is not None and permission.allowed and _staff(member_id, aide_id, now) is not None


def _helping(actor: Actor, now: dt.datetime) -> Select[Any]:
    """The members whom this person helps today."""
    on = hanoi_date(now)
    rows = select(MemberStaff.member_id).where(MemberStaff.aide_id == (actor.person_id or 0))
    return rows.where(MemberStaff.valid_from <= on, MemberStaff.valid_to > on)


def _admitted(actor: Actor, now: dt.datetime) -> Select[Any]:
    """Those among them who let this person see their slips."""
    lets = (SlipAide.member_id == MemberStaff.member_id) & (SlipAide.aide_id == MemberStaff.aide_id)
    return _helping(actor, now).join(SlipAide, lets).where(SlipAide.allowed)


def _staff(member_id: int | None, aide_id: int | None, now: dt.datetime) -> MemberStaff | None:
    """The entry of the roll of aides by which one helps the other today."""
    on = hanoi_date(now)
    rows = select(MemberStaff).where(MemberStaff.member_id == (member_id or 0), MemberStaff.aide_id == (aide_id or 0))
    return db.session.scalars(rows.where(MemberStaff.valid_from <= on, MemberStaff.valid_to > on).limit(1)).first()
