"""Issue of a slip (phát hành): number, deadline, roll with certificates and definition are frozen in one moment."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.gateways.signing.places import SOFTWARE as ON_THE_SERVER
from app.models import Certificate, Person, RuleSet, Slip, SlipRecipient
from app.version import SOFTWARE
from app.workflows import (
    key_places,
    keys,
    passkeys,
    poll_passkeys,
    polls,
    slip_deadlines,
    slip_papers,
    slips,
    witnessing,
)
from app.workflows.engine.errors import BadValue, WorkflowError
from app.workflows.engine.rights import Actor
from app.workflows.engine.transaction import use_case
from app.workflows.poll_passkeys import AboutPasskeys
from app.workflows.rules import numbering
from app.workflows.rules.ballot import roll_code
from app.workflows.rules.calendar import hanoi_date, iso_utc
from app.workflows.rules.canonical import canonical, digest, tagged_digest
from app.workflows.rules.passkey import PIN, PIN_AND_PASSKEY
from app.workflows.rules.slip import slip_definition
from app.workflows.rules.slip_log import issued_leaf
from app.workflows.rules.slip_parameters import SlipParameters
from app.workflows.series import locked_series
from app.workflows.slip_facts import SlipIssued, record_slip
from app.workflows.slip_log import LOG
from app.workflows.slips import LIFECYCLE

TYPE = "PLYK"


class NobodyToAsk(WorkflowError):
    code = "nobody_to_ask"
    message = _("The body has no members today, so there is nobody to ask.")


class EarlierRoundOpen(WorkflowError):
    code = "earlier_round_open"
    message = _("The round before (%(number)s) still collects opinions. Recall it or wait for its end first.")


class DefinitionRefused(BadValue):
    """What is written cannot be frozen; `problem` says why for programs."""

    code = "definition_refused"
    message = _("The slip cannot be issued as it is written. Have its questions and papers looked at.")


@dataclass(frozen=True)
class _Issue:
    at: dt.datetime
    by: str
    number: str
    deadline: dt.datetime
    rule_set: RuleSet


@use_case
def issue_slip(actor: Actor, slip_id: int, now: dt.datetime, about_passkeys: AboutPasskeys | None = None) -> Slip:
    """Freeze questions, papers, rule set and roll with certificates, give number and deadline, and begin the log.

    Members are those in office on this day. A slip that asks for passkeys goes out while members have none only when
    the issuer says so (rule:R35).
    """
    slip = slips.locked(actor, slip_id)
    move = LIFECYCLE.admit("issue", slip, actor)
    witnessing.require_sound(slip, now)
    if slip.previous is not None and slip.previous.state is slips.ISSUED:
        raise EarlierRoundOpen(slip, number=slip.previous.number_text)
    missing = _settle_passkeys(slip, about_passkeys, hanoi_date(now))
    rule_set = slip_deadlines.rules_of(slip, now)
    deadline = slip_deadlines.deadline_of(slip, rule_set, now, slip.working_days)
    roll = _roll(slip, hanoi_date(now))
    number, text, series = _number(slip, hanoi_date(now).year)
    frozen = _definition(slip, roll, _Issue(now, actor.post or actor.name, text, deadline, rule_set))
    if rule_set.used_at is None:
        rule_set.used_at = now
    move.apply(
        slip, number=number, number_text=text, series=series, rule_set=rule_set, issued_at=now, deadline_at=deadline,
        definition=frozen, definition_sha256=digest(frozen), recipients=roll,
    )  # fmt: skip
    db.session.flush()
    LOG.append(slip, issued_leaf(tagged_digest(frozen), iso_utc(deadline), iso_utc(now)))
    record_slip(
        actor, slip, SlipIssued, now, number=text, definition_sha256=digest(frozen), deadline_at=deadline,
        urgency=slip.urgency, without_passkey=missing,
    )  # fmt: skip
    return slip


def deadline_if_issued(slip: Slip, now: dt.datetime) -> dt.datetime:
    """When the members would have to answer, were the slip issued at this moment; for the preview."""
    return slip_deadlines.deadline_of(slip, slip_deadlines.rules_of(slip, now), now, slip.working_days)


def symbol_of(body_code: str) -> str:
    """Type and issuing office: "PLYK-VPCP", "PLYK-VPUBND"."""
    return f"{TYPE}-VP{body_code.partition('-')[0]}"


def _settle_passkeys(slip: Slip, decided: AboutPasskeys | None, on: dt.date) -> tuple[int, ...]:
    posts = polls.members_of(slip.body_id, on)
    if decided is not None:
        slip.passkey_demanded = decided is AboutPasskeys.DEMAND
    if not slip.passkey_demanded:
        return ()
    if decided is None:
        poll_passkeys.require_all(slip, posts)
    passkeys.require_party(slip)
    return tuple(post.person_id for post in poll_passkeys.without_passkey(posts))


def _roll(slip: Slip, on: dt.date) -> list[SlipRecipient]:
    posts = polls.members_of(slip.body_id, on)
    if not posts:
        raise NobodyToAsk(slip)
    people = select(Person.id, Person.full_name).where(Person.id.in_([post.person_id for post in posts]))
    names = {row.id: row.full_name for row in db.session.execute(people)}
    certificates = _certificates(names)
    return [
        SlipRecipient(
            member_id=post.person_id, body_id=slip.body_id, appointment_id=post.id, roll_index=index,
            name=names[post.person_id], post=post.post, abbreviation=post.abbreviation,
            is_head=post.office.value == "head", certificate=certificates.get(post.person_id),
        )
        for index, post in enumerate(posts, start=1)
    ]  # fmt: skip


def _certificates(members: Iterable[int]) -> dict[int, Certificate]:
    """The certificate of each one's active key, held until the end of the act; whoever has no key is left out."""
    held = keys.pin_keys(members)
    ids = [key.certificate_id for key in held.values()]
    found = {each.id: each for each in db.session.scalars(select(Certificate).where(Certificate.id.in_(ids)))}
    return {member: found[key.certificate_id] for member, key in held.items()}


def _number(slip: Slip, year: int) -> tuple[int, str, Any]:
    series = locked_series(slip.body_id, TYPE, normative=False, year=year)
    series.last_number += 1
    text = numbering.full_number(series.last_number, year, normative=False, written_symbol=symbol_of(slip.body.code))
    return series.last_number, text, series


def _organisation(slip: Slip) -> dict[str, str] | None:
    lead = slip.organisation
    return {"abbreviation": lead.abbreviation, "name": lead.name} if lead else None


def _definition(slip: Slip, roll: list[SlipRecipient], issue: _Issue) -> bytes:
    """What is frozen, from the rows as they stand at this moment."""
    main, rule_set = slips.main_question(slip), issue.rule_set
    places = key_places.providers_of(entry.certificate.id for entry in roll if entry.certificate)
    previous = slip.previous.definition_sha256 if slip.previous else None
    try:
        return canonical(slip_definition(
            slip_id=slip.id, number=issue.number, round=slip.round, previous=previous and f"sha256:{previous}",
            body={"code": slip.body.code, "name": slip.body.name, "place": slip.body.place}, matter=slip.matter,
            organisation=_organisation(slip), legal_basis=slip.legal_basis,
            urgency=slip.urgency.value,
            questions=[
                {"index": row.position, "kind": row.kind.value, "text": row.text, "options": list(row.options),
                 "main": row is main}
                for row in slip.questions
            ],
            articles=slip_papers.articles_of(slip),
            papers=[
                {"title": row.version.document.title, "version": row.version.number, "sha256": row.version.sha256,
                 "pages": row.version.pages, "draft": row.draft}
                for row in slip.papers
            ],
            rule_set={
                "code": rule_set.code, "valid_from": rule_set.valid_from.isoformat(),
                "legal_source": rule_set.legal_source, "confirmed": rule_set.confirmed,
                "parameters": SlipParameters.parse(rule_set.parameters).as_dict(),
            },
            roll=[
                {
                    "index": entry.roll_index, "member": roll_code(entry.roll_index), "name": entry.name,
                    "post": entry.post, "abbreviation": entry.abbreviation, "head": entry.is_head,
                    "certificate_sha256": entry.certificate.sha256 if entry.certificate else None,
                    "key_place": places.get(entry.certificate.id, ON_THE_SERVER) if entry.certificate else None,
                }
                for entry in roll
            ],
            issued_at=iso_utc(issue.at), issued_by=issue.by, deadline_at=iso_utc(issue.deadline),
            evidence=PIN_AND_PASSKEY if slip.passkey_demanded else PIN, software=SOFTWARE,
        ))  # fmt: skip
    except ValueError as odd:
        raise DefinitionRefused(slip, problem=str(odd)) from odd
