"""Keys in the signer's process (decided there who may ask): the web knows a socket and no key."""
import datetime as dt
import logging
import socket
import threading
import time
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn

from flask_babel import lazy_gettext as _

from app.gateways.signing import wire
from app.gateways.signing.errors import KeyUnavailable, PinFault, PinHeld, PinRefused, SignerBusy, WrongPin
from app.gateways.signing.interface import Enrolled
from app.gateways.signing.places import REMOTE, provider_of
from app.gateways.signing.trouble import TROUBLES

log = logging.getLogger("ecabinet.signing")

PATIENCE = 15.0  # seconds; twenty-seven members at once wait for less than three on an idle machine
CONFIRMED = 61.0  # seconds for keys whose owner may have to confirm at a provider
CONNECTS = 3.0
AGAIN = 0.01  # seconds until a full line of callers is tried again


class RemoteSigner:
    """A signer behind a Unix socket; one connection for each request, so there is none that could have gone stale.

    Whatever goes wrong on the way is `KeyUnavailable`, and nothing is asked twice: a signature that was made and lost
    with its answer is nobody's.
    """

    label = _("server-held key")

    def __init__(self, path: Path, patience: float = PATIENCE) -> None:
        self._path, self._patience = str(path), patience
        self._chain: tuple[bytes, ...] = ()
        self._asking = threading.Lock()

    def enrol(self, name: str, title: str, organisation: str, pin: str, now: dt.datetime, days: int) -> Enrolled:
        named = {"name": name, "title": title, "organisation": organisation}
        told = self._ask("enrol", **named, pin=_sent(pin), now=now, days=days)
        return Enrolled(_text(told, "key_ref"), _bytes(told, "certificate"))

    def sign(self, key_ref: str, pin: str, data: bytes, now: dt.datetime) -> bytes:
        return self.sign_digest(key_ref, pin, sha256(data).digest(), now)

    def sign_digest(self, key_ref: str, pin: str, digest: bytes, now: dt.datetime) -> bytes:
        return _bytes(self._ask("sign_digest", key_ref=key_ref, pin=_sent(pin), digest=digest, now=now), "cms")

    def sign_document(self, key_ref: str, pin: str, digest: bytes) -> bytes:
        return _bytes(self._ask("sign_document", key_ref=key_ref, pin=_sent(pin), digest=digest), "cms")

    def certificate(self, key_ref: str) -> bytes:
        return _bytes(self._ask("certificate", key_ref=key_ref), "certificate")

    def destroy(self, key_ref: str) -> None:
        self._ask("destroy", key_ref=key_ref)

    def revocation_list(self, authority: str) -> bytes:
        return _bytes(self._ask("list", authority=authority), "content")

    def answer(self, request: bytes) -> bytes:
        return _bytes(self._ask("ocsp", request=request[: wire.MOST_ASKED]), "content")

    def take_back(self, serial: str, since: dt.datetime) -> None:
        self._ask("take_back", serial=serial, since=since)

    def log_key(self, name: str = "") -> str:
        """The public key of the log (C2SP vkey text), made now under this name where the signer has none."""
        return _text(self._ask("log_key", name=name), "key")

    def sign_checkpoint(self, origin: str, size: int, root: bytes) -> bytes:
        """The Ed25519 signature of the log's key over this checkpoint."""
        return _bytes(self._ask("sign_checkpoint", origin=origin, size=size, root=root), "signature")

    def chain(self) -> tuple[bytes, ...]:
        """The signer's authorities in DER, the issuing one first; asked for once."""
        with self._asking:
            if not self._chain:
                told = self._ask("about").get("chain")
                if not isinstance(told, list) or not told:
                    raise KeyUnavailable
                self._chain = tuple(_bytes({"der": part}, "der") for part in told)
        return self._chain

    def _ask(self, act: str, **values: Any) -> dict[str, Any]:
        far = provider_of(str(values.get("key_ref"))) == REMOTE
        deadline = time.monotonic() + (max(self._patience, CONFIRMED) if far else self._patience)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                _connect(connection, self._path, min(CONNECTS, self._patience))
                wire.send(connection, wire.request(act, **values), deadline)
                told = wire.receive(connection, deadline, wire.LARGEST_ANSWER)
        except (OSError, EOFError, wire.Odd) as error:
            log.error("the signer did not answer %s: %s", act, type(error).__name__)
            raise KeyUnavailable from None  # nothing of the request goes on with the error
        if "error" in told:
            _refuse(act, told)
        return told


def _connect(connection: socket.socket, path: str, seconds: float) -> None:
    """OSError, and TimeoutError when its line of callers stays full: with a time limit the kernel does not wait."""
    deadline = time.monotonic() + seconds
    connection.settimeout(seconds)
    while True:
        try:
            return connection.connect(path)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise TimeoutError from None
            time.sleep(AGAIN)


def _sent(pin: str) -> str:
    """A PIN of any length is judged by the signer; one that is too long for its socket is wrong in any case."""
    return pin if len(pin) <= wire.LONGEST_PIN else ""


def _refuse(act: str, told: Mapping[str, Any]) -> NoReturn:
    """What the signer refused, as the same exception that a signer in this process raises."""
    error, detail = told["error"], str(told.get("detail", ""))
    if error == WrongPin.code:
        raise WrongPin
    if error == SignerBusy.code:
        raise SignerBusy
    if error == PinRefused.code and detail in [*PinFault]:
        raise PinRefused(PinFault(detail))
    if error == PinHeld.code:
        raise PinHeld(_time(detail))
    if error in TROUBLES:
        raise TROUBLES[error]
    if error != KeyUnavailable.code:
        log.error("the signer refused %s: %s", act, detail)
    raise KeyUnavailable


def _time(text: str) -> dt.datetime:
    try:
        return dt.datetime.fromisoformat(text).astimezone(dt.UTC)
    except ValueError:
        raise KeyUnavailable from None


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str):
        raise KeyUnavailable
    return value


def _bytes(told: Mapping[str, Any], name: str) -> bytes:
    try:
        return bytes.fromhex(_text(told, name))
    except ValueError:
        raise KeyUnavailable from None
