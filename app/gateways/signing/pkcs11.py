"""Keys in HSM and USB tokens (thiết bị ký): PKCS#11, one key and one PIN to a token.

Who is logged in to a token is one state for the whole process. So a module is used by one thread at a time, each
signature logs in with the PIN that was given and out again, and a login that somebody else left open is never used.
"""
import logging
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NoReturn, TypeVar

import pkcs11
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.util.ec import encode_ec_public_key
from pkcs11.util.rsa import encode_rsa_public_key

from app.gateways.signing.elsewhere import LONGEST_PIN, Chain, ElsewhereSigner, Ended
from app.gateways.signing.errors import SignerBusy, SigningError, WrongPin
from app.gateways.signing.places import DEVICE
from app.gateways.signing.trouble import (
    DeviceAbsent,
    DeviceFailed,
    DeviceInUse,
    DeviceLost,
    KeyNotThere,
    NotThatCertificate,
    PinBlocked,
)

Made = TypeVar("Made")
log = logging.getLogger("ecabinet.signing")

WAITS = 12.0  # seconds for the signatures that are made before this one
SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")  # DigestInfo of RFC 8017 §9.2, before the digest
Refusals = tuple[type[pkcs11.PKCS11Error], ...]
PIN_WRONG: Refusals = (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange)
PIN_LOCKED: Refusals = (pkcs11.PinLocked, pkcs11.PinExpired, pkcs11.UserPinNotInitialized)
ABSENT: Refusals = (
    pkcs11.NoSuchToken, pkcs11.TokenNotPresent, pkcs11.DeviceRemoved, pkcs11.TokenNotRecognised, pkcs11.SlotIDInvalid,
)  # fmt: skip
LOST: Refusals = (
    pkcs11.SessionHandleInvalid, pkcs11.SessionClosed, pkcs11.SessionCount, pkcs11.UserNotLoggedIn,
    pkcs11.KeyHandleInvalid, pkcs11.ObjectHandleInvalid,
)  # fmt: skip
IN_USE: Refusals = (pkcs11.UserAlreadyLoggedIn, pkcs11.AnotherUserAlreadyLoggedIn, pkcs11.UserTooManyTypes)
NOT_THERE: Refusals = (pkcs11.NoSuchKey, pkcs11.MultipleObjectsReturned, pkcs11.MultipleTokensReturned)
SAID: tuple[tuple[Refusals, type[SigningError]], ...] = (
    (PIN_WRONG, WrongPin), (PIN_LOCKED, PinBlocked), (ABSENT, DeviceAbsent), (LOST, DeviceLost),
    (IN_USE, DeviceInUse), (NOT_THERE, KeyNotThere),
)  # fmt: skip
AGAIN = (*ABSENT, *LOST, *IN_USE)  # a fresh start of the module may mend it, and no PIN was looked at in vain


@dataclass(frozen=True)
class DeviceKey:
    """Where a key is: the module's file, the token by its label, the key by its label, its id or both."""

    module: str
    token: str
    label: str | None = None
    id: bytes | None = None

    @property
    def beside(self) -> dict[Attribute, Any]:
        """What certificate and public key are found by: the id, and the label only where there is none."""
        return {Attribute.ID: self.id} if self.id is not None else {Attribute.LABEL: self.label}


class Pkcs11Signer(ElsewhereSigner[DeviceKey]):
    """HSM and USB tokens at the machine of the signer."""

    provider = DEVICE

    def __init__(self, keys: Mapping[str, DeviceKey], chain: Chain, ended: Ended) -> None:
        super().__init__(keys, chain, ended)
        self._modules: dict[str, Module] = {}

    def _certificate(self, key: DeviceKey) -> bytes:
        return self._module(key).use(key, None, lambda session: _certificate_in(session, key))

    def _sign(self, key: DeviceKey, pin: str, prepare: Callable[[bytes], bytes]) -> tuple[bytes, bytes]:
        if not pin or len(pin) > LONGEST_PIN or not pin.isprintable():
            raise WrongPin

        def make(session: pkcs11.Session) -> tuple[bytes, bytes]:
            certificate_der = _certificate_in(session, key)
            return certificate_der, _value(session, key, pin, prepare(certificate_der))

        return self._module(key).use(key, pin, make)

    def _module(self, key: DeviceKey) -> "Module":
        return self._modules.setdefault(key.module, Module(key.module))


class Module:
    """One PKCS#11 library in this process, for one thread at a time; started afresh after anything went wrong."""

    def __init__(self, path: str) -> None:
        self._path, self._lock = path, threading.Lock()
        self._process = 0  # the one that started the library; 0 when it must be started afresh

    def use(self, key: DeviceKey, pin: str | None, act: Callable[[pkcs11.Session], Made]) -> Made:
        """What `act` makes in a session with the token, logged in where a PIN is given; `SigningError` only.

        A session that was lost is opened once more. `SignerBusy` when others need too long.
        """
        if not self._lock.acquire(timeout=WAITS):
            raise SignerBusy
        try:
            try:
                return self._once(key, pin, act)
            except AGAIN as broken:
                log.warning("the token of %s was lost (%s): opened once more", self._path, type(broken).__name__)
                return self._once(key, pin, act)
        except pkcs11.PKCS11Error as refused:
            _refuse(refused, self._is_gone(key))
        finally:
            self._lock.release()

    def _once(self, key: DeviceKey, pin: str | None, act: Callable[[pkcs11.Session], Made]) -> Made:
        try:
            session = self._token(key).open(user_pin=pin)
            try:
                return act(session)
            finally:
                session.close()  # and logs out
        except BaseException:
            self._process = 0  # a login may be left open, and so may a session
            raise

    def _token(self, key: DeviceKey) -> pkcs11.Token:
        library = pkcs11.lib(self._path)
        if self._process != os.getpid():
            with suppress(pkcs11.PKCS11Error):
                library.finalize()
            library.initialize()
            self._process = os.getpid()
        return library.get_token(token_label=key.token)

    def _is_gone(self, key: DeviceKey) -> bool:
        """Whether the token cannot be found now: drivers tell a removal in many ways."""
        try:
            self._process = 0
            self._token(key)
        except pkcs11.PKCS11Error as missing:
            self._process = 0
            return isinstance(missing, ABSENT)
        return False


def tokens_in(module: str) -> list[str]:
    """The labels of the tokens in the slots of a module, for the operator; `SigningError` only.

    Not for a process that signs: the module is started afresh.
    """
    try:
        library = pkcs11.lib(module)
        with suppress(pkcs11.PKCS11Error):
            library.finalize()
        library.initialize()
        labels = [slot.get_token().label for slot in library.get_slots(token_present=True)]
    except pkcs11.PKCS11Error as refused:
        _refuse(refused, False)
    return sorted(filter(None, labels))


def _refuse(refused: pkcs11.PKCS11Error, gone: bool) -> NoReturn:
    """The same in our words; nothing of the driver's goes on, and neither does a PIN."""
    said = next((ours for theirs, ours in SAID if isinstance(refused, theirs)), DeviceFailed)
    if gone and said in (DeviceFailed, DeviceLost, KeyNotThere):
        said = DeviceAbsent
    log.warning("a signing device refused: %s", type(refused).__name__)
    raise said from None


def _certificate_in(session: pkcs11.Session, key: DeviceKey) -> bytes:
    """The one certificate that carries the name of the key, and belongs to the public key that stands beside it."""
    found = list(session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE, **key.beside}))
    if len(found) != 1:
        raise KeyNotThere
    certificate_der = bytes(found[0][Attribute.VALUE])
    public = list(session.get_objects({Attribute.CLASS: ObjectClass.PUBLIC_KEY, **key.beside}))
    try:
        certified = x509.load_der_x509_certificate(certificate_der).public_key()
        belongs = all(serialization.load_der_public_key(_encoded(each)) == certified for each in public)
    except ValueError as error:
        raise NotThatCertificate from error
    if not belongs:
        raise NotThatCertificate
    return certificate_der


def _encoded(public: Any) -> bytes:
    return encode_rsa_public_key(public) if public.key_type is KeyType.RSA else encode_ec_public_key(public)


def _value(session: pkcs11.Session, key: DeviceKey, pin: str, to_sign: bytes) -> bytes:
    private: Any = session.get_key(object_class=ObjectClass.PRIVATE_KEY, label=key.label, id=key.id)
    again = {"pin": pin} if _asks_each_time(private) else {}
    digest = sha256(to_sign).digest()
    if private.key_type is KeyType.RSA:
        return bytes(private.sign(SHA256_INFO + digest, mechanism=Mechanism.RSA_PKCS, **again))
    if private.key_type is KeyType.EC:
        return bytes(private.sign(digest, mechanism=Mechanism.ECDSA, **again))
    raise KeyNotThere


def _asks_each_time(private: Any) -> bool:
    """Keys for qualified signatures want the PIN for each signature, beside the login."""
    with suppress(pkcs11.PKCS11Error):
        return bool(private[Attribute.ALWAYS_AUTHENTICATE])
    return False
