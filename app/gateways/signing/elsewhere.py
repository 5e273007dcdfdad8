"""What all keys outside of this software have in common: they make a raw value, and we write and prove the rest."""
import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Generic, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from app.gateways.signing.cms import Unsigned, unsigned_digest, unsigned_document
from app.gateways.signing.errors import BadSignature, KeyUnavailable
from app.gateways.signing.files import make_folder, write_private
from app.gateways.signing.interface import Enrolled
from app.gateways.signing.places import place
from app.gateways.signing.profile import HASHES, SHA256, identify
from app.gateways.signing.trouble import MadeElsewhere, NotThatCertificate, UntrueSignature, WeakCertificate

LONGEST_PIN = 64
Named = TypeVar("Named")
Chain = Callable[[], Sequence[bytes]]


class Ended:
    """Keys elsewhere that are never asked for again: this side cannot delete them, and remembers it in a folder."""

    def __init__(self, folder: Path | None) -> None:
        """Without a folder nothing has ended, and nothing can be."""
        self._folder = folder

    def __contains__(self, key_ref: str) -> bool:
        return self._folder is not None and (self._folder / _mark(key_ref)).exists()

    def add(self, key_ref: str) -> None:
        if self._folder is None:
            raise KeyUnavailable
        try:
            make_folder(self._folder)
            write_private(self._folder / _mark(key_ref), key_ref.encode())
        except OSError as error:
            raise KeyUnavailable from error


def _mark(key_ref: str) -> str:
    return sha256(key_ref.encode(errors="surrogatepass")).hexdigest()


class ElsewhereSigner(ABC, Generic[Named]):
    """Configured keys by name; their references are `provider:name`.

    Every value that comes back is verified against the certificate before it becomes part of a signature.
    """

    provider = ""

    def __init__(self, keys: Mapping[str, Named], chain: Chain, ended: Ended) -> None:
        self._keys, self._chain, self._ended = keys, chain, ended
        self.label: Any = place(self.provider)

    def enrol(self, name: str, title: str, organisation: str, pin: str, now: dt.datetime, days: int) -> Enrolled:
        raise MadeElsewhere

    def sign(self, key_ref: str, pin: str, data: bytes, now: dt.datetime) -> bytes:
        return self.sign_digest(key_ref, pin, sha256(data).digest(), now)

    def sign_digest(self, key_ref: str, pin: str, digest: bytes, now: dt.datetime) -> bytes:
        return self._cms(key_ref, pin, lambda certificate: unsigned_digest(certificate, digest, now))

    def sign_document(self, key_ref: str, pin: str, digest: bytes) -> bytes:
        known = tuple(self._chain())
        return self._cms(key_ref, pin, lambda own: unsigned_document(own, digest, _issuer_of(own, known)))

    def certificate(self, key_ref: str) -> bytes:
        return self._certificate(self._named(key_ref))

    def destroy(self, key_ref: str) -> None:
        self._named(key_ref)
        self._ended.add(key_ref)

    def require(self, key_ref: str) -> None:
        """`KeyUnavailable` unless a key is configured under this reference; nobody outside is asked."""
        self._named(key_ref)

    def _cms(self, key_ref: str, pin: str, unsigned: Callable[[bytes], Unsigned]) -> bytes:
        key = self._named(key_ref)

        def prepare(certificate_der: bytes) -> bytes:
            try:
                made.append(unsigned(certificate_der))
            except BadSignature as weak:
                raise WeakCertificate from weak
            except ValueError as error:  # no certificate at all
                raise NotThatCertificate from error
            return made[-1].to_sign

        made: list[Unsigned] = []
        certificate_der, value = self._sign(key, pin, prepare)
        return made[-1].close(_proved(certificate_der, value, made[-1].to_sign))

    def _named(self, key_ref: str) -> Named:
        provider, _colon, name = key_ref.partition(":")
        if provider != self.provider or name not in self._keys or key_ref in self._ended:
            raise KeyUnavailable
        return self._keys[name]

    @abstractmethod
    def _certificate(self, key: Named) -> bytes:
        """The certificate in DER, as it stands with the key."""

    @abstractmethod
    def _sign(self, key: Named, pin: str, prepare: Callable[[bytes], bytes]) -> tuple[bytes, bytes]:
        """The certificate, and the value of the key over `prepare(certificate)`; ECDSA as r and s or as a DER pair."""


def _issuer_of(certificate_der: bytes, authorities: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """The recognised authority that the certificate names as its issuer; none where it is not among them."""
    issuer = x509.load_der_x509_certificate(certificate_der).issuer
    named = (each for each in authorities if x509.load_der_x509_certificate(each).subject == issuer)
    return tuple(list(named)[:1])


def _proved(certificate_der: bytes, value: bytes, to_sign: bytes) -> bytes:
    """The value in the form of a CMS, if it is what it must be."""
    key = identify(certificate_der).key
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(value, to_sign, padding.PKCS1v15(), HASHES[SHA256])
            return value
        for form in (value, as_pair(value, key.key_size)):
            try:
                key.verify(form, to_sign, ec.ECDSA(HASHES[SHA256]))
            except InvalidSignature:
                continue
            return form
    except (InvalidSignature, ValueError):
        pass
    raise UntrueSignature


def as_pair(value: bytes, bits: int) -> bytes:
    """r and s, one after the other, as DER; anything of another length as it is."""
    size = (bits + 7) // 8
    if len(value) != 2 * size:
        return value
    return encode_dss_signature(int.from_bytes(value[:size], "big"), int.from_bytes(value[size:], "big"))
