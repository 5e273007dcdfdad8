"""Whether given bytes are exactly one good signature of the pinned certificate over the given data or document."""
import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes

from app.gateways.signing.certificates import key_name
from app.gateways.signing.der import (
    CONTEXT_0,
    OCTET_STRING,
    SEQUENCE,
    SET,
    Element,
    NotDer,
    TrailingData,
    read_all,
    read_one,
    write,
)
from app.gateways.signing.errors import BadSignature, SignatureFault
from app.gateways.signing.parts import (
    algorithm_of,
    attributes_of,
    check_certificate_attribute,
    check_value,
    content_of,
    hash_of,
    read_time,
    refuse,
)
from app.gateways.signing.profile import (
    CONTENT_TYPE,
    DATA,
    HASHES,
    MESSAGE_DIGEST,
    SHA256,
    SIGNED_DATA,
    SIGNING_CERTIFICATE_V2,
    SIGNING_TIME,
    VERSION_1,
    Identity,
    identify,
)
from app.gateways.signing.stamped import only_stamped

_Digest = Callable[[hashes.HashAlgorithm], bytes]
LARGEST = 1 << 16  # bytes; ours have about 1 KiB


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

    The authorities may stand in it beside the signer's certificate, and after its value a time stamp, which is looked
    at elsewhere. A signing time is refused: it belongs into the PDF, and marks what was signed as a statement such as
    a ballot.
    """

    def given(hash_: hashes.HashAlgorithm) -> bytes:
        if hash_ is not HASHES[SHA256] or len(digest) != hash_.digest_size:
            refuse(SignatureFault.UNSUPPORTED_ALGORITHM)
        return digest

    return _guarded(cms, expected_certificate_der, given, True)


def _guarded(cms: bytes, certificate_der: bytes, digest: _Digest, document: bool) -> CheckedSignature:
    try:
        return _check(bytes(cms), bytes(certificate_der), digest, document)
    except BadSignature:
        raise
    except TrailingData:
        refuse(SignatureFault.TRAILING_DATA)
    except NotDer:
        refuse(SignatureFault.NOT_DER)
    except Exception as error:
        raise BadSignature(SignatureFault.MALFORMED) from error


def _check(cms: bytes, certificate_der: bytes, digest: _Digest, document: bool) -> CheckedSignature:
    identity = identify(certificate_der)
    version, name, hashed_by, signed, algorithm, value, *unsigned = _signer_fields(cms, certificate_der, document)
    if version.encoded != VERSION_1:
        refuse(SignatureFault.MALFORMED)
    if name.encoded != identity.name:
        refuse(SignatureFault.WRONG_CERTIFICATE)
    if unsigned and not (document and only_stamped(unsigned)):
        refuse(SignatureFault.UNSIGNED_ATTRIBUTE)
    hash_ = hash_of(hashed_by)
    attributes = attributes_of(content_of(signed, CONTEXT_0))
    _check_attributes(attributes, digest(hash_), identity)
    if document and SIGNING_TIME in attributes:
        refuse(SignatureFault.WRONG_CONTENT)
    if not document and SIGNING_TIME not in attributes:
        refuse(SignatureFault.MISSING_ATTRIBUTE)
    signature = content_of(value, OCTET_STRING)
    check_value(identity.key, algorithm_of(algorithm), signature, write(SET, signed.content), hash_)
    time = read_time(attributes[SIGNING_TIME]) if SIGNING_TIME in attributes else None
    return CheckedSignature(identity.sha256.hex(), time, f"{key_name(identity.key)}-{hash_.name}", identity.serial)


def _signer_fields(cms: bytes, certificate_der: bytes, document: bool) -> list[Element]:
    """The fields of the only SignerInfo, once all that stands around it is as prescribed."""
    if len(cms) > LARGEST:
        refuse(SignatureFault.MALFORMED)
    kind, wrapped = read_all(content_of(read_one(cms), SEQUENCE))
    if kind.encoded != SIGNED_DATA:
        refuse(SignatureFault.MALFORMED)
    signed_data = read_one(content_of(wrapped, CONTEXT_0))
    version, hashed_by, content, *optional, signers = read_all(content_of(signed_data, SEQUENCE))
    _check_content(read_all(content_of(content, SEQUENCE)))
    (signer,) = _exactly_one(read_all(content_of(signers, SET)))
    (hash_,) = read_all(content_of(hashed_by, SET))
    hash_of(hash_)
    (certificates,) = optional
    _check_certificates(content_of(certificates, CONTEXT_0), certificate_der, document)
    fields = read_all(content_of(signer, SEQUENCE))
    if version.encoded != VERSION_1:
        refuse(SignatureFault.MALFORMED)
    if all(field.tag != CONTEXT_0 for field in fields):
        refuse(SignatureFault.MISSING_ATTRIBUTE)
    if fields[2].encoded != hash_.encoded:
        refuse(SignatureFault.MALFORMED)
    return fields


def _check_certificates(encoded: bytes, certificate_der: bytes, document: bool) -> None:
    """The signer's certificate alone, or in a document with its authorities, in the one order that DER knows."""
    found = [element.encoded for element in read_all(encoded)]
    if certificate_der not in found or (len(found) > 1 and not document):
        refuse(SignatureFault.WRONG_CERTIFICATE)
    if found != sorted(found):
        refuse(SignatureFault.NOT_DER)


def _check_content(content: list[Element]) -> None:
    if content[0].encoded != DATA:
        refuse(SignatureFault.WRONG_CONTENT)
    if content[1:]:
        refuse(SignatureFault.EMBEDDED_CONTENT)


def _exactly_one(signers: list[Element]) -> list[Element]:
    if not signers:
        refuse(SignatureFault.NO_SIGNER)
    if len(signers) > 1:
        refuse(SignatureFault.SEVERAL_SIGNERS)
    return signers


def _check_attributes(attributes: dict[bytes, Element], digest: bytes, identity: Identity) -> None:
    if any(kind not in attributes for kind in (CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_CERTIFICATE_V2)):
        refuse(SignatureFault.MISSING_ATTRIBUTE)
    if attributes[CONTENT_TYPE].encoded != DATA:
        refuse(SignatureFault.WRONG_CONTENT)
    check_certificate_attribute(attributes[SIGNING_CERTIFICATE_V2], identity)
    if content_of(attributes[MESSAGE_DIGEST], OCTET_STRING) != digest:
        refuse(SignatureFault.DIGEST_MISMATCH)
