"""What a passkey confirms of a ballot, and the record of it that anybody can check."""

import base64
import binascii
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from app.workflows.rules.canonical import canonical, parse_canonical
from app.workflows.rules.schema import Check, one_of, record

BALLOT_TAG = "vn.ecabinet.passkey.ballot.v1"
UNLOCK_TAG = "vn.ecabinet.passkey.unlock.v1"
PIN, PIN_AND_PASSKEY = "pin", "pin+passkey"
_BINARY = ("credential_id", "public_key", "client_data_json", "authenticator_data", "signature")
_LONGEST = 8192  # characters of one part


class Assertion(NamedTuple):
    """What an authenticator answered about one ballot, and the COSE key that it is checked with."""

    credential_id: bytes
    public_key: bytes
    client_data_json: bytes
    authenticator_data: bytes
    signature: bytes


def ballot_challenge(statement: bytes) -> bytes:
    """SHA-256 of the tag, a zero byte and the canonical ballot (rule:R34): good for this ballot and no other."""
    return sha256(BALLOT_TAG.encode() + b"\0" + statement).digest()


def unlock_challenge(nonce: str) -> bytes:
    """The same of what opens a locked screen, with a tag of its own: it never confirms a ballot (rule:R34)."""
    return sha256(UNLOCK_TAG.encode() + b"\0" + nonce.encode()).digest()


def passkey_sha256(credential_id: bytes, public_key: bytes) -> str:
    """What the log says of a registered passkey: a key that is exchanged afterwards has another hash."""
    return sha256(len(credential_id).to_bytes(4, "big") + credential_id + public_key).hexdigest()


def demands_passkey(definition: Mapping[str, Any]) -> bool:
    """Whether the frozen definition of a poll asks for a passkey beside the PIN (rule:R35)."""
    return bool(definition.get("evidence", PIN) == PIN_AND_PASSKEY)


def count_fell(known: int, told: int) -> bool:
    """Whether a device counts as a copy of it would (rule:R36); devices that do not count say 0 for ever."""
    return told <= known and (told, known) != (0, 0)


def assertion_record(assertion: Assertion) -> bytes:
    """Canonical JSON of an assertion about a ballot, kept beside its CMS; binary parts as base64url without padding."""
    parts = {name: to_base64url(part) for name, part in assertion._asdict().items()}
    return canonical(_record({**parts, "tag": BALLOT_TAG}))


def parse_assertion_record(data: bytes) -> Assertion:
    """The parts of a kept assertion; ValueError for bytes that `assertion_record` would not have written."""
    kept = _record(parse_canonical(data))
    return Assertion(**{name: from_base64url(kept[name]) for name in _BINARY})


def to_base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def from_base64url(text: str) -> bytes:
    """Bytes in their one spelling without padding; ValueError for any other."""
    if not re.fullmatch(r"[A-Za-z0-9_-]+", text):
        raise ValueError("must be base64url without padding")
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as odd:
        raise ValueError("must be base64url without padding") from odd
    if to_base64url(data) != text:
        raise ValueError("must be base64url in its one spelling")
    return data


def _encoded(value: Any) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise ValueError("must be base64url")
    from_base64url(value)
    return value


_record: Check = record(tag=one_of(BALLOT_TAG), **dict.fromkeys(_BINARY, _encoded))
