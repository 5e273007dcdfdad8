"""Decides how the files of a backup are written and read: piece by piece, hashed, on the disk when it says so."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from app.backup.errors import Broken

PIECE = 1 << 20


@dataclass(frozen=True)
class Written:
    """A file of the backup: the SHA-256 of its bytes (hex) and their number."""

    sha256: str
    size: int


def pieces(source: BinaryIO) -> Iterator[bytes]:
    while piece := source.read(PIECE):
        yield piece


def write(path: Path, content: Iterable[bytes]) -> Written:
    """A new file for its owner alone, flushed to the disk; it must not exist."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    seen, size = sha256(), 0
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
        for piece in content:
            seen.update(piece)
            size += len(piece)
            target.write(piece)
        target.flush()
        os.fsync(target.fileno())
    return Written(seen.hexdigest(), size)


def measure(path: Path) -> Written:
    """Hash and size of a file as it lies there."""
    seen, size = sha256(), 0
    with path.open("rb") as source:
        for piece in pieces(source):
            seen.update(piece)
            size += len(piece)
    return Written(seen.hexdigest(), size)


def sync_folders(folder: Path) -> None:
    """Names reach the disk only with their folders."""
    for place, _folders, _files in os.walk(folder, topdown=False):
        sync_folder(Path(place))
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def listing(folder: Path) -> set[str]:
    """The names of all files below a folder; Broken for a link or anything else that is no plain file."""
    found = set()
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(place) / name
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                raise Broken(f"{path.relative_to(folder)} is no plain file")
        found |= {str((Path(place) / name).relative_to(folder)) for name in files}
    return found


def make_empty(folder: Path) -> None:
    """The folder for its owner alone; Broken when there is anything in it: a backup overwrites nothing."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Broken(f"{folder} is not empty; a backup never overwrites anything")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)


@contextlib.contextmanager
def cleared_on_failure(folder: Path) -> Iterator[None]:
    """Empty the folder again when the work in it fails; after a kill, what is left has no manifest."""
    try:
        yield
    except BaseException:
        for place, folders, files in os.walk(folder, topdown=False):
            for name in files:
                (Path(place) / name).unlink(missing_ok=True)
            for name in folders:
                (Path(place) / name).rmdir()
        raise
