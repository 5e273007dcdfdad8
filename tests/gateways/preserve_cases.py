"""Documents preserved for the long term: what authorities said of everybody who signed, and document time stamps."""

import datetime as dt
import subprocess
from collections.abc import Sequence
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from app.gateways import pades
from app.gateways.pades import ValidationData, add_validation_data, complete, reserve_stamp
from app.gateways.signing import Authority
from app.gateways.signing.authority import ROOT_CRL_DAYS
from app.gateways.signing.issuing import CRL_DAYS
from app.gateways.timestamp import DemoAuthority
from tests.gateways.hostile_stamps import GOOD_T, ROOT, STAMPERS, TSA, token
from tests.gateways.signed_corpus import AT, AUTHORITY, EXPECTED, KEEPER, SEALED_AT, SIGNER, TRUSTED
from tests.gateways.stamp_cases import DAY, Root

YEAR = 365 * DAY
ANSWERED_AT = SEALED_AT + dt.timedelta(minutes=5)
STAMPED_AT = SEALED_AT + dt.timedelta(minutes=10)
JUDGED = {"expected": EXPECTED, "trusted": TRUSTED, "at": AT, "stampers": STAMPERS}


def answer(certificate: bytes, at: dt.datetime = ANSWERED_AT, authority: Authority = AUTHORITY) -> bytes:
    """The authority's OCSP answer about a certificate."""
    about, issuer = x509.load_der_x509_certificate(certificate), authority.issuing
    request = ocsp.OCSPRequestBuilder().add_certificate(about, issuer, hashes.SHA256()).build()
    return authority.ocsp(request.public_bytes(serialization.Encoding.DER), at)


def list_of(root: Root, at: dt.datetime = ANSWERED_AT, revoked: Sequence[tuple[bytes, dt.datetime]] = ()) -> bytes:
    """The list of an authority for time stamps: certificates with the time from which on they do not count."""
    issuer = x509.load_der_x509_certificate(root.certificate)
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.subject)
    builder = builder.last_update(at).next_update(at + 30 * DAY).add_extension(x509.CRLNumber(1), critical=False)
    for certificate, since in revoked:
        serial = x509.load_der_x509_certificate(certificate).serial_number
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(root.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


ANSWERS = (answer(SIGNER.certificate), answer(KEEPER.certificate))
CERTIFICATES = (SIGNER.certificate, KEEPER.certificate, *TRUSTED, TSA.certificate, ROOT.certificate)
DATA = ValidationData(CERTIFICATES, ANSWERS, (AUTHORITY.root_crl(ANSWERED_AT), list_of(ROOT)))


def stamped_document(
    pdf: bytes, data: ValidationData = DATA, at: dt.datetime = STAMPED_AT, authority: DemoAuthority = TSA, patch=bytes,
    made=None,
) -> bytes:  # fmt: skip
    """With a document time stamp; `patch` changes what is stamped, `made` makes another value out of its digest."""
    waiting = reserve_stamp(pdf, data)
    begin, end = waiting.gap
    whole = patch(waiting.pdf)
    assert len(whole) == len(waiting.pdf)
    digest = sha256(whole[:begin] + whole[end:]).digest()
    value = made(digest) if made else token(authority, digest, at)
    if whole == waiting.pdf and made is None:
        return complete(waiting, value)
    return whole[:begin] + b"<" + value.hex().encode().ljust(end - begin - 2, b"0") + b">" + whole[end:]




def _lists() -> tuple[bytes, ...]:
    """Lists instead of OCSP answers, which are dated by the clock of this machine."""
    issuers = ((AUTHORITY._issuer(), CRL_DAYS), (AUTHORITY._root_issuer(), ROOT_CRL_DAYS))
    made = [issuer.crl(ANSWERED_AT, 7, (), days) for issuer, days in issuers]
    return (*(each.public_bytes(serialization.Encoding.DER) for each in made), list_of(ROOT))


LISTS = ValidationData(CERTIFICATES, crls=_lists())
LT = add_validation_data(GOOD_T, DATA)
LTA = stamped_document(GOOD_T)
RENEWED_AT = STAMPED_AT + 60 * DAY
RENEWAL = ValidationData(crls=(list_of(ROOT, RENEWED_AT - dt.timedelta(hours=1)),))
RENEWED = stamped_document(LTA, RENEWAL, RENEWED_AT)
LATER = {**JUDGED, "at": RENEWED_AT + DAY}


def found(pdf: bytes, **judged):
    return pades.verdict(pdf, **{**LATER, **judged})


def tokens_of(pdf: bytes) -> list[tuple[bytes, bytes]]:
    """(stamped bytes, token) of each document time stamp, read by a search of the test's own."""
    parts, at = [], 0
    while (at := pdf.find(b"/SubFilter /ETSI.RFC3161", at)) >= 0:
        place = pdf.index(b"/ByteRange [0 ", at)
        begin, end, rest = (int(number) for number in pdf[place + 14 : pdf.index(b"]", place)].split())
        value = bytes.fromhex(pdf[begin + 1 : end - 1].decode())
        parts.append((pdf[:begin] + pdf[end : end + rest], value[: 4 + int.from_bytes(value[2:4], "big")]))
        at = place
    return parts


def run(*command: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
