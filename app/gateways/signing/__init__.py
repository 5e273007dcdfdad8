"""Who signs, with which certificate, and whether a signature is good: the outside world of keys behind one door."""
from app.gateways.signing.authority import Authority
from app.gateways.signing.certificates import (
    CertificateFacts,
    certificate_facts,
    check_certificate,
    check_stamping_certificate,
    issuer_of,
    same_holder,
)
from app.gateways.signing.cms import sign_detached, sign_digest, sign_document
from app.gateways.signing.errors import (
    BadSignature,
    CertificateFault,
    CertificateRefused,
    KeyUnavailable,
    PinFault,
    PinHeld,
    PinRefused,
    SignatureFault,
    SignerBusy,
    SigningError,
    WrongPin,
)
from app.gateways.signing.files import create_installation_key
from app.gateways.signing.founding import found_authority, pin_authorities, pinned_authorities
from app.gateways.signing.interface import Enrolled, KeysElsewhere, Signer, signer, trust_also, trusted, use, wrap
from app.gateways.signing.memory import MemorySigner
from app.gateways.signing.outside import read_authorities
from app.gateways.signing.pins import check_pin
from app.gateways.signing.places import place, provider_of
from app.gateways.signing.publishing import AUTHORITIES, OwnPublisher, Publisher, publish_by, publisher
from app.gateways.signing.remote import RemoteSigner
from app.gateways.signing.software import SoftwareSigner
from app.gateways.signing.stamped import signature_value, stamp_in, with_stamp
from app.gateways.signing.trouble import KeyTrouble, PinBlocked
from app.gateways.signing.verification import CheckedSignature, check_detached, check_document
from app.gateways.signing.wrapping import Argon2Cost

__all__ = [
    "AUTHORITIES",
    "Argon2Cost",
    "Authority",
    "BadSignature",
    "CertificateFacts",
    "CertificateFault",
    "CertificateRefused",
    "CheckedSignature",
    "Enrolled",
    "KeyTrouble",
    "KeyUnavailable",
    "KeysElsewhere",
    "MemorySigner",
    "OwnPublisher",
    "PinBlocked",
    "PinFault",
    "PinHeld",
    "PinRefused",
    "Publisher",
    "RemoteSigner",
    "SignatureFault",
    "Signer",
    "SignerBusy",
    "SigningError",
    "SoftwareSigner",
    "WrongPin",
    "certificate_facts",
    "check_certificate",
    "check_detached",
    "check_document",
    "check_pin",
    "check_stamping_certificate",
    "create_installation_key",
    "found_authority",
    "issuer_of",
    "pin_authorities",
    "pinned_authorities",
    "place",
    "provider_of",
    "publish_by",
    "publisher",
    "read_authorities",
    "same_holder",
    "sign_detached",
    "sign_digest",
    "sign_document",
    "signature_value",
    "signer",
    "stamp_in",
    "trust_also",
    "trusted",
    "use",
    "with_stamp",
    "wrap",
]
