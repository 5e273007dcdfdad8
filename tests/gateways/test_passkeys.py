"""What the gateway takes of an authenticator, and what it refuses; a kept answer is checked with openssl as well."""

import json
import subprocess
from hashlib import sha256
from pathlib import Path

import cbor2
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.gateways import passkeys
from app.gateways.passkeys import PasskeyFault, PasskeyRefused, RelyingParty, relying_party_of
from tests.authenticator import HOST, ORIGIN, UP, UV, Authenticator
from tests.servers import program

PARTY = RelyingParty(HOST, ORIGIN)
CHALLENGE, OTHER = b"c" * 32, b"o" * 32
KINDS = ("ES256", "EdDSA", "RS256")


def registered(made, challenge=CHALLENGE):
    return passkeys.check_registration(PARTY, made.credential_id, made.client_data, made.attestation, challenge)


def confirmed(device, answer, challenge=CHALLENGE):
    return passkeys.check_assertion(PARTY, answer[0], device.public_key, *answer[1:], challenge)


@pytest.mark.parametrize(
    ("url", "host", "origin"),
    [
        ("https://hop.chinhphu.vn", "hop.chinhphu.vn", "https://hop.chinhphu.vn"),
        ("https://hop.chinhphu.vn:443/", "hop.chinhphu.vn", "https://hop.chinhphu.vn"),
        ("https://hop.chinhphu.vn:8443/x", "hop.chinhphu.vn", "https://hop.chinhphu.vn:8443"),
        ("http://localhost:8080", "localhost", "http://localhost:8080"),
        ("http://127.0.0.1:8080", "localhost", "http://localhost:8080"),
        ("https://127.0.0.1", "localhost", "https://localhost"),
    ],
)
def test_passkeys_belong_to_the_configured_address(url, host, origin):
    assert relying_party_of(url) == RelyingParty(host, origin)


@pytest.mark.parametrize(
    "url", ["http://hop.chinhphu.vn", "https://10.0.0.5", "http://192.168.1.2:80", "https://[2001:db8::1]", ""]
)
def test_where_browsers_offer_none_there_is_none(url):
    assert relying_party_of(url) is None


def test_the_browser_is_asked_for_a_verified_user_and_three_kinds_of_keys():
    asked = passkeys.registration_options(PARTY, b"u" * 32, "tv11", "Phạm Văn Ba", CHALLENGE, [b"known"])
    assert asked["rp"] == {"name": "e-Cabinet", "id": HOST}
    assert [each["alg"] for each in asked["pubKeyCredParams"]] == [-7, -8, -257]
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert asked["attestation"] == "none"
    assert [each["id"] for each in asked["excludeCredentials"]] == ["a25vd24"]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_key_registers_and_confirms(kind):
    device = Authenticator(kind)
    new = registered(device.make(CHALLENGE))
    assert (new.credential_id, new.public_key, new.sign_count) == (device.credential_id, device.public_key, 0)
    assert confirmed(device, device.answer(CHALLENGE)).sign_count == 1


HOSTILE = {
    "another challenge": ({"challenge": OTHER}, PasskeyFault.WRONG_CHALLENGE),
    "another origin": ({"origin": "https://localhost.evil.example"}, PasskeyFault.WRONG_ORIGIN),
    "another port": ({"origin": "http://localhost:8081"}, PasskeyFault.WRONG_ORIGIN),
    "the number of the host": ({"origin": "http://127.0.0.1:8080"}, PasskeyFault.WRONG_ORIGIN),
    "inside another page": ({"cross_origin": True}, PasskeyFault.WRONG_ORIGIN),
    "another host": ({"host": "evil.example"}, PasskeyFault.WRONG_HOST),
    "user not verified": ({"flags": UP}, PasskeyFault.NOT_VERIFIED),
    "nobody there": ({"flags": UV}, PasskeyFault.NOT_PRESENT),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_each_fault_of_an_answer_has_its_own_name(name):
    odd, fault = HOSTILE[name]
    device = Authenticator()
    challenge = odd.get("challenge", CHALLENGE)
    rest = {key: value for key, value in odd.items() if key != "challenge"}
    with pytest.raises(PasskeyRefused) as refused:
        confirmed(device, device.answer(challenge, **rest))
    assert refused.value.fault is fault
    with pytest.raises(PasskeyRefused) as refused:
        registered(device.make(challenge, **rest))
    assert refused.value.fault is fault


def test_a_new_passkey_is_no_confirmation_and_the_other_way_round():
    device = Authenticator()
    with pytest.raises(PasskeyRefused) as refused:
        confirmed(device, device.answer(CHALLENGE, type="webauthn.create"))
    assert refused.value.fault is PasskeyFault.MALFORMED
    with pytest.raises(PasskeyRefused) as refused:
        registered(device.make(CHALLENGE, type="webauthn.get"))
    assert refused.value.fault is PasskeyFault.MALFORMED


@pytest.mark.parametrize("part", [1, 2, 3])
def test_one_changed_byte_is_refused(part):
    device = Authenticator()
    answer = device.answer(CHALLENGE)
    spoilt = bytearray(answer[part])
    spoilt[-1] ^= 1
    with pytest.raises(PasskeyRefused):
        confirmed(device, answer._replace(**{answer._fields[part]: bytes(spoilt)}))


def test_the_key_of_somebody_else_confirms_nothing():
    with pytest.raises(PasskeyRefused) as refused:
        confirmed(Authenticator(), Authenticator().answer(CHALLENGE))
    assert refused.value.fault is PasskeyFault.BAD_SIGNATURE


@pytest.mark.parametrize(
    "device", [Authenticator("ES384"), Authenticator("RS256", bits=1024)], ids=["P-384", "RSA-1024"]
)
def test_a_key_that_is_not_asked_for_is_refused(device):
    with pytest.raises(PasskeyRefused) as refused:
        registered(device.make(CHALLENGE))
    assert refused.value.fault is PasskeyFault.WEAK_KEY
    with pytest.raises(PasskeyRefused):
        confirmed(device, device.answer(CHALLENGE))


def test_an_algorithm_outside_the_list_is_refused(monkeypatch):
    device = Authenticator()
    other = cbor2.dumps(cbor2.loads(device.public_key) | {3: -37})
    monkeypatch.setattr(Authenticator, "public_key", property(lambda _self: other))
    with pytest.raises(PasskeyRefused):
        registered(device.make(CHALLENGE))


JUNK = [
    b"",
    b"{}",
    b"[]",
    b"null",
    b"\xff",
    b'{"type":"webauthn.get"}',
    b"{" * 5000,
    b"\xa0" * 40,
    b"\x9f" * 4000,
    b"\0" * 37,
]


@pytest.mark.parametrize("junk", JUNK, ids=range(len(JUNK)))
def test_junk_in_any_part_is_a_refusal_and_no_failure(junk):
    device = Authenticator()
    answer, made = device.answer(CHALLENGE), device.make(CHALLENGE)
    for name in answer._fields[1:]:
        with pytest.raises(PasskeyRefused):
            confirmed(device, answer._replace(**{name: junk}))
    for client_data, attestation in ((junk, made.attestation), (made.client_data, junk)):
        with pytest.raises(PasskeyRefused):
            passkeys.check_registration(PARTY, made.credential_id, client_data, attestation, CHALLENGE)


def test_a_name_that_stands_twice_is_refused():
    device = Authenticator()
    said = device.answer(CHALLENGE).client_data
    twice = said[:-1] + b',"origin":' + json.dumps(ORIGIN).encode() + b"}"
    told = device.answer(CHALLENGE).authenticator_data
    signature = device.sign(told + sha256(twice).digest())
    with pytest.raises(PasskeyRefused) as refused:
        passkeys.check_assertion(PARTY, device.credential_id, device.public_key, twice, told, signature, CHALLENGE)
    assert refused.value.fault is PasskeyFault.MALFORMED


def test_another_id_than_the_one_that_was_made_is_refused():
    made = Authenticator().make(CHALLENGE)
    with pytest.raises(PasskeyRefused):
        passkeys.check_registration(PARTY, b"another", made.client_data, made.attestation, CHALLENGE)


def test_openssl_checks_the_same_answer(tmp_path: Path):
    """By hand, as an outsider does: the key as PEM, device data and hash of the browser's data as the signed text."""
    device = Authenticator()
    answer = device.answer(CHALLENGE)
    key = cbor2.loads(device.public_key)
    der = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004") + key[-2] + key[-3]
    assert der == device.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "key.der").write_bytes(der)
    (tmp_path / "signature").write_bytes(answer.signature)
    (tmp_path / "data").write_bytes(answer.authenticator_data + sha256(answer.client_data).digest())
    command = [
        program("openssl", "openssl"),
        "dgst",
        "-sha256",
        "-verify",
        "key.der",
        "-keyform",
        "DER",
        "-signature",
        "signature",
    ]
    good = subprocess.run([*command, "data"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (good.returncode, good.stdout.strip()) == (0, "Verified OK")
    (tmp_path / "data").write_bytes(answer.authenticator_data + sha256(answer.client_data + b" ").digest())
    assert subprocess.run([*command, "data"], cwd=tmp_path, capture_output=True, check=False).returncode == 1
