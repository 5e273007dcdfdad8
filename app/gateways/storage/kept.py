"""Decides which files from far away are kept at hand: those read last, proved, in nameless files of this process."""

import contextlib
import os
import tempfile
import threading
from collections import OrderedDict
from typing import BinaryIO


class Kept:
    """At most so many bytes and files; what is in use stays readable when it is given up. Safe between threads."""

    def __init__(self, most_bytes: int, most_files: int) -> None:
        self._most_bytes, self._most_files, self._bytes = most_bytes, most_files, 0
        self._files: OrderedDict[str, tuple[int, int]] = OrderedDict()  # key → (descriptor, size)
        self._lock = threading.Lock()

    def open(self, key: str) -> BinaryIO | None:
        """The file from its beginning, with a place of its own in it; None when it is not at hand."""
        with self._lock:
            if key not in self._files:
                return None
            self._files.move_to_end(key)
            return _reopened(self._files[key][0])

    def add(self, key: str, file: BinaryIO, size: int) -> BinaryIO:
        """Keep a proved file, which is still the caller's to close; the same file, opened for its reader."""
        with self._lock:
            self._give_up(key)
            self._files[key], self._bytes = (os.dup(file.fileno()), size), self._bytes + size
            opened = _reopened(file.fileno())
            while self._files and (self._bytes > self._most_bytes or len(self._files) > self._most_files):
                self._give_up(next(iter(self._files)))
            return opened

    def _give_up(self, key: str) -> None:
        if key in self._files:
            descriptor, size = self._files.pop(key)
            self._bytes -= size
            os.close(descriptor)

    def __del__(self) -> None:
        with contextlib.suppress(OSError):
            for key in list(self._files):
                self._give_up(key)


def nameless() -> BinaryIO:
    """A file that nobody else finds and that is gone with its last reader."""
    return os.fdopen(_descriptor(), "w+b")


def _descriptor() -> int:
    handle, name = tempfile.mkstemp(prefix=".ecabinet-")
    os.unlink(name)
    return handle


def _reopened(descriptor: int) -> BinaryIO:
    return os.fdopen(os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY | os.O_CLOEXEC), "rb")
