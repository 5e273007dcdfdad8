"""Whether given bytes are exactly one good time stamp of a pinned authority over the given digest (RFC 3161, 5816)."""

import datetime as dt
import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NoReturn

from app.gateways.signing.certificates import certificate_facts, check_stamping_certificate
from app.gateways.signing.der import (
    CONTEXT_0,
    OCTET_STRING,
    SEQUENCE,
    SET,
    Element,
    read_all,
    read_one,
    write,
    write_oid,
)
from app.gateways.signing.errors import BadSignature, CertificateFault, CertificateRefused, SignatureFault
from app.gateways.signing.parts import algorithm_of, attributes_of, check_value, content_of, hash_of
from app.gateways.signing.profile import (
    CONTENT_TYPE,
    HASHES,
    MESSAGE_DIGEST,
    SHA256,
    SIGNED_DATA,
    SIGNING_CERTIFICATE_V2,
    VERSION_1,
    Identity,
    identify,
)
from app.gateways.timestamp.errors import StampFault, StampRefused
from app.gateways.timestamp.forms import TST_INFO, Statement, read_statement, write_integer

LARGEST = 1 << 15  # bytes; one with three certificates has four thousand
VERSION_3 = write_integer(3)
SIGNING_CERTIFICATE = write_oid("1.2.840.113549.1.9.16.2.12")  # RFC 2634: names the certificate by its SHA-1
OF_CERTIFICATE = {
    CertificateFault.UNKNOWN_ISSUER: StampFault.UNKNOWN_AUTHORITY,
    CertificateFault.EXPIRED: StampFault.EXPIRED,
    CertificateFault.NOT_YET_VALID: StampFault.EXPIRED,
    CertificateFault.REVOKED: StampFault.REVOKED,
    CertificateFault.WRONG_USAGE: StampFault.WRONG_USAGE,
    CertificateFault.WEAK_ALGORITHM: StampFault.WEAK_ALGORITHM,
}
OF_SIGNATURE = {
    SignatureFault.SIGNATURE_MISMATCH: StampFault.WRONG_KEY,
    SignatureFault.WRONG_CERTIFICATE: StampFault.WRONG_CERTIFICATE,
    SignatureFault.WEAK_ALGORITHM: StampFault.WEAK_ALGORITHM,
    SignatureFault.UNSUPPORTED_ALGORITHM: StampFault.WEAK_ALGORITHM,
}


@dataclass(frozen=True)
class TimeStamp:
    """What a good stamp says: when (aware, UTC), how exactly, its number (hexadecimal), and whose it is."""

    time: dt.datetime
    accuracy: dt.timedelta
    serial: str
    policy: str
    authority: str
    certificate: bytes
    nonce: int | None


def check_token(
    token: bytes, digest: bytes, trusted: Sequence[bytes], *, revoked: Collection[str] = ()
) -> TimeStamp:
    """What the stamp says, if it is exactly one good stamp over this SHA-256 by an authority pinned in `trusted`.

    `trusted` are certificates in DER up to the root; `revoked` serial numbers (hexadecimal) of authorities that do not
    count. The authority's certificate must have been valid at the time that the stamp states; whether that time is
    plausible is the caller's question. Raises `StampRefused` with the reason, and never anything else.
    """
    try:
        return _check(bytes(token), digest, trusted, revoked)
    except StampRefused:
        raise
    except BadSignature as bad:
        raise StampRefused(OF_SIGNATURE.get(SignatureFault(bad.reason), StampFault.MALFORMED)) from bad
    except CertificateRefused as bad:
        raise StampRefused(OF_CERTIFICATE.get(CertificateFault(bad.reason), StampFault.MALFORMED)) from bad
    except Exception as error:  # whatever a parser trips over is no stamp
        raise StampRefused(StampFault.MALFORMED) from error


def time_of(token: bytes) -> dt.datetime:
    """The time that a stamp states, of one that was checked before; ValueError for what is none."""
    return read_statement(_content(_signed_data(token)[2])).time


def certificates_in(token: bytes) -> list[bytes]:
    """The certificates in DER that a stamp carries; none where the bytes are no stamp."""
    try:
        return [each.encoded for each in read_all(content_of(_signed_data(token)[3], CONTEXT_0))]
    except (ValueError, IndexError, BadSignature):
        return []


def _refuse(reason: StampFault) -> NoReturn:
    raise StampRefused(reason) from None


def _check(token: bytes, digest: bytes, trusted: Sequence[bytes], revoked: Collection[str]) -> TimeStamp:
    if len(token) > LARGEST:
        _refuse(StampFault.TOO_LARGE)
    version, hashed_by, content, certificates, signers = _signed_data(token)
    (signer,) = read_all(content_of(signers, SET))
    fields = read_all(content_of(signer, SEQUENCE))
    (announced,) = read_all(content_of(hashed_by, SET))
    if hash_of(announced) is not hash_of(fields[2]):
        _refuse(StampFault.MALFORMED)
    if version.encoded != VERSION_3 or fields[0].encoded != VERSION_1 or len(fields) != 6:  # noqa: PLR2004 - RFC 5652
        _refuse(StampFault.MALFORMED)
    inside = [each.encoded for each in read_all(content_of(certificates, CONTEXT_0))]
    certificate = _signed_with(fields[1], inside)
    said = _content(content)
    _check_signature(fields, said, certificate)
    statement = read_statement(said)
    if statement.digest != digest:
        _refuse(StampFault.WRONG_IMPRINT)
    check_stamping_certificate(certificate, statement.time, trusted, revoked=revoked)
    if not {*inside} <= {certificate, *trusted} or len({*inside}) != len(inside):  # nothing may be carried along
        _refuse(StampFault.MALFORMED)
    return _said(statement, certificate)


def _said(statement: Statement, certificate: bytes) -> TimeStamp:
    return TimeStamp(
        statement.time, statement.accuracy, f"{statement.serial:x}", statement.policy,
        certificate_facts(certificate).name, certificate, statement.nonce,
    )  # fmt: skip


def _signed_data(token: bytes) -> list[Element]:
    kind, wrapped = read_all(content_of(read_one(token), SEQUENCE))
    if kind.encoded != SIGNED_DATA:
        _refuse(StampFault.MALFORMED)
    return read_all(content_of(read_one(content_of(wrapped, CONTEXT_0)), SEQUENCE))


def _content(element: Element) -> bytes:
    """What the stamp states, inside its signature."""
    kind, wrapped = read_all(content_of(element, SEQUENCE))
    if kind.encoded != TST_INFO:
        _refuse(StampFault.MALFORMED)
    return content_of(read_one(content_of(wrapped, CONTEXT_0)), OCTET_STRING)


def _signed_with(name: Element, inside: Sequence[bytes]) -> bytes:
    found = [each for each in inside if identify(each).name == name.encoded]
    if len(found) != 1:
        _refuse(StampFault.WRONG_CERTIFICATE)
    return found[0]


def _check_signature(fields: Sequence[Element], said: bytes, certificate: bytes) -> None:
    _version, _name, hashed_by, signed, algorithm, value = fields
    hash_, key = hash_of(hashed_by), identify(certificate).key
    attributes = attributes_of(content_of(signed, CONTEXT_0))
    if attributes[CONTENT_TYPE].encoded != TST_INFO:
        _refuse(StampFault.MALFORMED)
    if content_of(attributes[MESSAGE_DIGEST], OCTET_STRING) != hashlib.new(hash_.name, said).digest():
        _refuse(StampFault.WRONG_KEY)
    _check_named(attributes, certificate)
    check_value(key, algorithm_of(algorithm), content_of(value, OCTET_STRING), write(SET, signed.content), hash_)


def _check_named(attributes: dict[bytes, Element], certificate: bytes) -> None:
    """RFC 5816 §2.2.1: the first certificate that the attribute names is the signer's; both forms where both stand."""
    forms = {SIGNING_CERTIFICATE: "sha1", SIGNING_CERTIFICATE_V2: "sha256"}
    if not forms.keys() & attributes.keys():
        _refuse(StampFault.WRONG_CERTIFICATE)
    for kind in forms.keys() & attributes.keys():
        _check_name(attributes[kind], identify(certificate), hashlib.new(forms[kind], certificate).digest())


def _check_name(value: Element, identity: Identity, hashed: bytes) -> None:
    certificates, *_policies = read_all(content_of(value, SEQUENCE))
    fields = read_all(content_of(read_all(content_of(certificates, SEQUENCE))[0], SEQUENCE))
    if fields[0].tag == SEQUENCE and hash_of(fields.pop(0)) is not HASHES[SHA256]:
        _refuse(StampFault.WEAK_ALGORITHM)
    if content_of(fields[0], OCTET_STRING) != hashed:
        _refuse(StampFault.WRONG_CERTIFICATE)
    if fields[1:] and [each.encoded for each in fields[1:]] != [identity.long_name]:
        _refuse(StampFault.WRONG_CERTIFICATE)
