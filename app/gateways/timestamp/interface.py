"""The time-stamping authority that the application has chosen, and those whose stamps it believes."""

from collections.abc import Callable, Sequence

from app.gateways.timestamp.client import Stamper

Chain = Callable[[], Sequence[bytes]]
_chosen: list[tuple[Stamper | None, Chain]] = []


def use(stamper: Stamper | None, trusted: Sequence[bytes] | Chain = ()) -> None:
    """The application says once, at its start, who stamps (None: nobody) and whose stamps are believed, in DER."""
    _chosen[:] = [(stamper, trusted if callable(trusted) else lambda: trusted)]


def stamper() -> Stamper | None:
    """The chosen authority; None when this installation has none."""
    return _chosen[0][0] if _chosen else None


def trusted() -> tuple[bytes, ...]:
    """The pinned authorities of time stamps in DER, for `check_token`; none where none are known."""
    return tuple(_chosen[0][1]()) if _chosen else ()
