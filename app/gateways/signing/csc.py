"""Keys of a remote signing provider (ký số từ xa): Cloud Signature Consortium API, versions 1.0.4 and 2.0.

The hash that the provider signs is that of the signed attributes; what it returns counts only when it verifies.
"""
import base64
import binascii
import json
import logging
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlencode

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa

from app.gateways.handover import Unreachable
from app.gateways.posting import Answer, Post, anywhere, is_loopback
from app.gateways.signing.certificates import HASHES, strong
from app.gateways.signing.elsewhere import LONGEST_PIN, Chain, ElsewhereSigner, Ended
from app.gateways.signing.errors import SigningError, WrongPin
from app.gateways.signing.places import REMOTE
from app.gateways.signing.trouble import (
    AccessRefused,
    CredentialUnusable,
    KeyNotThere,
    NotConfirmed,
    NotThatCertificate,
    PinBlocked,
    ProviderFailed,
    ProviderSilent,
    WeakCertificate,
)

log = logging.getLogger("ecabinet.signing")

ANSWERS = 15.0  # seconds for one answer
ALTOGETHER = 58.0  # seconds for a signature with all its calls: the page and the proxy in front wait a little longer
TO_SIGN = 5.0  # seconds of them that are left for the last call
ASKS_EVERY = 1.0  # seconds between two questions whether the owner has confirmed
LAST_QUESTION = 2.0  # seconds for the answer to the last of them, of those that are left for the last call
TOKEN_LEFT = 30  # seconds of an access token's life that are not used any more
LONGEST_TOKEN = 24 * 3600  # seconds that one is kept, whatever is said of it
LONGEST_CHAIN = 6
SHA256_OID = "2.16.840.1.101.3.4.2.1"
RSA_ALGORITHMS = ("1.2.840.113549.1.1.11", "1.2.840.113549.1.1.1")  # with SHA-256 in its name, or beside it
ECDSA_ALGORITHMS = ("1.2.840.10045.4.3.2",)
OK, UNAUTHORIZED, REDIRECTS, FAULTS = range(200, 203), 401, range(300, 400), 500
PIN, OTP, APP = "pin", "otp", "app"
SAYS: tuple[tuple[tuple[str, ...], type[SigningError]], ...] = (
    (("locked", "blocked"), PinBlocked),
    (("invalid_pin", "invalid pin", "invalid_otp", "invalid otp"), WrongPin),
    (("access_denied", "denied", "declined", "rejected", "cancel"), NotConfirmed),
    (("disabled", "certificate expired", "certificate is expired", "revoked", "suspended"), CredentialUnusable),
    (("invalid_token", "invalid_client", "unauthorized_client", "expired_token"), AccessRefused),
)


@dataclass(frozen=True, repr=False)
class Service:
    """A provider: base address with `/csc/vN`, and a file with the access token, or an id with a file of its secret.

    `wait`: seconds for a confirmation in the provider's application. `loopback`: an address of this machine, for tests.
    """

    name: str
    url: str
    version: int
    token_file: Path | None = None
    client_id: str = ""
    secret_file: Path | None = None
    authority_file: Path | None = None
    wait: float = 40.0
    loopback: bool = False


@dataclass(frozen=True, repr=False)
class Credential:
    """One key at a provider; `confirm` says what the owner types or does: pin, otp, app (PIN, then the application)."""

    service: Service
    credential: str
    confirm: str = PIN


class CscSigner(ElsewhereSigner[Credential]):
    """Remote signing: each signature is authorised by its owner for exactly one hash."""

    provider = REMOTE

    def __init__(self, keys: Mapping[str, Credential], chain: Chain, ended: Ended) -> None:
        super().__init__(keys, chain, ended)
        self._clients: dict[str, Client] = {}

    def _certificate(self, key: Credential) -> bytes:
        return _read(self._client(key).credential(key.credential)).certificate

    def _sign(self, key: Credential, pin: str, prepare: Callable[[bytes], bytes]) -> tuple[bytes, bytes]:
        if not pin or len(pin) > LONGEST_PIN or not pin.isprintable():
            raise WrongPin
        client, deadline = self._client(key), time.monotonic() + ALTOGETHER
        known = _read(client.credential(key.credential))
        digest = sha256(prepare(known.certificate)).digest()
        sad = client.authorise(key, pin, digest, deadline - TO_SIGN)
        return known.certificate, client.sign_hash(key.credential, sad, digest, known.algorithm, deadline)

    def _client(self, key: Credential) -> "Client":
        return self._clients.setdefault(key.service.name, Client(key.service))


@dataclass(frozen=True)
class _Known:
    certificate: bytes
    algorithm: str


def _read(told: Mapping[str, Any]) -> _Known:
    """What `credentials/info` says, if the key may sign and the chain beside the certificate is whole."""
    key, cert = told.get("key"), told.get("cert")
    if not isinstance(key, dict) or not isinstance(cert, dict):
        raise ProviderFailed
    if key.get("status") != "enabled" or cert.get("status", "valid") != "valid":
        raise CredentialUnusable
    encoded = cert.get("certificates")
    if not isinstance(encoded, list) or not 0 < len(encoded) <= LONGEST_CHAIN:
        raise ProviderFailed
    chain = [_decoded(each) for each in encoded]
    offered = key.get("algo") or [*ECDSA_ALGORITHMS, *RSA_ALGORITHMS]
    if not isinstance(offered, list):
        raise ProviderFailed
    algorithm = next((each for each in _algorithms_of(chain) if each in offered), None)
    if algorithm is None:
        raise CredentialUnusable
    return _Known(chain[0], algorithm)


def _algorithms_of(chain: list[bytes]) -> tuple[str, ...]:
    """What the key of the first certificate signs with; each certificate was issued by the one after it."""
    try:
        certificates = [x509.load_der_x509_certificate(each) for each in chain]
        key, hashed = certificates[0].public_key(), certificates[0].signature_hash_algorithm
        if not (strong(key) and isinstance(hashed, HASHES)):
            raise WeakCertificate
        for issued, issuer in pairwise(certificates):
            issued.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm) as error:
        raise NotThatCertificate from error
    return RSA_ALGORITHMS if isinstance(key, rsa.RSAPublicKey) else ECDSA_ALGORITHMS


class Client:
    """The calls of one provider; a `SigningError` for whatever is no answer of the interface."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._token, self._until = "", 0.0
        self._fetching = threading.Lock()

    def info(self) -> dict[str, Any]:
        """Name, version and abilities of the provider."""
        return self._parsed(self._post("info", _json({}), ANSWERS, {}))

    def credentials(self) -> list[str]:
        """The ids of the keys that this access may use."""
        found = self._call("credentials/list", {}).get("credentialIDs")
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            raise ProviderFailed
        return found

    def credential(self, name: str) -> dict[str, Any]:
        """State, algorithm and certificates of a key."""
        try:
            asked = {"credentialID": name, "certificates": "chain", "certInfo": True, "authInfo": True}
            return self._call("credentials/info", asked)
        except ProviderFailed as failed:
            if failed.args and failed.args[0] == "invalid_request":
                raise KeyNotThere from None
            raise

    def authorise(self, key: Credential, secret: str, digest: bytes, end: float) -> str:
        """The owner's leave to sign this one hash, waited for as long as the service says and not past the end."""
        deadline = min(end, time.monotonic() + (self._service.wait if key.confirm == APP else ANSWERS))
        told = self._call("credentials/authorize", self._authorisation(key, secret, digest), deadline)
        while "SAD" not in told and isinstance(told.get("handle"), str):
            if time.monotonic() + ASKS_EVERY > deadline:
                raise NotConfirmed
            time.sleep(ASKS_EVERY)
            handle, last = {"handle": told["handle"]}, max(deadline, time.monotonic() + LAST_QUESTION)
            told = handle | self._call("credentials/authorizeCheck", handle, last)
        return _text(told, "SAD")

    def sign_hash(self, credential: str, sad: str, digest: bytes, algorithm: str, end: float) -> bytes:
        """The value over the hash; asked for once."""
        asked = {"credentialID": credential, "SAD": sad, "signAlgo": algorithm, **self._hashed(digest, "hashAlgo")}
        told = self._call("signatures/signHash", asked, min(end, time.monotonic() + ANSWERS))
        values = told.get("signatures")
        if not isinstance(values, list) or len(values) != 1:
            raise ProviderFailed
        return _decoded(values[0])

    def _authorisation(self, key: Credential, secret: str, digest: bytes) -> dict[str, Any]:
        asked = {"credentialID": key.credential, "numSignatures": 1, **self._hashed(digest, "")}
        kind = "OTP" if key.confirm == OTP else "PIN"
        if self._service.version == 1:
            return {**asked, kind: secret}
        return {**asked, "authData": [{"id": kind, "value": secret}]}

    def _hashed(self, digest: bytes, algorithm: str) -> dict[str, Any]:
        """The hash in the words of the version."""
        encoded = [base64.b64encode(digest).decode()]
        if self._service.version == 1:
            return {"hash": encoded} | ({algorithm: SHA256_OID} if algorithm else {})
        return {"hashes": encoded, "hashAlgorithmOID": SHA256_OID}

    def _call(self, method: str, body: Mapping[str, Any], deadline: float = 0.0) -> dict[str, Any]:
        """One call with the access token; with a fresh one once more when the provider does not know it any more."""
        deadline = deadline or time.monotonic() + ANSWERS
        answer = self._post(method, _json(body), deadline - time.monotonic(), self._access())
        if answer.status == UNAUTHORIZED and self._service.client_id:
            self._until = 0.0
            answer = self._post(method, _json(body), deadline - time.monotonic(), self._access())
        return self._parsed(answer)

    def _access(self) -> dict[str, str]:
        try:
            token = self._given() or self._fetched()
        except OSError as error:
            raise AccessRefused from error
        if not (token.isascii() and token.isprintable()):  # it would be a line of its own in the request
            self._until = 0.0
            raise AccessRefused
        return {"Authorization": f"Bearer {token}"}

    def _given(self) -> str:
        return self._service.token_file.read_text().strip() if self._service.token_file else ""

    def _fetched(self) -> str:
        """An access token by client credentials (RFC 6749 §4.4), kept while it is good."""
        with self._fetching:
            if time.monotonic() < self._until:
                return self._token
            secret = self._service.secret_file.read_text().strip() if self._service.secret_file else ""
            form = {"grant_type": "client_credentials", "client_id": self._service.client_id, "client_secret": secret}
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            try:
                told = self._parsed(self._post("oauth2/token", urlencode(form).encode(), ANSWERS, kind))
            except ProviderFailed as failed:
                raise (AccessRefused if failed.args else ProviderFailed) from None
            lives = told.get("expires_in")
            self._token = _text(told, "access_token")
            good_for = min(lives, LONGEST_TOKEN) if type(lives) is int else TOKEN_LEFT
            self._until = time.monotonic() + good_for - TOKEN_LEFT
            return self._token

    def _post(self, method: str, body: bytes, patience: float, headers: Mapping[str, str]) -> Answer:
        if patience <= 0:
            raise ProviderSilent
        service = self._service
        trust = ssl.create_default_context(cafile=str(service.authority_file)) if service.authority_file else None
        post = Post(is_loopback if service.loopback else anywhere, trust, answer=patience)
        kinds = {"Content-Type": "application/json", "Accept": "application/json"}
        try:
            return post(f"{service.url}/{method}", body, {**kinds, **headers})
        except Unreachable as silent:
            log.warning("%s did not answer %s: %s", service.name, method, silent)
            raise ProviderSilent from None

    def _parsed(self, answer: Answer) -> dict[str, Any]:
        """The JSON object of an answer; only an answer of the interface itself is told as what it says."""
        told = _object(answer.body)
        if answer.status in OK and told is not None:
            return told
        error = told.get("error") if told else None
        log.warning("%s answered %d (%s)", self._service.name, answer.status, str(error)[:60])
        if answer.status >= FAULTS or answer.status in REDIRECTS or not isinstance(error, str):
            raise AccessRefused if answer.status == UNAUTHORIZED else ProviderFailed
        _refuse(answer.status, error, str(told.get("error_description", "")) if told else "")


def _refuse(status: int, error: str, description: str) -> NoReturn:
    said = f"{error} {description}".lower()
    for words, ours in SAYS:
        if any(word in said for word in words):
            raise ours
    if status == UNAUTHORIZED:
        raise AccessRefused
    raise ProviderFailed(error)


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body).encode()


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not value:
        raise ProviderFailed
    return value


def _decoded(value: Any) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise ProviderFailed from None
