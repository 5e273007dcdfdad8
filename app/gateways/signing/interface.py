"""What any signer offers, wherever its keys live, and the one that the application has chosen."""
import datetime as dt
from collections.abc import Callable, Sequence
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
    is no such key or it cannot be used (`SignerBusy`, `PinHeld`: not now), `PinRefused` for a PIN that may not be
    chosen.
    """

    label: Any

    def enrol(self, name: str, title: str, organisation: str, pin: str, now: dt.datetime, days: int) -> Enrolled:
        """A new key and its certificate, valid from `now` for that many days."""

    def sign(self, key_ref: str, pin: str, data: bytes, now: dt.datetime) -> bytes:
        """A detached CMS in DER over `data`, with `now` as the signing time."""

    def sign_digest(self, key_ref: str, pin: str, digest: bytes, now: dt.datetime) -> bytes:
        """The same, given only the SHA-256 of the data."""

    def sign_document(self, key_ref: str, pin: str, digest: bytes) -> bytes:
        """A CMS in DER for a PDF, given the SHA-256 of its signed bytes: PAdES-B, with the issuing authority inside.

        No ballot: `check_detached` refuses it, and `check_document` a ballot's.
        """

    def certificate(self, key_ref: str) -> bytes:
        """The certificate of the key in DER."""

    def destroy(self, key_ref: str) -> None:
        """Make the key unusable for ever."""


class KeysElsewhere:
    """The signer of a process that only judges signatures: every key is somewhere else."""

    label = ""

    def __getattr__(self, _name: str) -> Any:
        raise KeyUnavailable


Chain = Callable[[], Sequence[bytes]]
_chosen: list[tuple[Signer, Chain]] = []
_outside: list[bytes] = []


def use(signer: Signer, trusted: Sequence[bytes] | Chain = ()) -> None:
    """The application says once, at its start, who signs and which authorities it trusts.

    `trusted` are certificates in DER, the issuing authority first, as `Authority.chain` gives them, or what gives them
    when they are first needed; without them no certificate is accepted.
    """
    _chosen[:] = [(signer, trusted if callable(trusted) else lambda: trusted)]


def trust_also(authorities: Sequence[bytes]) -> None:
    """Authorities outside (DER) whose certificates are accepted beside those of the own one."""
    _outside[:] = authorities


def signer() -> Signer:
    """The chosen signer; `KeyUnavailable` when none was chosen."""
    return _choice()[0]


def trusted() -> tuple[bytes, ...]:
    """The pinned authorities in DER, for `check_certificate`: the own issuing one, its root, then those outside.

    `KeyUnavailable` when nobody can say which they are.
    """
    return (*_choice()[1](), *_outside)


def _choice() -> tuple[Signer, Chain]:
    if not _chosen:
        raise KeyUnavailable
    return _chosen[0]


def wrap(around: Callable[[Signer], Signer]) -> None:
    """Put something around the chosen signer, such as a watch; nothing happens when none was chosen."""
    _chosen[:] = [(around(chosen), chain) for chosen, chain in _chosen]
