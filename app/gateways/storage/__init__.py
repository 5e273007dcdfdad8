"""Where the bytes of documents lie: under the SHA-256 of their content, whole or not at all, proved when read."""

from pathlib import Path

from app.gateways.storage.errors import (
    Altered,
    NotStored,
    StorageError,
    StorageFull,
    StorageUnavailable,
    TooLarge,
)
from app.gateways.storage.folder import Storage
from app.gateways.storage.interface import Store, Stored, read, store, use
from app.gateways.storage.memory import MemoryStorage

__all__ = [
    "Altered", "MemoryStorage", "NotStored", "Storage", "StorageError", "StorageFull", "StorageUnavailable", "Store",
    "Stored", "TooLarge", "at", "read", "store", "use",
]  # fmt: skip


def at(url: str, folder: Path | str, endpoint: str = "") -> Store:
    """The store that the settings name: s3://bucket/prefix, or the folder when there is no address.

    ValueError for another kind of address.
    """
    if not url:
        return Storage(folder)
    from app.gateways.storage.s3 import S3Storage  # its client is large; a folder does without

    return S3Storage(url, endpoint)
