"""What a person was shown and asked to sign: good for two minutes, and the same again for the same request."""

import datetime as dt
from collections.abc import Mapping
from typing import TypeVar

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.models import PreparedStatement, SlipPrepared
from app.workflows.engine.errors import Subject, WorkflowError
from app.workflows.engine.rights import Actor
from app.workflows.rules.canonical import parse_canonical

Shown = TypeVar("Shown", PreparedStatement, SlipPrepared)
PREPARED_FOR = dt.timedelta(minutes=2)


class NotPrepared(WorkflowError):
    code = "not_prepared"
    message = _("The signed text is not the one that was shown, or it is older than two minutes. Please confirm again.")


class NonceReused(WorkflowError):
    code = "nonce_reused"
    message = _("This request was already used for something else. Load the page again.")


def repeated(
    about: Subject, actor: Actor, poll_id: int, nonce: str, now: dt.datetime, **wanted: object
) -> PreparedStatement | None:
    """What was prepared under this nonce already, since a device whose answer was lost asks again; None for a new one.

    `wanted` are members of the statement that come from the request. NonceReused when they, or whoever asks, are
    others; NotPrepared when the two minutes are over.
    """
    return repeated_on(about, actor, {"poll_id": poll_id}, nonce, now, **wanted)


def repeated_on(
    about: Subject, actor: Actor, source: Mapping[str, int | None], nonce: str, now: dt.datetime, **wanted: object
) -> PreparedStatement | None:
    """The same for what stands on a vote or on a slip: `source` are the columns that say on which."""
    found = db.session.scalar(select(PreparedStatement).filter_by(**source, nonce=nonce))
    return found and same_request(about, actor, found, now, **wanted)


def same_request(about: Subject, actor: Actor, found: Shown, now: dt.datetime, **wanted: object) -> Shown:
    """What is kept under a nonce, when it is what this person asks for again and its two minutes last."""
    said = parse_canonical(found.statement)
    if found.person_id != actor.person_id or {name: said.get(name) for name in wanted} != wanted:
        raise NonceReused(about)
    return still_shown(about, found, now)


def still_shown(about: Subject, found: Shown | None, now: dt.datetime, statement: bytes | None = None) -> Shown:
    """What was prepared, while its two minutes last; `statement` are the signed bytes, once there are any.

    NotPrepared for nothing, for other bytes and after the two minutes.
    """
    if found is None or found.expires_at < now or statement not in (None, found.statement):
        raise NotPrepared(about)
    return found
