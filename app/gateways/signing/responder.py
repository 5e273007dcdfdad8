"""Answers OCSP requests (RFC 6960) for one authority, signed by a key that does nothing else and lives for a week."""
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp

RESPONDER_DAYS = 7
ANSWER_LIVES = dt.timedelta(hours=24)
LARGEST_REQUEST = 2048  # bytes; one certificate is asked for in about a hundred
LONGEST_NONCE = 32  # bytes, RFC 8954
KNOWN_HASHES = (hashes.SHA1, hashes.SHA256, hashes.SHA384, hashes.SHA512)  # they only name the issuer
Issue = Callable[[ec.EllipticCurvePublicKey, dt.datetime, int], bytes]


@dataclass(frozen=True, repr=False)
class Responder:
    """A key in memory and its certificate; another one is made when its time is half over, or the process begins."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def make(cls, issue: Issue, now: dt.datetime) -> Self:
        key = ec.generate_private_key(ec.SECP256R1())
        return cls(key, x509.load_der_x509_certificate(issue(key.public_key(), now, RESPONDER_DAYS)))

    def good_at(self, now: dt.datetime) -> bool:
        """Whether an answer signed now can be checked for as long as it lives, and somewhat longer."""
        half = dt.timedelta(days=RESPONDER_DAYS) / 2
        return self.certificate.not_valid_before_utc <= now < self.certificate.not_valid_after_utc - half


def answer(
    request: bytes, issuing: x509.Certificate, responder: Responder, crl: x509.CertificateRevocationList,
    now: dt.datetime,
) -> bytes:  # fmt: skip
    """In DER: good or revoked as the list says, unknown for another authority; malformed for what is no request."""
    try:
        if len(request) > LARGEST_REQUEST:
            raise ValueError
        asked = ocsp.load_der_ocsp_request(request)
        nonce = _nonce(asked)
        ours = _ours(asked, issuing)
    except Exception:  # whatever the parser trips over is no request
        return _refused(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)
    if not ours:
        return _refused(ocsp.OCSPResponseStatus.UNAUTHORIZED)
    entry = crl.get_revoked_certificate_by_serial_number(asked.serial_number)
    revoked = entry is not None and entry.revocation_date_utc <= now
    builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
        issuer_name_hash=asked.issuer_name_hash, issuer_key_hash=asked.issuer_key_hash,
        serial_number=asked.serial_number, algorithm=asked.hash_algorithm,
        cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD, this_update=now,
        next_update=now + ANSWER_LIVES, revocation_time=entry.revocation_date_utc if entry and revoked else None,
        revocation_reason=None,
    )  # fmt: skip
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, responder.certificate)
    builder = builder.certificates([responder.certificate])
    if nonce is not None:
        builder = builder.add_extension(nonce, critical=False)
    return builder.sign(responder.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def _nonce(asked: ocsp.OCSPRequest) -> x509.OCSPNonce | None:
    try:
        nonce = asked.extensions.get_extension_for_class(x509.OCSPNonce).value
    except x509.ExtensionNotFound:
        return None
    if not 1 <= len(nonce.nonce) <= LONGEST_NONCE:
        raise ValueError
    return nonce


def _ours(asked: ocsp.OCSPRequest, issuing: x509.Certificate) -> bool:
    """Whether the certificate is one of this authority, named by its name and key."""
    if not isinstance(asked.hash_algorithm, KNOWN_HASHES):
        raise ValueError
    return (asked.issuer_name_hash, asked.issuer_key_hash) == issuer_hashes(issuing, asked.hash_algorithm)


def issuer_hashes(issuing: x509.Certificate, algorithm: hashes.HashAlgorithm) -> tuple[bytes, bytes]:
    """How OCSP names an issuer: the hashes of its name and of the bits of its key."""
    key = issuing.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        bits = key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    else:
        bits = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    return _hash(algorithm, issuing.subject.public_bytes()), _hash(algorithm, bits)


def _hash(algorithm: hashes.HashAlgorithm, content: bytes) -> bytes:
    hashed = hashes.Hash(algorithm)
    hashed.update(content)
    return hashed.finalize()


def _refused(status: ocsp.OCSPResponseStatus) -> bytes:
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(serialization.Encoding.DER)
