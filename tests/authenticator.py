"""An authenticator made of software: it holds one passkey, and answers as honestly or as badly as a test wants."""

import json
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.workflows.passkey_assertions import Answer
from app.workflows.passkeys import Made
from app.workflows.rules.passkey import Assertion, assertion_record, ballot_challenge, to_base64url

HOST, ORIGIN = "localhost", "http://localhost:8080"  # what the settings of the tests make of 127.0.0.1
UP, UV, BE, BS, AT = 1, 4, 8, 16, 64
HERE: dict[str, Any] = {"host": HOST, "origin": ORIGIN, "flags": UP | UV, "cross_origin": False}


class Authenticator:
    """One passkey; `counts` whether the device counts its uses. What is odd about an answer is said when it is made."""

    def __init__(self, kind: str = "ES256", name: str = "device", counts: bool = True, bits: int = 2048) -> None:
        self.kind, self.counts, self.count = kind, counts, 0
        self.credential_id = sha256(name.encode()).digest()
        self.key: Any = {
            "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
            "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
            "EdDSA": ed25519.Ed25519PrivateKey.generate,
            "RS256": lambda: rsa.generate_private_key(65537, bits),
        }[kind]()

    @property
    def public_key(self) -> bytes:
        """COSE."""
        public = self.key.public_key()
        if self.kind == "EdDSA":
            return cbor2.dumps({1: 1, 3: -8, -1: 6, -2: public.public_bytes(Encoding.Raw, PublicFormat.Raw)})
        numbers = public.public_numbers()
        if self.kind == "RS256":
            return cbor2.dumps({1: 3, 3: -257, -1: numbers.n.to_bytes(public.key_size // 8), -2: b"\1\0\1"})
        size, curve = (32, 1) if self.kind == "ES256" else (48, 2)  # a curve that ES256 is not meant for
        return cbor2.dumps({1: 2, 3: -7, -1: curve, -2: numbers.x.to_bytes(size), -3: numbers.y.to_bytes(size)})

    def make(self, challenge: bytes, **odd: Any) -> Made:
        """What a browser sends of a new passkey."""
        said = HERE | odd
        credential = bytes(16) + len(self.credential_id).to_bytes(2) + self.credential_id + self.public_key
        told = self._told(said, AT) + credential
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": told})
        client_data = client_data_of(odd.get("type", "webauthn.create"), challenge, said)
        return Made(self.credential_id, client_data, attestation, ("internal", "carrier-pigeon"))

    def answer(self, challenge: bytes, **odd: Any) -> Answer:
        """What a browser sends when the passkey has confirmed something."""
        said = HERE | odd
        self.count = odd.get("count", self.count + self.counts)
        client_data = client_data_of(odd.get("type", "webauthn.get"), challenge, said)
        told = self._told(said)
        return Answer(self.credential_id, client_data, told, self.sign(told + sha256(client_data).digest()))

    def sign(self, data: bytes) -> bytes:
        made: bytes = {
            "EdDSA": lambda: self.key.sign(data),
            "RS256": lambda: self.key.sign(data, padding.PKCS1v15(), SHA256()),
        }.get(self.kind, lambda: self.key.sign(data, ec.ECDSA(SHA256())))()
        return made

    def _told(self, said: dict[str, Any], also: int = 0) -> bytes:
        host = sha256(said["host"].encode()).digest()
        return host + bytes([said["flags"] | also]) + self.count.to_bytes(4)


def client_data_of(kind: str, challenge: bytes, said: dict[str, Any]) -> bytes:
    """The bytes of a browser, in its order."""
    told = {"type": kind, "challenge": to_base64url(challenge), "origin": said["origin"]}
    return json.dumps(told | {"crossOrigin": said["cross_origin"]}, separators=(",", ":")).encode()


def record_of(device: Authenticator, statement: bytes) -> bytes:
    """What is kept of the device's answer about a ballot."""
    answer = device.answer(ballot_challenge(statement))
    return assertion_record(Assertion(answer.credential_id, device.public_key, *answer[1:]))


def sent(answer: Answer) -> dict[str, str]:
    """An answer as the script of the vote card sends it."""
    names = ("id", "client_data", "authenticator_data", "signature")
    return {name: to_base64url(part) for name, part in zip(names, answer, strict=True)}
