"""Decides how documents lie in a local folder: under the SHA-256 of their content, whole or not at all."""

import contextlib
import errno
import logging
import os
import tempfile
import time
from pathlib import Path
from typing import BinaryIO

from app.gateways.storage.errors import NotStored, StorageError, StorageFull, StorageUnavailable
from app.gateways.storage.interface import Stored, altered, valid
from app.gateways.storage.stream import copy, digest_of

log = logging.getLogger(__name__)

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
INCOMING = ".incoming-"  # what is written and has no name yet
ABANDONED = 24 * 3600  # seconds; no document takes that long
REMEMBERED = 4096  # files that were proved and did not change since


class Storage:
    """A local folder: `ab/ab12…`, each file written beside its place, flushed to the disk, then renamed."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._proved: dict[str, tuple[int, ...]] = {}

    def put(self, source: BinaryIO | bytes, limit: int) -> Stored:
        """Keep the bytes; the same bytes twice are one file. A StorageError leaves nothing behind."""
        try:
            return self._write(source, limit)
        except ConnectionError:
            raise  # of the source: the store is well
        except OSError as error:
            raise self._fault(error) from error

    def open(self, key: str) -> BinaryIO:
        """The bytes under a key, to be closed; NotStored, or StorageUnavailable when the whole store is away."""
        try:
            source = self._place(key).open("rb")
        except OSError as error:
            if isinstance(error, FileNotFoundError) and self.folder.is_dir():
                raise NotStored from error
            raise self._fault(error) from error
        try:
            self._prove(source, key)
        except OSError as error:
            source.close()
            raise self._fault(error) from error
        except BaseException:
            source.close()
            raise
        return source

    def exists(self, key: str) -> bool:
        return self._place(key).is_file()

    def sweep(self) -> int:
        before, swept = time.time() - ABANDONED, 0
        try:
            for piece in self.folder.glob(f"{INCOMING}*"):
                with contextlib.suppress(FileNotFoundError):  # somebody else sweeps, or it got its name
                    if piece.stat().st_mtime < before:
                        piece.unlink()
                        swept += 1
        except OSError as error:
            raise self._fault(error) from error
        return swept

    def _prove(self, source: BinaryIO, key: str) -> None:
        """Altered unless the bytes are those of the key; a reader that asks for one page after the other waits once.

        A file that is written to, or exchanged, has another place, size or time of change than the proved one.
        """
        facts = os.fstat(source.fileno())
        mark = (facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)
        if self._proved.get(key) == mark:
            return
        if digest_of(source) != key:
            self._proved.pop(key, None)
            raise altered(key)
        source.seek(0)
        if len(self._proved) >= REMEMBERED:
            self._proved.clear()
        self._proved[key] = mark

    def _write(self, source: BinaryIO | bytes, limit: int) -> Stored:
        handle, name = tempfile.mkstemp(prefix=INCOMING, dir=self.folder)  # the same file system: rename is atomic
        try:
            with os.fdopen(handle, "wb") as target:
                stored = copy(source, target, limit)
                target.flush()
                os.fsync(target.fileno())
            place = self._place(stored.sha256)
            place.parent.mkdir(mode=0o700, exist_ok=True)
            os.chmod(name, 0o400)
            os.rename(name, place)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)
            raise
        for folder in (place.parent, self.folder):
            _sync_folder(folder)
        return stored

    def _fault(self, error: OSError) -> StorageError:
        """What to answer with; the cause is for the log of whoever runs the installation."""
        log.error("document store %s: %s", self.folder, error)
        return StorageFull() if error.errno in FULL else StorageUnavailable()

    def _place(self, key: str) -> Path:
        return self.folder / valid(key)[:2] / key


def _sync_folder(folder: Path) -> None:
    """The rename itself reaches the disk only with its folder."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
