"""Opening a locked screen with a passkey (mở khóa màn hình bằng passkey) instead of the password."""

import datetime as dt
import secrets
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.gateways import passkeys as gateway
from app.gateways.passkeys import PasskeyFault, PasskeyRefused, Use
from app.models import LoginSession, Passkey, PasskeyChallenge, PasskeyPurpose
from app.workflows import login, passkeys
from app.workflows.engine.errors import Subject, WorkflowError
from app.workflows.engine.rights import Actor
from app.workflows.engine.transaction import end_reading, record, use_case
from app.workflows.login import Living
from app.workflows.login_tries import Account, SessionOver
from app.workflows.passkey_assertions import Answer
from app.workflows.rules.passkey import UNLOCK_TAG, count_fell, to_base64url, unlock_challenge

UNLOCK_FOR = dt.timedelta(milliseconds=gateway.TIMEOUT)
CHALLENGE = 32  # bytes


class NoPasskeyToUnlock(WorkflowError):
    code = "no_passkey_to_unlock"
    message = _("You have no passkey in use. Enter your password.")


class StillLocked(WorkflowError):
    code, http_status = "passkey_unlock_refused", 403
    message = _("%(reason)s Tries left: %(tries_left)s.")
    over = _("This request was used already or is older than two minutes. The screen stays locked; begin again.")
    unknown = _("This passkey is not one that you have in use. The screen stays locked.")
    reasons = {
        PasskeyFault.WRONG_CHALLENGE: _("The device answered another request. The screen stays locked; begin again."),
        PasskeyFault.WRONG_ORIGIN: _("The device answered for another address. The screen stays locked."),
        PasskeyFault.WRONG_HOST: _("The device answered for another host. The screen stays locked."),
        PasskeyFault.NOT_PRESENT: _("Nobody touched the device. The screen stays locked."),
        PasskeyFault.NOT_VERIFIED: _(
            "The device did not check that it is you (fingerprint, face or its PIN). The screen stays locked."
        ),
        PasskeyFault.BAD_SIGNATURE: _("The answer was not made with the registered passkey. The screen stays locked."),
    }
    otherwise = _("The answer of the device does not have the expected form. The screen stays locked.")


def begin(living: Living, now: dt.datetime) -> dict[str, Any]:
    """What the browser asks its authenticator, as JSON; good once, for two minutes, for this screen.

    The browser makes the challenge of tag and nonce, as it makes one of a ballot (rule:R34): neither is ever the other.
    """
    account = login.account_behind(living)
    nonce = _nonce(account.actor, account, living.session_id, now)
    usable = passkeys.usable_passkeys(account.person_id)
    known = [{"id": to_base64url(each.credential_id), "transports": each.transports} for each in usable]
    party = passkeys.require_party(account.person)
    return {"tag": UNLOCK_TAG, "nonce": nonce, "host": party.host, "credentials": known, "timeout": gateway.TIMEOUT}


@use_case
def _nonce(actor: Actor, account: Account, session_id: int, now: dt.datetime) -> str:
    """One row for each session, however often it is asked."""
    passkeys.require_party(account.person)
    if not passkeys.usable_passkeys(account.person_id):
        raise NoPasskeyToUnlock(account.person)
    alive = select(LoginSession.id).where(LoginSession.id == session_id, LoginSession.revoked_at.is_(None))
    if db.session.scalar(alive.with_for_update()) is None:
        raise SessionOver(account.person)
    asked = db.session.scalar(_of(session_id))
    if asked is None:
        asked = PasskeyChallenge(
            body_id=account.body_id, person_id=account.person_id, session_id=session_id, label="",
            purpose=PasskeyPurpose.UNLOCK,
        )  # fmt: skip
        db.session.add(asked)
    nonce = to_base64url(secrets.token_bytes(CHALLENGE))
    asked.challenge, asked.expires_at, asked.used_at = unlock_challenge(nonce), now + UNLOCK_FOR, None
    return nonce


def unlock(living: Living, answer: Answer, address: str, now: dt.datetime) -> None:
    """Open a locked screen to the owner's passkey; the fifth answer that is not good ends the session (SessionOver)."""

    def prove(account: Account, tries_left: int) -> None:
        told = {"tries_left": tries_left}
        challenge = _take(account.actor, living.session_id, now)
        if challenge is None:
            raise StillLocked(account.person, reason=StillLocked.over, **told)
        usable = {each.credential_id: each for each in passkeys.usable_passkeys(account.person_id)}
        known = usable.get(answer.credential_id)
        if known is None:
            raise StillLocked(account.person, reason=StillLocked.unknown, **told)
        passkey_id, public_key = known.id, known.public_key
        end_reading()
        try:
            use = _check(account.person, public_key, answer, challenge)
        except PasskeyRefused as refused:
            reason = StillLocked.reasons.get(refused.fault, StillLocked.otherwise)
            raise StillLocked(account.person, reason=reason, **told) from refused
        if not _note_use(account.actor, passkey_id, use, now):
            raise StillLocked(account.person, reason=StillLocked.unknown, **told)

    login.open_screen(living, prove, address, now)


def _check(about: Subject, public_key: bytes, answer: Answer, challenge: bytes) -> Use:
    party = passkeys.require_party(about)
    return gateway.check_assertion(party, answer[0], public_key, *answer[1:], challenge)


@use_case
def _take(actor: Actor, session_id: int, now: dt.datetime) -> bytes | None:
    """The challenge of this session, used up by whatever answers it; None when there is none that still counts."""
    asked = db.session.scalar(_of(session_id).with_for_update())
    if asked is None or asked.used_at or asked.expires_at < now:
        return None
    asked.used_at = now
    return asked.challenge


@use_case
def _note_use(actor: Actor, passkey_id: int, use: Use, now: dt.datetime) -> bool:
    """That it was used, and how it counts (rule:R36); False when it was removed or suspended meanwhile."""
    held = select(Passkey).where(Passkey.id == passkey_id).with_for_update().execution_options(populate_existing=True)
    passkey = db.session.scalars(held).one()
    if passkey.removed_at or passkey.suspended_at:
        return False
    if count_fell(passkey.sign_count, use.sign_count):
        passkey.count_fell_at = now
        counts = {"known": passkey.sign_count, "told": use.sign_count}
        record(actor, passkeys.PasskeyCountFell.about(passkey, person_id=passkey.person_id, **counts), now)
    passkey.last_used_at, passkey.sign_count = now, max(passkey.sign_count, use.sign_count)
    passkey.backed_up = use.backed_up
    return True


def _of(session_id: int) -> Any:
    return select(PasskeyChallenge).where(
        PasskeyChallenge.session_id == session_id, PasskeyChallenge.purpose == PasskeyPurpose.UNLOCK
    )
