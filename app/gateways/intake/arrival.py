"""Decides where an upload lies until it is accepted, under which name it is offered again, and how it goes away."""

import os
import re
import tempfile
import unicodedata
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from app.gateways.intake.inspection import Limits, refusal

CHUNK = 1 << 20
SUFFIX = ".pdf"
UNNAMED = "tai-lieu"
NAME_LENGTH = 120  # characters, suffix included; at most 360 bytes in the header
RESERVED = re.compile(r'[<>:"|?*%;]')


@contextmanager
def receive(stream: BinaryIO, limits: Limits, folder: Path | None = None) -> Iterator[Path]:
    """The upload as a file of the owner alone, gone at the end whatever happens. Raises UploadRefused: too_large."""
    handle, name = tempfile.mkstemp(prefix="upload-", dir=folder)
    path, size = Path(name), 0
    try:
        with os.fdopen(handle, "wb") as target:
            while chunk := stream.read(CHUNK):
                size += len(chunk)
                if size > limits.size:
                    raise refusal({"refused": "too_large"}, limits)
                target.write(chunk)
        yield path
    finally:
        wipe(path)


def wipe(path: Path) -> None:
    """Overwrite and remove. A journal or a flash disk may keep older blocks: put the folder on a disk in memory."""
    with suppress(FileNotFoundError):
        left = path.stat().st_size
        with path.open("r+b") as target:
            while left > 0:
                left -= target.write(bytes(min(CHUNK, left)))
            target.flush()
            os.fsync(target.fileno())
        path.unlink()


def safe_filename(name: str) -> str:
    """A name to offer for download: NFC, no path, no invisible or reserved characters, always ending in .pdf."""
    plain = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2])
    plain = "".join(" " if sign.isspace() else sign for sign in plain if sign.isspace() or _visible(sign))
    plain = " ".join(RESERVED.sub(" ", plain).split())
    stem = plain[: -len(SUFFIX)] if plain.lower().endswith(SUFFIX) else plain
    return (stem.strip(". ")[: NAME_LENGTH - len(SUFFIX)].rstrip(". ") or UNNAMED) + SUFFIX


def another_name(name: str, taken: Collection[str]) -> str:
    """The name, or the next one like it that is not taken: y-kien.pdf, y-kien (2).pdf; as long as a name may be."""
    stem, number, found = name[: -len(SUFFIX)], 1, name
    while found in taken:
        number += 1
        ending = f" ({number}){SUFFIX}"
        found = stem[: NAME_LENGTH - len(ending)].rstrip(". ") + ending
    return found


def _visible(sign: str) -> bool:
    return unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co", "Cn")
