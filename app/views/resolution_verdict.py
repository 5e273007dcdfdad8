"""What is thought of the signatures in a Resolution: one verdict with its plain reasons, and each signer."""

import datetime as dt
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext

from app.gateways import pades, signing
from app.models import DocumentSignature, Resolution, SignatureRole
from app.views.ballot_answers import stamp_facts
from app.workflows import authority_answers, public_documents, resolutions, time_stamps, verification
from app.workflows.engine.words import word
from app.workflows.key_places import places_of

LOOKS: dict[str, tuple[str, str, Any]] = {
    "valid": ("ok", "shield-check", lazy_gettext("Valid")),
    "invalid": ("bad", "shield-x", lazy_gettext("Not valid")),
    "undetermined": ("warn", "shield-alert", lazy_gettext("Not enough to decide")),
}
SIGNS = {SignatureRole.SIGNATURE: "pen-line", SignatureRole.SEAL: "stamp"}


def signatures(resolution: Resolution, now: dt.datetime) -> dict[str, Any] | None:
    """The context of templates/ec/_signatures.html; None while nobody has signed."""
    if not resolution.signatures:
        return None
    found = judged(resolution, now)
    kind, icon, label = LOOKS[found.state]
    states = {signer.role: signer.state for signer in found.signers}
    places = places_of(one.statement.certificate_id for one in resolution.signatures)
    return {
        "kind": kind, "icon": icon, "label": _label(found.state, resolution) or label,
        "reasons": [str(reason) for reason in found.reasons],
        "rows": [
            _row(one, states.get(one.role.value, found.state), places[one.statement.certificate_id], now)
            for one in resolution.signatures
        ],
    }  # fmt: skip


def judged(resolution: Resolution, now: dt.datetime) -> pades.Verdict:
    """As for everybody once it is promulgated; before, what was signed so far: a seal to come is no fault yet."""
    if verification.promulgated(resolution):
        return public_documents.verdict_of(resolution, now)
    made = {signature.role.value for signature in resolution.signatures}
    expected = [one for one in verification.expected_of(resolution) if one.role in made]
    revoked = verification.revocations_of(resolution)
    return verification.of_copy(
        resolutions.signed_file(resolution),
        lambda content: pades.verdict(
            content, expected, signing.trusted(), now, revoked, stampers_revoked=authority_answers.revoked()
        ),
    )


def _label(state: str, resolution: Resolution) -> str:
    """How many signatures are valid, and what the document lacks before it is one for everybody."""
    roles = {one.role for one in resolution.signatures}
    if state != "valid":
        return ""
    if SignatureRole.SEAL not in roles:
        return _("%(n)s valid, not sealed yet", n=len(roles))
    out = verification.promulgated(resolution)
    return _("%(n)s valid", n=len(roles)) if out else _("%(n)s valid, not promulgated yet", n=len(roles))


def _row(one: DocumentSignature, state: str, place: Any, now: dt.datetime) -> dict[str, Any]:
    kind, _icon, label = LOOKS[state]
    certificate = one.statement.certificate
    return {
        "icon": SIGNS[one.role], "role": word(one.role), "name": one.name,
        "post": one.post if one.post != one.name else "", "at": one.statement.signed_at, "kind": kind, "label": label,
        "serial": certificate.serial, "certificate_name": certificate.subject, "until": certificate.not_after,
        "place": place, "stamp": stamp_facts(time_stamps.shown(one.statement, now))["stamp"],
    }  # fmt: skip
