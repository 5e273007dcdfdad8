"""What an authority publishes about its certificates, wherever its key is: lists, answers, and what was taken back."""
import datetime as dt
from collections.abc import Callable
from typing import Protocol

from app.gateways.signing.authority import Authority
from app.gateways.signing.errors import KeyUnavailable

AUTHORITIES = ("issuing", "root")
Clock = Callable[[], dt.datetime]


class Publisher(Protocol):
    """Never called inside a database transaction; every method raises `KeyUnavailable` only."""

    def revocation_list(self, authority: str) -> bytes:
        """The list (CRL, DER) of one of AUTHORITIES."""

    def answer(self, request: bytes) -> bytes:
        """The OCSP answer (DER) to a request, whatever was sent."""

    def take_back(self, serial: str, since: dt.datetime) -> None:
        """The certificate with this number (hexadecimal) is revoked since then; said twice, the first date stands."""


class OwnPublisher:
    """An authority in this process, by the clock of this machine."""

    def __init__(self, authority: Authority, clock: Clock = lambda: dt.datetime.now(dt.UTC)) -> None:
        self._authority, self._clock = authority, clock

    def revocation_list(self, authority: str) -> bytes:
        now = self._clock()
        return self._authority.root_crl(now) if authority == "root" else self._authority.crl(now)

    def answer(self, request: bytes) -> bytes:
        return self._authority.ocsp(request, self._clock())

    def take_back(self, serial: str, since: dt.datetime) -> None:
        self._authority.revoke_serial(int(serial, 16), since, self._clock())


_chosen: list[Publisher] = []


def publish_by(publisher: Publisher | None) -> None:
    """The application says once, at its start, who publishes; None where the authority is out of reach."""
    _chosen[:] = [publisher] if publisher is not None else []


def publisher() -> Publisher:
    """The chosen publisher; `KeyUnavailable` when there is none."""
    if not _chosen:
        raise KeyUnavailable
    return _chosen[0]
