"""Tokens of the tests' own in SoftHSM 2: real PKCS#11, in a folder that is gone after the test."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pkcs11
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pkcs11 import Attribute, KeyType
from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters
from pkcs11.util.rsa import encode_rsa_public_key
from pkcs11.util.x509 import decode_x509_certificate

from app.gateways.signing import Authority
from app.gateways.signing.pkcs11 import DeviceKey
from tests.servers import MissingProgram, program

MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so", "/usr/lib/libsofthsm2.so")
SO_PIN = "81726354"


def module() -> str:
    """The library of SoftHSM; raises `MissingProgram`."""
    found = next((path for path in MODULES if Path(path).exists()), None)
    if found is None:
        raise MissingProgram("libsofthsm2.so is missing; install it with: apt-get install softhsm2")
    return found


class Tokens:
    """A shelf of tokens in one folder, each for one person."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.module = folder, module()
        (folder / "tokens").mkdir()
        self.settings = folder / "softhsm2.conf"
        self.settings.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")

    def make(self, label: str, pin: str) -> None:
        """An empty token with a user PIN."""
        command = [program("softhsm2-util", "softhsm2"), "--init-token", "--free", "--label", label]
        environment = {"PATH": os.environ["PATH"], "SOFTHSM2_CONF": str(self.settings)}
        subprocess.run([*command, "--pin", pin, "--so-pin", SO_PIN], env=environment, check=True, capture_output=True)

    def person(self, label: str, pin: str, authority: Authority, name: str, now, rsa: bool | int = False) -> DeviceKey:
        """A token with a key that was made inside, and the certificate of the authority for it."""
        self.make(label, pin)
        with self.session(label, pin) as session:
            public = generate(session, label, rsa)
            encoded = encode_rsa_public_key(public) if rsa else encode_ec_public_key(public)
            der = authority.issue(name, "Bộ trưởng", "Bộ Xây dựng", load_der_public_key(encoded), now, 365)
            self.put_certificate(session, label, der)
        return DeviceKey(self.module, label, label)

    def put_certificate(self, session: pkcs11.Session, label: str, der: bytes) -> None:
        known = decode_x509_certificate(der)
        session.create_object({**known, Attribute.LABEL: label, Attribute.ID: label.encode(), Attribute.TOKEN: True})

    @contextmanager
    def session(self, label: str, pin: str) -> Iterator[pkcs11.Session]:
        """A session that may write; the library is started afresh before and after it."""
        library = pkcs11.lib(self.module)
        library.reinitialize()
        with library.get_token(token_label=label).open(rw=True, user_pin=pin) as session:
            yield session
        library.reinitialize()

    def remove(self, label: str) -> Path:
        """Take a token out; what it was is kept beside the shelf."""
        (found,) = [path for path in self._shelf() if label.encode() in (path / "token.object").read_bytes()]
        return Path(shutil.move(found, self.folder / found.name))

    def put_back(self, removed: Path) -> None:
        shutil.move(removed, self.folder / "tokens" / removed.name)

    def _shelf(self) -> list[Path]:
        return list((self.folder / "tokens").iterdir())


def generate(session: pkcs11.Session, label: str, rsa: bool | int = False) -> pkcs11.PublicKey:
    """A key pair that never leaves the token; `rsa` may say how many bits, instead of 2048."""
    named = {"label": label, "id": label.encode(), "store": True}
    if rsa:
        public, _private = session.generate_keypair(KeyType.RSA, 2048 if rsa is True else int(rsa), **named)
        return public
    curve = {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
    parameters = session.create_domain_parameters(KeyType.EC, curve, local=True)
    public, _private = parameters.generate_keypair(**named)
    return public


@contextmanager
def shelf(folder: Path) -> Iterator[Tokens]:
    """Tokens in that folder, which SoftHSM in this process uses until the end of the block."""
    tokens, before = Tokens(folder), os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(tokens.settings)
    try:
        yield tokens
    finally:
        pkcs11.lib(tokens.module).finalize()
        if before is None:
            del os.environ["SOFTHSM2_CONF"]
        else:
            os.environ["SOFTHSM2_CONF"] = before


