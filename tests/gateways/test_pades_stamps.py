"""Time stamps in signatures: what an honest one adds to the verdict, and that other programs read it as we do."""

import datetime as dt
from hashlib import sha256

import pytest

from app.gateways.pades import verdict
from app.gateways.signing import check_document, signature_value, stamp_in, with_stamp
from app.gateways.signing.der import NotDer
from app.gateways.signing.errors import BadSignature
from tests.gateways.hostile_stamps import GOOD_T, ROOT, STAMPED, STAMPERS, TSA, carrying, imprint, stamped, twice
from tests.gateways.pades_cases import said_by, signed_ranges, statuses
from tests.gateways.signed_corpus import (
    AT,
    EXPECTED,
    GOOD,
    KEEPER,
    SEALED_AT,
    SIGNED,
    SIGNED_AT,
    TRUSTED,
    base,
    sealed,
    signed,
    trust,
)
from tests.gateways.signing_cases import as_pem, openssl_accepts
from tests.gateways.stamp_cases import demo, openssl_verifies

JUDGED = {"expected": EXPECTED, "trusted": TRUSTED, "at": AT}


def test_a_stamped_document_is_valid_and_says_by_whose_clock():
    found = verdict(GOOD_T, **JUDGED, stampers=STAMPERS)
    assert (found.state, found.reasons) == ("valid", ())
    assert [signer.stamped_at for signer in found.signers] == [SIGNED_AT, SEALED_AT]
    assert [signer.stamped_by for signer in found.signers] == ["Test TSA"] * 2
    assert all("(time stamp of Test TSA)" in line for line in found.lines()[1:3])
    assert found.as_json()["signers"][1]["stamped_at"] == SEALED_AT.isoformat()


def test_without_a_stamp_the_time_is_that_of_the_server():
    found = verdict(GOOD, **JUDGED, stampers=STAMPERS)
    assert [signer.stamped_at for signer in found.signers] == [None, None]
    assert all("(clock of the server)" in line for line in found.lines()[1:3])
    assert found.as_json()["signers"][0]["stamped_at"] is None


def test_one_that_nobody_here_knows_leaves_the_matter_open_and_proves_no_time():
    found = verdict(GOOD_T, **JUDGED, stampers=())
    assert found.state == "undetermined"
    assert {reason.code for reason in found.reasons} == {"stamp_unknown_authority"}
    assert [signer.stamped_at for signer in found.signers] == [None, None]


def test_a_stamped_signature_and_an_unstamped_one_stand_side_by_side():
    for pdf, stamps in ((sealed(STAMPED), [True, False]), (sealed(SIGNED, cms=stamped(SEALED_AT)), [False, True])):
        found = verdict(pdf, **JUDGED, stampers=STAMPERS)
        assert (found.state, [bool(signer.stamped_at) for signer in found.signers]) == ("valid", stamps)


@pytest.mark.parametrize("kind", ["p256", "rsa"])
def test_pdfsig_pyhanko_and_openssl_agree(tmp_path, kind):
    authority = demo(ROOT, SIGNED_AT, kind)
    pdf = sealed(signed(base(), cms=stamped(SIGNED_AT, authority)), cms=stamped(SEALED_AT, authority))
    assert verdict(pdf, **JUDGED, stampers=STAMPERS).state == "valid"
    (tmp_path / "stamped.pdf").write_bytes(pdf)
    assert said_by("pdfsig", tmp_path / "stamped.pdf").count("Signature is Valid.") == 2
    assert all(status.bottom_line for status in statuses(pdf, trust(ROOT.certificate)))
    for covered, padded in signed_ranges(pdf):
        cms = padded[: 4 + int.from_bytes(padded[2:4], "big")]
        assert openssl_accepts(tmp_path, cms, covered, as_pem("x509", *TRUSTED), SEALED_AT)[0]
        token = stamp_in(cms) or b""
        assert openssl_verifies(tmp_path, token, imprint(cms), ROOT.certificate, SEALED_AT)[0]


def test_the_stamp_is_the_only_thing_that_may_stand_beside_a_signature():
    made = []
    sealed(SIGNED, cms=lambda cms: made.append(cms) or cms)
    (cms,) = made
    with_one = stamped(SEALED_AT)(cms)
    digest = sha256(signed_ranges(GOOD_T)[0][0]).digest()
    assert signature_value(with_one) == signature_value(cms)
    assert (stamp_in(cms), bool(stamp_in(with_one))) == (None, True)
    with pytest.raises(NotDer):
        with_stamp(with_one, b"\x30\x00")
    for change in (carrying("1.2.3.4"), twice):
        assert stamp_in(change(cms)) is None
        with pytest.raises(BadSignature) as refused:
            check_document(change(cms), digest, KEEPER.certificate)
        assert refused.value.reason == "unsigned_attribute"


def test_a_stamp_within_ten_minutes_of_the_signature_is_in_time():
    for minutes, state in ((9, "valid"), (11, "invalid"), (-9, "valid"), (-11, "invalid")):
        pdf = sealed(SIGNED, cms=stamped(SEALED_AT + dt.timedelta(minutes=minutes)))
        assert verdict(pdf, **JUDGED, stampers=STAMPERS).state == state
    assert TSA.chain == STAMPERS
