"""OCSP (RFC 6960): one question about one certificate, and whether what comes back answers it."""
import datetime as dt
import secrets
from collections.abc import Iterator

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, SignatureAlgorithmOID

from app.gateways.revocation.answers import Answer, Standing, Unfit, require_current
from app.gateways.signing.certificates import HASHES, strong
from app.gateways.signing.responder import issuer_hashes

NONCE_BYTES = 16
LONGEST_WITHOUT_END = dt.timedelta(hours=24)  # of an answer that names no time for the next one
WITH_RSA = {
    SignatureAlgorithmOID.RSA_WITH_SHA256, SignatureAlgorithmOID.RSA_WITH_SHA384, SignatureAlgorithmOID.RSA_WITH_SHA512,
}  # fmt: skip


def question(certificate: x509.Certificate, issuer: x509.Certificate) -> tuple[bytes, bytes]:
    """The request in DER and its nonce. The issuer is named by SHA-1, as every responder understands it."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1())  # noqa: S303 - a name only
    asked = builder.add_extension(x509.OCSPNonce(nonce), critical=False).build()
    return asked.public_bytes(serialization.Encoding.DER), nonce


def judged(
    content: bytes, certificate: x509.Certificate, issuer: x509.Certificate, now: dt.datetime, nonce: bytes
) -> Answer:
    """What the answer says; Unfit unless it is signed by whom the issuer allows, is about this certificate, current,
    and, where it repeats a nonce, repeats ours."""
    try:
        response = ocsp.load_der_ocsp_response(content)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise Unfit(response.response_status.name.lower())
        _require_signed(response, issuer, now)
        _require_nonce(response, nonce)
        single = _about(response, certificate, issuer)
        at = require_current(single.this_update_utc, single.next_update_utc, now)
        if single.next_update_utc is None and at < now - LONGEST_WITHOUT_END:
            raise Unfit("stale")
        standing = Standing[single.certificate_status.name]
        return Answer(standing, content, single.revocation_time_utc, at, single.next_update_utc)
    except Unfit:
        raise
    except Exception as error:  # whatever the parser trips over is no answer
        raise Unfit("malformed") from error


def _about(
    response: ocsp.OCSPResponse, certificate: x509.Certificate, issuer: x509.Certificate
) -> ocsp.OCSPSingleResponse:
    for single in response.responses:
        named = (single.issuer_name_hash, single.issuer_key_hash)
        if single.serial_number == certificate.serial_number and named == issuer_hashes(issuer, single.hash_algorithm):
            return single
    raise Unfit("other_certificate")


def _require_nonce(response: ocsp.OCSPResponse, nonce: bytes) -> None:
    """A responder may leave it out (RFC 8954 §2.1), and then its times have to do; another one is a replay."""
    try:
        repeated = response.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        return
    if repeated != nonce:
        raise Unfit("nonce")


def _require_signed(response: ocsp.OCSPResponse, issuer: x509.Certificate, now: dt.datetime) -> None:
    if not isinstance(response.signature_hash_algorithm, HASHES):
        raise Unfit("weak")
    if not any(_signed_by(response, responder) for responder in _allowed(response, issuer, now)):
        raise Unfit("wrong_signature")


def _allowed(
    response: ocsp.OCSPResponse, issuer: x509.Certificate, now: dt.datetime
) -> Iterator[x509.Certificate]:
    """The issuer itself, and those whom it has certified for answering and nothing else (RFC 6960 §4.2.2.2)."""
    yield issuer
    for certificate in response.certificates:
        if _may_answer(certificate, issuer, now):
            yield certificate


def _may_answer(certificate: x509.Certificate, issuer: x509.Certificate, now: dt.datetime) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (InvalidSignature, ValueError, TypeError, x509.ExtensionNotFound):
        return False
    in_time = certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
    sound = strong(certificate.public_key()) and isinstance(certificate.signature_hash_algorithm, HASHES)
    return in_time and sound and ExtendedKeyUsageOID.OCSP_SIGNING in usage


def _signed_by(response: ocsp.OCSPResponse, responder: x509.Certificate) -> bool:
    key, hash_ = responder.public_key(), response.signature_hash_algorithm
    if hash_ is None:
        return False
    try:
        if isinstance(key, rsa.RSAPublicKey) and response.signature_algorithm_oid in WITH_RSA:
            key.verify(response.signature, response.tbs_response_bytes, padding.PKCS1v15(), hash_)
            return True
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(response.signature, response.tbs_response_bytes, ec.ECDSA(hash_))
            return True
    except InvalidSignature:
        return False
    return False
