"""An answer that was kept: what it said on the day on which it was given, whatever has happened since."""
from cryptography import x509
from cryptography.x509 import ocsp

from app.gateways.revocation import lists, online
from app.gateways.revocation.answers import Answer, Unfit, kind_of


def kept(content: bytes, certificate_der: bytes, issuer_der: bytes) -> Answer | None:
    """What the OCSP answer or the list (DER) proves about the certificate; None when it proves nothing about it."""
    certificate, issuer = map(x509.load_der_x509_certificate, (certificate_der, issuer_der))
    try:
        if kind_of(content) == "crl":
            made = x509.load_der_x509_crl(content).last_update_utc
            return lists.judged(content, certificate, issuer, made)
        response = ocsp.load_der_ocsp_response(content)
        about = [single for single in response.responses if single.serial_number == certificate.serial_number]
        if not about:
            return None
        return online.judged(content, certificate, issuer, about[0].this_update_utc, _nonce(response))
    except (Unfit, ValueError):
        return None


def _nonce(response: ocsp.OCSPResponse) -> bytes:
    """The one that it repeats: whether it was ours was looked at when it came."""
    try:
        return response.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        return b""
