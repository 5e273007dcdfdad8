"""Hands one encrypted message to the push service of a browser (RFC 8030, 8188, 8291, 8292)."""

import base64
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.gateways import posting
from app.gateways.handover import HandoverFailed, NotAdmitted, Refused, Unreachable

if TYPE_CHECKING:
    from py_vapid import Vapid02

__all__ = ["Gone", "NotAdmitted", "Pusher", "Refused", "Subscription", "Unreachable", "generate_vapid_key", "permitted"]

# The push services of Chrome and Edge, Firefox, Windows, Safari: an endpoint is a name under one of these.
SERVICES = ("fcm.googleapis.com", "push.services.mozilla.com", "notify.windows.com", "push.apple.com")
DAY = 24 * 3600  # seconds
CLAIMED = 12 * 3600  # seconds that a VAPID claim stands; RFC 8292 allows a day
LARGEST = 3800  # bytes of a message; what is sent has room for 4096
LONGEST_ENDPOINT = 1000
TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}")
SECRETS = {"p256dh": 65, "auth": 16}  # bytes
GONE = {404, 410}
POINT = (serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
ACCEPTED, TOO_MANY, SERVERS_FAULT = {200, 201, 202, 204}, 429, 500
OUR_FAULT = {401}


class Gone(HandoverFailed):
    """The subscription does not exist any more; it is to be forgotten."""


@dataclass(frozen=True)
class Subscription:
    """What a browser says of itself: where to send, and its public key and secret (base64url, no padding)."""

    endpoint: str
    p256dh: str
    auth: str


def permitted(subscription: Subscription, services: tuple[str, ...] = SERVICES, *, loopback: bool = False) -> bool:
    """Whether a subscription may be kept and sent to: https, standard port, a known push service, usable keys.

    `loopback` also lets the machine itself pass, with plain http and any port: for tests.
    """
    if len(subscription.endpoint) > LONGEST_ENDPOINT or not re.fullmatch(r"[\x21-\x7e]+", subscription.endpoint):
        return False
    return _service(subscription.endpoint, services, loopback) and _usable(subscription)


def _service(endpoint: str, services: tuple[str, ...], loopback: bool) -> bool:
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.username is not None or parts.fragment or "\\" in endpoint:
        return False
    if loopback and host == "127.0.0.1":
        return parts.scheme in ("http", "https")
    known = any(host == name or host.endswith(f".{name}") for name in services)
    return parts.scheme == "https" and port in (None, 443) and known


def _usable(subscription: Subscription) -> bool:
    try:
        point, secret = _decoded(subscription.p256dh), _decoded(subscription.auth)
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        return False
    return (len(point), len(secret)) == (SECRETS["p256dh"], SECRETS["auth"])


def generate_vapid_key() -> bytes:
    """A new key for VAPID_KEY, as PEM. Whoever changes it loses all subscriptions: they are bound to it."""
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


class Pusher:
    """Pushes under the name of this installation.

    `key` is the PEM (or its file) of a P-256 key, `subject` a `mailto:` or `https:` address of whoever runs the
    installation; ValueError when they are not. `services` are the hosts, and all below them, that may be reached,
    and only at addresses of the Internet; `loopback` lets the machine itself pass: for tests.
    """

    def __init__(
        self,
        key: bytes | Path | str,
        subject: str,
        *,
        services: tuple[str, ...] = SERVICES,
        loopback: bool = False,
        connect: float = posting.CONNECT,
        answer: float = posting.ANSWER,
    ) -> None:
        if not re.fullmatch(r"mailto:[^@\s]+@[A-Za-z0-9.-]+|https://[A-Za-z0-9.-]+", subject):
            raise ValueError("the subject of push messages is a mailto: or https: address")
        self.key, self.subject = _private(key), subject
        self.services, self.loopback = services, loopback
        self.post = posting.Post(self._allowed, None, connect, answer)

    @property
    def public_key(self) -> str:
        """What the browser subscribes with (applicationServerKey): base64url without padding."""
        return _encoded(self.key.public_key().public_bytes(*POINT))

    def permits(self, subscription: Subscription) -> bool:
        return permitted(subscription, self.services, loopback=self.loopback)

    def send(
        self, subscription: Subscription, payload: bytes, topic: str = "", *, urgent: bool = False, lasts: int = DAY
    ) -> None:
        """Hand over one message for one browser; `lasts` is how many seconds the service keeps it for a sleeper.

        A newer message of the same `topic` (up to 32 of A–Z a–z 0–9 _ -) replaces one that was not shown yet. Gone,
        Refused, NotAdmitted and Unreachable; ValueError for a payload that is too large or a topic that is none.
        """
        if not payload or len(payload) > LARGEST or (topic and not TOPIC.fullmatch(topic)):
            raise ValueError(f"a push message has 1 to {LARGEST} bytes, its topic up to 32 letters and digits")
        if not self.permits(subscription):
            raise Refused(True, 0, "not an endpoint of a known push service")
        headers = self._vapid().sign(self._claims(subscription.endpoint)) | {
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(lasts),
            "Urgency": "high" if urgent else "normal",
        }
        answer = self.post(
            subscription.endpoint, _encrypted(subscription, payload), headers | ({"Topic": topic} if topic else {})
        )
        _judge(answer)

    def _claims(self, endpoint: str) -> dict[str, str | int]:
        parts = urlsplit(endpoint)
        port = f":{parts.port}" if parts.port not in (None, 443) else ""
        origin = f"{parts.scheme}://{parts.hostname}{port}"
        return {"aud": origin, "exp": int(time.time()) + CLAIMED, "sub": self.subject}

    def _vapid(self) -> "Vapid02":
        from py_vapid import Vapid02

        return Vapid02(self.key)

    def _allowed(self, address: posting.Address) -> bool:
        return posting.is_public(address) or (self.loopback and posting.is_loopback(address))


def _judge(answer: posting.Answer) -> None:
    said = answer.body or f"HTTP {answer.status}"
    if answer.status in ACCEPTED:
        return
    if answer.status in GONE:
        raise Gone(f"HTTP {answer.status}")
    if answer.status in OUR_FAULT:
        raise NotAdmitted(said)
    if answer.status == TOO_MANY or answer.status >= SERVERS_FAULT:
        raise Refused(False, answer.status, said, retry_after=answer.retry_after)
    if answer.status // 100 != 4:  # noqa: PLR2004  a redirect, or no push service
        raise Unreachable(f"{answer.status} is no answer of a push service")
    raise Refused(True, answer.status, said)


def _private(key: bytes | Path | str) -> ec.EllipticCurvePrivateKey:
    try:
        pem = key if isinstance(key, bytes) else Path(key).read_bytes()
        loaded: Any = serialization.load_pem_private_key(pem, password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError(f"the key of push messages cannot be read: {error}") from error
    if not isinstance(loaded, ec.EllipticCurvePrivateKey) or not isinstance(loaded.curve, ec.SECP256R1):
        raise ValueError("the key of push messages is a P-256 key")
    return loaded


def _encrypted(subscription: Subscription, payload: bytes) -> bytes:
    from pywebpush import WebPusher  # late: it brings two HTTP clients that are not used

    keys = {"p256dh": subscription.p256dh, "auth": subscription.auth}
    return bytes(WebPusher({"endpoint": subscription.endpoint, "keys": keys}).encode(payload)["body"])


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    """Of base64url without padding; ValueError when it is anything else."""
    if not re.fullmatch(r"[A-Za-z0-9_-]+", text):
        raise ValueError("not base64url")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
