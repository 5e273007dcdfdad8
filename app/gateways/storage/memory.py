"""The twin for tests and tours: the same promises, gone with the process."""

from io import BytesIO
from typing import BinaryIO

from app.gateways.storage.errors import NotStored
from app.gateways.storage.interface import Stored, altered, valid
from app.gateways.storage.stream import copy, digest_of


class MemoryStorage:
    """`files`: key → bytes; a test may lay hands on them."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def put(self, source: BinaryIO | bytes, limit: int) -> Stored:
        target = BytesIO()
        stored = copy(source, target, limit)
        self.files[stored.sha256] = target.getvalue()
        return stored

    def open(self, key: str) -> BinaryIO:
        if not self.exists(key):
            raise NotStored
        content = self.files[key]
        if digest_of(BytesIO(content)) != key:
            raise altered(key)
        return BytesIO(content)

    def exists(self, key: str) -> bool:
        return valid(key) in self.files

    def sweep(self) -> int:
        return 0
