"""Ministries, agencies and units (cơ quan, đơn vị) of a body: who they are and what they are called."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.models import Body, Organisation, OrganisationKind
from app.workflows.engine.errors import BadValue
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.text import line
from app.workflows.engine.transaction import Fact, record, use_case
from app.workflows.engine.visibility import seen
from app.workflows.rules.names import fold

LONGEST_NAME, LONGEST_ABBREVIATION, LAST_POSITION = 200, 20, 9999


class AbbreviationTaken(BadValue):
    code, field = "abbreviation_taken", "abbreviation"
    message = _("Another organisation of this body already has this abbreviation.")


class ParentImpossible(BadValue):
    code, field = "parent_impossible", "parent_id"
    message = _("An organisation cannot belong to itself, to one of its own units, or to another body.")


class BadPlace(BadValue):
    code, field = "bad_position", "position"
    message = _("The place in the order is a number from 0 to 9999.")


@dataclass(frozen=True)
class OrganisationAdded(Fact):
    name: str


@dataclass(frozen=True)
class OrganisationChanged(Fact):
    changed: dict[str, Any]


@use_case
def add_organisation(
    actor: Actor,
    body_id: int,
    kind: OrganisationKind,
    name: str,
    abbreviation: str,
    now: dt.datetime,
    parent_id: int | None = None,
    position: int = 0,
) -> Organisation:
    """Enter a ministry, agency or unit of a body."""
    seen(actor, Body, body_id)
    organisation = Organisation(body_id=body_id)
    actor.require(Right.ROLL_MANAGE, organisation)
    values = {"kind": kind, "name": name, "abbreviation": abbreviation, "parent_id": parent_id, "position": position}
    _write(actor, organisation, values)
    db.session.add(organisation)
    db.session.flush()
    record(actor, OrganisationAdded.about(organisation, name=organisation.name), now)
    return organisation


@use_case
def edit_organisation(actor: Actor, organisation_id: int, now: dt.datetime, **values: Any) -> Organisation:
    """Correct kind, name, abbreviation, parent or place of an organisation."""
    organisation = seen(actor, Organisation, organisation_id)
    actor.require(Right.ROLL_MANAGE, organisation)
    before = {name: getattr(organisation, name) for name in values}
    _write(actor, organisation, values)
    changed = {name: [old, getattr(organisation, name)] for name, old in before.items()}
    changed = {name: pair for name, pair in changed.items() if pair[0] != pair[1]}
    record(actor, OrganisationChanged.about(organisation, changed=changed), now)
    return organisation


def _write(actor: Actor, organisation: Organisation, values: dict[str, Any]) -> None:
    if "name" in values:
        values["name"] = line(organisation, values["name"], "name", LONGEST_NAME)
        values["name_fold"] = fold(values["name"])
    if "abbreviation" in values:
        values["abbreviation"] = line(organisation, values["abbreviation"], "abbreviation", LONGEST_ABBREVIATION)
        _refuse_taken(organisation, values["abbreviation"])
    if values.get("parent_id") is not None:
        _refuse_impossible(actor, organisation, values["parent_id"])
    if not 0 <= (values.get("position") or 0) <= LAST_POSITION:
        raise BadPlace(organisation)
    for name, value in values.items():
        setattr(organisation, name, value)


def _refuse_taken(organisation: Organisation, abbreviation: str) -> None:
    others = select(Organisation.id).where(
        Organisation.body_id == organisation.body_id, Organisation.abbreviation == abbreviation,
        Organisation.id != (organisation.id or 0),
    )  # fmt: skip
    with db.session.no_autoflush:
        if db.session.scalar(others):
            raise AbbreviationTaken(organisation)


def _refuse_impossible(actor: Actor, organisation: Organisation, parent_id: int) -> None:
    parent: Organisation | None = seen(actor, Organisation, parent_id)
    if parent is None or parent.body_id != organisation.body_id:
        raise ParentImpossible(organisation)
    while parent is not None:
        if parent.id == organisation.id:
            raise ParentImpossible(organisation)
        parent = parent.parent
