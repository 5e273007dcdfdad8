"""What the signer's socket takes: the agreed messages and nothing else, whatever is sent."""

import datetime as dt
import json
import re
import socket
import tempfile
import threading
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509 import ocsp
from hypothesis import given, settings
from hypothesis import strategies as st

from app.gateways.signing import Authority, KeyUnavailable, MemorySigner, RemoteSigner, wire
from tests.signer.here import served
from tests.web import full

NOW = dt.datetime(2026, 11, 21, 2, 0, tzinfo=dt.UTC)
PIN = "240619"
SIGN = {"key_ref": "0" * 32, "pin": PIN, "digest": bytes(32), "now": NOW}
ENROL = {"name": "Nguyễn Văn An", "title": "", "organisation": "Chính phủ", "pin": PIN, "now": NOW, "days": 365}


def message(**changes):
    return wire.request("sign_digest", **SIGN) | changes


def read(sent):
    return wire.read_request(wire.parse(json.dumps(sent).encode()))


@pytest.mark.parametrize(("act", "values"), [
    ("about", {}), ("certificate", {"key_ref": "0" * 32}), ("destroy", {"key_ref": "0" * 32}), ("enrol", ENROL),
    ("sign_digest", SIGN), ("sign_document", {name: SIGN[name] for name in ("key_ref", "pin", "digest")}),
])  # fmt: skip
def test_every_agreed_message_arrives_as_it_was_meant(act, values):
    asked = read(wire.request(act, **values))
    assert (asked.act, asked.values) == (act, values)


@pytest.mark.parametrize("content", [
    b"", b"x", b"[]", b"null", b"1", b'"v"', b"{", b'{"v": 1,}', b'{"v": 1} ' + b"{}", b'{"v": 2}', b'{"v": "1"}',
    b'{"v": true}', b'{"v": 1.0}', b'{"v": 1e0}', b'{"v": 1, "v": 1}', b'{"v": 1, "a": NaN}',
    b'{"v": 1, "a": Infinity}', b'\xff\xfe{\x00}\x00', b'{"v": 1, "a": "\xff"}', b"[" * 8000,
    b'{"v":' * 2000, b'{"v": ' + b"9" * 5000 + b"}",
])  # fmt: skip
def test_what_is_no_message_is_refused(content):
    with pytest.raises(wire.Odd):
        wire.read_request(wire.parse(content))


@pytest.mark.parametrize("changes", [
    {"act": "sign"}, {"act": 1}, {"act": None}, {"act": ["sign_digest"]}, {"extra": 1}, {"v": 2}, {"pin": 240619},
    {"pin": "1" * 65}, {"pin": None}, {"key_ref": "a" * 65}, {"key_ref": ["a"]}, {"digest": "0" * 63},
    {"digest": "0" * 66}, {"digest": "Z" * 64}, {"digest": "A" * 64}, {"digest": "0x" + "0" * 62}, {"now": "today"},
    {"now": 1}, {"now": "2026-11-21T02:00:00"}, {"now": "2026-11-21T09:00:00+07:00"}, {"authorisation": None},
    {"authorisation": {}}, {"authorisation": []}, {"authorisation": {"nonce": "0" * 32, "issued": 1}},
    {"authorisation": {"nonce": "0" * 32, "issued": 1, "binds": "0" * 64}},
    {"authorisation": {"nonce": "0" * 32, "issued": True, "binds": "0" * 64}},
    {"authorisation": {"nonce": "0" * 32, "issued": -1, "binds": "0" * 64}},
    {"authorisation": {"nonce": "0" * 32, "issued": 1, "binds": "0" * 64, "more": 1}},
])  # fmt: skip
def test_one_odd_part_is_enough(changes):
    with pytest.raises(wire.Odd):
        read(message(**changes))


def test_an_authorisation_holds_no_digest_of_the_pin():
    """Six digits could be tried out on any digest that travels with them."""
    one = wire.request("sign_digest", **SIGN)
    assert read(one | {"pin": "917352"}).values["pin"] == "917352"


def test_a_request_shows_no_pin():
    assert PIN not in repr(read(message()))


# -- on the socket


@pytest.fixture(scope="module")
def remote(tmp_path_factory):
    authority = Authority.create(None, NOW, demo=True)
    with served(MemorySigner(authority), authority, tmp_path_factory.mktemp("tries")) as client:
        yield client


def speak(remote, *parts, wait=0.0, half_closed=True):
    """What comes back to somebody who sends these bytes, one after the other, and then listens."""
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(60)
        caller.connect(remote._path)
        answer = b""
        try:
            for part in parts:
                caller.sendall(part)
                time.sleep(wait)
            if half_closed:
                caller.shutdown(socket.SHUT_WR)
            while part := caller.recv(65536):
                answer += part
        except (ConnectionResetError, BrokenPipeError):
            pass
        return answer


def framed(content):
    return wire.LENGTH.pack(len(content)) + content


JUNK = st.one_of(
    st.binary(max_size=300),
    st.binary(max_size=300).map(framed),
    st.builds(lambda length, rest: wire.LENGTH.pack(length) + rest, st.integers(0, 2**32 - 1), st.binary(max_size=99)),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    ).map(lambda value: framed(json.dumps(value).encode())),
    st.dictionaries(
        st.sampled_from(["v", "act", "key_ref", "pin", "digest", "now", "authorisation", "name", "days"]),
        st.sampled_from([1, "sign_digest", "enrol", "about", "0" * 32, "0" * 64, PIN, {}, "2026-11-21T02:00:00Z"]),
    ).map(lambda value: framed(json.dumps(value).encode())),
)  # fmt: skip


@settings(max_examples=3000 if full() else 300)
@given(junk=JUNK)
def test_junk_gets_a_refusal_or_nothing_and_never_a_signature(remote, junk):
    answer = speak(remote, junk)
    assert b"cms" not in answer
    if answer:
        assert json.loads(answer[4:]).keys() & {"error", "chain"}


@pytest.fixture(scope="module")
def enrolled(remote):
    return remote.enrol(**ENROL)


@settings(max_examples=1000 if full() else 150)
@given(data=st.data())
def test_a_message_with_one_byte_changed_signs_what_was_meant_or_nothing(remote, enrolled, data):
    sent = wire.request("sign_digest", **SIGN | {"key_ref": enrolled.key_ref})
    content = json.dumps(sent).encode()
    at, byte = data.draw(st.integers(0, len(content) - 1)), data.draw(st.integers(0, 255))
    spoilt = content[:at] + bytes([byte]) + content[at + 1 :]
    if b'"cms"' in speak(remote, framed(spoilt)):
        assert json.loads(spoilt) == sent  # a space became another one
    assert remote.sign(enrolled.key_ref, PIN, b"a ballot", NOW)  # and a wrong PIN is forgiven again


def test_a_length_without_end_is_refused_before_it_is_read(remote):
    answer = speak(remote, wire.LENGTH.pack(wire.LARGEST + 1), half_closed=False)
    assert json.loads(answer[4:])["detail"] == "size"


def test_a_request_that_trickles_in_is_given_up(remote, monkeypatch):
    monkeypatch.setattr("app.signer.server.SPEAKS_FOR", 0.3)
    began = time.monotonic()
    content = framed(json.dumps(wire.request("about")).encode())
    assert speak(remote, *(content[at : at + 1] for at in range(len(content))), wait=0.2) == b""
    assert time.monotonic() - began < 0.2 * len(content)


def test_a_second_message_on_one_line_is_not_read(remote):
    content = framed(json.dumps(wire.request("about")).encode())
    answer = speak(remote, content + content)
    assert len(re.findall(rb'"chain"', answer)) == 1


@pytest.mark.parametrize("answer", [
    b"", b"\x00", framed(b"{}"), framed(b'{"v": 1}'), framed(b'{"v": 1, "cms": 7}'), framed(b'{"v": 1, "cms": "zz"}'),
    framed(b'{"v": 1, "error": "pin_held", "detail": "soon"}'), framed(b'{"v": 1, "error": "pin_refused"}'),
    framed(b'{"v": 1, "error": 7}'), framed(b"x" * 99), wire.LENGTH.pack(1 << 31), framed(b'{"v": 9, "cms": "00"}'),
])  # fmt: skip
def test_an_odd_answer_is_no_signature(answer):
    """Whatever answers at the socket: the web server makes an honest refusal of it, and no error of its own."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{folder}/s")
        listener.listen()

        def once():
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        thread = threading.Thread(target=once)
        thread.start()
        with pytest.raises(KeyUnavailable) as refused:
            RemoteSigner(Path(folder) / "s", 60).sign("0" * 32, PIN, b"x", NOW)
        thread.join()
        assert PIN not in repr(refused.value.__context__)


# -- what the authority publishes -------------------------------------------------------------------------------------


def test_lists_answers_and_revocations_pass_the_socket(tmp_path):
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    authority = Authority.create(None, now - dt.timedelta(days=1))
    with served(MemorySigner(authority), authority, tmp_path) as remote:
        assert remote.revocation_list("issuing") == authority.crl(now)
        assert remote.revocation_list("root") == authority.root_crl(now)
        remote.take_back("c0ffee", now)
        entry = x509.load_der_x509_crl(remote.revocation_list("issuing")).get_revoked_certificate_by_serial_number(
            0xC0FFEE
        )
        assert entry.revocation_date_utc == now
        said = ocsp.load_der_ocsp_response(remote.answer(b"no request"))
        assert said.response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST
        assert remote.answer(bytes(100_000))  # cut to what a request may have


def test_a_long_list_passes_the_socket(tmp_path):
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    authority = Authority.create(None, now - dt.timedelta(days=1))
    entries = [
        x509.RevokedCertificateBuilder().serial_number(n << 100).revocation_date(now).build() for n in range(1, 1001)
    ]
    authority._publish(now, entries)
    with served(MemorySigner(authority), authority, tmp_path) as remote:
        assert len(x509.load_der_x509_crl(remote.revocation_list("issuing"))) == 1000


def test_nothing_is_revoked_in_the_future(tmp_path):
    now = dt.datetime.now(dt.UTC)
    authority = Authority.create(None, now - dt.timedelta(days=1))
    with served(MemorySigner(authority), authority, tmp_path) as remote, pytest.raises(KeyUnavailable):
        remote.take_back("c0ffee", now + dt.timedelta(hours=1))


@pytest.mark.parametrize(("act", "values"), [
    ("list", {"authority": "other"}), ("list", {"authority": 1}), ("ocsp", {"request": "0"}), ("ocsp", {"request": 7}),
    ("ocsp", {"request": "00" * 3000}), ("take_back", {"serial": "", "since": NOW}),
    ("take_back", {"serial": "xyz", "since": NOW}), ("take_back", {"serial": "1" * 41, "since": NOW}),
])  # fmt: skip
def test_odd_requests_to_the_authority_are_refused(act, values):
    with pytest.raises(wire.Odd):
        wire.read_request(wire.parse(json.dumps(wire.request(act, **values)).encode()))
