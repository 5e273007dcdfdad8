"""Who is told of a fact: each function takes the fact and its time and gives the ids of people."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.models import (
    Appointment,
    Dispatch,
    Meeting,
    MemberStaff,
    Office,
    Resolution,
    RollEntry,
    Seat,
    Slip,
    SlipAide,
    SlipRecipient,
    Urgency,
)
from app.workflows.engine.rights import MEMBERS, RECEIVING
from app.workflows.rules.calendar import hanoi_date

Audience = Callable[[dict[str, Any], dt.datetime], set[int]]


def seated(fact: dict[str, Any], _at: dt.datetime) -> set[int]:
    """Everybody with a seat in a meeting that was called; a draft is called off in silence."""
    called = select(Seat.person_id).join(Meeting).where(Meeting.id == fact["meeting_id"])
    return set(db.session.scalars(called.where(Meeting.invited_at.is_not(None))))


def holding(*offices: Office) -> Callable[[dict[str, Any], dt.datetime], set[int]]:
    """Everybody who holds one of the offices on that day."""

    def held(fact: dict[str, Any], at: dt.datetime) -> set[int]:
        posts = select(Appointment.person_id).where(
            Appointment.body_id == fact["body_id"], Appointment.office.in_(offices)
        )
        return set(db.session.scalars(posts.where(Appointment.in_force(hanoi_date(at)))))

    return held


def recipients(fact: dict[str, Any], at: dt.datetime) -> set[int]:
    """Members, and whoever holds a post in an organisation that the Resolution was sent to."""
    sent = select(Dispatch.person_id, Dispatch.organisation_id).where(Dispatch.resolution_id == fact["subject_id"])
    rows = db.session.execute(sent).all()
    posts = select(Appointment.person_id).where(Appointment.organisation_id.in_([row[1] for row in rows if row[1]]))
    posts = posts.where(Appointment.office.in_(RECEIVING), Appointment.in_force(hanoi_date(at)))
    there = set(db.session.scalars(posts))
    return {row[0] for row in rows if row[0]} | there


def heads_and_records(fact: dict[str, Any], at: dt.datetime) -> set[int]:
    return holding(Office.HEAD, Office.MINISTER_CHAIRMAN, Office.RECORDS)(fact, at)


def member_and_substitute(fact: dict[str, Any], _at: dt.datetime) -> set[int]:
    substitute = fact["substitute_id"] if fact["approved"] else None
    return {person for person in (fact["member_id"], substitute) if person}


def voters(fact: dict[str, Any], _at: dt.datetime) -> set[int]:
    return set(db.session.scalars(select(RollEntry.member_id).where(RollEntry.poll_id == fact["subject_id"])))


def slip_recipients(fact: dict[str, Any], _at: dt.datetime) -> set[int]:
    """The members whom a slip asks."""
    return set(db.session.scalars(select(SlipRecipient.member_id).where(SlipRecipient.slip_id == fact["subject_id"])))


def slip_readers(fact: dict[str, Any], at: dt.datetime) -> set[int]:
    """The members whom a slip asks, and the aides of that day whom they let see their slips."""
    return slip_recipients(fact, at) | {aide_id for aide_id, _member_id, _name in _aides_of_slip(fact, at)}


def helped_on_slip(fact: dict[str, Any], at: dt.datetime) -> dict[int, dict[str, Any]]:
    """By aide who is not asked: the members for whom this is to be prepared, as the notice names them."""
    asked, found = slip_recipients(fact, at), dict[int, list[str]]()
    for aide_id, _member_id, name in _aides_of_slip(fact, at):
        if aide_id not in asked:
            found.setdefault(aide_id, []).append(name)
    return {aide_id: {"member": ", ".join(names)} for aide_id, names in found.items()}


def _aides_of_slip(fact: dict[str, Any], at: dt.datetime) -> list[tuple[int, int, str]]:
    """Aide, member and the member's name."""
    day = hanoi_date(at)
    lets = (SlipAide.member_id == MemberStaff.member_id) & (SlipAide.aide_id == MemberStaff.aide_id)
    rows = select(MemberStaff.aide_id, SlipRecipient.member_id, SlipRecipient.name).distinct().join(SlipAide, lets)
    rows = rows.join(SlipRecipient, SlipRecipient.member_id == MemberStaff.member_id).where(
        SlipRecipient.slip_id == fact["subject_id"], MemberStaff.body_id == fact["body_id"], SlipAide.allowed,
        MemberStaff.valid_from <= day, MemberStaff.valid_to > day,
    )  # fmt: skip
    return [(aide, member, name) for aide, member, name in db.session.execute(rows.order_by(SlipRecipient.member_id))]


def of_step(fact: dict[str, Any], at: dt.datetime) -> set[int]:
    """Whoever holds an office that may approve the step that a slip waits for."""
    return holding(*(Office(code) for code in fact["offices"]))(fact, at)


def drafter_of_slip(fact: dict[str, Any], _at: dt.datetime) -> set[int]:
    slip = db.session.get_one(Slip, fact["subject_id"])
    return {slip.drafted_by_id} if slip.drafted_by_id else set()


def of_decision(fact: dict[str, Any], at: dt.datetime) -> set[int]:
    """Whoever drafted the slip, the Minister-Chairman, and the members who stand for the lead ministry."""
    posts = select(Appointment.person_id).where(Appointment.organisation_id == (fact["organisation_id"] or 0))
    posts = posts.where(Appointment.office.in_(MEMBERS), Appointment.in_force(hanoi_date(at)))
    return drafter_of_slip(fact, at) | holding(Office.MINISTER_CHAIRMAN)(fact, at) | set(db.session.scalars(posts))


def keepers(fact: dict[str, Any], at: dt.datetime) -> set[int]:
    """Who sees to a certificate: its person, or the records office for a seal; and the administrators."""
    own = {fact["person_id"]} if fact["person_id"] else holding(Office.RECORDS)(fact, at)
    return own | holding(Office.ADMINISTRATOR)(fact, at)


def named(field: str) -> Callable[[dict[str, Any], dt.datetime], set[int]]:
    return lambda fact, _at: {fact[field]} if fact[field] else set()


def with_staff(audience: Audience) -> Audience:
    """The same people and, of the members among them, their aides on that day."""

    def told(fact: dict[str, Any], at: dt.datetime) -> set[int]:
        people = audience(fact, at)
        aides = select(MemberStaff.aide_id).where(
            MemberStaff.body_id == fact["body_id"], MemberStaff.member_id.in_(people)
        )
        day = hanoi_date(at)
        in_force = (MemberStaff.valid_from <= day, MemberStaff.valid_to > day)
        return people | set(db.session.scalars(aides.where(*in_force)))

    return told


def express(fact: dict[str, Any]) -> bool:
    """Whether the Resolution is marked Hỏa tốc: such a notice does not wait for the morning."""
    resolution = db.session.get(Resolution, fact["subject_id"])
    return resolution is not None and resolution.urgency is Urgency.EXPRESS


def express_slip(fact: dict[str, Any]) -> bool:
    """The same of a slip."""
    slip = db.session.get(Slip, fact["subject_id"])
    return slip is not None and slip.urgency is Urgency.EXPRESS


def always(_fact: dict[str, Any]) -> bool:
    return True
