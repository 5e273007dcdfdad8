"""Which forms and algorithms our signatures have, and how one of them names its certificate."""
import datetime as dt
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from app.gateways.signing.certificates import Key, strong
from app.gateways.signing.der import GENERALIZED_TIME, INTEGER, SEQUENCE, UTC_TIME, read_all, read_one, write, write_oid
from app.gateways.signing.errors import BadSignature, SignatureFault

DATA, SIGNED_DATA = write_oid("1.2.840.113549.1.7.1"), write_oid("1.2.840.113549.1.7.2")
CONTENT_TYPE, MESSAGE_DIGEST = write_oid("1.2.840.113549.1.9.3"), write_oid("1.2.840.113549.1.9.4")
SIGNING_TIME = write_oid("1.2.840.113549.1.9.5")
SIGNING_CERTIFICATE_V2 = write_oid("1.2.840.113549.1.9.16.2.47")
SIGNATURE_TIME_STAMP = write_oid("1.2.840.113549.1.9.16.2.14")
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


class Identity(NamedTuple):
    """The certificate, in the forms in which a signature names it."""

    key: Key
    name: bytes  # IssuerAndSerialNumber, byte for byte from the certificate
    long_name: bytes  # IssuerSerial of RFC 5035, the issuer wrapped as a general name
    sha256: bytes
    serial: str


@lru_cache(maxsize=1024)
def identify(certificate_der: bytes) -> Identity:
    fields = read_all(read_all(read_one(certificate_der).content)[0].content)
    _version, serial, _algorithm, issuer, *_rest = fields
    certificate = x509.load_der_x509_certificate(certificate_der)
    key = certificate.public_key()
    if not strong(key):
        raise BadSignature(SignatureFault.WEAK_ALGORITHM)
    long_name = write(SEQUENCE, write(SEQUENCE, write(0xA4, issuer.encoded)), serial.encoded)
    return Identity(
        key,  # type: ignore[arg-type]  # strong() leaves EC and RSA only
        write(SEQUENCE, issuer.encoded, serial.encoded),
        long_name,
        sha256(certificate_der).digest(),
        f"{certificate.serial_number:x}",
    )


def write_time(time: dt.datetime) -> bytes:
    """RFC 5652 §11.3: UTCTime from 1950 to 2049, GeneralizedTime outside; whole seconds, UTC."""
    if time.tzinfo is None:
        raise ValueError("the signing time needs a time zone")
    time = time.astimezone(dt.UTC)
    if time.year in range(1950, 2050):
        return write(UTC_TIME, f"{time:%y%m%d%H%M%S}Z".encode())
    return write(GENERALIZED_TIME, f"{time:%Y%m%d%H%M%S}Z".encode())
