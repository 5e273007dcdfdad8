"""Which authorisations are still good: made by this machine within half a minute, and never used before."""

import threading
from collections.abc import Mapping
from typing import Any

from app.gateways.signing import SignerBusy, wire

MOST_KEPT = 100_000  # of half a minute


class Authorisations:
    """The used ones are remembered for as long as they would be good.

    None from before this process began is accepted: it may have been used with the one before. Ages are told by a
    clock that nobody sets (`wire.ticks`).
    """

    def __init__(self) -> None:
        self._begun = wire.ticks()
        self._used: dict[bytes, int] = {}
        self._lock = threading.Lock()

    def use(self, authorisation: Mapping[str, Any]) -> None:
        """Raises `wire.Odd` for one that is too old, not made yet, or used."""
        now, issued, nonce = wire.ticks(), authorisation["issued"], authorisation["nonce"]
        if issued < max(self._begun, now - wire.LIVES):
            raise wire.Odd("expired")
        if issued > now:
            raise wire.Odd("not yet")
        with self._lock:
            if nonce in self._used:
                raise wire.Odd("replayed")
            if len(self._used) >= MOST_KEPT:
                self._used = {kept: at for kept, at in self._used.items() if at >= now - wire.LIVES}
            if len(self._used) >= MOST_KEPT:
                raise SignerBusy
            self._used[nonce] = issued
