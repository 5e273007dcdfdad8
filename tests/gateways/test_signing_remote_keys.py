"""Remote signing providers that are slow, broken or lying: what is no signature of the owner counts for nothing."""

import base64
import threading
import time

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from app.gateways.signing import Authority, WrongPin, check_detached
from app.gateways.signing import csc as client_module
from app.gateways.signing.csc import APP, OTP, Client, Credential, CscSigner, Service
from app.gateways.signing.elsewhere import Ended
from app.gateways.signing.trouble import (
    AccessRefused,
    CredentialUnusable,
    KeyNotThere,
    NotConfirmed,
    NotThatCertificate,
    PinBlocked,
    ProviderFailed,
    ProviderSilent,
    UntrueSignature,
    WeakCertificate,
)
from tests.gateways.certificate_faults import FAULTS
from tests.gateways.csc_server import Held, serving
from tests.gateways.signer_contract import issue, key_of
from tests.gateways.signing_cases import BALLOT, NOW
from tests.gateways.tls_case import served as tls_served

PIN, REF = "240619", "csc:an"


@pytest.fixture(scope="module")
def authority():
    return Authority.create(None, NOW, demo=True)


class Case:
    """One provider with one key, and our signer for it."""

    def __init__(self, provider, url, authority, folder, **settings):
        (folder / "secret").write_text(provider.secret)
        given = {"client_id": "ecabinet", "secret_file": folder / "secret", "loopback": True, **settings}
        confirm = given.pop("confirm", "pin")
        self.provider, self.service = provider, Service("thu", url, provider.version, **given)
        key = key_of(False)
        provider.held["an"] = Held(key, [issue(authority, "An", key), *authority.chain()], PIN)
        keys = {"an": Credential(self.service, "an", confirm)}
        self.signer = CscSigner(keys, authority.chain, Ended(None))
        self.held, self.client = provider.held["an"], Client(self.service)

    def sign(self, pin=PIN):
        return self.signer.sign(REF, pin, BALLOT, NOW)

    def good(self):
        return check_detached(self.sign(), BALLOT, self.held.chain[0])

    def asked(self, method):
        return [asked for each, asked in self.provider.calls if each == method]


@pytest.fixture(params=[1, 2])
def case(request, authority, tmp_path):
    with serving(request.param) as (provider, url):
        yield Case(provider, url, authority, tmp_path)


@pytest.fixture
def newer(authority, tmp_path):
    with serving(2) as (provider, url):
        yield lambda **settings: Case(provider, url, authority, tmp_path, **settings)


def test_the_provider_says_who_it_is_and_which_keys_it_has(case):
    assert case.client.info()["name"] == "Nhà cung cấp thử"
    assert case.client.credentials() == ["an"]
    assert case.signer.certificate(REF) == case.held.chain[0]


def test_one_signature_is_one_leave_for_one_hash(case):
    assert case.good()
    (authorised,), (signed,) = case.asked("credentials/authorize"), case.asked("signatures/signHash")
    name = "hash" if case.provider.version == 1 else "hashes"
    assert authorised[name] == signed[name]
    assert len(base64.b64decode(signed[name][0])) == 32
    assert not case.provider.leaves
    assert len(case.asked("oauth2/token")) == 1
    assert case.good()
    assert len(case.asked("oauth2/token")) == 1


def instead(method, send):
    """The server answers a method with `send(handler, answer)`; None when it has sent something itself."""
    return lambda handler, called, told: send(handler, told) if called == method else told


def wrong_value(other):
    def lie(_handler, told):
        return {"signatures": [base64.b64encode(other).decode()]}

    return lie


SIGN = "signatures/signHash"
LIES = {
    "another key's signature": lambda case, _auth: _other_key(case),
    "a signature of another hash": lambda case, _auth: wrong_value(case.held.sign(bytes(32))),
    "the right signature with a changed bit": lambda case, _auth: _flipped,
    "a signature over SHA-1": lambda case, _auth: _over_sha1(case),
    "nothing at all": lambda case, _auth: wrong_value(b""),
    "noise": lambda case, _auth: wrong_value(bytes(range(64))),
    "a long value": lambda case, _auth: wrong_value(bytes(9000)),
}


def _over_sha1(case):
    """The right key, and a weaker hash than the one that was authorised."""
    def lie(_handler, _told):
        value = case.held.key.sign(BALLOT, ec.ECDSA(hashes.SHA1()))  # noqa: S303 - that is the point
        return {"signatures": [base64.b64encode(value).decode()]}

    return lie


def _other_key(case):
    other = Held(key_of(False), [], PIN)

    def lie(_handler, _told):
        digest = case.asked(SIGN)[-1]
        value = other.sign(base64.b64decode((digest.get("hash") or digest.get("hashes"))[0]))
        return {"signatures": [base64.b64encode(value).decode()]}

    return lie


def _flipped(_handler, told):
    value = bytearray(base64.b64decode(told["signatures"][0]))
    value[-1] ^= 1
    return {"signatures": [base64.b64encode(value).decode()]}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_no_signature(case, authority, lie):
    case.provider.spoil = instead(SIGN, LIES[lie](case, authority))
    with pytest.raises(UntrueSignature):
        case.sign()
    case.provider.spoil = None
    assert case.good()


PIN_INVALID = b'{"error": "invalid_pin"}'
ODD = {
    "HTML": lambda handler, _told: handler.send(200, b"<html>OK</html>", "text/html"),
    "garbage": lambda handler, _told: handler.send(200, b"\x00\xff{"),
    "a list": lambda handler, _told: handler.send(200, b"[]"),
    "deep nesting": lambda handler, _told: handler.send(200, b"[" * 30000),
    "an empty object": lambda _handler, _told: {},
    "two signatures": lambda _handler, told: {"signatures": told["signatures"] * 2},
    "no text": lambda _handler, _told: {"signatures": [7]},
    "no base64": lambda _handler, _told: {"signatures": ["%%%"]},
    "500": lambda handler, _told: handler.send(500, b'{"error": "server_error"}'),
    "503 in HTML": lambda handler, _told: handler.send(503, b"<h1>down</h1>", "text/html"),
    "a redirect": lambda handler, _told: handler.send(302, b"", Location="http://127.0.0.1:1/csc"),
    "a redirect that speaks of a PIN": lambda handler, _told: handler.send(302, PIN_INVALID, Location="/elsewhere"),
    "a fault that speaks of a PIN": lambda handler, _told: handler.send(502, PIN_INVALID),
    "204": lambda handler, _told: handler.send(204, b""),
}


@pytest.mark.parametrize("odd", ODD)
def test_what_is_no_answer_of_the_interface_is_an_error_of_the_provider(case, odd):
    case.provider.spoil = instead(SIGN, ODD[odd])
    with pytest.raises(ProviderFailed):
        case.sign()
    assert len(case.asked(SIGN)) == 1, "nothing is asked twice"


MISSHAPEN = {  # JSON of the right names and of other kinds
    "algorithms that are a number": ("credentials/info", {"key": {"status": "enabled", "algo": 5}}),
    "algorithms that are a word": ("credentials/info", {"key": {"status": "enabled", "algo": "1.2.840.10045.4.3.2"}}),
    "a token with lines of its own": ("oauth2/token", {"access_token": "a\r\nX-Other: 1"}),
    "a token with a zero byte": ("oauth2/token", {"access_token": "a\0b"}),
    "a token that is no ASCII": ("oauth2/token", {"access_token": "ấ"}),
}


@pytest.mark.parametrize("odd", MISSHAPEN)
def test_what_is_of_another_kind_or_would_write_into_a_request_is_refused(case, odd):
    method, change = MISSHAPEN[odd]
    case.provider.spoil = instead(method, lambda _handler, told: {**told, **change})
    with pytest.raises((ProviderFailed, AccessRefused)):
        case.sign()
    case.provider.spoil = None
    assert case.good()


def test_a_token_that_is_good_for_ever_is_good_for_a_day(case):
    case.provider.spoil = instead("oauth2/token", lambda _handler, told: {**told, "expires_in": 10**400})
    assert case.good()


def test_an_endless_answer_is_cut(case):
    case.provider.spoil = instead(SIGN, lambda handler, _told: handler.send(200, b" " * 300_000))
    with pytest.raises(ProviderSilent):
        case.sign()


@pytest.mark.parametrize("method", ["credentials/info", "credentials/authorize", SIGN, "oauth2/token"])
def test_a_slow_provider_is_not_waited_for_for_ever(case, monkeypatch, method):
    monkeypatch.setattr(client_module, "ANSWERS", 0.3)
    over = threading.Event()
    case.provider.spoil = instead(method, lambda _handler, told: over.wait(120) and told)
    began = time.monotonic()
    try:
        with pytest.raises(ProviderSilent):
            case.sign()
    finally:
        over.set()
    assert time.monotonic() - began < 60


def test_nobody_there_is_silence(case):
    gone = CscSigner({"an": Credential(Service("thu", "http://127.0.0.1:9/csc/v2", 2, **access(case)), "an")}, tuple,
                     Ended(None))  # fmt: skip
    for act in (lambda: gone.certificate(REF), lambda: gone.sign(REF, PIN, BALLOT, NOW)):
        with pytest.raises(ProviderSilent):
            act()


def access(case):
    return {"client_id": "ecabinet", "secret_file": case.service.secret_file, "loopback": True}


def test_an_access_token_that_expired_is_replaced_once(case):
    assert case.good()
    case.provider.tokens.clear()
    assert case.good()
    case.provider.spoil = lambda handler, method, told: (
        told if method == "oauth2/token" else handler.send(401, b'{"error": "invalid_token"}')
    )
    with pytest.raises(AccessRefused):
        case.sign()


def test_a_given_token_that_expired_and_a_wrong_secret_are_told_apart_from_pins(newer, tmp_path):
    (tmp_path / "token").write_text("given\n")
    given = newer(client_id="", secret_file=None, token_file=tmp_path / "token")
    with pytest.raises(AccessRefused):
        given.sign()
    given.provider.tokens.add("given")
    assert given.good()
    case = newer()
    case.service.secret_file.write_text("wrong")
    with pytest.raises(AccessRefused):
        case.sign()
    case.service.secret_file.unlink()
    with pytest.raises(AccessRefused):
        case.sign()


def test_wrong_pins_lock_at_the_provider(case):
    for _ in range(3):
        with pytest.raises(WrongPin):
            case.sign("917352")
    for pin in ("917352", PIN):
        with pytest.raises(PinBlocked):
            case.sign(pin)
    assert not case.asked(SIGN)


@pytest.mark.parametrize("damage", ["disabled", "revoked"])
def test_a_key_that_is_disabled_there_is_not_authorised(case, damage):
    if damage == "disabled":
        case.held.enabled = False
    else:
        case.provider.spoil = instead(
            "credentials/info", lambda _handler, told: {**told, "cert": {**told["cert"], "status": "revoked"}}
        )
    with pytest.raises(CredentialUnusable):
        case.sign()
    assert not case.asked("credentials/authorize")


@pytest.mark.parametrize("offered", [["1.2.840.113549.1.1.5"], ["1.2.840.10045.4.1"], ["1.2.840.113549.1.1.11"], [7]])
def test_a_key_that_offers_only_sha1_or_another_kind_of_key_is_not_used(case, offered):
    case.provider.spoil = instead(
        "credentials/info", lambda _handler, told: {**told, "key": {**told["key"], "algo": offered}}
    )
    with pytest.raises(CredentialUnusable):
        case.sign()
    assert not case.asked("credentials/authorize")


def test_a_key_that_is_not_there_is_not_there(case):
    del case.provider.held["an"]
    with pytest.raises(KeyNotThere):
        case.signer.certificate(REF)


@pytest.mark.parametrize("fault", ["SHA-1", "MD5", "RSA with 1024 bits", "a weak curve"])
def test_a_key_or_certificate_that_is_too_weak_is_called_that(case, authority, fault):
    made = FAULTS[fault][1](authority, "An", NOW)
    case.held.key, case.held.chain = made.key, [made.certificate, *authority.chain()]
    for act in (lambda: case.signer.certificate(REF), case.sign):
        with pytest.raises(WeakCertificate):
            act()
    assert not case.asked("credentials/authorize")


def test_the_chain_beside_the_certificate_is_checked(case, authority):
    strangers = Authority.create(None, NOW).chain()
    for chain in ([case.held.chain[0], *strangers], [case.held.chain[0], authority.chain()[1]], [b"\x30\x00"]):
        case.held.chain, kept = chain, case.held.chain
        for act in (lambda: case.signer.certificate(REF), case.sign):
            with pytest.raises(NotThatCertificate):
                act()
        case.held.chain = kept
    assert case.good()


def test_the_certificate_of_somebody_else_beside_the_key_signs_nothing(case, authority):
    case.held.chain[0] = issue(authority, "Bình", key_of(False))
    with pytest.raises(UntrueSignature):
        case.sign()


def test_a_confirmation_in_the_application_is_waited_for(newer, monkeypatch):
    monkeypatch.setattr(client_module, "ASKS_EVERY", 0.05)
    case = newer(confirm=APP, wait=10.0)
    case.held.confirms, case.provider.delay = True, 0.2
    assert case.good()
    assert len(case.asked("credentials/authorizeCheck")) > 1


def test_an_application_that_says_no_and_one_that_says_nothing_sign_nothing(newer, monkeypatch):
    monkeypatch.setattr(client_module, "ASKS_EVERY", 0.05)
    case = newer(confirm=APP, wait=0.5)
    case.held.confirms = False
    with pytest.raises(NotConfirmed):
        case.sign()
    case.provider.delay = 30.0
    with pytest.raises(NotConfirmed):
        case.sign()
    assert not case.asked(SIGN)


def test_a_one_time_password_is_sent_as_one(newer):
    case = newer(confirm=OTP)
    assert case.good()
    assert case.asked("credentials/authorize")[0]["authData"] == [{"id": "OTP", "value": PIN}]


def test_the_certificate_of_the_server_is_checked(authority, tmp_path):
    tls = tls_served(tmp_path)
    with serving(2, tls.context) as (provider, url):
        case = Case(provider, url, authority, tmp_path, authority_file=tls.authority)
        assert case.good()
        with pytest.raises(ProviderSilent):
            Case(provider, url, authority, tmp_path).sign()
