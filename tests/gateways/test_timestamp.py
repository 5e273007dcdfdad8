"""Time stamps: what openssl makes is believed here, what we make openssl believes, and whatever is wrong has a name."""

import datetime as dt
import hashlib
import subprocess
import threading
from dataclasses import replace

import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import core, tsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from app.gateways import posting
from app.gateways.handover import Unreachable
from app.gateways.timestamp import SENTENCES, Asked, OverHttp, StampFault, StampRefused, check_token, time_of
from app.gateways.timestamp.authority import DEMO_POLICY
from app.gateways.timestamp.forms import Query, read_query, read_reply, write_query, write_reply
from tests.gateways.stamp_cases import (
    DAY,
    POLICY,
    OpensslTsa,
    Root,
    Told,
    certify,
    demo,
    new_key,
    openssl_verifies,
    served,
)

NOW = dt.datetime.now(dt.UTC)  # the clock of openssl's authority cannot be set
ROOT = Root.make(NOW)
ALIEN = Root.make(NOW)
DIGEST = hashlib.sha256(b"a signature value").digest()
OTHER = hashlib.sha256(b"another signature value").digest()


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def of(authority, trusted=(ROOT.certificate,), **about) -> Asked:
    return Asked(authority.answer, trusted, **about)


def refusal(act) -> StampFault:
    with pytest.raises(StampRefused) as refused:
        act()
    assert str(refused.value)
    return refused.value.reason


@pytest.mark.parametrize(("kind", "named_by"), [("p256", "sha256"), ("rsa", "sha256"), ("rsa", "sha1")])
def test_the_stamp_of_a_real_openssl_authority_over_http_is_believed(tmp_path, kind, named_by):
    told = Told(OpensslTsa(tmp_path, ROOT, NOW, kind, named_by))
    with served(told) as url:
        asked = Asked(OverHttp(url), (ROOT.certificate,), POLICY)
        token, stamp = asked.stamp(DIGEST, now())
        _again, second = asked.stamp(DIGEST, now())
    assert told.asked == ["POST /tsa application/timestamp-query"] * 2
    assert abs(stamp.time - now()) < dt.timedelta(minutes=1)
    assert stamp.accuracy == dt.timedelta(seconds=1)
    assert (stamp.policy, stamp.authority) == (POLICY, "Test TSA")
    assert stamp.serial != second.serial
    assert time_of(token) == stamp.time
    assert openssl_verifies(tmp_path, token, DIGEST, ROOT.certificate, now())[0]


@pytest.mark.parametrize("kind", ["p256", "rsa"])
def test_openssl_believes_our_own_stamps_and_reads_what_we_ask(tmp_path, kind):
    authority = demo(ROOT, NOW, kind)
    token, stamp = of(authority).stamp(DIGEST, NOW)
    assert openssl_verifies(tmp_path, token, DIGEST, ROOT.certificate, NOW)[0]
    assert not openssl_verifies(tmp_path, token, OTHER, ROOT.certificate, NOW)[0]
    assert not openssl_verifies(tmp_path, token, DIGEST, ALIEN.certificate, NOW)[0]
    parsed = tsp.TimeStampResp.load(authority.answer(write_query(Query(DIGEST, 5, "", True)), NOW))
    said = parsed["time_stamp_token"]["content"]["encap_content_info"]["content"].parsed
    assert said["nonce"].native == 5
    assert said["gen_time"].native == stamp.time.replace(microsecond=NOW.microsecond // 1000 * 1000)
    (tmp_path / "query.tsq").write_bytes(write_query(Query(DIGEST, (1 << 63) + 7, POLICY, True)))
    command = ["openssl", "ts", "-query", "-in", "query.tsq", "-text"]
    read = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert f"Policy OID: {POLICY}" in read
    assert "Nonce: 0x8000000000000007" in read
    assert "Certificate required: yes" in read


def test_serial_numbers_are_never_given_twice():
    authority = demo(ROOT, NOW)
    assert len({of(authority).stamp(DIGEST, NOW)[1].serial for _ in range(50)}) == 50


@pytest.mark.parametrize(
    "query",
    [
        b"", b"\x30\x00", b"\x30\x03\x02\x01\x01", write_query(Query(DIGEST, 1, "", True)) + b"\0",
        write_query(Query(DIGEST, 1, "1.2.3.4", True)),
        tsp.TimeStampReq({
            "version": "v1",
            "message_imprint": {"hash_algorithm": {"algorithm": "sha1"}, "hashed_message": bytes(20)},
        }).dump(),
    ],
)  # fmt: skip
def test_the_demo_authority_refuses_what_is_no_request_of_its_kind(query):
    status, token = read_reply(demo(ROOT, NOW).answer(query, NOW))
    assert (status, token) == (2, b"")


def test_a_request_is_read_as_it_was_written():
    for query in (Query(DIGEST, None, "", False), Query(DIGEST, 0, DEMO_POLICY, True), Query(OTHER, 1 << 63, "", True)):
        assert read_query(write_query(query)) == query


# -- the line


def test_an_authority_that_is_down_slow_or_leads_elsewhere_gives_no_stamp():
    authority = demo(ROOT, NOW)
    good = Told(lambda query: authority.answer(query, now()))
    with served(good) as url:
        assert Asked(OverHttp(url), (ROOT.certificate,)).stamp(DIGEST, now())[0]
    assert refusal(lambda: Asked(OverHttp(url), (ROOT.certificate,)).stamp(DIGEST, now())) is StampFault.DOWN

    def fault(told: Told, answer: float = 60.0) -> StampFault:
        with served(told) as url:
            return refusal(lambda: Asked(OverHttp(url, answer=answer), (ROOT.certificate,)).stamp(DIGEST, now()))

    assert fault(replace(good, hold=threading.Event()), answer=0.3) is StampFault.SLOW
    assert fault(replace(good, status=500)) is StampFault.HTTP
    assert fault(replace(good, status=404)) is StampFault.HTTP
    assert fault(replace(good, kind="text/html")) is StampFault.NO_REPLY
    assert fault(Told(lambda _query: b"<html>ok</html>")) is StampFault.NO_REPLY
    assert fault(Told(lambda _query: b"")) is StampFault.NO_REPLY
    assert fault(Told(lambda _query: bytes(posting.LARGEST + 1))) is StampFault.TOO_LARGE
    assert fault(Told(lambda _query: write_reply(2))) is StampFault.REJECTED
    assert fault(Told(lambda _query: write_reply(0))) is StampFault.NO_REPLY


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused_and_nobody_asks_there(status):
    authority = demo(ROOT, NOW)
    elsewhere = Told(lambda query: authority.answer(query, now()))
    with served(elsewhere) as there:
        leading = Told(lambda _query: b"", status=status, headers={"Location": there})
        with served(leading) as url:
            asked = Asked(OverHttp(url), (ROOT.certificate,))
            assert refusal(lambda: asked.stamp(DIGEST, now())) is StampFault.REDIRECTED
    assert (len(leading.asked), elsewhere.asked) == (1, [])


@pytest.mark.parametrize(
    "url", ["", "tsa.example", "ftp://tsa.example/", "file:///etc/passwd", "http://u:p@tsa.example/", "http:///x",
            "gopher://tsa.example/", "http://tsa.example/#x"]
)  # fmt: skip
def test_an_address_that_is_none_is_refused_when_it_is_set(url):
    with pytest.raises(ValueError, match=r"time-stamping authority is given as|port"):
        OverHttp(url)


def test_a_slow_line_is_slow_and_a_dead_one_down():
    client = OverHttp("http://127.0.0.1:1/", answer=5)
    assert client._fault(_because(TimeoutError()), 0.1) is StampFault.SLOW
    assert client._fault(_because(ConnectionResetError()), 5.1) is StampFault.SLOW
    assert client._fault(_because(ConnectionRefusedError()), 0.1) is StampFault.DOWN


def _because(cause: Exception) -> Unreachable:
    failed = Unreachable("x")
    failed.__cause__ = cause
    return failed


# -- authorities that lie


def lying(told, honest=None):
    """An authority that answers what `told` makes of the request."""
    honest = honest or demo(ROOT, NOW)
    return Asked(lambda query, at: told(honest, read_query(query), at), (ROOT.certificate,))


def answered(authority, asked: Query, at=NOW, **otherwise) -> bytes:
    return authority.answer(write_query(asked._replace(**otherwise)), at)


LIES = {
    "other data": (lambda tsa, asked, at: answered(tsa, asked, at, digest=OTHER), StampFault.WRONG_IMPRINT),
    "another request's nonce": (
        lambda tsa, asked, at: answered(tsa, asked, at, nonce=asked.nonce ^ 1), StampFault.WRONG_NONCE),
    "no nonce": (lambda tsa, asked, at: answered(tsa, asked, at, nonce=None), StampFault.WRONG_NONCE),
    "no certificate": (
        lambda tsa, asked, at: answered(tsa, asked, at, with_certificate=False), StampFault.MALFORMED),
    "an hour early": (lambda tsa, asked, at: answered(tsa, asked, at - dt.timedelta(hours=1)), StampFault.CLOCK),
    "an hour late": (lambda tsa, asked, at: answered(tsa, asked, at + dt.timedelta(hours=1)), StampFault.CLOCK),
    "another key": (
        lambda tsa, asked, at: answered(replace(tsa, key=new_key("p256")), asked, at), StampFault.WRONG_KEY),
    "another kind of key": (
        lambda tsa, asked, at: answered(replace(tsa, key=new_key("rsa")), asked, at), StampFault.WEAK_ALGORITHM),
    "a foreign authority": (
        lambda _tsa, asked, at: answered(demo(ALIEN, NOW), asked, at), StampFault.UNKNOWN_AUTHORITY),
    "a foreign authority inside": (
        lambda tsa, asked, at: answered(replace(tsa, chain=(ALIEN.certificate,)), asked, at), StampFault.MALFORMED),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_a_lying_authority_is_caught_and_the_reason_has_a_name(lie):
    told, fault = LIES[lie]
    assert refusal(lambda: lying(told).stamp(DIGEST, NOW)) is fault


CERTIFICATES = {
    "no extended usage": ({"usages": ()}, StampFault.WRONG_USAGE),
    "another usage": ({"usages": [ExtendedKeyUsageOID.CODE_SIGNING]}, StampFault.WRONG_USAGE),
    "a second usage": (
        {"usages": [ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.EMAIL_PROTECTION]}, StampFault.WRONG_USAGE),
    "usage not critical": ({"critical": False}, StampFault.WRONG_USAGE),
    "an authority's own": ({"authority": True}, StampFault.WRONG_USAGE),
    "expired": ({"since": 20 * DAY, "until": -DAY}, StampFault.EXPIRED),
    "not yet valid": ({"since": -DAY}, StampFault.EXPIRED),
}  # fmt: skip


@pytest.mark.parametrize("case", CERTIFICATES)
def test_an_authority_with_a_wrong_certificate_is_refused(case):
    about, fault = CERTIFICATES[case]
    assert refusal(lambda: of(demo(ROOT, NOW, **about)).stamp(DIGEST, NOW)) is fault


def test_a_stamp_stays_good_after_its_certificate_has_ended_and_not_after_it_was_revoked():
    authority = demo(ROOT, NOW)
    token, stamp = of(authority).stamp(DIGEST, NOW)
    assert check_token(token, DIGEST, (ROOT.certificate,)).time == stamp.time
    from app.gateways.signing import certificate_facts

    serial = certificate_facts(authority.certificate).serial
    check = lambda: check_token(token, DIGEST, (ROOT.certificate,), revoked=[serial])  # noqa: E731
    assert refusal(check) is StampFault.REVOKED
    assert refusal(lambda: check_token(token, DIGEST, ())) is StampFault.UNKNOWN_AUTHORITY
    assert refusal(lambda: check_token(token, OTHER, (ROOT.certificate,))) is StampFault.WRONG_IMPRINT


def test_a_policy_that_was_not_agreed_is_refused():
    authority = demo(ROOT, NOW)
    assert of(authority, policy=DEMO_POLICY).stamp(DIGEST, NOW)[1].policy == DEMO_POLICY
    assert refusal(lambda: of(authority, policy=POLICY).stamp(DIGEST, NOW)) is StampFault.REJECTED
    forgetful = lying(lambda tsa, asked, at: answered(tsa, asked, at, policy=""))
    assert refusal(lambda: replace(forgetful, policy=POLICY).stamp(DIGEST, NOW)) is StampFault.WRONG_POLICY


# -- stamps spoilt part by part, by another library


def spoilt(change) -> bytes:
    token, _stamp = of(demo(ROOT, NOW)).stamp(DIGEST, NOW)
    parsed = asn1_cms.ContentInfo.load(token)
    change(parsed["content"])
    return parsed.dump(force=True)


def no_signing_certificate(signed_data):
    signer = signed_data["signer_infos"][0]
    kept = [each for each in signer["signed_attrs"] if each["type"].native != "signing_certificate_v2"]
    signer["signed_attrs"] = asn1_cms.CMSAttributes(kept)


def other_content_type(signed_data):
    signed_data["encap_content_info"]["content_type"] = "data"


def twice_signed(signed_data):
    signed_data["signer_infos"].append(signed_data["signer_infos"][0].copy())


def unsigned_words(signed_data):
    signed_data["signer_infos"][0]["unsigned_attrs"] = [{"type": "1.2.3.4", "values": [asn1_cms.OctetString(b"x")]}]


def no_signer(signed_data):
    signed_data["signer_infos"] = []


def another_version(signed_data):
    signed_data["version"] = "v1"


def later(signed_data):
    said = signed_data["encap_content_info"]["content"].parsed
    said["gen_time"] = (NOW + DAY).replace(microsecond=0)
    signed_data["encap_content_info"]["content"] = core.ParsableOctetString(said.dump(force=True))


def flipped_value(signed_data):
    value = bytearray(signed_data["signer_infos"][0]["signature"].native)
    value[-1] ^= 1
    signed_data["signer_infos"][0]["signature"] = bytes(value)


SPOILT = {
    no_signing_certificate: StampFault.WRONG_CERTIFICATE, other_content_type: StampFault.MALFORMED,
    twice_signed: StampFault.MALFORMED, unsigned_words: StampFault.MALFORMED, no_signer: StampFault.MALFORMED,
    another_version: StampFault.MALFORMED, later: StampFault.WRONG_KEY, flipped_value: StampFault.WRONG_KEY,
}  # fmt: skip


@pytest.mark.parametrize("change", SPOILT, ids=lambda change: change.__name__)
def test_a_spoilt_stamp_is_refused(change):
    token = spoilt(change)
    assert refusal(lambda: check_token(token, DIGEST, (ROOT.certificate,))) is SPOILT[change]


def test_no_flipped_bit_and_no_cut_brings_anything_but_a_refusal():
    token, stamp = of(demo(ROOT, NOW)).stamp(DIGEST, NOW)
    for at in range(0, len(token), 7):
        broken = bytearray(token)
        broken[at] ^= 1 << at % 8
        assert refusal(lambda spoilt=bytes(broken): check_token(spoilt, DIGEST, (ROOT.certificate,)))
        assert refusal(lambda at=at: check_token(token[:at], DIGEST, (ROOT.certificate,)))
    assert refusal(lambda: check_token(token + b"\0", DIGEST, (ROOT.certificate,))) is StampFault.MALFORMED
    assert check_token(token, DIGEST, (ROOT.certificate,)) == stamp


def test_a_strange_root_of_the_same_name_is_not_taken_for_the_pinned_one():
    key = new_key("p256")
    imposter = certify("Test TSA CA", key, key, "Test TSA CA", (NOW - DAY, NOW + DAY), authority=True)
    token, _stamp = of(demo(ROOT, NOW)).stamp(DIGEST, NOW)
    assert refusal(lambda: check_token(token, DIGEST, (imposter,))) is StampFault.UNKNOWN_AUTHORITY


def test_every_fault_has_a_sentence_of_its_own():
    assert set(SENTENCES) == set(StampFault)
    assert len({str(sentence) for sentence in SENTENCES.values()}) == len(StampFault)
