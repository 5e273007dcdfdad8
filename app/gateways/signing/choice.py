"""One signer over several: each key is asked where it lives, and new ones are made in this software."""
import datetime as dt
from collections.abc import Mapping
from typing import Any

from app.gateways.signing.errors import KeyUnavailable
from app.gateways.signing.interface import Enrolled, Signer
from app.gateways.signing.places import provider_of


class SignerByKey:
    """Dispatches by the provider that a reference names; `own` has the references that name none."""

    def __init__(self, own: Signer, others: Mapping[str, Signer]) -> None:
        self._own, self._others = own, others
        self.label: Any = own.label

    def __getattr__(self, name: str) -> Any:
        """What else our own signer can do."""
        return getattr(self._own, name)

    def enrol(self, name: str, title: str, organisation: str, pin: str, now: dt.datetime, days: int) -> Enrolled:
        return self._own.enrol(name, title, organisation, pin, now, days)

    def sign(self, key_ref: str, pin: str, data: bytes, now: dt.datetime) -> bytes:
        return self._of(key_ref).sign(key_ref, pin, data, now)

    def sign_digest(self, key_ref: str, pin: str, digest: bytes, now: dt.datetime) -> bytes:
        return self._of(key_ref).sign_digest(key_ref, pin, digest, now)

    def sign_document(self, key_ref: str, pin: str, digest: bytes) -> bytes:
        return self._of(key_ref).sign_document(key_ref, pin, digest)

    def certificate(self, key_ref: str) -> bytes:
        return self._of(key_ref).certificate(key_ref)

    def destroy(self, key_ref: str) -> None:
        self._of(key_ref).destroy(key_ref)

    def require(self, key_ref: str) -> None:
        """`KeyUnavailable` unless there is such a key; a device or provider is not asked."""
        of = self._of(key_ref)
        getattr(of, "require", of.certificate)(key_ref)

    def _of(self, key_ref: str) -> Signer:
        provider, colon, _name = key_ref.partition(":")
        if not colon:
            return self._own
        if provider not in self._others or provider != provider_of(key_ref):
            raise KeyUnavailable
        return self._others[provider]
