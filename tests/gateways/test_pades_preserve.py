"""Documents preserved for the long term: valid at their level, read alike by other programs, renewable for decades."""

import asyncio
import datetime as dt
import json
import re
from hashlib import sha256
from io import BytesIO

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import DocumentSecurityStore, validate_pdf_timestamp
from pyhanko_certvalidator import ValidationContext
from pypdf import PdfReader

from app.gateways import pades
from app.gateways.pades import PadesRefused, ValidationData, add_validation_data, complete, reserve_stamp
from app.gateways.pades.reader import second_opinion
from app.gateways.pades.reader.reading import read
from app.gateways.pades.reader.worker import answer as read_apart
from app.gateways.pades.reader.worker import understood
from tests.gateways.hostile_stamps import GOOD_T, ROOT, TSA
from tests.gateways.pades_cases import said_by
from tests.gateways.preserve_cases import (
    ANSWERS,
    CERTIFICATES,
    DATA,
    JUDGED,
    LISTS,
    LT,
    LTA,
    RENEWED,
    RENEWED_AT,
    STAMPED_AT,
    YEAR,
    answer,
    found,
    list_of,
    stamped_document,
    tokens_of,
)
from tests.gateways.signed_corpus import GOOD, KEEPER, SEALED_AT, SIGNED, SIGNER, TRUSTED, swap
from tests.gateways.stamp_cases import DAY, Root, certify, new_key, openssl_verifies

TIME_STAMPING = ExtendedKeyUsageOID.TIME_STAMPING
LEVELS = {
    "B-B": GOOD,
    "B-T": GOOD_T,
    "B-LT": LT,
    "B-LTA": LTA,
}


@pytest.mark.parametrize("level", LEVELS)
def test_each_level_is_valid_and_named(level):
    verdict = found(LEVELS[level])
    assert (verdict.state, verdict.reasons, verdict.level) == ("valid", (), level)
    assert [signer.role for signer in verdict.signers] == ["signature", "seal"]
    assert any(level in line for line in verdict.lines())
    assert verdict.as_json()["level"] == level


def test_a_document_time_stamp_is_told_with_time_authority_and_end():
    verdict = found(RENEWED)
    assert [(stamp.number, stamp.time, stamp.authority) for stamp in verdict.stamps] == [
        (1, STAMPED_AT, "Test TSA"), (2, RENEWED_AT, "Test TSA"),
    ]  # fmt: skip
    assert verdict.stamps[0].until == (SEALED_AT - dt.timedelta(minutes=1) + 90 * DAY).replace(microsecond=0)
    assert [stamp["number"] for stamp in verdict.as_json()["stamps"]] == [1, 2]
    assert sum("Document time stamp" in line and "Test TSA" in line for line in verdict.lines()) == 2


def test_a_renewal_keeps_the_level_and_every_byte_before_it():
    assert RENEWED.startswith(LTA)
    assert LTA.startswith(GOOD_T)
    assert (found(RENEWED).state, found(RENEWED).level) == ("valid", "B-LTA")


def test_a_late_document_is_proved_by_the_document_time_stamp_and_says_so():
    """The authority was silent when it was signed: no stamp stands in the signatures."""
    verdict = found(stamped_document(GOOD))
    assert (verdict.state, verdict.level) == ("valid", "B-LTA")
    assert [signer.stamped_at for signer in verdict.signers] == [None, None]
    assert all("(clock of the server)" in line for line in verdict.lines()[1:3])
    assert any(line.startswith("No stamp of their own") for line in verdict.lines())
    assert not any(line.startswith("No stamp of their own") for line in found(LTA).lines())


@pytest.mark.parametrize(
    ("data", "level"),
    [
        (DATA._replace(ocsps=ANSWERS[:1]), "B-T"),  # nothing about the seal
        (DATA._replace(crls=()), "B-T"),  # nothing about the authority of the stamps
        (DATA._replace(certificates=()), "B-LTA"),  # those of signatures and stamps stand in them
    ],
)
def test_a_level_is_not_claimed_without_what_it_needs(data, level):
    verdict = found(stamped_document(GOOD_T, data))
    assert (verdict.state, verdict.level) == ("valid", level)


def test_answers_from_before_the_signature_prove_nothing():
    early = tuple(answer(who.certificate, SEALED_AT - dt.timedelta(hours=1)) for who in (SIGNER, KEEPER))
    assert found(stamped_document(GOOD_T, DATA._replace(ocsps=early))).level == "B-T"


def test_who_stamped_after_a_revocation_that_the_records_know_is_not_believed():
    number = f"{x509.load_der_x509_certificate(TSA.certificate).serial_number:X}"
    for serial, since, state in (
        (number, STAMPED_AT, "invalid"), (number, RENEWED_AT + DAY, "valid"), ("1f", STAMPED_AT, "valid"),
    ):  # fmt: skip
        assert found(RENEWED, stampers_revoked={serial: since}).state == state
    told = found(RENEWED, stampers_revoked={number: STAMPED_AT + DAY})
    assert [(reason.code, reason.role) for reason in told.reasons] == [("stamp_revoked", "stamp")]
    assert [stamp.number for stamp in told.stamps] == [1]


def test_a_renewal_without_an_answer_about_the_former_stamp_is_no_more_than_lt():
    assert found(stamped_document(LTA, ValidationData(), RENEWED_AT)).level == "B-T"


def test_the_same_data_are_not_added_twice():
    again = reserve_stamp(LTA, DATA).pdf[len(LTA) :]
    assert b"/DSS" not in again
    assert len(add_validation_data(LT, DATA)) < len(LT) + 400


def test_only_a_sealed_document_of_ours_can_be_preserved():
    for pdf, code in ((SIGNED, "not_sealed_yet"), (b"%PDF-1.4\n", "odd_pdf")):
        for preserve in (add_validation_data, reserve_stamp):
            with pytest.raises(PadesRefused) as refused:
                preserve(pdf, DATA)
            assert refused.value.code == code


def test_a_token_of_another_document_is_not_put_in():
    with pytest.raises(PadesRefused) as refused:
        complete(reserve_stamp(GOOD_T, DATA), tokens_of(LTA)[0][1][::-1])
    assert refused.value.code == "foreign_cms"


def test_the_pages_stay_what_they_were():
    def pages(pdf):
        found = PdfReader(BytesIO(pdf)).pages
        return [(page.get_contents().get_data(), len(page.get("/Annots", ()))) for page in found]

    assert pages(RENEWED) == pages(GOOD_T)


def test_the_confined_reader_says_the_same():
    told = json.loads(json.dumps(read_apart(RENEWED, {})))
    assert understood(told) == read(RENEWED)
    verdict = pades.examine(RENEWED, JUDGED["expected"], TRUSTED, RENEWED_AT + DAY)
    assert verdict.state == "undetermined"  # the application knows no authority of stamps in this test
    assert {reason.code for reason in verdict.reasons} == {"stamp_unknown_authority"}


# -- the second opinion


def test_the_second_opinion_looks_at_document_stamps(monkeypatch):
    assert not second_opinion.objects(RENEWED)
    assert second_opinion.objects(swap(b"/Rect [0 0 0 0] ", b"/Rect [0 0  0 0]", True)(RENEWED))
    monkeypatch.setattr(second_opinion, "_stamp_good", lambda _signature: False)
    assert second_opinion.objects(RENEWED)


# -- what other programs say


@pytest.mark.parametrize("pdf", [LT, LTA, RENEWED], ids=["B-LT", "B-LTA", "renewed"])
def test_pdfsig_finds_the_signatures_valid(tmp_path, pdf):
    (tmp_path / "long.pdf").write_bytes(pdf)
    told = said_by("pdfsig", tmp_path / "long.pdf")
    assert told.count("Signature is Valid.") >= 2
    assert "Signature is Invalid." not in told
    assert "Digest Mismatch" not in told


def test_openssl_verifies_each_document_time_stamp(tmp_path):
    for (covered, token), at in zip(tokens_of(RENEWED), (STAMPED_AT, RENEWED_AT), strict=True):
        good, said = openssl_verifies(tmp_path, token, sha256(covered).digest(), ROOT.certificate, at)
        assert good, said
        bad, _said = openssl_verifies(tmp_path, token, sha256(covered[1:]).digest(), ROOT.certificate, at)
        assert not bad


def test_pyhanko_reads_the_store_and_accepts_signatures_and_stamps():
    reader = PdfFileReader(BytesIO(RENEWED), strict=True)
    store = DocumentSecurityStore.read_dss(reader)
    assert len(store.certs) == len(CERTIFICATES)
    assert len(store.ocsps) == 2
    assert len(store.crls) == 3
    assert len(reader.embedded_timestamp_signatures) == 2
    roots = [asn1_x509.Certificate.load(each) for each in (ROOT.certificate, TRUSTED[1])]
    for signature, at in zip(reader.embedded_timestamp_signatures, (STAMPED_AT, RENEWED_AT), strict=True):
        context = ValidationContext(trust_roots=roots, moment=at, allow_fetching=False)
        status = validate_pdf_timestamp(signature, context)
        assert (status.intact, status.valid, status.trusted) == (True, True, True)


def lta_status(pdf, roots, at):
    """What pyHanko's validation of ETSI EN 319 102-1 §5.6.3 says of the person's signature and the seal."""
    from pyhanko.sign.validation.ades import ades_lta_validation
    from pyhanko.sign.validation.policy_decl import PdfSignatureValidationSpec, SignatureValidationSpec
    from pyhanko_certvalidator.context import CertValidationPolicySpec
    from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
    from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
    from pyhanko_certvalidator.registry import SimpleTrustManager

    manager = SimpleTrustManager.build([asn1_x509.Certificate.load(each) for each in roots])
    policy = CertValidationPolicySpec(manager, CertRevTrustPolicy(REQUIRE_REVINFO))
    spec = PdfSignatureValidationSpec(SignatureValidationSpec(policy))
    timing = ValidationTimingInfo(at, at, point_in_time_validation=True)
    reader = PdfFileReader(BytesIO(pdf), strict=True)

    async def judged():
        return [await ades_lta_validation(each, spec, timing) for each in reader.embedded_regular_signatures]

    return asyncio.run(judged())


def test_pyhanko_validates_the_long_term_form_out_of_itself():
    """Every answer about a certificate must be in the file; it is asked a day later, with only the roots known."""
    for data, said in ((LISTS, "PASSED"), (LISTS._replace(crls=LISTS.crls[1:]), "INDETERMINATE")):
        results = lta_status(stamped_document(GOOD_T, data), (ROOT.certificate, TRUSTED[1]), STAMPED_AT + DAY)
        assert [result.ades_subindic.status.name for result in results] == [said] * 2


# -- decades


def test_a_document_renewed_for_25_years_stays_valid_and_readable(tmp_path):
    """Each year another authority of stamps, since none lasts so long; the last renewal lies far after all others."""
    begin = SEALED_AT - dt.timedelta(minutes=1)
    key = new_key("p256")
    root = Root(key, certify("Lasting CA", key, key, "Lasting CA", (begin - DAY, begin + 40 * YEAR), authority=True))
    stampers = (ROOT.certificate, root.certificate)
    pdf, at, former = LTA, STAMPED_AT, None
    for year in range(1, 26):
        at = STAMPED_AT + year * YEAR
        own = new_key("p256")
        certificate = certify(
            f"TSA {year}", own, key, "Lasting CA", (at - DAY, at + 2 * YEAR), usages=[TIME_STAMPING], critical=True
        )
        authority = type(TSA)(own, certificate, (root.certificate,))
        told = list_of(ROOT if former is None else root, at - dt.timedelta(hours=1))
        pdf = stamped_document(pdf, ValidationData(crls=(told,)), at, authority)
        former = authority
    verdict = pades.verdict(pdf, **{**JUDGED, "at": at + DAY, "stampers": stampers})
    assert (verdict.state, verdict.reasons, verdict.level) == ("valid", (), "B-LTA")
    assert [stamp.number for stamp in verdict.stamps] == list(range(1, 27))
    assert [stamp.authority for stamp in verdict.stamps[1:]] == [f"TSA {year}" for year in range(1, 26)]
    assert len(pdf) < 4 << 20
    (tmp_path / "old.pdf").write_bytes(pdf)
    assert said_by("pdfsig", tmp_path / "old.pdf").count("Signature is Valid.") >= 2
    for (covered, token), stamp in zip(tokens_of(pdf), verdict.stamps, strict=True):
        issuer = ROOT.certificate if stamp.number == 1 else root.certificate
        assert openssl_verifies(tmp_path, token, sha256(covered).digest(), issuer, stamp.time)[0]
    assert re.search(rb"/Size \d+", pdf)
