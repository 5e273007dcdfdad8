"""What any document store offers, wherever the bytes lie, and the one that the application has chosen."""

import logging
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO, Protocol

from app.gateways.storage.errors import Altered

log = logging.getLogger(__name__)

KEY = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True)
class Stored:
    """What was kept: the SHA-256 of the bytes (64 hex digits, also the key) and their number."""

    sha256: str
    size: int


class Store(Protocol):
    """Files under the SHA-256 of their bytes. Every method raises `StorageError`, and ValueError for no such key."""

    def put(self, source: BinaryIO | bytes, limit: int) -> Stored:
        """Keep the bytes, at most `limit` of them; the same bytes twice are one file. A refusal leaves nothing."""

    def open(self, key: str) -> BinaryIO:
        """The bytes under a key from their beginning, to be closed, proved to be those that were kept.

        NotStored when there is no such file, Altered when it holds other bytes, StorageUnavailable when the store
        itself does not answer.
        """

    def exists(self, key: str) -> bool:
        """Whether something lies under that key."""

    def sweep(self) -> int:
        """Remove what writers left behind that died a day ago or earlier; how many pieces."""


def valid(key: str) -> str:
    """A key is 64 lower-case hex digits and nothing else, so it can never name another place."""
    if not KEY.match(key):
        raise ValueError("a storage key is the 64 hex digits of a SHA-256")
    return key


def altered(key: str) -> Altered:
    """What to raise for bytes that are not those of their key; the log names the file."""
    log.error("document store: the bytes under %s were changed", key)
    return Altered()


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
    if sha256(content).hexdigest() != key:  # once more, over what is handed out
        raise altered(key)
    return content
