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
    more = () if signing_time is None else (write(SEQUENCE, SIGNING_TIME, write(SET, write_time(signing_time))),)
    return _sign(private_key, _frame(certificate_der), digest, more)


def sign_document(
    private_key: PrivateKey, certificate_der: bytes, digest: bytes, chain: tuple[bytes, ...] = ()
) -> bytes:
    """A CMS for the gap in a PDF whose other bytes have that SHA-256: PAdES-B, ETSI EN 319 142-1 §6.

    `chain` are the authorities in DER, which go into the CMS beside the signer's certificate. There is no signing
    time: it stands in the PDF, and a ballot must have one, so neither can be taken for the other. The same digest
    gives the same bytes, with either kind of key.
    """
    return _sign(private_key, _frame(certificate_der, chain), digest, (), deterministic=True)


def _sign(
    private_key: PrivateKey, frame: _Frame, digest: bytes, more: tuple[bytes, ...], *, deterministic: bool = False
) -> bytes:
    if len(digest) != HASHES[SHA256].digest_size:
        raise ValueError("not a SHA-256 digest")
    named = write(SEQUENCE, MESSAGE_DIGEST, write(SET, write(OCTET_STRING, digest)))
    signed = b"".join(sorted((CONTENT_IS_DATA, named, frame.certificate_attribute, *more)))  # as DER orders a SET OF
    if isinstance(private_key, rsa.RSAPrivateKey):
        algorithm = RSA_SHA256
        value = private_key.sign(write(SET, signed), padding.PKCS1v15(), HASHES[SHA256])
    else:
        algorithm = ECDSA_SHA256
        value = private_key.sign(
            write(SET, signed), ec.ECDSA(HASHES[SHA256], deterministic_signing=deterministic)
        )
    signer = write(SEQUENCE, frame.signer, write(CONTEXT_0, signed), algorithm, write(OCTET_STRING, value))
    return write(SEQUENCE, SIGNED_DATA, write(CONTEXT_0, write(SEQUENCE, frame.head, write(SET, signer))))
