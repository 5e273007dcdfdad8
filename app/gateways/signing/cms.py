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
def _frame(certificate_der: bytes) -> _Frame:
    identity = identify(certificate_der)
    hashed_by = write(SEQUENCE, SHA256)
    named = write(SEQUENCE, write(SEQUENCE, write(SEQUENCE, write(OCTET_STRING, identity.sha256))))
    return _Frame(
        b"".join((VERSION_1, write(SET, hashed_by), write(SEQUENCE, DATA), write(CONTEXT_0, certificate_der))),
        b"".join((VERSION_1, identity.name, hashed_by)),
        write(SEQUENCE, SIGNING_CERTIFICATE_V2, write(SET, named)),
    )


def sign_detached(
    private_key: PrivateKey, certificate_der: bytes, data: bytes, signing_time: dt.datetime | None = None
) -> bytes:
    """A detached CMS over `data`: DER, SHA-256, one signer, its certificate inside, CAdES-B attributes.

    `signing_time` is aware and cut to seconds; None leaves the attribute out, as signatures inside PDF files need it.
    """
    return sign_digest(private_key, certificate_der, sha256(data).digest(), signing_time)


def sign_digest(
    private_key: PrivateKey, certificate_der: bytes, digest: bytes, signing_time: dt.datetime | None = None
) -> bytes:
    """The same for a signer who is given the SHA-256 of the bytes only."""
    if len(digest) != HASHES[SHA256].digest_size:
        raise ValueError("not a SHA-256 digest")
    frame = _frame(certificate_der)
    attributes = [
        CONTENT_IS_DATA,
        write(SEQUENCE, MESSAGE_DIGEST, write(SET, write(OCTET_STRING, digest))),
        frame.certificate_attribute,
    ]
    if signing_time is not None:
        attributes.append(write(SEQUENCE, SIGNING_TIME, write(SET, write_time(signing_time))))
    signed = b"".join(sorted(attributes))  # DER orders a SET OF by its bytes
    if isinstance(private_key, rsa.RSAPrivateKey):
        algorithm = RSA_SHA256
        value = private_key.sign(write(SET, signed), padding.PKCS1v15(), HASHES[SHA256])
    else:
        algorithm = ECDSA_SHA256
        value = private_key.sign(write(SET, signed), ec.ECDSA(HASHES[SHA256]))
    signer = write(SEQUENCE, frame.signer, write(CONTEXT_0, signed), algorithm, write(OCTET_STRING, value))
    return write(SEQUENCE, SIGNED_DATA, write(CONTEXT_0, write(SEQUENCE, frame.head, write(SET, signer))))
