"""Python's own tidying-up takes a third of a second with two thousand screens: it is done when nobody waits for it."""

import gc
import time
from collections.abc import Callable

QUIET = 5.0  # seconds since something was told
EVERY, AT_LATEST = 300.0, 3600.0  # seconds
YOUNG, MIDDLE, NEVER = 10_000, 20, 1_000_000


class Tidying:
    """Young objects are looked through as always, all of them only in a quiet moment (or, at last, in any)."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, collect: Callable[[], int] = gc.collect) -> None:
        self._clock, self._collect, self._done_at = clock, collect, clock()

    def begin(self) -> None:
        """What is loaded now stays, and is never looked through again."""
        gc.collect()
        gc.freeze()
        gc.set_threshold(YOUNG, MIDDLE, NEVER)

    def look(self, told_at: float) -> bool:
        """Tidy up if it is time and quiet; whether it was done."""
        now = self._clock()
        age, quiet = now - self._done_at, now - told_at >= QUIET
        if not (age >= EVERY and quiet) and age < AT_LATEST:
            return False
        self._collect()
        self._done_at = now
        return True
