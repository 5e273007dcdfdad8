"""Server-held keys (khóa phía máy chủ): one file per person, opened by the PIN and the installation key together."""
import datetime as dt
import re
import secrets
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from flask_babel import lazy_gettext as _

from app.gateways.signing.authority import Authority
from app.gateways.signing.cms import PrivateKey, sign_digest, sign_document
from app.gateways.signing.errors import KeyUnavailable, WrongPin
from app.gateways.signing.files import INSTALLATION_KEY_BYTES, make_folder, remove_private, write_private
from app.gateways.signing.interface import Enrolled
from app.gateways.signing.pins import check_pin, well_formed
from app.gateways.signing.wrapping import Argon2Cost, WrappedKey, unwrap, wrap

KEY_REF = re.compile(r"[0-9a-f]{32}", re.ASCII)


class SoftwareSigner:
    """Keys in a folder of the signer's user, in memory only while one signature is made.

    The person's sole control ends where the server is taken over while a PIN is entered; results say so by `label`.
    """

    label = _("server-held key")

    def __init__(
        self, folder: Path, installation_key_file: Path, authority: Authority, cost: Argon2Cost | None = None
    ) -> None:
        self._folder = folder
        self._installation_key_file = installation_key_file
        self._authority = authority
        self._cost = cost or Argon2Cost()

    def enrol(self, name: str, title: str, organisation: str, pin: str, now: dt.datetime, days: int) -> Enrolled:
        check_pin(pin)
        installation_key = self._installation_key()
        private_key = ec.generate_private_key(ec.SECP256R1())
        certificate_der = self._authority.issue(name, title, organisation, private_key.public_key(), now, days)
        key_ref = secrets.token_hex(16)
        form = (serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        wrapped = wrap(key_ref, private_key.private_bytes(*form), certificate_der, pin, installation_key, self._cost)
        try:
            make_folder(self._folder)
            write_private(self._path(key_ref), wrapped.to_bytes())
        except OSError as error:  # no space, no right: there is no key then
            raise KeyUnavailable from error
        return Enrolled(key_ref, certificate_der)

    def sign(self, key_ref: str, pin: str, data: bytes, now: dt.datetime) -> bytes:
        return self.sign_digest(key_ref, pin, sha256(data).digest(), now)

    def sign_digest(self, key_ref: str, pin: str, digest: bytes, now: dt.datetime) -> bytes:
        wrapped = self._load(key_ref)
        return sign_digest(self._unlock(key_ref, wrapped, pin), wrapped.certificate_der, digest, now)

    def sign_document(self, key_ref: str, pin: str, digest: bytes) -> bytes:
        wrapped = self._load(key_ref)
        private_key = self._unlock(key_ref, wrapped, pin)
        return sign_document(private_key, wrapped.certificate_der, digest, self._authority.chain()[:1])

    def certificate(self, key_ref: str) -> bytes:
        return self._load(key_ref).certificate_der

    def destroy(self, key_ref: str) -> None:
        try:
            remove_private(self._path(key_ref))
        except OSError as error:
            raise KeyUnavailable from error

    def _unlock(self, key_ref: str, wrapped: WrappedKey, pin: str) -> PrivateKey:
        if not well_formed(pin):
            raise WrongPin
        private_der = unwrap(key_ref, wrapped, pin, self._installation_key())
        private_key = serialization.load_der_private_key(private_der, None)
        del private_der
        if not isinstance(private_key, PrivateKey):
            raise KeyUnavailable
        return private_key

    def _load(self, key_ref: str) -> WrappedKey:
        try:
            return WrappedKey.from_bytes(self._path(key_ref).read_bytes())
        except OSError as error:
            raise KeyUnavailable from error

    def _path(self, key_ref: str) -> Path:
        if not KEY_REF.fullmatch(key_ref):
            raise KeyUnavailable
        return self._folder / f"{key_ref}.json"

    def _installation_key(self) -> bytes:
        try:
            key = self._installation_key_file.read_bytes()
        except OSError as error:
            raise KeyUnavailable from error
        if len(key) != INSTALLATION_KEY_BYTES:
            raise KeyUnavailable
        return key
