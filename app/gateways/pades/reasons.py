"""Decides what a person is told about a signed document that is not found valid: one sentence for each reason."""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _

from app.gateways.signing.errors import BadSignature, CertificateRefused
from app.gateways.timestamp.errors import OF_TOKENS
from app.gateways.timestamp.errors import SENTENCES as STAMPS

UNDETERMINED = {
    "stamp_unknown_authority", "no_pins", "certificate_unknown_issuer", "certificate_revocation_unknown", "timed_out",
    "too_heavy", "too_large",
}  # fmt: skip
ROLES: dict[str, Any] = {
    "signature": _("Signature of the competent person"),
    "seal": _("Seal of the organisation"),
    "stamp": _("Document time stamp"),
}
LEVELS: dict[str, Any] = {
    "B-B": _("Level PAdES B-B: no time stamp in the file proves when it was signed."),
    "B-T": _("Level PAdES B-T: each signature carries a time stamp."),
    "B-LT": _("Level PAdES B-LT: time stamps and what the authorities said of the certificates are in the file."),
    "B-LTA": _("Level PAdES B-LTA: a document time stamp protects signatures and validation data for the long term."),
}
STATES: dict[str, Any] = {
    "valid": _("Valid: signed and sealed by those who had to, and not altered since."),
    "invalid": _("Not valid."),
    "undetermined": _("Not enough to decide whether it is valid."),
}
SENTENCES: dict[str, Any] = {
    # the file
    "no_pdf": _("The file is not a PDF."),
    "leading_bytes": _("There are bytes before the beginning of the document."),
    "trailing_bytes": _("There are bytes after the end of the document that no signature covers."),
    "truncated": _("The file is incomplete: its end is missing."),
    "unsigned": _("The file carries no electronic signature."),
    "encrypted": _("The file is encrypted; a promulgated document never is."),
    "broken_table": _("The table of contents of the file is damaged or was altered."),
    "broken_syntax": _("Parts of the file are damaged or ambiguous."),
    "packed_structure": _("The file keeps parts in a packed form that documents of this system never have."),
    "foreign_structure": _("The file is not built like a document that this system promulgates."),
    "beyond_limits": _("The file is larger or more nested inside than any document of this system."),
    "hidden_bytes": _("Between the parts of the file there are bytes that belong to none of them."),
    "hidden_object": _("The file holds a part that its table of contents does not name."),
    "repeated_object": _("The file holds one part twice, so that each program may show another one."),
    "object_removed": _("A part of the file was removed after it was made."),
    "unused_object": _("The file holds a part that is not shown now and could be shown later."),
    "active_content": _("The file contains scripts or commands."),
    "attachment": _("The file carries other files inside."),
    "hidden_layers": _("The file has layers that can be shown and hidden."),
    "annotation": _("Notes, stamps, links or boxes lie over the pages."),
    "unreadable": _("The file cannot be read without error."),
    # what was done after signing
    "changed_before_signature": _("The document was altered between its making and its first signature."),
    "changed_after_signature": _("The document was altered after it was signed."),
    "changed_after_seal": _("The document was altered after it was sealed."),
    "pages_changed": _("Pages were added, removed or replaced."),
    "content_changed": _("The content of a page or of a picture was replaced."),
    "font_changed": _("A typeface was replaced, so that other letters may be shown."),
    "form_changed": _("The list of the form fields was altered."),
    "field_changed": _("A form field was altered."),
    "field_too_early": _("Number or date was filled in before the seal."),
    "field_refilled": _("Number or date was filled in a second time."),
    "number_missing": _("Number or date is missing although the document is sealed."),
    "field_value": _("Number or date does not have the prescribed form."),
    "appearance": _("What is shown in a field is not what the field says."),
    "picture": _("The picture of the signature or of the seal is more than a picture inside its field."),
    "metadata_changed": _("The description of the document was altered."),
    "catalog_changed": _("The basic settings of the document were altered."),
    "signature_replaced": _("A signature that stood in the document was replaced or removed."),
    # the signatures
    "signature_missing": _("The document lacks the signature of the competent person."),
    "seal_missing": _("The document does not carry the seal of the organisation."),
    "extra_signature": _("The document carries more signatures than it should."),
    "wrong_order": _("The signatures were not made in the prescribed order."),
    "signature_form": _("The signature is not of the prescribed kind."),
    "byte_range": _("The signature does not cover the document from its beginning to its end."),
    "contents": _("The value of the signature is damaged or not in its place."),
    "certification": _("The signature does not forbid later changes as it must."),
    "lock": _("The seal does not lock the document as it must."),
    "time": _("The signing time is missing or cannot be read."),
    "time_future": _("The signing time lies in the future."),
    "time_order": _("The seal is older than the signature."),
    "time_differs": _("The signing time is not the one in the records."),
    "wrong_signer": _("The signature was made with another certificate than the registered one."),
    "second_opinion": _("A second, independent check objects to the signatures."),
    # the time stamps
    "stamp_early": _("The time stamp is older than the signature says that it is."),
    "stamp_late": _("The time stamp is much later than the signature says that it is."),
    # what preserves the file for the long term
    "dss_form": _("The validation data in the file are not written as they must be."),
    "dss_changed": _("Validation data that stood in the file were replaced or removed."),
    "dss_foreign": _("The file carries validation data that do not belong to its signatures."),
    "docstamp_form": _("It is not of the prescribed kind or stands in another place than it must."),
    "docstamp_order": _("It is older than what it is to protect."),
    # not enough to say
    "no_pins": _(
        "The register has no promulgated document that this file is a copy of, so nobody knows who should have signed."
    ),
    "timed_out": _("Reading the file took too long; it was not examined to the end."),
    "too_heavy": _("Reading the file needs more memory than allowed; it was not examined to the end."),
    "too_large": _("The file is larger than 20 MB and was not examined."),
}
SENTENCES |= {f"cms_{fault}": sentence for fault, sentence in BadSignature.sentences.items()}
SENTENCES |= {f"certificate_{fault}": sentence for fault, sentence in CertificateRefused.sentences.items()}
SENTENCES |= {f"stamp_{fault}": sentence for fault, sentence in STAMPS.items() if fault in OF_TOKENS}


@dataclass(frozen=True)
class Reason:
    """Why a document is not valid: a stable code, and the role of the signature it is about, or "" for the file."""

    code: str
    role: str = ""

    @property
    def sentence(self) -> str:
        """In the language of the reader; begins with the role where it is about one."""
        alone = str(SENTENCES[self.code])
        return f"{ROLES[self.role]}: {alone}" if self.role in ROLES else alone

    def __str__(self) -> str:
        return self.sentence
