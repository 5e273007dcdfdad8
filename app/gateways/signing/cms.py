"""What a detached signature is here (CMS, CAdES-B, one signer), and whether given bytes are exactly one of those."""
import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple, NoReturn

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from app.gateways.signing.certificates import Key, key_name, strong
from app.gateways.signing.der import (
    CONTEXT_0,
    GENERALIZED_TIME,
    INTEGER,
    NULL,
    OCTET_STRING,
    OID,
    SEQUENCE,
    SET,
    UTC_TIME,
    Element,
    NotDer,
    TrailingData,
    read_all,
    read_one,
    write,
    write_oid,
)
from app.gateways.signing.errors import BadSignature, SignatureFault

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

DATA, SIGNED_DATA = write_oid("1.2.840.113549.1.7.1"), write_oid("1.2.840.113549.1.7.2")
CONTENT_TYPE, MESSAGE_DIGEST = write_oid("1.2.840.113549.1.9.3"), write_oid("1.2.840.113549.1.9.4")
SIGNING_TIME = write_oid("1.2.840.113549.1.9.5")
SIGNING_CERTIFICATE_V2 = write_oid("1.2.840.113549.1.9.16.2.47")
SHA256 = write_oid("2.16.840.1.101.3.4.2.1")
HASHES: dict[bytes, hashes.HashAlgorithm] = {
    SHA256: hashes.SHA256(),
    write_oid("2.16.840.1.101.3.4.2.2"): hashes.SHA384(),
    write_oid("2.16.840.1.101.3.4.2.3"): hashes.SHA512(),
}
ECDSA = {
    "sha256": write_oid("1.2.840.10045.4.3.2"),
    "sha384": write_oid("1.2.840.10045.4.3.3"),
    "sha512": write_oid("1.2.840.10045.4.3.4"),
}
RSA_ENCRYPTION = write_oid("1.2.840.113549.1.1.1")
RSA = {
    "sha256": write_oid("1.2.840.113549.1.1.11"),
    "sha384": write_oid("1.2.840.113549.1.1.12"),
    "sha512": write_oid("1.2.840.113549.1.1.13"),
}
WEAK = {
    *map(write_oid, ("1.2.840.113549.2.5", "1.3.14.3.2.26", "2.16.840.1.101.3.4.2.4")),  # MD5, SHA-1, SHA-224
    *map(write_oid, ("1.2.840.113549.1.1.4", "1.2.840.113549.1.1.5", "1.2.840.113549.1.1.14")),  # the same with RSA
    *map(write_oid, ("1.2.840.10045.4.1", "1.2.840.10045.4.3.1")),  # SHA-1 and SHA-224 with ECDSA
}
VERSION_1 = write(INTEGER, b"\x01")
LARGEST = 1 << 16  # bytes; ours have about 1 KiB
UTC_TIME_YEARS = range(1950, 2050)  # RFC 5652 §11.3: the other form outside these years, and only there
CONTENT_IS_DATA = write(SEQUENCE, CONTENT_TYPE, write(SET, DATA))


@dataclass(frozen=True)
class CheckedSignature:
    """What a good signature says of itself; the time is the signer's own claim."""

    certificate_sha256: str  # hexadecimal
    signing_time: dt.datetime | None  # aware, UTC
    algorithm: str  # e.g. ecdsa-p256-sha256, rsa-2048-sha256
    serial: str  # of the certificate, hexadecimal


class _Identity(NamedTuple):
    """The certificate, in the forms in which a signature names it."""

    key: Key
    name: bytes  # IssuerAndSerialNumber, byte for byte from the certificate
    long_name: bytes  # IssuerSerial of RFC 5035, the issuer wrapped as a general name
    sha256: bytes
    serial: str


@lru_cache(maxsize=1024)
def _identity(certificate_der: bytes) -> _Identity:
    fields = read_all(read_all(read_one(certificate_der).content)[0].content)
    _version, serial, _algorithm, issuer, *_rest = fields
    certificate = x509.load_der_x509_certificate(certificate_der)
    key = certificate.public_key()
    if not strong(key):
        raise BadSignature(SignatureFault.WEAK_ALGORITHM)
    long_name = write(SEQUENCE, write(SEQUENCE, write(0xA4, issuer.encoded)), serial.encoded)
    return _Identity(
        key,  # type: ignore[arg-type]  # strong() leaves EC and RSA only
        write(SEQUENCE, issuer.encoded, serial.encoded),
        long_name,
        sha256(certificate_der).digest(),
        f"{certificate.serial_number:x}",
    )


# -- signing


class _Frame(NamedTuple):
    """The parts that all signatures of one certificate have in common."""

    head: bytes
    signer: bytes
    certificate_attribute: bytes


@lru_cache(maxsize=1024)
def _frame(certificate_der: bytes) -> _Frame:
    identity = _identity(certificate_der)
    hashed_by = write(SEQUENCE, SHA256)
    named = write(SEQUENCE, write(SEQUENCE, write(SEQUENCE, write(OCTET_STRING, identity.sha256))))
    return _Frame(
        b"".join((VERSION_1, write(SET, hashed_by), write(SEQUENCE, DATA), write(CONTEXT_0, certificate_der))),
        b"".join((VERSION_1, identity.name, hashed_by)),
        write(SEQUENCE, SIGNING_CERTIFICATE_V2, write(SET, named)),
    )


ECDSA_SHA256 = write(SEQUENCE, ECDSA["sha256"])
RSA_SHA256 = write(SEQUENCE, RSA["sha256"], write(NULL))


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
    if len(digest) != hashes.SHA256.digest_size:
        raise ValueError("not a SHA-256 digest")
    frame = _frame(certificate_der)
    attributes = [
        CONTENT_IS_DATA,
        write(SEQUENCE, MESSAGE_DIGEST, write(SET, write(OCTET_STRING, digest))),
        frame.certificate_attribute,
    ]
    if signing_time is not None:
        attributes.append(write(SEQUENCE, SIGNING_TIME, write(SET, _write_time(signing_time))))
    signed = b"".join(sorted(attributes))  # DER orders a SET OF by its bytes
    if isinstance(private_key, rsa.RSAPrivateKey):
        algorithm = RSA_SHA256
        value = private_key.sign(write(SET, signed), padding.PKCS1v15(), HASHES[SHA256])
    else:
        algorithm = ECDSA_SHA256
        value = private_key.sign(write(SET, signed), ec.ECDSA(HASHES[SHA256]))
    signer = write(SEQUENCE, frame.signer, write(CONTEXT_0, signed), algorithm, write(OCTET_STRING, value))
    return write(SEQUENCE, SIGNED_DATA, write(CONTEXT_0, write(SEQUENCE, frame.head, write(SET, signer))))


def _write_time(time: dt.datetime) -> bytes:
    if time.tzinfo is None:
        raise ValueError("the signing time needs a time zone")
    time = time.astimezone(dt.UTC)
    if time.year in UTC_TIME_YEARS:
        return write(UTC_TIME, f"{time:%y%m%d%H%M%S}Z".encode())
    return write(GENERALIZED_TIME, f"{time:%Y%m%d%H%M%S}Z".encode())


# -- checking


def check_detached(cms: bytes, data: bytes, expected_certificate_der: bytes) -> CheckedSignature:
    """What the signature says, if it is exactly one good signature of the pinned certificate over `data`.

    Raises `BadSignature` with the reason, and never anything else: whatever a parser trips over is not a signature.
    """
    try:
        return _check(bytes(cms), bytes(data), bytes(expected_certificate_der))
    except BadSignature:
        raise
    except TrailingData:
        _refuse(SignatureFault.TRAILING_DATA)
    except NotDer:
        _refuse(SignatureFault.NOT_DER)
    except Exception as error:
        raise BadSignature(SignatureFault.MALFORMED) from error


def _refuse(reason: SignatureFault) -> NoReturn:
    raise BadSignature(reason) from None


def _check(cms: bytes, data: bytes, certificate_der: bytes) -> CheckedSignature:
    identity = _identity(certificate_der)
    version, name, hashed_by, signed, algorithm, value, *unsigned = _signer_fields(cms, certificate_der)
    if version.encoded != VERSION_1:
        _refuse(SignatureFault.MALFORMED)
    if name.encoded != identity.name:
        _refuse(SignatureFault.WRONG_CERTIFICATE)
    if unsigned:
        _refuse(SignatureFault.UNSIGNED_ATTRIBUTE)
    hash_ = _hash(hashed_by)
    attributes = _attributes(_content(signed, CONTEXT_0))
    _check_attributes(attributes, hashlib.new(hash_.name, data).digest(), identity)
    _verify(identity.key, _algorithm(algorithm), _content(value, OCTET_STRING), write(SET, signed.content), hash_)
    time = _read_time(attributes[SIGNING_TIME]) if SIGNING_TIME in attributes else None
    return CheckedSignature(identity.sha256.hex(), time, f"{key_name(identity.key)}-{hash_.name}", identity.serial)


def _signer_fields(cms: bytes, certificate_der: bytes) -> list[Element]:
    """The fields of the only SignerInfo, once all that stands around it is as prescribed."""
    if len(cms) > LARGEST:
        _refuse(SignatureFault.MALFORMED)
    kind, wrapped = read_all(_content(read_one(cms), SEQUENCE))
    if kind.encoded != SIGNED_DATA:
        _refuse(SignatureFault.MALFORMED)
    signed_data = read_one(_content(wrapped, CONTEXT_0))
    version, hashed_by, content, *optional, signers = read_all(_content(signed_data, SEQUENCE))
    _check_content(read_all(_content(content, SEQUENCE)))
    (signer,) = _exactly_one(read_all(_content(signers, SET)))
    (hash_,) = read_all(_content(hashed_by, SET))
    _hash(hash_)
    (certificates,) = optional
    if _content(certificates, CONTEXT_0) != certificate_der:
        _refuse(SignatureFault.WRONG_CERTIFICATE)
    fields = read_all(_content(signer, SEQUENCE))
    if version.encoded != VERSION_1:
        _refuse(SignatureFault.MALFORMED)
    if all(field.tag != CONTEXT_0 for field in fields):
        _refuse(SignatureFault.MISSING_ATTRIBUTE)
    if fields[2].encoded != hash_.encoded:
        _refuse(SignatureFault.MALFORMED)
    return fields


def _check_content(content: list[Element]) -> None:
    if content[0].encoded != DATA:
        _refuse(SignatureFault.WRONG_CONTENT)
    if content[1:]:
        _refuse(SignatureFault.EMBEDDED_CONTENT)


def _exactly_one(signers: list[Element]) -> list[Element]:
    if not signers:
        _refuse(SignatureFault.NO_SIGNER)
    if len(signers) > 1:
        _refuse(SignatureFault.SEVERAL_SIGNERS)
    return signers


def _attributes(encoded: bytes) -> dict[bytes, Element]:
    """type → its only value, in the one order that DER knows."""
    elements = read_all(encoded)
    if [element.encoded for element in elements] != sorted(element.encoded for element in elements):
        _refuse(SignatureFault.NOT_DER)
    attributes: dict[bytes, Element] = {}
    for element in elements:
        kind, values = read_all(_content(element, SEQUENCE))
        found = read_all(_content(values, SET))
        if len(found) != 1 or kind.encoded in attributes:
            _refuse(SignatureFault.DUPLICATE_ATTRIBUTE)
        attributes[kind.encoded] = found[0]
    return attributes


def _check_attributes(attributes: dict[bytes, Element], digest: bytes, identity: _Identity) -> None:
    if any(kind not in attributes for kind in (CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_CERTIFICATE_V2)):
        _refuse(SignatureFault.MISSING_ATTRIBUTE)
    if attributes[CONTENT_TYPE].encoded != DATA:
        _refuse(SignatureFault.WRONG_CONTENT)
    _check_certificate_attribute(attributes[SIGNING_CERTIFICATE_V2], identity)
    if _content(attributes[MESSAGE_DIGEST], OCTET_STRING) != digest:
        _refuse(SignatureFault.DIGEST_MISMATCH)


def _check_certificate_attribute(value: Element, identity: _Identity) -> None:
    """RFC 5035: the hash of the signer's certificate, and its issuer and number where they are given."""
    certificates, *_policies = read_all(_content(value, SEQUENCE))
    (named,) = read_all(_content(certificates, SEQUENCE))
    fields = read_all(_content(named, SEQUENCE))
    if fields[0].tag == SEQUENCE:  # another hash than the default SHA-256
        _refuse_unless_sha256(fields.pop(0))
    hashed, *long_name = fields
    if _content(hashed, OCTET_STRING) != identity.sha256:
        _refuse(SignatureFault.WRONG_CERTIFICATE)
    if long_name and [element.encoded for element in long_name] != [identity.long_name]:
        _refuse(SignatureFault.WRONG_CERTIFICATE)


def _refuse_unless_sha256(identifier: Element) -> None:
    if _hash(identifier) is not HASHES[SHA256]:
        _refuse(SignatureFault.UNSUPPORTED_ALGORITHM)


def _hash(identifier: Element) -> hashes.HashAlgorithm:
    name = _algorithm(identifier)
    _refuse_unless_in(name, HASHES)
    return HASHES[name]


def _algorithm(identifier: Element) -> bytes:
    name, *parameters = read_all(_content(identifier, SEQUENCE))
    if name.tag != OID or (parameters and [p.encoded for p in parameters] != [write(NULL)]):
        _refuse(SignatureFault.UNSUPPORTED_ALGORITHM)
    return name.encoded


def _refuse_unless_in(name: bytes, accepted: Iterable[bytes]) -> None:
    if name in WEAK:
        _refuse(SignatureFault.WEAK_ALGORITHM)
    if name not in accepted:
        _refuse(SignatureFault.UNSUPPORTED_ALGORITHM)


def _verify(key: Key, algorithm: bytes, value: bytes, message: bytes, hash_: hashes.HashAlgorithm) -> None:
    try:
        if isinstance(key, rsa.RSAPublicKey):
            _refuse_unless_in(algorithm, (RSA_ENCRYPTION, RSA[hash_.name]))
            key.verify(value, message, padding.PKCS1v15(), hash_)
        else:
            _refuse_unless_in(algorithm, (ECDSA[hash_.name],))
            key.verify(value, message, ec.ECDSA(hash_))
    except InvalidSignature:
        _refuse(SignatureFault.SIGNATURE_MISMATCH)


def _read_time(value: Element) -> dt.datetime:
    text = value.content.decode("ascii")
    if value.tag == UTC_TIME:
        text = ("19" if text[:2] >= "50" else "20") + text
    time = dt.datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=dt.UTC)
    if _write_time(time) != value.encoded:  # the same instant in another spelling
        _refuse(SignatureFault.NOT_DER)
    return time


def _content(element: Element, tag: int) -> bytes:
    if element.tag == tag:
        return element.content
    _refuse(SignatureFault.NOT_DER if element.tag ^ tag == 0x20 else SignatureFault.MALFORMED)  # noqa: PLR2004
