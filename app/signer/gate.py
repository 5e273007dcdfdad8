"""Who may unlock a key now: one per core, some wait in order, and the rest is told at once that there is no room."""

import os
import threading
from types import TracebackType

from app.gateways.signing import SignerBusy

MOST_WAITING = 64  # at two unlocks of a fifth of a second at a time the last of them waits for about six seconds
LONGEST_WAIT = 12.0  # seconds; less than the callers' patience, so that they are told and do not guess


class Gate:
    """A bounded queue before the unlocks; `SignerBusy` when it is full or the wait grows too long."""

    def __init__(self, at_once: int = 0, waiting: int = MOST_WAITING, longest: float = LONGEST_WAIT) -> None:
        self._places = threading.Semaphore(at_once or os.cpu_count() or 1)
        self._waiting, self._most, self._longest = 0, waiting, longest
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        if self._places.acquire(blocking=False):
            return
        with self._lock:
            if self._waiting >= self._most:
                raise SignerBusy
            self._waiting += 1
        try:
            if not self._places.acquire(timeout=self._longest):
                raise SignerBusy
        finally:
            with self._lock:
                self._waiting -= 1

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._places.release()
