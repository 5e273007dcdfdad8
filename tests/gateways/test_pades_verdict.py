"""Our own verdict on signed documents: no hostile one is valid, and each says why."""

import datetime as dt
import re
import sys
from importlib import import_module

import pytest

from app.gateways.pades import Expected, verdict
from app.gateways.pades.indications import unnamed
from app.gateways.pades.reader import second_opinion
from app.gateways.pades.reasons import SENTENCES, UNDETERMINED, Reason
from app.gateways.timestamp.errors import OF_TOKENS
from tests.gateways import (  # noqa: F401
    hostile_changes,
    hostile_files,
    hostile_renewals,
    hostile_signers,
    hostile_stamps,
)
from tests.gateways.pades_cases import said_by, statuses
from tests.gateways.signed_corpus import (
    AT,
    EXPECTED,
    GOOD,
    OTHER,
    SEALED_AT,
    SIGNED,
    SIGNED_AT,
    SIGNER,
    TRUSTED,
    VARIANTS,
    base,
    signed,
    trust,
)

assert VARIANTS  # each of the hostile modules adds its own
FOUND = {}
JUDGED = {"expected": EXPECTED, "trusted": TRUSTED, "at": AT}


def codes(pdf, **judged):
    return [reason.code for reason in verdict(pdf, **JUDGED | judged).reasons]


def judged(variant):
    """Kept, since several tests look at all of them."""
    if variant.name not in FOUND:
        FOUND[variant.name] = verdict(variant.pdf, **JUDGED | variant.judged)
    return FOUND[variant.name]


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_no_hostile_file_is_valid_and_each_has_its_reason(variant):
    found = judged(variant)
    assert found.reasons[:1] == (Reason(variant.code, variant.role),)
    assert found.state == ("undetermined" if variant.code in UNDETERMINED else "invalid")


def test_a_signature_that_does_not_hold_is_invalid_whoever_should_have_signed():
    place = GOOD.index(b"/MediaBox") + 12  # both signatures cover it
    changed = GOOD[:place] + bytes([GOOD[place] ^ 1]) + GOOD[place + 1 :]
    assert {signer.state for signer in verdict(changed, **JUDGED | {"expected": ()}).signers} == {"invalid"}
    assert {signer.state for signer in verdict(GOOD, **JUDGED | {"expected": ()}).signers} == {"undetermined"}


def test_the_corpus_is_large_and_tries_every_reason():
    assert len({variant.name for variant in VARIANTS}) == len(VARIANTS) >= 150
    elsewhere = {"timed_out", "too_heavy", "too_large", "second_opinion", "unreadable"}
    made_elsewhere = {code for code in SENTENCES if code.startswith(("cms_", "certificate_"))}
    made_elsewhere |= {f"stamp_{fault}" for fault in OF_TOKENS}  # tests/gateways/test_timestamp.py
    seen = {code for variant in VARIANTS for code in [reason.code for reason in judged(variant).reasons]}
    assert set(SENTENCES) - seen - elsewhere - made_elsewhere == set()
    assert seen <= set(SENTENCES)


def test_every_reason_stands_in_the_table_of_rules():
    table = (import_module("app.gateways.pades.verdict").__doc__ or "").splitlines()
    listed = set(re.findall(r"[a-z_]+", " ".join(row.split("|")[3] for row in table if row.startswith("| P"))))
    assert {code for code in SENTENCES if not code.startswith(("cms_", "certificate_", "stamp_"))} <= listed
    assert [row[2:5] for row in table if row.startswith("| P")] == [f"P{number:02}" for number in range(1, 25)]


# -- what is shown


def test_the_signers_are_told_with_post_and_time():
    signature, seal = verdict(GOOD, **JUDGED).signers
    assert (signature.role, signature.name, signature.title) == ("signature", "Nguyễn Văn An", "Bộ trưởng")
    assert (signature.time, seal.time) == (SIGNED_AT, SEALED_AT)
    assert (signature.coverage, seal.coverage) == ("revision", "whole")
    assert seal.organisation == "Bộ Xây dựng"


def test_a_document_that_is_only_signed_is_valid_where_only_that_is_due():
    assert verdict(SIGNED, **JUDGED | {"expected": EXPECTED[:1]}).state == "valid"
    assert codes(SIGNED) == ["seal_missing"]


def test_a_wrong_signer_is_named_as_who_he_is():
    found = verdict(signed(base(), OTHER), **JUDGED)
    assert [signer.name for signer in found.signers] == ["Trần Thị Bình"]
    assert [signer.state for signer in found.signers] == ["invalid"]


def test_a_certificate_revoked_after_signing_still_counts():
    later = {f"{serial:X}": SEALED_AT + dt.timedelta(seconds=1) for serial in hostile_signers.SERIALS}
    assert verdict(GOOD, **JUDGED, revoked=later).state == "valid"
    assert verdict(GOOD, **JUDGED, revoked=tuple(later.items())).state == "valid"


def test_a_time_of_the_records_counts_to_the_second():
    recorded = (Expected("signature", SIGNER.certificate, SIGNED_AT + dt.timedelta(microseconds=5)), EXPECTED[1])
    assert verdict(GOOD, **JUDGED | {"expected": recorded}).state == "valid"


def test_a_reason_says_which_signature_it_is_about():
    assert str(Reason("wrong_signer", "seal")).startswith("Seal of the organisation: The signature was made")
    assert str(Reason("no_pdf")) == "The file is not a PDF."


def test_the_verdict_for_machines_is_plain():
    told = verdict(SIGNED, **JUDGED).as_json()
    assert told["state"] == "invalid"
    assert [reason["code"] for reason in told["reasons"]] == ["seal_missing"]
    assert told["signers"][0]["time"] == "2026-11-21T09:00:00+07:00"
    assert (told["indication"], told["reasons"][0]["sub_indication"]) == ("TOTAL-FAILED", "SIG_CONSTRAINTS_FAILURE")


def test_every_reason_has_its_name_in_the_standard():
    assert unnamed() == set()


# -- nothing slips through


@pytest.mark.parametrize("start", range(20))
def test_no_single_bit_can_be_turned(start):
    for place in range(start * 37, len(GOOD), 7919):
        turned = bytearray(GOOD)
        turned[place] ^= 1 << place % 8
        assert verdict(bytes(turned), **JUDGED, ask_second=False).state == "invalid", place


@pytest.mark.parametrize("percent", range(0, 100, 7))
def test_no_part_of_a_document_is_valid(percent):
    assert verdict(GOOD[: len(GOOD) * percent // 100], **JUDGED).state == "invalid"


def test_the_second_opinion_counts(monkeypatch):
    monkeypatch.setattr(second_opinion, "objects", lambda data: True)
    assert codes(GOOD) == ["second_opinion"]
    assert codes(GOOD, ask_second=False) == []

    def trip(data):
        raise RecursionError

    monkeypatch.setattr(second_opinion, "objects", trip)
    assert codes(GOOD) == ["second_opinion"]


def test_whatever_goes_wrong_makes_a_document_invalid(monkeypatch):
    def trip(*_anything):
        raise ZeroDivisionError

    for place in ("reader.reading.read_revisions", "verdict._judge_one"):
        module, name = place.rsplit(".", 1)
        with monkeypatch.context() as patched:
            patched.setattr(sys.modules[f"app.gateways.pades.{module}"], name, trip)
            assert codes(GOOD) == ["unreadable"]
    assert codes(GOOD, expected=(None,)) == ["unreadable"]


# -- weaker checks accept some of them: this is why the verdict is our own


def pdfsig_accepts(file) -> bool:
    told = re.findall(r"Signature Validation: (.*)", said_by("pdfsig", file))
    return len(told) >= 2 and set(told) == {"Signature is Valid."}


def test_another_program_finds_honest_documents_valid(tmp_path):
    (tmp_path / "good.pdf").write_bytes(GOOD)
    assert pdfsig_accepts(tmp_path / "good.pdf")


def test_another_program_accepts_what_we_refuse(tmp_path):
    """Of 161 files that are bad in themselves it calls both signatures of 114 valid."""
    accepted = set()
    for number, variant in enumerate(VARIANTS):
        (file := tmp_path / f"{number}.pdf").write_bytes(variant.pdf)
        if not variant.judged and pdfsig_accepts(file):
            accepted.add(variant.name)
    assert accepted >= {
        "another number after the seal",
        "a box over the text",
        "a page drawn anew",
        "a page added before the seal",
        "signed by somebody else with a valid certificate",
        "an object after the end without a table",
    }
    assert len(accepted) >= 100


def test_the_library_alone_accepts_what_we_refuse():
    """With its own trust and its own bottom line, as it would be used without rules of ours: 66 of 161."""
    accepted = set()
    for variant in VARIANTS:
        if variant.name in MILD and all(status.bottom_line for status in statuses(variant.pdf, trust())):
            accepted.add(variant.name)
    assert accepted == MILD


MILD = {
    "signed by somebody else with a valid certificate",
    "sealed with a person's key",
    "the seal is cut off",
    "a number shown differently by the seal",
    "a number filled in before the seal",
    "an object that no table names",
    "prepared with a page that nothing uses",
    "an object after the end without a table",
    "zeros after the end",
}
