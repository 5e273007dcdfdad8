"""Registering a seal (con dấu số) whose key is in a device or at a provider: two people, the certificate, its PIN."""

import datetime as dt

from flask_babel import lazy_gettext as _

from app.extensions import db
from app.models import Body, SealKey
from app.workflows import outside_keys, seals
from app.workflows.engine.errors import Detached, WorkflowError
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.transaction import end_reading, record_refusal
from app.workflows.engine.visibility import seen
from app.workflows.outside_keys import Offered

ACT = "register_outside_seal"


class SealKeyUnproven(WorkflowError):
    code, http_status, field = "seal_key_unproven", 403, "pin"
    message = _("The PIN is not correct, so it is not proven that the key is the seal's. The seal is not registered.")


class NoSealPicture(WorkflowError):
    code, field = "no_seal_picture", "picture"
    message = _("There is no picture of the seal yet. Give one with the key.")


def offered(first: Actor, second: Actor | None, body_id: int, key_ref: str, now: dt.datetime) -> Offered:
    """The certificate as the device or provider shows it; refused unless it names the body and is usable now."""
    about, name = _body(first, body_id)
    try:
        first.require(Right.SEAL_KEEP, about)
        seals.require_second(about, first, second)
    except WorkflowError as refusal:
        record_refusal(ACT, first, refusal)
        raise
    return outside_keys.examine(first, ACT, about, key_ref, name, now)


def register(
    first: Actor, second: Actor | None, body_id: int, found: Offered, pin: str, picture: bytes | None, now: dt.datetime
) -> SealKey:
    """The PIN proves that the key is the certificate's; then the seal stands, and the earlier one is replaced.

    Without a picture that of the earlier seal stays.
    """
    about, _name = _body(first, body_id)
    drawn = _picture(about, body_id, picture)
    outside_keys.prove(first, ACT, about, found, pin, now, SealKeyUnproven)
    return seals.register_seal(first, body_id, found.key_ref, found.certificate_der, drawn, now, second)


def replace_here(
    first: Actor, second: Actor | None, body_id: int, pin: str, picture: bytes | None, now: dt.datetime
) -> SealKey:
    """A seal whose key is made here: one that is kept elsewhere is replaced by two people, too."""
    about, _name = _body(first, body_id)
    return seals.enrol_seal(first, body_id, pin, _picture(about, body_id, picture), now, second)


def _body(actor: Actor, body_id: int) -> tuple[Detached, str]:
    body = seen(actor, Body, body_id)
    return Detached(Body.__tablename__, body.id, None, body.id), body.name


def _picture(about: Detached, body_id: int, picture: bytes | None) -> bytes:
    if picture is not None:
        return seals.accepted(about, picture)
    latest = db.session.scalars(seals.ring_of(body_id).standing()).first()
    if latest is None:
        raise NoSealPicture(about)
    drawn: bytes = latest.picture
    end_reading()
    return drawn
