"""Whether a passkey has confirmed exactly this ballot (rule:R34), and why not, each reason in its own words."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.gateways import passkeys as gateway
from app.gateways.passkeys import PasskeyFault, PasskeyRefused
from app.models import EvidenceKind, Passkey, SignatureEvidence, SignedStatement
from app.workflows.engine.errors import Subject, WorkflowError
from app.workflows.engine.rights import Actor
from app.workflows.engine.transaction import end_reading
from app.workflows.passkeys import require_party
from app.workflows.rules.canonical import digest
from app.workflows.rules.passkey import Assertion, assertion_record, ballot_challenge, parse_assertion_record


class PasskeyProblem(WorkflowError):
    """The ballot is not counted because of its passkey."""

    http_status = 422


class PasskeyMissing(PasskeyProblem):
    code = "passkey_missing"
    http_status = 403
    message = _("This vote asks for a passkey beside the PIN, and you have none in use. Add one under “My passkeys”.")


class PasskeyNeeded(PasskeyProblem):
    code = "passkey_needed"
    http_status = 403
    message = _("This vote asks for a passkey beside the PIN. The ballot came without one and was not counted.")


class PasskeyForeign(PasskeyProblem):
    code = "passkey_foreign"
    http_status = 403
    message = _("This passkey is not registered for you. The ballot was not counted.")


class PasskeyTaken(PasskeyProblem):
    code = "passkey_removed"
    http_status = 403
    message = _("This passkey was removed from your account. The ballot was not counted.")


class PasskeySuspended(PasskeyProblem):
    code = "passkey_suspended"
    http_status = 403
    message = _("This passkey is suspended since your password was reset. Remove it and add it anew.")


class PasskeyOtherText(PasskeyProblem):
    code = "passkey_other_text"
    message = _("The passkey confirmed another text than this ballot. It was not counted; please confirm again.")


class PasskeyUsed(PasskeyProblem):
    code = "passkey_replayed"
    message = _("This confirmation of the passkey belongs to a ballot that was counted earlier. Please confirm again.")


class PasskeyWrongOrigin(PasskeyProblem):
    code = "passkey_wrong_origin"
    message = _("The passkey was used on a page of another address. The ballot was not counted.")


class PasskeyWrongHost(PasskeyProblem):
    code = "passkey_wrong_host"
    message = _("The passkey confirmed something for another host. The ballot was not counted.")


class PasskeyUntouched(PasskeyProblem):
    code = "passkey_not_present"
    message = _("Nobody touched the device of the passkey. The ballot was not counted.")


class PasskeyUnverified(PasskeyProblem):
    code = "passkey_not_verified"
    message = _("The device did not check that it is you (fingerprint, face or its PIN). The ballot was not counted.")


class PasskeyForged(PasskeyProblem):
    code = "passkey_bad_signature"
    message = _("The confirmation was not made with the registered passkey. The ballot was not counted.")


class PasskeyMalformed(PasskeyProblem):
    code = "passkey_malformed"
    message = _("The answer of the passkey does not have the expected form. The ballot was not counted.")


REFUSALS: dict[PasskeyFault, type[PasskeyProblem]] = {
    PasskeyFault.WRONG_CHALLENGE: PasskeyOtherText,
    PasskeyFault.WRONG_ORIGIN: PasskeyWrongOrigin,
    PasskeyFault.WRONG_HOST: PasskeyWrongHost,
    PasskeyFault.NOT_PRESENT: PasskeyUntouched,
    PasskeyFault.NOT_VERIFIED: PasskeyUnverified,
    PasskeyFault.BAD_SIGNATURE: PasskeyForged,
    PasskeyFault.MALFORMED: PasskeyMalformed,
}


class Answer(NamedTuple):
    """What a browser sends of an authenticator's answer."""

    credential_id: bytes
    client_data: bytes
    authenticator_data: bytes
    signature: bytes


@dataclass(frozen=True)
class Confirmed:
    """An answer that was found good: which passkey gave it, the record that is kept, and what the device counted."""

    passkey_id: int
    content: bytes
    sign_count: int
    backed_up: bool


def judge(actor: Actor, about: Subject, statement: bytes, answer: Answer) -> Confirmed:
    """The actor's own passkey has confirmed these bytes; PasskeyProblem otherwise. Nothing is open afterwards."""
    known = db.session.execute(
        select(Passkey.id, Passkey.person_id, Passkey.public_key, Passkey.removed_at, Passkey.suspended_at)
        .where(Passkey.credential_id == answer.credential_id)
    ).one_or_none()  # fmt: skip
    end_reading()
    if known is None or known.person_id != actor.person_id:
        raise PasskeyForeign(about)
    require_in_use(about, known)
    told = Assertion(answer.credential_id, known.public_key, *answer[1:])
    try:
        content = assertion_record(told)
    except ValueError as odd:
        raise PasskeyMalformed(about) from odd
    try:
        use = _check(require_party(about), told, statement)
    except PasskeyRefused as refused:
        replayed = refused.fault is PasskeyFault.WRONG_CHALLENGE and _counted_before(content)
        raise (PasskeyUsed if replayed else REFUSALS[refused.fault])(about) from refused
    return Confirmed(known.id, content, use.sign_count, use.backed_up)


def require_in_use(about: Subject, passkey: Any) -> None:
    """Asked before the ballot is looked at, and again under the lock that counts it."""
    if passkey.removed_at:
        raise PasskeyTaken(about)
    if passkey.suspended_at:
        raise PasskeySuspended(about)


def evidence_of(statement_sha256: str) -> bytes | None:
    """The kept assertion beside the ballot with this hash, if there is one."""
    kept = (
        select(SignatureEvidence.content)
        .join(SignedStatement, SignedStatement.id == SignatureEvidence.statement_id)
        .where(SignedStatement.sha256 == statement_sha256, SignatureEvidence.kind == EvidenceKind.PASSKEY)
    )
    return db.session.scalar(kept)


def check_kept(content: bytes, statement: bytes) -> Any | None:
    """Why a kept assertion does not confirm a ballot, in words; None when it does.

    Address and host are those that the record names: they were held against the configured ones when it was counted,
    and an installation may be called otherwise later.
    """
    try:
        told = parse_assertion_record(content)
        _check(gateway.party_in(told.client_data_json), told, statement)
    except PasskeyRefused as refused:
        return REFUSALS[refused.fault].message
    except ValueError:
        return PasskeyMalformed.message
    return None


def _check(party: gateway.RelyingParty, told: Assertion, statement: bytes) -> gateway.Use:
    return gateway.check_assertion(
        party, told.credential_id, told.public_key, told.client_data_json, told.authenticator_data,
        told.signature, ballot_challenge(statement),
    )  # fmt: skip


def _counted_before(content: bytes) -> bool:
    same = select(SignatureEvidence.id).where(
        SignatureEvidence.kind == EvidenceKind.PASSKEY, SignatureEvidence.sha256 == digest(content)
    )
    found = db.session.scalar(same.limit(1)) is not None
    end_reading()
    return found
