"""Decides how many files become one: a ZIP that is written piece by piece and whose bytes follow from its files alone.

Files are stored, not packed, under one fixed date, in the order in which they are added. Each carries in its comment
what it is of, so that whoever hands the archive out later can ask again who may have it.
"""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from tempfile import TemporaryFile
from typing import BinaryIO

CHUNK = 1 << 20
FIXED_DATE = (1980, 1, 1, 0, 0, 0)
UNIX, PLAIN_FILE = 3, 0o100644 << 16


class Archive:
    """An archive being written into a file that can be read back; whole when its block is left."""

    def __init__(self, target: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(target, "w", zipfile.ZIP_STORED)

    def add(self, name: str, source: BinaryIO | bytes, size: int, about: str) -> str:
        """Copy `size` bytes in, at most a piece of them in memory; the SHA-256 of what was copied.

        `about` is ASCII. ValueError when the source has more or fewer bytes than it should.
        """
        entry = zipfile.ZipInfo(name, FIXED_DATE)
        entry.create_system, entry.external_attr, entry.comment = UNIX, PLAIN_FILE, about.encode("ascii")
        entry.file_size = size
        stream = io.BytesIO(source) if isinstance(source, bytes) else source
        seen, copied = hashlib.sha256(), 0
        with self._zip.open(entry, "w") as target:
            while chunk := stream.read(CHUNK):
                copied += len(chunk)
                seen.update(chunk)
                target.write(chunk)
        if copied != size:
            raise ValueError(f"{name} has {copied} bytes instead of {size}")
        return seen.hexdigest()

    def __enter__(self) -> "Archive":
        return self

    def __exit__(self, failed: type[BaseException] | None, *_more: object) -> None:
        """Write the list at the end, without which it is no archive; of one that failed nothing is expected."""
        with suppress(OSError) if failed else nullcontext():
            self._zip.close()


@contextmanager
def scratch() -> Iterator[BinaryIO]:
    """A file without a name, gone when it is left, whatever happened meanwhile."""
    with TemporaryFile(prefix=".ecabinet-") as target:
        yield target


def abouts(source: BinaryIO) -> list[str]:
    """What the files of an archive are of, read from the list at its end; ValueError for what is no archive."""
    try:
        with zipfile.ZipFile(source) as archive:
            found = [entry.comment.decode("ascii") for entry in archive.infolist()]
    except zipfile.BadZipFile as error:
        raise ValueError("not a whole archive") from error
    source.seek(0)
    return found
