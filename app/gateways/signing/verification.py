"""Whether given bytes are exactly one good signature of the pinned certificate over the given data or document."""
import datetime as dt
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from app.gateways.signing.certificates import Key, key_name
from app.gateways.signing.der import (
    CONTEXT_0,
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
)
from app.gateways.signing.errors import BadSignature, SignatureFault
from app.gateways.signing.profile import (
    CONTENT_TYPE,
    DATA,
    ECDSA,
    HASHES,
    MESSAGE_DIGEST,
    RSA,
    RSA_ENCRYPTION,
    SHA256,
    SIGNED_DATA,
    SIGNING_CERTIFICATE_V2,
    SIGNING_TIME,
    VERSION_1,
    WEAK,
    Identity,
    identify,
    write_time,
)

_Digest = Callable[[hashes.HashAlgorithm], bytes]
LARGEST = 1 << 16  # bytes; ours have about 1 KiB
CONSTRUCTED = 0x20  # the bit that BER may set where DER may not


@dataclass(frozen=True)
class CheckedSignature:
    """What a good signature says of itself; the time is the signer's own claim."""

    certificate_sha256: str  # hexadecimal
    signing_time: dt.datetime | None  # aware, UTC; None in a document
    algorithm: str  # e.g. ecdsa-p256-sha256, rsa-2048-sha256
    serial: str  # of the certificate, hexadecimal


def check_detached(cms: bytes, data: bytes, expected_certificate_der: bytes) -> CheckedSignature:
    """What the signature says, if it is exactly one good signature of the pinned certificate over `data`.

    It must tell its signing time: without one it was made for a PDF. Raises `BadSignature` with the reason, and never
    anything else: whatever a parser trips over is not a signature.
    """
    return _guarded(cms, expected_certificate_der, lambda hash_: hashlib.new(hash_.name, data).digest(), False)


def check_document(cms: bytes, digest: bytes, expected_certificate_der: bytes) -> CheckedSignature:
    """The same for the CMS in the gap of a PDF whose other bytes have that SHA-256: PAdES-B.

    The authorities may stand in it beside the signer's certificate. A signing time is refused: it belongs into the
    PDF, and marks what was signed as a statement such as a ballot.
    """

    def given(hash_: hashes.HashAlgorithm) -> bytes:
        if hash_ is not HASHES[SHA256] or len(digest) != hash_.digest_size:
            _refuse(SignatureFault.UNSUPPORTED_ALGORITHM)
        return digest

    return _guarded(cms, expected_certificate_der, given, True)


def _guarded(cms: bytes, certificate_der: bytes, digest: _Digest, document: bool) -> CheckedSignature:
    try:
        return _check(bytes(cms), bytes(certificate_der), digest, document)
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


def _check(cms: bytes, certificate_der: bytes, digest: _Digest, document: bool) -> CheckedSignature:
    identity = identify(certificate_der)
    version, name, hashed_by, signed, algorithm, value, *unsigned = _signer_fields(cms, certificate_der, document)
    if version.encoded != VERSION_1:
        _refuse(SignatureFault.MALFORMED)
    if name.encoded != identity.name:
        _refuse(SignatureFault.WRONG_CERTIFICATE)
    if unsigned:
        _refuse(SignatureFault.UNSIGNED_ATTRIBUTE)
    hash_ = _hash(hashed_by)
    attributes = _attributes(_content(signed, CONTEXT_0))
    _check_attributes(attributes, digest(hash_), identity)
    if document and SIGNING_TIME in attributes:
        _refuse(SignatureFault.WRONG_CONTENT)
    if not document and SIGNING_TIME not in attributes:
        _refuse(SignatureFault.MISSING_ATTRIBUTE)
    _verify(identity.key, _algorithm(algorithm), _content(value, OCTET_STRING), write(SET, signed.content), hash_)
    time = _read_time(attributes[SIGNING_TIME]) if SIGNING_TIME in attributes else None
    return CheckedSignature(identity.sha256.hex(), time, f"{key_name(identity.key)}-{hash_.name}", identity.serial)


def _signer_fields(cms: bytes, certificate_der: bytes, document: bool) -> list[Element]:
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
    _check_certificates(_content(certificates, CONTEXT_0), certificate_der, document)
    fields = read_all(_content(signer, SEQUENCE))
    if version.encoded != VERSION_1:
        _refuse(SignatureFault.MALFORMED)
    if all(field.tag != CONTEXT_0 for field in fields):
        _refuse(SignatureFault.MISSING_ATTRIBUTE)
    if fields[2].encoded != hash_.encoded:
        _refuse(SignatureFault.MALFORMED)
    return fields


def _check_certificates(encoded: bytes, certificate_der: bytes, document: bool) -> None:
    """The signer's certificate alone, or in a document with its authorities, in the one order that DER knows."""
    found = [element.encoded for element in read_all(encoded)]
    if certificate_der not in found or (len(found) > 1 and not document):
        _refuse(SignatureFault.WRONG_CERTIFICATE)
    if found != sorted(found):
        _refuse(SignatureFault.NOT_DER)


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


def _check_attributes(attributes: dict[bytes, Element], digest: bytes, identity: Identity) -> None:
    if any(kind not in attributes for kind in (CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_CERTIFICATE_V2)):
        _refuse(SignatureFault.MISSING_ATTRIBUTE)
    if attributes[CONTENT_TYPE].encoded != DATA:
        _refuse(SignatureFault.WRONG_CONTENT)
    _check_certificate_attribute(attributes[SIGNING_CERTIFICATE_V2], identity)
    if _content(attributes[MESSAGE_DIGEST], OCTET_STRING) != digest:
        _refuse(SignatureFault.DIGEST_MISMATCH)


def _check_certificate_attribute(value: Element, identity: Identity) -> None:
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
    if write_time(time) != value.encoded:  # the same instant in another spelling
        _refuse(SignatureFault.NOT_DER)
    return time


def _content(element: Element, tag: int) -> bytes:
    if element.tag == tag:
        return element.content
    _refuse(SignatureFault.NOT_DER if element.tag ^ tag == CONSTRUCTED else SignatureFault.MALFORMED)
