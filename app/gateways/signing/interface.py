"""What any signer offers, wherever its keys live, and the one that the application has chosen."""
import datetime as dt
from dataclasses import dataclass
from typing import Any, Protocol

from app.gateways.signing.errors import KeyUnavailable


@dataclass(frozen=True)
class Enrolled:
    """A key that can sign: its reference in the signer, and its certificate."""

    key_ref: str
    certificate_der: bytes


class Signer(Protocol):
    """Keys that sign for their owner alone. Never called inside a database transaction.

    `label` says in results where the keys live. Times are aware. Every method raises `SigningError` only:
    `WrongPin` when the PIN does not open the key (the caller charges the try beforehand), `KeyUnavailable` when there
    is no such key or it cannot be used, `PinRefused` for a PIN that may not be chosen.
    """

    label: Any

    def enrol(self, name: str, title: str, organisation: str, pin: str, now: dt.datetime, days: int) -> Enrolled:
        """A new key and its certificate, valid from `now` for that many days."""

    def sign(self, key_ref: str, pin: str, data: bytes, now: dt.datetime) -> bytes:
        """A detached CMS in DER over `data`, with `now` as the signing time."""

    def sign_digest(self, key_ref: str, pin: str, digest: bytes, now: dt.datetime) -> bytes:
        """The same, given only the SHA-256 of the data."""

    def certificate(self, key_ref: str) -> bytes:
        """The certificate of the key in DER."""

    def destroy(self, key_ref: str) -> None:
        """Make the key unusable for ever."""


_chosen: list[Signer] = []


def use(signer: Signer) -> None:
    """The application says once, at its start, who signs."""
    _chosen[:] = [signer]


def signer() -> Signer:
    """The chosen signer; `KeyUnavailable` when none was chosen."""
    if not _chosen:
        raise KeyUnavailable
    return _chosen[0]
