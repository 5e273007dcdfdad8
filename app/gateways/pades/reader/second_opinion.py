"""Decides whether the validator of the signing library, asked last, has anything to say against the file."""

from io import BytesIO


def objects(data: bytes) -> bool:
    """True unless it finds every signature whole, correct and within what the ones before it permit.

    Who signed, and with what right, is not asked here. Only files that our own reading accepts come this far.
    """
    from pyhanko.pdf_utils.reader import PdfFileReader  # half a second, and never needed for most hostile files
    from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY, DiffResult
    from pyhanko.sign.validation.generic_cms import validate_sig_integrity
    from pyhanko.sign.validation.status import SignatureCoverageLevel

    signatures = PdfFileReader(BytesIO(data), strict=True).embedded_signatures
    for signature in signatures:
        signature.compute_integrity_info(DEFAULT_DIFF_POLICY)
        told = signature.summarise_integrity_info()
        intact, valid = validate_sig_integrity(
            signature.signer_info, signature.signer_cert, expected_content_type="data",
            actual_digest=signature.compute_digest(),
        )  # fmt: skip
        last = signature is signatures[-1]
        covered = SignatureCoverageLevel.ENTIRE_FILE if last else SignatureCoverageLevel.ENTIRE_REVISION
        changed = not last and not isinstance(signature.diff_result, DiffResult)
        if not (intact and valid and told["docmdp_ok"] and told["coverage"] == covered) or changed:
            return True
    return not signatures
