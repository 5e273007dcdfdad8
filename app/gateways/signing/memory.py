"""The twin for tests and tours: real signatures and real certificates, but keys in memory and no price on a guess."""
import datetime as dt
import hmac
import secrets
from dataclasses import dataclass
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric import ec
from flask_babel import lazy_gettext as _

from app.gateways.signing.authority import Authority
from app.gateways.signing.cms import sign_digest, sign_document
from app.gateways.signing.errors import KeyUnavailable, WrongPin
from app.gateways.signing.interface import Enrolled
from app.gateways.signing.pins import check_pin, well_formed


@dataclass(frozen=True, repr=False)
class _Held:
    private_key: ec.EllipticCurvePrivateKey
    certificate_der: bytes
    pin: bytes


class MemorySigner:
    """The same acts and refusals as the keys on disk, gone with the process."""

    label = _("test key in memory")

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self._keys: dict[str, _Held] = {}

    def enrol(self, name: str, title: str, organisation: str, pin: str, now: dt.datetime, days: int) -> Enrolled:
        check_pin(pin)
        private_key = ec.generate_private_key(ec.SECP256R1())
        certificate_der = self._authority.issue(name, title, organisation, private_key.public_key(), now, days)
        key_ref = secrets.token_hex(16)
        self._keys[key_ref] = _Held(private_key, certificate_der, sha256(pin.encode()).digest())
        return Enrolled(key_ref, certificate_der)

    def sign(self, key_ref: str, pin: str, data: bytes, now: dt.datetime) -> bytes:
        return self.sign_digest(key_ref, pin, sha256(data).digest(), now)

    def sign_digest(self, key_ref: str, pin: str, digest: bytes, now: dt.datetime) -> bytes:
        held = self._unlock(key_ref, pin)
        return sign_digest(held.private_key, held.certificate_der, digest, now)

    def sign_document(self, key_ref: str, pin: str, digest: bytes) -> bytes:
        held = self._unlock(key_ref, pin)
        return sign_document(held.private_key, held.certificate_der, digest, self._authority.chain()[:1])

    def certificate(self, key_ref: str) -> bytes:
        return self._held(key_ref).certificate_der

    def destroy(self, key_ref: str) -> None:
        self._held(key_ref)
        del self._keys[key_ref]

    def _unlock(self, key_ref: str, pin: str) -> _Held:
        held = self._held(key_ref)
        if not well_formed(pin) or not hmac.compare_digest(held.pin, sha256(pin.encode()).digest()):
            raise WrongPin
        return held

    def _held(self, key_ref: str) -> _Held:
        if key_ref not in self._keys:
            raise KeyUnavailable
        return self._keys[key_ref]
