"""What the signing gateway refuses, each reason with a plain sentence of its own."""
import datetime as dt
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _


class SigningError(Exception):
    """Something about a key, a PIN, a certificate or a signature that the user is told in one sentence.

    `code` is stable and for machines, `message` is the translated sentence; neither ever contains a PIN.
    """

    code = "signing"
    message: Any = _("Signing failed.")

    def __str__(self) -> str:
        return str(self.message)


class WrongPin(SigningError):
    """The PIN does not open the key; the caller counts the tries."""

    code = "wrong_pin"
    message = _("The PIN is not correct.")


class KeyUnavailable(SigningError):
    """No usable key under this reference: never made, destroyed, damaged, or the installation key is another one."""

    code = "key_unavailable"
    message = _("The signing key is not available. Contact the administrators.")


class SignerBusy(KeyUnavailable):
    """So many keys are being unlocked that this one would wait too long; its PIN was not looked at."""

    code = "signer_busy"
    message = _("Many signatures are being made at this moment. Nothing was signed; please try again in a few seconds.")


class PinHeld(KeyUnavailable):
    """The signer itself counted too many wrong PINs of this key and looks at none before `until` (aware)."""

    code = "pin_held"
    message = _("There were too many wrong PINs; the signing service takes none for this key for a while.")

    def __init__(self, until: dt.datetime) -> None:
        super().__init__(until)
        self.until = until


class PinFault(StrEnum):
    FORM = "form"
    TRIVIAL = "trivial"


class SignatureFault(StrEnum):
    NOT_DER = "not_der"
    TRAILING_DATA = "trailing_data"
    MALFORMED = "malformed"
    EMBEDDED_CONTENT = "embedded_content"
    NO_SIGNER = "no_signer"
    SEVERAL_SIGNERS = "several_signers"
    WRONG_CONTENT = "wrong_content"
    WRONG_CERTIFICATE = "wrong_certificate"
    MISSING_ATTRIBUTE = "missing_attribute"
    DUPLICATE_ATTRIBUTE = "duplicate_attribute"
    UNSIGNED_ATTRIBUTE = "unsigned_attribute"
    WEAK_ALGORITHM = "weak_algorithm"
    UNSUPPORTED_ALGORITHM = "unsupported_algorithm"
    DIGEST_MISMATCH = "digest_mismatch"
    SIGNATURE_MISMATCH = "signature_mismatch"


class CertificateFault(StrEnum):
    MALFORMED = "malformed"
    SOMEONE_ELSES = "someone_elses"
    WEAK_ALGORITHM = "weak_algorithm"
    WEAK_KEY = "weak_key"
    UNKNOWN_ISSUER = "unknown_issuer"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    WRONG_USAGE = "wrong_usage"
    WRONG_PURPOSE = "wrong_purpose"
    REVOKED = "revoked"
    REVOCATION_UNKNOWN = "revocation_unknown"


class Refused(SigningError):
    """A refusal with one of several reasons: `reason` is for machines, `message` for people."""

    sentences: ClassVar[Mapping[Any, Any]] = {}

    def __init__(self, reason: StrEnum) -> None:
        super().__init__(reason)
        self.reason = reason
        self.message = self.sentences[reason]


class PinRefused(Refused):
    """A PIN that may not be chosen."""

    code = "pin_refused"
    sentences = {
        PinFault.FORM: _("The PIN must have exactly 6 digits."),
        PinFault.TRIVIAL: _("This PIN is too easy to guess. Choose another one."),
    }


class BadSignature(Refused):
    """A CMS that is not exactly one good signature of the pinned certificate over the given bytes."""

    code = "bad_signature"
    sentences = {
        SignatureFault.NOT_DER: _("The signature file is damaged or is not in the prescribed encoding."),
        SignatureFault.TRAILING_DATA: _("The signature file carries data after its end."),
        SignatureFault.MALFORMED: _("The signature file does not have the prescribed structure."),
        SignatureFault.EMBEDDED_CONTENT: _("The signature file carries a content of its own."),
        SignatureFault.NO_SIGNER: _("The signature file contains no signature."),
        SignatureFault.SEVERAL_SIGNERS: _("The signature file has more than one signer."),
        SignatureFault.WRONG_CONTENT: _("The signature was made for another kind of content."),
        SignatureFault.WRONG_CERTIFICATE: _("The signature was made with another certificate than the registered one."),
        SignatureFault.MISSING_ATTRIBUTE: _("The signature lacks a required signed attribute."),
        SignatureFault.DUPLICATE_ATTRIBUTE: _("The signature has a repeated or ambiguous signed attribute."),
        SignatureFault.UNSIGNED_ATTRIBUTE: _("The signature file carries attributes that are not protected by it."),
        SignatureFault.WEAK_ALGORITHM: _("The signature uses an algorithm that is no longer secure."),
        SignatureFault.UNSUPPORTED_ALGORITHM: _("The signature uses an algorithm that is not accepted."),
        SignatureFault.DIGEST_MISMATCH: _("The content was changed after it was signed."),
        SignatureFault.SIGNATURE_MISMATCH: _("The signature value is not correct."),
    }


class CertificateRefused(Refused):
    """A certificate that may not be used at that time for that person."""

    code = "certificate_refused"
    sentences = {
        CertificateFault.MALFORMED: _("The certificate cannot be read."),
        CertificateFault.SOMEONE_ELSES: _("The certificate is not the one registered for this person."),
        CertificateFault.WEAK_ALGORITHM: _("The certificate uses an algorithm that is no longer secure."),
        CertificateFault.WEAK_KEY: _("The key of the certificate is too short or of a kind that is not accepted."),
        CertificateFault.UNKNOWN_ISSUER: _("The certificate was not issued by the recognised certificate authority."),
        CertificateFault.NOT_YET_VALID: _("The certificate is not valid yet."),
        CertificateFault.EXPIRED: _("The certificate has expired."),
        CertificateFault.WRONG_USAGE: _("The certificate may not be used to sign."),
        CertificateFault.WRONG_PURPOSE: _("The certificate was issued for another purpose than signing documents."),
        CertificateFault.REVOKED: _("The certificate has been revoked."),
        CertificateFault.REVOCATION_UNKNOWN: _("It cannot be determined whether the certificate has been revoked."),
    }
