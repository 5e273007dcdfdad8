"""Which keys live outside of this software: a TOML file of tokens and remote signing providers, read strictly.

    [pkcs11.an]                      # its reference is pkcs11:an
    module = "/usr/lib/softhsm/libsofthsm2.so"
    token = "AN"                     # label of the token; each person has a token, or a partition, of ones own
    label = "an"                     # of the key; or id = "a1", hexadecimal; or both

    [service.vnca]
    url = "https://rssp.example.vn/csc/v2"
    version = 2                      # 1 or 2
    token_file = "/etc/ecabinet/vnca.token"      # or client_id = "…" and secret_file = "…"
    authority_file = "/etc/ecabinet/vnca-tls.pem"    # only for a server certificate of an authority of its own
    wait = 40                        # seconds for a confirmation in the application, 5 to 40

    [csc.binh]                       # its reference is csc:binh
    service = "vnca"
    credential = "4f1c…"
    confirm = "pin"                  # or otp, or app: PIN, then the provider's application
"""
import re
import stat
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from app.gateways.signing.choice import SignerByKey
from app.gateways.signing.csc import APP, OTP, PIN, Credential, CscSigner, Service
from app.gateways.signing.elsewhere import Chain, Ended
from app.gateways.signing.interface import Signer
from app.gateways.signing.pkcs11 import DeviceKey, Pkcs11Signer
from app.gateways.signing.places import DEVICE, REMOTE

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)
OTHERS = stat.S_IRWXG | stat.S_IRWXO
LOOPBACK = ("127.0.0.1", "::1", "localhost")
LEAST_WAIT, MOST_WAIT = 5, 40  # seconds; a browser asks again after a minute
VERSIONS = (1, 2)


class BadProviders(ValueError):
    """The file cannot be used; the sentence names the section and what is wrong, never a secret."""


@dataclass(frozen=True)
class Providers:
    """Keys by the name that stands behind the colon of their references."""

    devices: Mapping[str, DeviceKey] = field(default_factory=dict)
    credentials: Mapping[str, Credential] = field(default_factory=dict)

    @property
    def references(self) -> list[str]:
        return [f"{DEVICE}:{name}" for name in self.devices] + [f"{REMOTE}:{name}" for name in self.credentials]

    @property
    def services(self) -> list[Service]:
        return list({key.service.name: key.service for key in self.credentials.values()}.values())

    def around(self, own: Signer, chain: Chain, ended: Path | None) -> Signer:
        """The signer of all keys; our own one alone when nothing is configured. `ended`: folder of destroyed keys."""
        if not self.references:
            return own
        others: dict[str, Signer] = {
            DEVICE: Pkcs11Signer(self.devices, chain, Ended(ended)),
            REMOTE: CscSigner(self.credentials, chain, Ended(ended)),
        }
        return SignerByKey(own, others)


def read_providers(file: str, loopback: bool = False) -> Providers:
    """What the file says; nothing for an empty name. `BadProviders` for anything that is not exactly as described.

    `loopback` lets http:// to this machine itself pass, for tests and tours.
    """
    if not file:
        return Providers()
    try:
        told = tomllib.loads(Path(file).read_text("utf-8"))
    except OSError as error:
        raise BadProviders(f"{file} cannot be read: {error.strerror}") from None
    except ValueError:
        raise BadProviders(f"{file} is no TOML file in UTF-8") from None
    unknown = set(told) - {DEVICE, REMOTE, "service"}
    if unknown:
        _refuse(sorted(unknown)[0], "is no section of this file: pkcs11, service, csc")
    devices = _each(told, DEVICE, _device)
    services = _each(told, "service", lambda section: _service(section, loopback))
    credentials = _each(told, REMOTE, lambda section: _credential(section, services))
    _refuse_shared(devices)
    return Providers(devices, credentials)


class _Section:
    """One table of the file; what nobody has asked for at the end is refused."""

    def __init__(self, name: str, values: Any) -> None:
        if type(values) is not dict:
            _refuse(name, "is no section")
        self.name, self._values = name, dict(values)

    def text(self, name: str, required: bool = True) -> str:
        value = self._values.pop(name, "")
        if type(value) is not str or (required and not value.strip()) or len(value) > 300:  # noqa: PLR2004
            _refuse(f"{self.name}.{name}", "is missing or is no text")
        return value.strip()

    def whole(self, name: str, least: int, most: int, default: int) -> int:
        value = self._values.pop(name, default)
        if type(value) is not int or not least <= value <= most:
            _refuse(f"{self.name}.{name}", f"is no whole number from {least} to {most}")
        return value

    def path(self, name: str) -> Path | None:
        text = self.text(name, required=False)
        if text and not (Path(text).is_absolute() and Path(text).is_file()):
            _refuse(f"{self.name}.{name}", "is no absolute path of a file")
        return Path(text) if text else None

    def secret(self, name: str) -> Path | None:
        path = self.path(name)
        if path and path.stat().st_mode & OTHERS:
            _refuse(f"{self.name}.{name}", "is open to other accounts; chmod go= it")
        return path

    def end(self) -> None:
        for name in self._values:
            _refuse(f"{self.name}.{name}", "is not known")


def _each(told: Mapping[str, Any], kind: str, read: Callable[[_Section], Any]) -> dict[str, Any]:
    sections = told.get(kind, {})
    if type(sections) is not dict:
        _refuse(kind, "is no section")
    found = {}
    for name, values in sections.items():
        if not NAME.fullmatch(name):
            _refuse(f"{kind}.{name[:40]}", "is no name: small letters, digits and hyphens, at most 40")
        section = _Section(f"{kind}.{name}", values)
        found[name] = read(section)
        section.end()
    return found


def _device(section: _Section) -> DeviceKey:
    module = section.path("module")
    token, label, hexadecimal = section.text("token"), section.text("label", False), section.text("id", False)
    if module is None:
        _refuse(f"{section.name}.module", "is missing")
    if not label and not hexadecimal:
        _refuse(section.name, "names neither label nor id of the key")
    try:
        key_id = bytes.fromhex(hexadecimal) if hexadecimal else None
    except ValueError:
        _refuse(f"{section.name}.id", "is not hexadecimal")
    return DeviceKey(str(module), token, label or None, key_id)


def _service(section: _Section, loopback: bool) -> Service:
    url = section.text("url").rstrip("/")
    here = _checked_url(section.name, url, loopback)
    token, secret = section.secret("token_file"), section.secret("secret_file")
    client = section.text("client_id", False)
    if bool(token) == bool(client) or bool(client) != bool(secret):
        _refuse(section.name, "needs either token_file, or client_id with secret_file")
    version = section.whole("version", min(VERSIONS), max(VERSIONS), max(VERSIONS))
    wait = section.whole("wait", LEAST_WAIT, MOST_WAIT, MOST_WAIT)
    name, authority = section.name.partition(".")[2], section.path("authority_file")
    return Service(name, url, version, token, client, secret, authority, float(wait), here)


def _checked_url(name: str, url: str, loopback: bool) -> bool:
    """Whether the address is this machine itself, where that is allowed."""
    try:
        parts = urlsplit(url)
        odd = parts.port == 0 or not parts.hostname or "@" in parts.netloc or parts.query or parts.fragment
    except ValueError:
        odd = True
    here = not odd and loopback and parts.hostname in LOOPBACK
    if odd or parts.scheme not in ("https", "http") or (parts.scheme == "http" and not here):
        _refuse(f"{name}.url", "is no address that begins with https://")
    return here


def _credential(section: _Section, services: Mapping[str, Service]) -> Credential:
    service, credential, confirm = section.text("service"), section.text("credential"), section.text("confirm", False)
    if service not in services:
        _refuse(f"{section.name}.service", "names no service of this file")
    if confirm not in ("", PIN, OTP, APP):
        _refuse(f"{section.name}.confirm", "is none of pin, otp, app")
    return Credential(services[service], credential, confirm or PIN)


def _refuse_shared(devices: Mapping[str, DeviceKey]) -> None:
    """The PIN of a token opens all that is in it: two people cannot share one."""
    first: dict[tuple[str, str], str] = {}
    for name, key in devices.items():
        other = first.setdefault((key.module, key.token), name)
        if other != name:
            _refuse(f"{DEVICE}.{name}", f"shares its token, and so its PIN, with {DEVICE}.{other}")


def _refuse(what: str, why: str) -> NoReturn:
    raise BadProviders(f"{what} {why}")
