"""Passkeys (WebAuthn): what a browser is asked, and whether what its authenticator answered is good.

The host and the origin that count are the configured ones, never those of a request.
"""

import ipaddress
import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from webauthn import (
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    bytes_to_base64url,
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    parse_attestation_object,
    parse_authenticator_data,
    parse_client_data_json,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

ALGORITHMS = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
CURVE_P256, POINT = 1, 32
SMALLEST_RSA = 2048  # bits
TIMEOUT = 120_000  # ms; as long as a prepared ballot
LOCALHOST = "localhost"
NEW, ASSERTED = "webauthn.create", "webauthn.get"
TRANSPORTS = frozenset({"usb", "nfc", "ble", "smart-card", "hybrid", "internal", "cable"})


class PasskeyFault(StrEnum):
    MALFORMED = "malformed"
    WRONG_CHALLENGE = "wrong_challenge"
    WRONG_ORIGIN = "wrong_origin"
    WRONG_HOST = "wrong_host"
    NOT_PRESENT = "not_present"
    NOT_VERIFIED = "not_verified"
    WEAK_KEY = "weak_key"
    BAD_SIGNATURE = "bad_signature"


class PasskeyRefused(Exception):
    """What an authenticator answered is not good; `fault` says why."""

    def __init__(self, fault: PasskeyFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True)
class RelyingParty:
    """Whose passkeys these are: `host` is the relying party's id, `origin` the one address they work at."""

    host: str
    origin: str
    name: str = "e-Cabinet"


@dataclass(frozen=True)
class NewPasskey:
    """A passkey that an authenticator has made; `public_key` is COSE."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    aaguid: str
    backup_eligible: bool
    backed_up: bool


@dataclass(frozen=True)
class Use:
    """What an authenticator says of itself when it confirms something."""

    sign_count: int
    backed_up: bool


_chosen: list[RelyingParty] = []


def use(party: RelyingParty | None) -> None:
    """The application says once, at its start, at which address passkeys work; None: at none."""
    _chosen[:] = [party] if party else []


def relying_party() -> RelyingParty | None:
    return _chosen[0] if _chosen else None


def relying_party_of(public_url: str) -> RelyingParty | None:
    """The relying party of an installation with this public address; None where browsers offer no passkeys.

    They need https and a host with a name. On the machine itself plain http will do, under the name localhost, for
    which 127.0.0.1 stands here: an address of numbers names no relying party.
    """
    parts = urlsplit(public_url)
    host, port = parts.hostname or "", parts.port
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        if not address.is_loopback:
            return None
        host = LOCALHOST
    if not host or (parts.scheme != "https" and host != LOCALHOST):
        return None
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    return RelyingParty(host, f"{parts.scheme}://{host}" + (f":{port}" if port not in (None, usual) else ""))


def party_in(client_data: bytes) -> RelyingParty:
    """The relying party that a kept answer names; PasskeyRefused when it names none that could be one."""
    try:
        party = relying_party_of(parse_client_data_json(client_data).origin)
    except Exception as odd:
        raise PasskeyRefused(PasskeyFault.MALFORMED) from odd
    if party is None:
        raise PasskeyRefused(PasskeyFault.WRONG_ORIGIN)
    return party


def registration_options(
    party: RelyingParty, user: bytes, account: str, name: str, challenge: bytes, known: Sequence[bytes]
) -> dict[str, Any]:
    """What `navigator.credentials.create` is asked, as JSON; `known` are passkeys that the person has already."""
    options = generate_registration_options(
        rp_id=party.host, rp_name=party.name, user_id=user, user_name=account, user_display_name=name,
        challenge=challenge, timeout=TIMEOUT, attestation=AttestationConveyancePreference.NONE,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
        supported_pub_key_algs=ALGORITHMS,
    )  # fmt: skip
    made: dict[str, Any] = json.loads(options_to_json(options))
    return made


def check_registration(
    party: RelyingParty, credential_id: bytes, client_data: bytes, attestation: bytes, challenge: bytes
) -> NewPasskey:
    """The passkey that answers this challenge; PasskeyRefused for anything else.

    An attestation is accepted and proves nothing here: who the device was made by is not asked.
    """
    try:
        _check_client_data(party, client_data, NEW, challenge)
        told = parse_attestation_object(attestation).auth_data
        _check_authenticator(party, told)
        verified = verify_registration_response(
            credential=_credential(credential_id, client_data, attestationObject=attestation),
            expected_challenge=challenge, expected_rp_id=party.host, expected_origin=party.origin,
            require_user_verification=True, supported_pub_key_algs=ALGORITHMS,
        )  # fmt: skip
        if verified.credential_id != credential_id:
            raise PasskeyRefused(PasskeyFault.MALFORMED)
        _check_key(verified.credential_public_key)
    except PasskeyRefused:
        raise
    except Exception as odd:  # the library's parsers fail in many ways, and each of them means no
        raise PasskeyRefused(PasskeyFault.MALFORMED) from odd
    return NewPasskey(
        credential_id=credential_id, public_key=verified.credential_public_key, sign_count=verified.sign_count,
        aaguid=verified.aaguid, backup_eligible=told.flags.be, backed_up=told.flags.bs,
    )  # fmt: skip


def check_assertion(
    party: RelyingParty,
    credential_id: bytes,
    public_key: bytes,
    client_data: bytes,
    authenticator_data: bytes,
    signature: bytes,
    challenge: bytes,
) -> Use:
    """Whether this key confirmed this challenge here, with the user verified; PasskeyRefused with the reason if not.

    The count is not judged: a lower one is a sign of a copied key and no proof (the caller notes it).
    """
    try:
        _check_client_data(party, client_data, ASSERTED, challenge)
        told = parse_authenticator_data(authenticator_data)
        _check_authenticator(party, told)
    except PasskeyRefused:
        raise
    except Exception as odd:
        raise PasskeyRefused(PasskeyFault.MALFORMED) from odd
    sent = {"authenticatorData": authenticator_data, "signature": signature}
    try:
        _check_key(public_key)
        verified = verify_authentication_response(
            credential=_credential(credential_id, client_data, **sent), expected_challenge=challenge,
            expected_rp_id=party.host, expected_origin=party.origin, credential_public_key=public_key,
            credential_current_sign_count=0, require_user_verification=True,
        )  # fmt: skip
    except Exception as odd:
        raise PasskeyRefused(PasskeyFault.BAD_SIGNATURE) from odd
    return Use(verified.new_sign_count, verified.credential_backed_up)


def _check_client_data(party: RelyingParty, client_data: bytes, kind: str, challenge: bytes) -> None:
    """What the browser says it was asked, by whom, and what for; no name twice, since readers differ on those."""
    raw = json.loads(client_data, object_pairs_hook=_unique)
    told = parse_client_data_json(client_data)
    if told.type != kind:
        raise PasskeyRefused(PasskeyFault.MALFORMED)
    if told.challenge != challenge:
        raise PasskeyRefused(PasskeyFault.WRONG_CHALLENGE)
    if told.origin != party.origin or raw.get("crossOrigin", False) is not False or "topOrigin" in raw:
        raise PasskeyRefused(PasskeyFault.WRONG_ORIGIN)


def _check_authenticator(party: RelyingParty, told: Any) -> None:
    if told.rp_id_hash != sha256(party.host.encode()).digest():
        raise PasskeyRefused(PasskeyFault.WRONG_HOST)
    if not told.flags.up:
        raise PasskeyRefused(PasskeyFault.NOT_PRESENT)
    if not told.flags.uv:
        raise PasskeyRefused(PasskeyFault.NOT_VERIFIED)


def _check_key(public_key: bytes) -> None:
    """ES256 on P-256, EdDSA, or RS256 with at least 2048 bits; the library itself takes more."""
    key: Any = decode_credential_public_key(public_key)
    sound = {
        COSEAlgorithmIdentifier.ECDSA_SHA_256: lambda: (key.crv, len(key.x), len(key.y)) == (CURVE_P256, POINT, POINT),
        COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256: lambda: int.from_bytes(key.n).bit_length() >= SMALLEST_RSA,
        COSEAlgorithmIdentifier.EDDSA: lambda: len(key.x) == POINT,
    }.get(key.alg, lambda: False)
    if not sound():
        raise PasskeyRefused(PasskeyFault.WEAK_KEY)
    decoded_public_key_to_cryptography(key)


def _credential(credential_id: bytes, client_data: bytes, **response: bytes) -> dict[str, Any]:
    named = bytes_to_base64url(credential_id)
    parts = {"clientDataJSON": client_data, **response}
    return {
        "id": named, "rawId": named, "type": "public-key",
        "response": {name: bytes_to_base64url(part) for name, part in parts.items()},
    }  # fmt: skip


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found
