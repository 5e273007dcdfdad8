"""A remote signing provider of the tests' own: the CSC API 1.0.4 and 2.0 real keys, and ways to lie."""

import base64
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

SHA256 = "2.16.840.1.101.3.4.2.1"
RSA_ALGORITHMS, EC_ALGORITHMS = ["1.2.840.113549.1.1.1", "1.2.840.113549.1.1.11"], ["1.2.840.10045.4.3.2"]
MOST_TRIES = 3


class Refusal(Exception):
    """An error of the interface."""

    def __init__(self, error: str, said: str = "", status: int = 400) -> None:
        super().__init__(error)
        self.error, self.said, self.status = error, said, status


@dataclass
class Held:
    """A credential: its key, its PIN, and whether the owner confirms in an application of the provider."""

    key: Any
    chain: list[bytes]
    pin: str
    confirms: bool | None = None  # None: no application is asked
    wrong: int = 0
    enabled: bool = True

    @property
    def algorithms(self) -> list[str]:
        return RSA_ALGORITHMS if isinstance(self.key, rsa.RSAPrivateKey) else EC_ALGORITHMS

    def sign(self, digest: bytes) -> bytes:
        hash_ = Prehashed(hashes.SHA256())
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(digest, padding.PKCS1v15(), hash_)
        return self.key.sign(digest, ec.ECDSA(hash_))


@dataclass
class Provider:
    """What the server holds. `spoil` may answer a call instead, or change its answer: method, answer → what is sent."""

    version: int
    secret: str = field(default_factory=lambda: secrets.token_hex(16))
    held: dict[str, Held] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    leaves: dict[str, tuple[str, tuple[bytes, ...]]] = field(default_factory=dict)
    waiting: dict[str, tuple[str, tuple[bytes, ...], float]] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    spoil: Callable[["Handler", str, dict[str, Any]], Any] | None = None
    delay: float = 0.0  # seconds until the owner confirms
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, method: str, asked: dict[str, Any], token: str) -> dict[str, Any]:
        if method == "info":
            return {"specs": "2.0.0.2" if self.version > 1 else "1.0.4.0", "name": "Nhà cung cấp thử", "region": "VN"}
        if method == "oauth2/token":
            return self._token(asked)
        if token not in self.tokens:
            raise Refusal("invalid_token", "The access token is missing, expired or unknown", 401)
        acts = {
            "credentials/list": self._list, "credentials/info": self._info, "credentials/authorize": self._authorize,
            "credentials/authorizeCheck": self._check, "signatures/signHash": self._sign,
        }  # fmt: skip
        if method not in acts:
            raise Refusal("invalid_request", "no such method", 404)
        return acts[method](asked)

    def _token(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked.get("grant_type") != ["client_credentials"] or asked.get("client_secret") != [self.secret]:
            raise Refusal("invalid_client", "unknown client", 401)
        token = secrets.token_urlsafe(16)
        self.tokens.add(token)
        return {"access_token": token, "token_type": "Bearer", "expires_in": 3600}

    def _list(self, _asked: dict[str, Any]) -> dict[str, Any]:
        return {"credentialIDs": list(self.held)}

    def _info(self, asked: dict[str, Any]) -> dict[str, Any]:
        held = self._named(asked)
        chain = [base64.b64encode(each).decode() for each in held.chain]
        told = {
            "key": {"status": "enabled" if held.enabled else "disabled", "algo": held.algorithms, "len": 2048},
            "cert": {"status": "valid", "certificates": chain}, "multisign": 1,
        }  # fmt: skip
        pin = {"presence": "true", "format": "N"}
        if self.version == 1:
            return {**told, "authMode": "explicit", "SCAL": "2", "PIN": pin}
        return {**told, "SCAL": "2", "auth": {"mode": "explicit", "expression": "PIN", "objects": [{"id": "PIN"}]}}

    def _authorize(self, asked: dict[str, Any]) -> dict[str, Any]:
        held, name, digests = self._named(asked), asked["credentialID"], self._digests(asked)
        if asked.get("numSignatures") != len(digests):
            raise Refusal("invalid_request", "numSignatures")
        self._check_pin(held, asked)
        if held.confirms is None:
            return {"SAD": self._leave(name, digests), "expiresIn": 300}
        handle = secrets.token_hex(8)
        self.waiting[handle] = (name, digests, time.monotonic() + self.delay)
        return {"handle": handle}

    def _check_pin(self, held: Held, asked: dict[str, Any]) -> None:
        given = asked.get("PIN") or asked.get("OTP")
        if self.version > 1:
            given = next((each["value"] for each in asked.get("authData", [])), None)
        with self.lock:
            if held.wrong >= MOST_TRIES:
                raise Refusal("invalid_request", "PIN locked")
            if given != held.pin:
                held.wrong += 1
                raise Refusal("invalid_pin", "The PIN is invalid")
            held.wrong = 0

    def _check(self, asked: dict[str, Any]) -> dict[str, Any]:
        name, digests, at = self.waiting.get(asked.get("handle", ""), (None, (), 0.0))
        if name is None:
            raise Refusal("invalid_request", "handle")
        if time.monotonic() < at:
            return {"handle": asked["handle"]}
        if not self.held[name].confirms:
            raise Refusal("access_denied", "declined by the user")
        return {"SAD": self._leave(name, digests), "expiresIn": 300}

    def _leave(self, name: str, digests: tuple[bytes, ...]) -> str:
        sad = secrets.token_urlsafe(24)
        self.leaves[sad] = (name, digests)
        return sad

    def _sign(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The leave is good once, for this key and exactly these hashes."""
        held, digests = self._named(asked), self._digests(asked)
        if self.leaves.pop(asked.get("SAD", ""), None) != (asked["credentialID"], digests):
            raise Refusal("invalid_request", "Invalid SAD")
        if asked.get("signAlgo") not in held.algorithms:
            raise Refusal("invalid_request", "signAlgo")
        return {"signatures": [base64.b64encode(held.sign(each)).decode() for each in digests]}

    def _digests(self, asked: dict[str, Any]) -> tuple[bytes, ...]:
        if self.version > 1 and asked.get("hashAlgorithmOID") != SHA256:
            raise Refusal("invalid_request", "hashAlgorithmOID")
        found = tuple(base64.b64decode(each) for each in asked.get("hash" if self.version == 1 else "hashes", []))
        if not found or any(len(each) != 32 for each in found):
            raise Refusal("invalid_request", "hash")
        return found

    def _named(self, asked: dict[str, Any]) -> Held:
        try:
            return self.held[asked["credentialID"]]
        except KeyError:
            raise Refusal("invalid_request", "Invalid parameter credentialID") from None


class Handler(BaseHTTPRequestHandler):
    """One call."""

    def do_POST(self) -> None:
        provider: Provider = self.server.provider
        method = self.path.partition(f"/csc/v{provider.version}/")[2]
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        form = self.headers.get_content_type().endswith("urlencoded")
        asked = parse_qs(body.decode()) if form else json.loads(body)
        provider.calls.append((method, asked))
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            status, told = 200, provider.answer(method, asked, token)
        except Refusal as refused:
            status, told = refused.status, {"error": refused.error, "error_description": refused.said}
        spoilt = provider.spoil(self, method, told) if provider.spoil else told
        if spoilt is not None:
            self.send(status, json.dumps(spoilt).encode())

    def send(self, status: int, body: bytes, kind: str = "application/json", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        """The tests read `calls`."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_args: Any) -> None:
        """A caller that hung up."""


@contextmanager
def serving(version: int = 2, context: Any = None) -> Iterator[tuple[Provider, str]]:
    """A provider that answers, and its base address."""
    server = _Server(("127.0.0.1", 0), Handler)
    server.provider = Provider(version)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        scheme = "https" if context else "http"
        yield server.provider, f"{scheme}://127.0.0.1:{server.server_port}/csc/v{version}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
