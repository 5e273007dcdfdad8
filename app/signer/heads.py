"""The key of the log: the signer signs heads of that log with it (checkpoints) and nothing else.

Formats: https://c2sp.org/signed-note and https://c2sp.org/tlog-checkpoint. The text that is signed is put together here
of a size and a root, so that whoever may ask gets a signature under a checkpoint of this log and under no other bytes.
"""

import threading
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.gateways import log_key
from app.gateways.signing import KeyUnavailable, wire
from app.gateways.witness.notes import HASH, LOG, Key, decoded, encoded, is_name

SECRET = "PRIVATE+KEY+"  # noqa: S105 - how such a key begins


class Heads:
    """The key in a file, read when it is first asked for."""

    def __init__(self, file: Path) -> None:
        self._file, self._one = file, threading.Lock()
        self._opened: tuple[Ed25519PrivateKey, Key] | None = None

    def public(self, name: str) -> str:
        """The public key as it is pinned, made now under that name where there is none.

        KeyUnavailable where there is none and no name was given; a key that is there keeps its own.
        """
        with self._one:
            if not self._file.exists() and name:
                self._make(name)
            return str(self._open()[1])

    def sign(self, origin: str, size: int, root: bytes) -> bytes:
        """The signature under the checkpoint; `wire.Odd` for one of another log."""
        with self._one:
            private, key = self._open()
        if origin != key.name:
            raise wire.Odd("origin")
        return private.sign(f"{origin}\n{size}\n{encoded(root)}\n".encode())

    def _make(self, name: str) -> None:
        if not is_name(name):
            raise wire.Odd("name")
        seed = log_key.random_seed()
        key = Key(name, LOG, Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw())
        secret = f"{SECRET}{name}+{key.id.hex()}+{encoded(bytes([LOG]) + seed)}"
        log_key.save(self._file, log_key.LogKey(secret, str(key)))

    def _open(self) -> tuple[Ed25519PrivateKey, Key]:
        """KeyUnavailable for no file, and for one that holds no such key."""
        if self._opened is None:
            text = log_key.load(self._file).private
            name, key_id, rest = (*text.removeprefix(SECRET).split("+", 2), "", "")[:3]
            if not text.startswith(SECRET):
                raise KeyUnavailable
            raw = decoded(rest, 1 + HASH)
            private = Ed25519PrivateKey.from_private_bytes(raw[1:])
            key = Key(name, LOG, private.public_key().public_bytes_raw())
            if raw[0] != LOG or key.id.hex() != key_id:
                raise KeyUnavailable
            self._opened = private, key
        return self._opened
