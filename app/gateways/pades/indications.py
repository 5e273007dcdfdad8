"""Decides what our states and reasons are called in ETSI EN 319 102-1 (clause 5.1.3, tables 5 and 6).

The standard's word names the nearest case for people and programs that know it; the state itself is decided by our own
table of rules, which is stricter: where the standard says INDETERMINATE for a signature that breaks a constraint of the
policy, a document that breaks a rule of ours is not valid.
"""

from app.gateways.pades.reasons import SENTENCES

INDICATIONS = {"valid": "TOTAL-PASSED", "invalid": "TOTAL-FAILED", "undetermined": "INDETERMINATE"}
NOT_NAMED = "CUSTOM"  # cases of our own
_CODES = {
    "FORMAT_FAILURE": """
        no_pdf leading_bytes trailing_bytes truncated encrypted broken_table broken_syntax packed_structure
        foreign_structure beyond_limits hidden_bytes hidden_object repeated_object object_removed unused_object
        active_content attachment hidden_layers annotation unreadable changed_before_signature changed_after_signature
        changed_after_seal pages_changed content_changed font_changed form_changed field_changed field_too_early
        field_refilled number_missing field_value appearance picture metadata_changed catalog_changed signature_replaced
        byte_range contents cms_not_der cms_trailing_data cms_malformed cms_embedded_content cms_no_signer
        cms_several_signers stamp_malformed stamp_too_large dss_form dss_changed docstamp_form""",
    "HASH_FAILURE": "cms_digest_mismatch stamp_wrong_imprint",
    "SIG_CRYPTO_FAILURE": "cms_signature_mismatch stamp_wrong_key",
    "SIG_CONSTRAINTS_FAILURE": """
        signature_missing seal_missing extra_signature wrong_order signature_form certification lock time time_future
        time_order time_differs wrong_signer cms_wrong_content cms_missing_attribute cms_duplicate_attribute
        cms_unsigned_attribute certificate_someone_elses stamp_late dss_foreign""",
    "CHAIN_CONSTRAINTS_FAILURE": "certificate_wrong_usage certificate_wrong_purpose stamp_wrong_usage",
    "CRYPTO_CONSTRAINTS_FAILURE": """
        cms_weak_algorithm cms_unsupported_algorithm certificate_weak_algorithm certificate_weak_key
        stamp_weak_algorithm""",
    "CERTIFICATE_CHAIN_GENERAL_FAILURE": "certificate_malformed",
    "NO_SIGNING_CERTIFICATE_FOUND": "cms_wrong_certificate stamp_wrong_certificate",
    "NO_CERTIFICATE_CHAIN_FOUND": "certificate_unknown_issuer stamp_unknown_authority",
    "EXPIRED": "certificate_expired",
    "NOT_YET_VALID": "certificate_not_yet_valid",
    "OUT_OF_BOUNDS_NO_POE": "stamp_expired",
    "REVOKED": "certificate_revoked",
    "REVOKED_NO_POE": "stamp_revoked",
    "TIMESTAMP_ORDER_FAILURE": "stamp_early docstamp_order",
    "TRY_LATER": "certificate_revocation_unknown",
    "SIGNATURE_POLICY_NOT_AVAILABLE": "no_pins",
    NOT_NAMED: "unsigned second_opinion timed_out too_heavy too_large",
}
_NAMES = {code: name for name, codes in _CODES.items() for code in codes.split()}


def sub_indication(code: str) -> str:
    """The standard's word for a reason, or "CUSTOM" where it has none."""
    return _NAMES.get(code, NOT_NAMED)


def unnamed() -> set[str]:
    """Reasons of which nobody has said what the standard calls them, and names of reasons that are gone."""
    return SENTENCES.keys() ^ _NAMES.keys()
