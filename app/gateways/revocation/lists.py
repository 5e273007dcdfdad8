"""Lists of revoked certificates (CRL, RFC 5280 §5): whether one is the issuer's own, whole and current."""
import datetime as dt

from cryptography import x509

from app.gateways.revocation.answers import Answer, Standing, Unfit, require_current
from app.gateways.signing.certificates import HASHES

UNDERSTOOD = (x509.IssuingDistributionPoint,)  # of the extensions that must not be passed over


def judged(content: bytes, certificate: x509.Certificate, issuer: x509.Certificate, now: dt.datetime) -> Answer:
    """What the list says of the certificate; Unfit for a list of somebody else, of some certificates only, or stale."""
    try:
        crl = x509.load_der_x509_crl(content)
        _require_own(crl, issuer)
        _require_whole(crl)
        if crl.next_update_utc is None:
            raise Unfit("stale")
        at = require_current(crl.last_update_utc, crl.next_update_utc, now)
        entry = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
    except Unfit:
        raise
    except Exception as error:  # whatever the parser trips over is no list
        raise Unfit("malformed") from error
    if entry is None:
        return Answer(Standing.GOOD, content, None, at, crl.next_update_utc)
    return Answer(Standing.REVOKED, content, entry.revocation_date_utc, at, crl.next_update_utc)


def _require_own(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> None:
    if crl.issuer != issuer.subject:
        raise Unfit("wrong_issuer")
    if not isinstance(crl.signature_hash_algorithm, HASHES):
        raise Unfit("weak")
    usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
    if not usage.crl_sign or not crl.is_signature_valid(issuer.public_key()):  # type: ignore[arg-type]
        raise Unfit("wrong_signature")


def _require_whole(crl: x509.CertificateRevocationList) -> None:
    for extension in crl.extensions:
        if isinstance(extension.value, x509.DeltaCRLIndicator):
            raise Unfit("partial")
        if extension.critical and not isinstance(extension.value, UNDERSTOOD):
            raise Unfit("partial")
        if isinstance(extension.value, x509.IssuingDistributionPoint):
            _require_for_people(extension.value)


def _require_for_people(scope: x509.IssuingDistributionPoint) -> None:
    others = scope.only_contains_ca_certs or scope.only_contains_attribute_certs or scope.indirect_crl
    if others or scope.only_some_reasons:
        raise Unfit("partial")
