"""Decides where the bytes of documents lie: under the SHA-256 of their content, whole or not at all."""

import contextlib
import errno
import logging
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Protocol

from flask_babel import lazy_gettext as _

log = logging.getLogger(__name__)

CHUNK = 1 << 20
KEY = re.compile(r"[0-9a-f]{64}\Z")
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True)
class Stored:
    """What was kept: the SHA-256 of the bytes (64 hex digits, also the key) and their number."""

    sha256: str
    size: int


class StorageError(Exception):
    """A refusal of the store; adapters show `message` with `http_status`."""

    code = "storage_failed"
    http_status = 500
    message = _("The file could not be stored.")

    def __str__(self) -> str:
        return str(self.message)


class TooLarge(StorageError):
    code = "too_large"
    http_status = 413
    message = _("The file is larger than allowed.")


class StorageFull(StorageError):
    code = "storage_full"
    http_status = 507
    message = _("The document store is full; nothing was saved. Please tell the administrator.")


class StorageUnavailable(StorageError):
    """The disk fails in another way: read-only, gone, not ours, broken. What is known of the file does not change."""

    code = "storage_unavailable"
    http_status = 503
    message = _("The document store cannot be used now. Nothing was changed; please tell the administrator.")


class NotStored(StorageError):
    code = "not_stored"
    http_status = 404
    message = _("The file is not in the document store.")


class Altered(StorageError):
    """Somebody changed the bytes under their hash: nothing may be signed, sealed or shown of them."""

    code = "altered"
    message = _("The file in the document store is not the one that was kept there. Tell the administrator at once.")


class Store(Protocol):
    """The contract of both twins; `limit` is in bytes."""

    def put(self, source: BinaryIO | bytes, limit: int) -> Stored: ...
    def open(self, key: str) -> BinaryIO: ...
    def exists(self, key: str) -> bool: ...


class Storage:
    """A local folder: `ab/ab12…`, each file written beside its place, flushed to the disk, then renamed."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

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
            return self._place(key).open("rb")
        except OSError as error:
            if isinstance(error, FileNotFoundError) and self.folder.is_dir():
                raise NotStored from error
            raise self._fault(error) from error

    def exists(self, key: str) -> bool:
        return self._place(key).is_file()

    def _write(self, source: BinaryIO | bytes, limit: int) -> Stored:
        handle, name = tempfile.mkstemp(prefix=".incoming-", dir=self.folder)  # the same file system: rename is atomic
        try:
            with os.fdopen(handle, "wb") as target:
                stored = _copy(source, target, limit)
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
        return self.folder / _valid(key)[:2] / key


class MemoryStorage:
    """The twin for tests."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def put(self, source: BinaryIO | bytes, limit: int) -> Stored:
        target = BytesIO()
        stored = _copy(source, target, limit)
        self.files[stored.sha256] = target.getvalue()
        return stored

    def open(self, key: str) -> BinaryIO:
        if not self.exists(key):
            raise NotStored
        return BytesIO(self.files[key])

    def exists(self, key: str) -> bool:
        return _valid(key) in self.files


def _valid(key: str) -> str:
    """A key is 64 lower-case hex digits and nothing else, so it can never name another place."""
    if not KEY.match(key):
        raise ValueError("a storage key is the 64 hex digits of a SHA-256")
    return key


def _copy(source: BinaryIO | bytes, target: BinaryIO, limit: int) -> Stored:
    seen, size = sha256(), 0
    for chunk in _chunks(source):
        size += len(chunk)
        if size > limit:
            raise TooLarge
        seen.update(chunk)
        target.write(chunk)
    return Stored(seen.hexdigest(), size)


def _chunks(source: BinaryIO | bytes) -> Iterator[bytes]:
    stream = BytesIO(source) if isinstance(source, bytes) else source
    while chunk := stream.read(CHUNK):
        yield chunk


def _sync_folder(folder: Path) -> None:
    """The rename itself reaches the disk only with its folder."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


_chosen: list[Store] = []


def use(chosen: Store) -> None:
    """The application says once, at its start, where documents lie."""
    _chosen[:] = [chosen]


def store() -> Store:
    """The chosen store; RuntimeError when the application chose none."""
    if not _chosen:
        raise RuntimeError("no document store was chosen")
    return _chosen[0]


def read(key: str) -> bytes:
    """All bytes under a key, proved to be those that were kept; Altered when they are not."""
    with store().open(key) as source:
        content = source.read()
    if sha256(content).hexdigest() != key:
        log.error("document store: the bytes under %s were changed", key)
        raise Altered
    return content
