"""How a private key is wrapped, so that neither the PIN nor the stolen file opens it without the installation key."""
import base64
import hmac
import json
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256

from argon2.exceptions import HashingError
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.gateways.signing.errors import KeyUnavailable, WrongPin

CONTEXT = b"ecabinet.signing-key.v1"
KEY_BYTES, SALT_BYTES, NONCE_BYTES = 32, 16, 12
MOST_MEMORY_KIB, MOST_PASSES = 1 << 20, 16  # a damaged file must not ask for all the memory there is

# An unlock takes 64 MiB and a whole core: more of them at once than cores would only be slower and need more memory.
_unlocks = threading.BoundedSemaphore(os.cpu_count() or 1)


@dataclass(frozen=True)
class Argon2Cost:
    """How dear one guess of a PIN is."""

    memory_kib: int = 65536
    passes: int = 3
    lanes: int = 1

    def __post_init__(self) -> None:
        whole = all(type(price) is int and price > 0 for price in (self.memory_kib, self.passes, self.lanes))
        if not (whole and 8 * self.lanes <= self.memory_kib <= MOST_MEMORY_KIB and self.passes <= MOST_PASSES):
            raise ValueError("a cost that Argon2id does not know, or that no machine should be asked for")


@dataclass(frozen=True, repr=False)
class WrappedKey:
    """What is stored of a key: its certificate in the clear, the private part sealed."""

    certificate_der: bytes
    cost: Argon2Cost
    salt: bytes
    nonce: bytes
    sealed: bytes
    installation: bytes  # tells another installation's key from a wrong PIN; says nothing about either

    def to_bytes(self) -> bytes:
        fields = {"v": 1, "cost": asdict(self.cost)}
        parts = {name: base64.b64encode(getattr(self, name)).decode() for name in PARTS}
        return json.dumps(fields | parts, indent=1).encode()

    @classmethod
    def from_bytes(cls, stored: bytes) -> "WrappedKey":
        """Raises `KeyUnavailable` when the bytes are damaged."""
        try:
            fields = json.loads(stored)
            parts = {name: base64.b64decode(fields[name], validate=True) for name in PARTS}
            if (len(parts["salt"]), len(parts["nonce"])) != (SALT_BYTES, NONCE_BYTES):
                raise KeyUnavailable
            return cls(cost=Argon2Cost(**fields["cost"]), **parts)
        except (ValueError, KeyError, TypeError) as error:
            raise KeyUnavailable from error


PARTS = ("certificate_der", "salt", "nonce", "sealed", "installation")


def wrap(
    key_ref: str, private_der: bytes, certificate_der: bytes, pin: str, installation_key: bytes, cost: Argon2Cost
) -> WrappedKey:
    salt, nonce = secrets.token_bytes(SALT_BYTES), secrets.token_bytes(NONCE_BYTES)
    with _wrapping_key(key_ref, pin, salt, installation_key, cost) as key:
        sealed = AESGCM(key).encrypt(nonce, private_der, _bound_to(key_ref, certificate_der))
    return WrappedKey(certificate_der, cost, salt, nonce, sealed, _fingerprint(installation_key))


def unwrap(key_ref: str, wrapped: WrappedKey, pin: str, installation_key: bytes) -> bytes:
    """The private key in DER; `WrongPin`, or `KeyUnavailable` under another installation key."""
    if not hmac.compare_digest(wrapped.installation, _fingerprint(installation_key)):
        raise KeyUnavailable
    with _wrapping_key(key_ref, pin, wrapped.salt, installation_key, wrapped.cost) as key:
        try:
            return AESGCM(key).decrypt(wrapped.nonce, wrapped.sealed, _bound_to(key_ref, wrapped.certificate_der))
        except InvalidTag:
            raise WrongPin from None


def _bound_to(key_ref: str, certificate_der: bytes) -> bytes:
    """A sealed key fits its own reference and certificate only."""
    return b"|".join((CONTEXT, key_ref.encode(), sha256(certificate_der).digest()))


def _fingerprint(installation_key: bytes) -> bytes:
    return hmac.digest(installation_key, CONTEXT + b"|installation", "sha256")[:8]


@contextmanager
def _wrapping_key(
    key_ref: str, pin: str, salt: bytes, installation_key: bytes, cost: Argon2Cost
) -> Iterator[bytearray]:
    """HKDF(Argon2id(PIN, salt) ‖ installation key), overwritten afterwards as far as Python lets us."""
    stretched = _stretch(pin, salt, cost)
    material = stretched + installation_key
    context = b"|".join((CONTEXT, key_ref.encode()))
    key = bytearray(HKDF(hashes.SHA256(), KEY_BYTES, salt, context).derive(material))
    try:
        yield key
    finally:
        for secret in (stretched, material, key):
            secret[:] = bytes(len(secret))


def _stretch(pin: str, salt: bytes, cost: Argon2Cost) -> bytearray:
    with _unlocks:
        try:
            prices = (cost.passes, cost.memory_kib, cost.lanes)
            stretched = hash_secret_raw(pin.encode(), salt, *prices, KEY_BYTES, Type.ID)
        except HashingError as error:  # no memory left
            raise KeyUnavailable from error
    return bytearray(stretched)
