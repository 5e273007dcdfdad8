"""The signer's own count of wrong PINs: what a web server that was taken over cannot set back."""

import datetime as dt
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from app.gateways.signing import PinHeld
from app.gateways.signing.files import make_folder

MOST = 10  # wrong PINs; the database locks a key after five of them
FIRST_HOLD = dt.timedelta(minutes=15)
LONGEST_HOLD = dt.timedelta(days=1)
WAITS = 12.0  # seconds for tries that are looked at now


@dataclass(frozen=True)
class Count:
    """`wrong` PINs since the last right one or hold, `holds` since the last right one, held `until` (seconds, UTC)."""

    wrong: int = 0
    holds: int = 0
    until: float = 0.0


class Tries:
    """Counts by key, each in a file beside the keys; they outlive the process and its sudden death.

    A try is charged before the PIN is looked at, so that neither many guesses at once nor a death in between win one.
    Each hold lasts twice as long as the one before it, until a right PIN was given.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._decided, self._looked_at = threading.Condition(), Counter[str]()
        make_folder(folder)

    @contextmanager
    def looking(self, key_ref: str) -> Iterator[None]:
        """Charge one try and look at its PIN within; `PinHeld` when none is taken now.

        Tries that are looked at in this moment count as wrong, and may be right: whoever finds a key held by them alone
        waits for what comes of them. So many right PINs at once hold no key, and no wrong one is looked at more.
        """
        deadline = time.monotonic() + WAITS
        with self._decided:
            while True:
                try:
                    self.charge(key_ref, dt.datetime.now(dt.UTC))
                    break
                except PinHeld:
                    left = deadline - time.monotonic()
                    if not self._looked_at[key_ref] or left <= 0:
                        raise
                    self._decided.wait(left)
            self._looked_at[key_ref] += 1
        try:
            yield
        finally:
            with self._decided:
                self._looked_at[key_ref] -= 1
                self._looked_at += Counter()  # nothing is kept of those that are nowhere
                self._decided.notify_all()

    def charge(self, key_ref: str, now: dt.datetime) -> None:
        """Count one try as wrong; `PinHeld` when none is taken now. The tenth is looked at and holds the key."""
        with self._lock:
            count, at = self._read(key_ref), now.timestamp()
            until = min(count.until, at + LONGEST_HOLD.total_seconds())  # a clock that was set back holds no longer
            if until > at:
                raise PinHeld(dt.datetime.fromtimestamp(until, dt.UTC))
            wrong, holds, until = count.wrong + 1, count.holds, 0.0
            if wrong >= MOST:
                hold = min(FIRST_HOLD * 2 ** min(holds, 10), LONGEST_HOLD)
                wrong, holds, until = 0, holds + 1, at + hold.total_seconds()
            self._write(key_ref, Count(wrong, holds, until))

    def forgive(self, key_ref: str) -> None:
        """The PIN was right."""
        with self._lock:
            self._path(key_ref).unlink(missing_ok=True)

    def give_back(self, key_ref: str) -> None:
        """The PIN was never looked at: the charged try does not count."""
        with self._lock:
            count = self._read(key_ref)
            if count.until:  # it was the tenth
                self._write(key_ref, Count(MOST - 1, count.holds - 1))
            else:
                self._write(key_ref, Count(max(0, count.wrong - 1), count.holds))

    def _read(self, key_ref: str) -> Count:
        """The count; what cannot be read leaves one try."""
        try:
            count = Count(**json.loads(self._path(key_ref).read_text()))
            if [type(part) for part in asdict(count).values()] != [int, int, float]:
                raise ValueError
        except FileNotFoundError:
            return Count()
        except (OSError, ValueError, TypeError):
            return Count(wrong=MOST - 1)
        return count

    def _write(self, key_ref: str, count: Count) -> None:
        """Whole or not at all. Not forced to the disk: whoever cuts the power has the machine anyway."""
        draft = self._path(key_ref).with_suffix(".draft")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump(asdict(count), file)
        draft.replace(self._path(key_ref))

    def _path(self, key_ref: str) -> Path:
        return self._folder / f"{key_ref}.json"
