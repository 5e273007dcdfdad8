"""What our own authority says to the world outside: its list holds whatever was revoked here, and never grows stale."""

import logging
from typing import Any

from cryptography import x509

from app.gateways import signing
from app.workflows import revocations

log = logging.getLogger(__name__)


def publish(job: dict[str, Any]) -> None:
    """Put every revocation into the authority's list. Running twice is harmless: what is listed stays as it is.

    The authority renews its lists when they are asked for in their second half; asking here is what keeps them fresh.
    """
    publisher, own = signing.publisher(), signing.trusted()[:1]
    listed = x509.load_der_x509_crl(publisher.revocation_list("issuing"))
    publisher.revocation_list("root")
    for each in revocations.revoked_of(job["body_id"]):
        ours = signing.issuer_of(each.der, own) is not None
        if ours and listed.get_revoked_certificate_by_serial_number(int(each.serial, 16)) is None:
            publisher.take_back(each.serial, each.since)
            log.info("certificate %s is in the list of revoked ones", each.serial)
