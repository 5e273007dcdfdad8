"""A hundred documents as they should be: ours calls each of them valid, and so do `pdfsig`, OpenSSL and pyHanko."""

import os
import re
from hashlib import sha256

import pytest

from app.gateways.signing import signature_value, stamp_in
from app.gateways.signing.certificates import certificate_facts
from tests.gateways import honest_corpus
from tests.gateways.pades_cases import said_by, signed_ranges
from tests.gateways.signing_cases import as_pem, openssl_accepts
from tests.gateways.stamp_cases import openssl_verifies

FULL = bool(os.environ.get("ECABINET_TEST_FULL"))
NUMBERS = range(honest_corpus.COUNT) if FULL else honest_corpus.SAMPLE


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    with honest_corpus.keys(tmp_path_factory.mktemp("keys")) as keys:
        yield keys


@pytest.fixture(scope="module")
def trusted():
    return as_pem("x509", *honest_corpus.TRUSTED)


@pytest.mark.parametrize("at", NUMBERS)
def test_every_honest_document_is_valid_for_us_and_for_others(at, held, trusted, tmp_path):
    honest = honest_corpus.make(at, held)
    found = honest.verdict()
    assert (found.state, found.reasons, found.level) == ("valid", (), honest.level)
    assert [signer.state for signer in found.signers] == ["valid", "valid"]
    assert tuple(signer.stamped_at is not None for signer in found.signers) == honest.stamped

    (tmp_path / "honest.pdf").write_bytes(honest.pdf)
    told = said_by("pdfsig", tmp_path / "honest.pdf", "-nocert")
    ranges = [(covered, value[: 4 + int.from_bytes(value[2:4], "big")]) for covered, value in signed_ranges(honest.pdf)]
    assert len(ranges) == 2 + (honest.level == "B-LTA")
    unasked = ["Signature has not yet been verified."] * (len(ranges) - 2)  # pdfsig judges no document time stamps
    assert re.findall(r"Signature Validation: (.*)", told) == ["Signature is Valid."] * 2 + unasked
    assert told.count("Total document signed") == (honest.level != "B-LT")
    stamps = [(value, sha256(covered).digest(), found.stamps[0].time) for covered, value in ranges[2:]]
    for (covered, cms), signer in zip(ranges, found.signers, strict=False):
        accepted, said = openssl_accepts(tmp_path, cms, covered, trusted, signer.time)
        assert accepted, said
        if signer.stamped_at is not None:
            stamps.append((stamp_in(cms) or b"", sha256(signature_value(cms)).digest(), signer.stamped_at))
    for token, imprint, time in stamps:
        assert openssl_verifies(tmp_path, token, imprint, honest_corpus.STAMPS.certificate, time)[0]


def test_the_hundred_differ_in_all_that_may_differ(held):
    made = [honest_corpus.make(at, held) for at in (range(honest_corpus.COUNT) if FULL else NUMBERS)]
    assert len({sha256(honest.pdf).hexdigest() for honest in made}) == len(made)
    assert {honest.stamped for honest in made} == {(True, True), (True, False), (False, True), (False, False)}
    assert any(honest.revoked for honest in made)
    assert {honest.level for honest in made} == {"B-B", "B-T", "B-LT", "B-LTA"}
    pages = {honest.pdf.count(b"/Type /Page\n") or honest.pdf.count(b"/Type /Page ") for honest in made}
    assert (min(pages), max(pages) > 40) == (1, True)
    assert {place for _name, _kind, place in held._made} == set(honest_corpus.PLACES)
    assert {kind for _name, kind, _place in held._made} == {"ec", "rsa"}
    names = {certificate_facts(person.certificate).name for person in held._made.values()}
    assert max(map(len, names)) > 40
