"""Decides how bytes pass through: piece by piece, counted, hashed, and never more than allowed."""

from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from typing import BinaryIO

from app.gateways.storage.errors import TooLarge
from app.gateways.storage.interface import Stored

CHUNK = 1 << 20


def copy(source: BinaryIO | bytes, target: BinaryIO, limit: int) -> Stored:
    """Write the source to the target; TooLarge as soon as it is known to have more than `limit` bytes."""
    seen, size = sha256(), 0
    for chunk in chunks(source):
        size += len(chunk)
        if size > limit:
            raise TooLarge
        seen.update(chunk)
        target.write(chunk)
    return Stored(seen.hexdigest(), size)


def digest_of(source: BinaryIO) -> str:
    """The SHA-256 of what is left in a stream."""
    seen = sha256()
    for chunk in chunks(source):
        seen.update(chunk)
    return seen.hexdigest()


def chunks(source: BinaryIO | bytes) -> Iterator[bytes]:
    stream = BytesIO(source) if isinstance(source, bytes) else source
    while chunk := stream.read(CHUNK):
        yield chunk
