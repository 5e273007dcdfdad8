"""How a detached signature is made: CMS in DER with the CAdES-B attributes, one signer, SHA-256."""
import datetime as dt
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from app.gateways.signing.der import CONTEXT_0, NULL, OCTET_STRING, SEQUENCE, SET, write
from app.gateways.signing.profile import (
    CONTENT_TYPE,
    DATA,
    ECDSA,
    HASHES,
    MESSAGE_DIGEST,
    RSA,
    SHA256,
    SIGNED_DATA,
    SIGNING_CERTIFICATE_V2,
    SIGNING_TIME,
    VERSION_1,
    identify,
    write_time,
)

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

CONTENT_IS_DATA = write(SEQUENCE, CONTENT_TYPE, write(SET, DATA))
ECDSA_SHA256 = write(SEQUENCE, ECDSA["sha256"])
RSA_SHA256 = write(SEQUENCE, RSA["sha256"], write(NULL))


class _Frame(NamedTuple):
    """The parts that all signatures of one certificate have in common."""

    head: bytes
    signer: bytes
    certificate_attribute: bytes
    algorithm: bytes


@lru_cache(maxsize=1024)
def _frame(certificate_der: bytes, chain: tuple[bytes, ...] = ()) -> _Frame:
    identity = identify(certificate_der)
    hashed_by = write(SEQUENCE, SHA256)
    named = write(SEQUENCE, write(SEQUENCE, write(SEQUENCE, write(OCTET_STRING, identity.sha256))))
    certificates = write(CONTEXT_0, *sorted((certificate_der, *chain)))  # a SET OF as well
    return _Frame(
        b"".join((VERSION_1, write(SET, hashed_by), write(SEQUENCE, DATA), certificates)),
        b"".join((VERSION_1, identity.name, hashed_by)),
        write(SEQUENCE, SIGNING_CERTIFICATE_V2, write(SET, named)),
        RSA_SHA256 if isinstance(identity.key, rsa.RSAPublicKey) else ECDSA_SHA256,
    )


def sign_detached(
    private_key: PrivateKey, certificate_der: bytes, data: bytes, signing_time: dt.datetime | None = None
) -> bytes:
    """A detached CMS over `data`: DER, SHA-256, one signer, its certificate inside, CAdES-B attributes.

    `signing_time` is aware and cut to seconds; None leaves the attribute out.
    """
    return sign_digest(private_key, certificate_der, sha256(data).digest(), signing_time)


def sign_digest(
    private_key: PrivateKey, certificate_der: bytes, digest: bytes, signing_time: dt.datetime | None = None
) -> bytes:
    """The same for a signer who is given the SHA-256 of the bytes only."""
    unsigned = unsigned_digest(certificate_der, digest, signing_time)
    return unsigned.close(_value(private_key, unsigned.to_sign))


def sign_document(
    private_key: PrivateKey, certificate_der: bytes, digest: bytes, chain: tuple[bytes, ...] = ()
) -> bytes:
    """A CMS for the gap in a PDF whose other bytes have that SHA-256: PAdES-B, ETSI EN 319 142-1 §6.

    `chain` are the authorities in DER, which go into the CMS beside the signer's certificate. There is no signing
    time: it stands in the PDF, and a ballot must have one, so neither can be taken for the other. The same digest
    gives the same bytes, with either kind of key.
    """
    unsigned = unsigned_document(certificate_der, digest, chain)
    return unsigned.close(_value(private_key, unsigned.to_sign, deterministic=True))


class Unsigned(NamedTuple):
    """A CMS that lacks its signature value: for keys that this process never holds.

    `to_sign` are the signed attributes in DER, whose SHA-256 the key signs: ECDSA as a DER pair, or RSA PKCS#1 v1.5.
    """

    signed: bytes
    frame: _Frame

    @property
    def to_sign(self) -> bytes:
        return write(SET, self.signed)

    def close(self, value: bytes) -> bytes:
        """The whole CMS with the value that the key made."""
        signed = write(CONTEXT_0, self.signed)
        signer = write(SEQUENCE, self.frame.signer, signed, self.frame.algorithm, write(OCTET_STRING, value))
        return write(SEQUENCE, SIGNED_DATA, write(CONTEXT_0, write(SEQUENCE, self.frame.head, write(SET, signer))))


def unsigned_digest(certificate_der: bytes, digest: bytes, signing_time: dt.datetime | None = None) -> Unsigned:
    """What `sign_digest` would sign, for a key elsewhere."""
    more = () if signing_time is None else (write(SEQUENCE, SIGNING_TIME, write(SET, write_time(signing_time))),)
    return _unsigned(_frame(certificate_der), digest, more)


def unsigned_document(certificate_der: bytes, digest: bytes, chain: tuple[bytes, ...] = ()) -> Unsigned:
    """What `sign_document` would sign, for a key elsewhere."""
    return _unsigned(_frame(certificate_der, chain), digest, ())


def _unsigned(frame: _Frame, digest: bytes, more: tuple[bytes, ...]) -> Unsigned:
    if len(digest) != HASHES[SHA256].digest_size:
        raise ValueError("not a SHA-256 digest")
    named = write(SEQUENCE, MESSAGE_DIGEST, write(SET, write(OCTET_STRING, digest)))
    signed = b"".join(sorted((CONTENT_IS_DATA, named, frame.certificate_attribute, *more)))  # as DER orders a SET OF
    return Unsigned(signed, frame)


def _value(private_key: PrivateKey, to_sign: bytes, *, deterministic: bool = False) -> bytes:
    if isinstance(private_key, rsa.RSAPrivateKey):
        return private_key.sign(to_sign, padding.PKCS1v15(), HASHES[SHA256])
    return private_key.sign(to_sign, ec.ECDSA(HASHES[SHA256], deterministic_signing=deterministic))
