"""The parts of a CMS that all who judge one read alike: each in the one encoding that DER knows, or refused."""
import datetime as dt
from collections.abc import Iterable
from typing import NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from app.gateways.signing.certificates import Key
from app.gateways.signing.der import NULL, OCTET_STRING, OID, SEQUENCE, SET, UTC_TIME, Element, read_all, write
from app.gateways.signing.errors import BadSignature, SignatureFault
from app.gateways.signing.profile import ECDSA, HASHES, RSA, RSA_ENCRYPTION, SHA256, WEAK, Identity, write_time

CONSTRUCTED = 0x20  # the bit that BER may set where DER may not


def refuse(reason: SignatureFault) -> NoReturn:
    raise BadSignature(reason) from None


def attributes_of(encoded: bytes) -> dict[bytes, Element]:
    """type → its only value, in the one order that DER knows."""
    elements = read_all(encoded)
    if [element.encoded for element in elements] != sorted(element.encoded for element in elements):
        refuse(SignatureFault.NOT_DER)
    attributes: dict[bytes, Element] = {}
    for element in elements:
        kind, values = read_all(content_of(element, SEQUENCE))
        found = read_all(content_of(values, SET))
        if len(found) != 1 or kind.encoded in attributes:
            refuse(SignatureFault.DUPLICATE_ATTRIBUTE)
        attributes[kind.encoded] = found[0]
    return attributes


def check_certificate_attribute(value: Element, identity: Identity) -> None:
    """RFC 5035: the hash of the signer's certificate, and its issuer and number where they are given."""
    certificates, *_policies = read_all(content_of(value, SEQUENCE))
    (named,) = read_all(content_of(certificates, SEQUENCE))
    fields = read_all(content_of(named, SEQUENCE))
    if fields[0].tag == SEQUENCE:  # another hash than the default SHA-256
        refuse_unless_sha256(fields.pop(0))
    hashed, *long_name = fields
    if content_of(hashed, OCTET_STRING) != identity.sha256:
        refuse(SignatureFault.WRONG_CERTIFICATE)
    if long_name and [element.encoded for element in long_name] != [identity.long_name]:
        refuse(SignatureFault.WRONG_CERTIFICATE)


def refuse_unless_sha256(identifier: Element) -> None:
    if hash_of(identifier) is not HASHES[SHA256]:
        refuse(SignatureFault.UNSUPPORTED_ALGORITHM)


def hash_of(identifier: Element) -> hashes.HashAlgorithm:
    name = algorithm_of(identifier)
    refuse_unless_in(name, HASHES)
    return HASHES[name]


def algorithm_of(identifier: Element) -> bytes:
    name, *parameters = read_all(content_of(identifier, SEQUENCE))
    if name.tag != OID or (parameters and [p.encoded for p in parameters] != [write(NULL)]):
        refuse(SignatureFault.UNSUPPORTED_ALGORITHM)
    return name.encoded


def refuse_unless_in(name: bytes, accepted: Iterable[bytes]) -> None:
    if name in WEAK:
        refuse(SignatureFault.WEAK_ALGORITHM)
    if name not in accepted:
        refuse(SignatureFault.UNSUPPORTED_ALGORITHM)


def check_value(key: Key, algorithm: bytes, value: bytes, message: bytes, hash_: hashes.HashAlgorithm) -> None:
    try:
        if isinstance(key, rsa.RSAPublicKey):
            refuse_unless_in(algorithm, (RSA_ENCRYPTION, RSA[hash_.name]))
            key.verify(value, message, padding.PKCS1v15(), hash_)
        else:
            refuse_unless_in(algorithm, (ECDSA[hash_.name],))
            key.verify(value, message, ec.ECDSA(hash_))
    except InvalidSignature:
        refuse(SignatureFault.SIGNATURE_MISMATCH)


def read_time(value: Element) -> dt.datetime:
    text = value.content.decode("ascii")
    if value.tag == UTC_TIME:
        text = ("19" if text[:2] >= "50" else "20") + text
    time = dt.datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=dt.UTC)
    if write_time(time) != value.encoded:  # the same instant in another spelling
        refuse(SignatureFault.NOT_DER)
    return time


def content_of(element: Element, tag: int) -> bytes:
    if element.tag == tag:
        return element.content
    refuse(SignatureFault.NOT_DER if element.tag ^ tag == CONSTRUCTED else SignatureFault.MALFORMED)
