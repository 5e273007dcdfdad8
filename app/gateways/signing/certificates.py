"""What a certificate says, and whether it may sign at a given time."""
import datetime as dt
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import NoReturn

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from app.gateways.signing.errors import CertificateFault, CertificateRefused

Key = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
RSA_BITS = 2048
ALMOST_FULL = 60  # bytes of a name that was cut to the 64 that a certificate has room for
SIGNING_PURPOSES = {
    "1.3.6.1.5.5.7.3.36",  # document signing, RFC 9336
    "1.3.6.1.5.5.7.3.4",  # e-mail protection
    "2.5.29.37.0",  # any
    "1.3.6.1.4.1.311.10.3.12", "1.2.840.113583.1.1.5",  # document signing, as two makers of software name it
}  # fmt: skip
HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)


@dataclass(frozen=True)
class CertificateFacts:
    """What a receipt or a record shows of a certificate; numbers and hashes are hexadecimal, times aware UTC."""

    name: str
    title: str
    organisation: str
    issuer: str
    serial: str
    sha256: str
    not_before: dt.datetime
    not_after: dt.datetime


def strong(key: object) -> bool:
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= RSA_BITS
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, CURVES)


def key_name(key: Key) -> str:
    """ecdsa-p256, rsa-2048."""
    return f"rsa-{key.key_size}" if isinstance(key, rsa.RSAPublicKey) else f"ecdsa-p{key.key_size}"


def certificate_facts(certificate_der: bytes) -> CertificateFacts:
    """Raises `CertificateRefused` (malformed) when the bytes are no certificate."""
    certificate = _load(certificate_der)
    return CertificateFacts(
        name=_first(certificate.subject, NameOID.COMMON_NAME),
        title=_first(certificate.subject, NameOID.TITLE),
        organisation=_first(certificate.subject, NameOID.ORGANIZATION_NAME),
        issuer=_first(certificate.issuer, NameOID.COMMON_NAME),
        serial=f"{certificate.serial_number:x}",
        sha256=sha256(certificate_der).hexdigest(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


def _first(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    return next((str(attribute.value) for attribute in name.get_attributes_for_oid(oid)), "")


def check_certificate(
    certificate_der: bytes,
    at: dt.datetime,
    trusted: Sequence[bytes],
    *,
    crl: bytes | None = None,
    revoked: Collection[str] = (),
    pinned: bytes | None = None,
) -> None:
    """Raise `CertificateRefused` with the reason unless the certificate may sign at that time (aware).

    `trusted` are the pinned authorities in DER, the issuing one among them; each of them whose own issuer is among
    them too is checked against it. `crl` is the issuer's list in DER: a revocation counts from its own date on, and a
    list that is not the issuer's, or ended before `at`, leaves the question open and so refuses. `revoked` are serial
    numbers (hexadecimal) revoked whatever the date. `pinned` is the certificate registered for the person.
    """
    if pinned is not None and certificate_der != pinned:
        _refuse(CertificateFault.SOMEONE_ELSES)
    certificate = _load(certificate_der)
    authorities = [_load(authority) for authority in trusted]
    issuer = _chain(certificate, authorities, at)
    _check_usage(certificate)
    serial = certificate.serial_number
    if f"{serial:x}" in {number.lower().lstrip("0") for number in revoked}:
        _refuse(CertificateFault.REVOKED)
    if crl is not None:
        _check_revocation(serial, at, _load_crl(crl, issuer))


def same_holder(certificate_der: bytes, name: str) -> bool:
    """Whether the certificate names this person; capitals, spaces and what a certificate has no room for count not."""
    written = certificate_facts(certificate_der).name
    plain = [" ".join(unicodedata.normalize("NFC", each).casefold().split()) for each in (written, name)]
    return plain[0] == plain[1] or (len(written.encode()) >= ALMOST_FULL and plain[1].startswith(plain[0]))


def issuer_of(certificate_der: bytes, authorities: Sequence[bytes]) -> bytes | None:
    """The one of these authorities (DER) that issued the certificate; None when none did. `CertificateRefused`."""
    certificate = _load(certificate_der)
    return next((der for der in authorities if _issued(certificate, _load(der))), None)


def check_stamping_certificate(
    certificate_der: bytes, at: dt.datetime, trusted: Sequence[bytes], *, revoked: Collection[str] = ()
) -> None:
    """The same for a time-stamping authority at the time that its stamp states: RFC 3161 §2.3.

    Its only extended usage is time stamping, and that is critical.
    """
    certificate = _load(certificate_der)
    _chain(certificate, [_load(authority) for authority in trusted], at)
    try:
        extended = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        _refuse(CertificateFault.WRONG_USAGE)
    alone = extended.critical and list(extended.value) == [ExtendedKeyUsageOID.TIME_STAMPING]
    if not alone or _is_authority(certificate) or not _may_sign(certificate):
        _refuse(CertificateFault.WRONG_USAGE)
    if f"{certificate.serial_number:x}" in {number.lower().lstrip("0") for number in revoked}:
        _refuse(CertificateFault.REVOKED)


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _may_sign(certificate: x509.Certificate) -> bool:
    """The plain usage, where it is given, is to sign."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return (usage.digital_signature or usage.content_commitment) and not usage.key_cert_sign


def _refuse(reason: CertificateFault) -> NoReturn:
    raise CertificateRefused(reason) from None


@lru_cache(maxsize=1024)
def _load(certificate_der: bytes) -> x509.Certificate:
    try:
        certificate = x509.load_der_x509_certificate(certificate_der)
        certificate.public_key()
        for part in ("extensions", "subject", "issuer"):  # otherwise read, and tripped over, later
            getattr(certificate, part)
    except Exception as error:  # whatever the parser trips over is no certificate
        raise CertificateRefused(CertificateFault.MALFORMED) from error
    return certificate


def _chain(certificate: x509.Certificate, authorities: list[x509.Certificate], at: dt.datetime) -> x509.Certificate:
    """The authority that issued the certificate; everything on the way up is strong, genuine and valid at the time."""
    _check_strength(certificate)
    issuer = _issuer(certificate, authorities)
    if issuer is None:
        _refuse(CertificateFault.UNKNOWN_ISSUER)
    _check_validity(certificate, at)
    if issuer.subject != issuer.issuer and any(above.subject == issuer.issuer for above in authorities):
        _chain(issuer, authorities, at)
    else:
        _check_validity(issuer, at)
    return issuer


def _check_strength(certificate: x509.Certificate) -> None:
    try:
        hashed_by = certificate.signature_hash_algorithm
    except Exception:  # an algorithm the library does not know
        _refuse(CertificateFault.WEAK_ALGORITHM)
    if not isinstance(hashed_by, HASHES):
        _refuse(CertificateFault.WEAK_ALGORITHM)
    if not strong(certificate.public_key()):
        _refuse(CertificateFault.WEAK_KEY)


def _issuer(certificate: x509.Certificate, authorities: Iterable[x509.Certificate]) -> x509.Certificate | None:
    return next((authority for authority in authorities if _issued(certificate, authority)), None)


@lru_cache(maxsize=1024)
def _issued(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        usage = authority.extensions.get_extension_for_class(x509.KeyUsage).value
        constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints).value
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return constraints.ca and usage.key_cert_sign


def _check_validity(certificate: x509.Certificate, at: dt.datetime) -> None:
    if at < certificate.not_valid_before_utc:
        _refuse(CertificateFault.NOT_YET_VALID)
    if at > certificate.not_valid_after_utc:
        _refuse(CertificateFault.EXPIRED)


def _check_usage(certificate: x509.Certificate) -> None:
    """A person signs: digitalSignature and nonRepudiation, and no authority of its own."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        _refuse(CertificateFault.WRONG_USAGE)
    if constraints.ca or not (usage.digital_signature and usage.content_commitment):
        _refuse(CertificateFault.WRONG_USAGE)
    _check_purpose(certificate)


def _check_purpose(certificate: x509.Certificate) -> None:
    """Where extended usages are named, signing documents or mail is among them; time stamps alone are no person's."""
    try:
        named = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not SIGNING_PURPOSES & {purpose.dotted_string for purpose in named}:
        _refuse(CertificateFault.WRONG_PURPOSE)


@lru_cache(maxsize=16)
def _load_crl(crl: bytes, issuer: x509.Certificate) -> x509.CertificateRevocationList:
    """The list, once it is known to be the issuer's own."""
    try:
        revocations = x509.load_der_x509_crl(crl)
        genuine = revocations.issuer == issuer.subject and revocations.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
    except Exception as error:
        raise CertificateRefused(CertificateFault.REVOCATION_UNKNOWN) from error
    if not genuine:
        _refuse(CertificateFault.REVOCATION_UNKNOWN)
    return revocations


def _check_revocation(serial: int, at: dt.datetime, revocations: x509.CertificateRevocationList) -> None:
    entry = revocations.get_revoked_certificate_by_serial_number(serial)
    if entry is not None and entry.revocation_date_utc <= at:
        _refuse(CertificateFault.REVOKED)
    ends = revocations.next_update_utc
    if ends is None or ends < at:
        _refuse(CertificateFault.REVOCATION_UNKNOWN)
