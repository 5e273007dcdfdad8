"""Decides whether the validator of the signing library, asked last, has anything to say against the file."""

import hashlib
from io import BytesIO
from typing import Any


def objects(data: bytes) -> bool:
    """True unless it finds every signature and stamp whole, correct and within what the ones before it permit.

    Who signed, and with what right, is not asked here. Only files that our own reading accepts come this far.
    """
    from pyhanko.pdf_utils.reader import PdfFileReader  # half a second, and never needed for most hostile files
    from pyhanko.sign.validation.status import SignatureCoverageLevel

    reader = PdfFileReader(BytesIO(data), strict=True)
    signatures = reader.embedded_signatures
    for signature in signatures:
        last = signature.signed_revision == reader.xrefs.total_revisions - 1
        covered = SignatureCoverageLevel.ENTIRE_FILE if last else SignatureCoverageLevel.ENTIRE_REVISION
        stamp = signature.sig_object_type == "/DocTimeStamp"
        good = _stamp_good(signature) if stamp else _signature_good(signature, last)
        if not good or signature.coverage != covered:
            return True
    return not signatures


def _signature_good(signature: Any, last: bool) -> bool:
    from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY, DiffResult
    from pyhanko.sign.validation.generic_cms import validate_sig_integrity

    signature.compute_integrity_info(DEFAULT_DIFF_POLICY)
    intact, valid = validate_sig_integrity(
        signature.signer_info, signature.signer_cert, expected_content_type="data",
        actual_digest=signature.compute_digest(),
    )  # fmt: skip
    unchanged = last or isinstance(signature.diff_result, DiffResult)
    return bool(intact and valid and signature.summarise_integrity_info()["docmdp_ok"] and unchanged)


def _stamp_good(signature: Any) -> bool:
    """What came after a stamp is judged with the signatures before it, once and not for each stamp again."""
    from pyhanko.sign.validation.generic_cms import validate_sig_integrity

    signature.compute_integrity_info(skip_diff=True)
    content = signature.signed_data["encap_content_info"]["content"]
    intact, valid = validate_sig_integrity(
        signature.signer_info, signature.signer_cert, expected_content_type="tst_info",
        actual_digest=hashlib.new(signature.md_algorithm, bytes(content)).digest(),
    )  # fmt: skip
    imprint = content.parsed["message_imprint"]["hashed_message"].native
    return bool(intact and valid and imprint == signature.compute_digest())
