"""Signed notes, checkpoints and cosignatures as the witness and its client read them.

Sources: https://c2sp.org/signed-note, https://c2sp.org/tlog-checkpoint, https://c2sp.org/tlog-cosignature (version 1).
The log has code of its own for its checkpoints: whoever judges another does not share his mistakes.
"""

import base64
import binascii
import re
import unicodedata
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

LOG, COSIGNER = 1, 4  # kinds of keys: Ed25519 over a note; Ed25519 over a cosignature
LARGEST = 16 * 1024  # bytes of a signed note
MOST_SIGNATURES = 32
HASH = 32  # bytes of a root, and of a public key
TIME = 8  # bytes of the time in front of a cosignature
SIGNATURE = 64
ID = 4
DASH = "\N{EM DASH} "
SIZE = re.compile(r"0|[1-9][0-9]{0,17}")


class Malformed(ValueError):
    """No note, checkpoint or key of these formats; the words say what is wrong."""


def decoded(text: str, length: int) -> bytes:
    """The bytes of a base64 text in its one canonical form; Malformed unless there are so many."""
    try:
        found = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise Malformed("no base64") from None
    if len(found) != length or encoded(found) != text:
        raise Malformed(f"not {length} bytes in canonical base64")
    return found


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def whole(text: str) -> int:
    """A size: decimal, without leading zeros; Malformed."""
    if not SIZE.fullmatch(text):
        raise Malformed("no size")
    return int(text)


@dataclass(frozen=True)
class Key:
    """A public key and its name, as it is pinned: `name+hash+key`."""

    name: str
    kind: int
    public: bytes

    @classmethod
    def parse(cls, vkey: str, kind: int) -> Self:
        """Malformed unless it is a key of this kind whose hash is right."""
        parts = vkey.strip().split("+", 2)
        if len(parts) != 3:  # noqa: PLR2004  name, hash, key
            raise Malformed("a key is given as name+hash+key")
        name, key_hash, rest = parts
        data = decoded(rest, 1 + HASH)
        if not is_name(name) or data[0] != kind:
            raise Malformed("no key of this kind")
        found = cls(name, kind, data[1:])
        if found.id.hex() != key_hash:
            raise Malformed("the hash of the key is not that of the key")
        return found

    @property
    def id(self) -> bytes:
        """Four bytes that say which key made a signature."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:ID]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{encoded(bytes([self.kind]) + self.public)}"

    def verifies(self, signature: bytes, message: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


def is_name(name: str) -> bool:
    """Whether it may stand in a signature line: no space of any kind, no plus, no control character."""
    plain = all(unicodedata.category(sign)[0] not in "ZC" and sign != "+" for sign in name)
    return bool(name) and plain and len(name) <= 255  # noqa: PLR2004


@dataclass(frozen=True)
class Signature:
    """One line under a note: who says to have signed, with which key, and what."""

    name: str
    key_id: bytes
    data: bytes

    def is_of(self, key: Key) -> bool:
        return (self.name, self.key_id) == (key.name, key.id)


@dataclass(frozen=True)
class Checkpoint:
    """How large the log of that origin was, and its root (32 bytes)."""

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True)
class Note:
    """A signed checkpoint. `text` is what is signed, with its last newline; `raw` is everything as it came."""

    text: str
    signatures: tuple[Signature, ...]
    checkpoint: Checkpoint
    raw: bytes

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Malformed unless it is a checkpoint with at least one line of a signature; none is verified here."""
        if len(raw) > LARGEST:
            raise Malformed("the note is too long")
        try:
            whole_text = raw.decode()
        except UnicodeDecodeError:
            raise Malformed("the note is no UTF-8") from None
        if any(ord(sign) < ord(" ") and sign != "\n" for sign in whole_text):
            raise Malformed("the note holds control characters")
        body, gap, below = whole_text.rpartition("\n\n")
        if not gap or not below.endswith("\n"):
            raise Malformed("the note has no signatures")
        lines = below[:-1].split("\n")
        if len(lines) > MOST_SIGNATURES:
            raise Malformed("the note has too many signatures")
        text = f"{body}\n"
        return cls(text, tuple(_signature(line) for line in lines), _checkpoint(text), raw)

    def signed_by(self, key: Key) -> bool:
        """Whether the log's key signed it."""
        return any(
            each.is_of(key) and len(each.data) == SIGNATURE and key.verifies(each.data, self.text.encode())
            for each in self.signatures
        )

    def cosigned_at(self, key: Key) -> int | None:
        """When that witness cosigned it, in seconds since 1970; None when it did not."""
        for each in self.signatures:
            if each.is_of(key) and len(each.data) == TIME + SIGNATURE:
                at = int.from_bytes(each.data[:TIME], "big")
                if key.verifies(each.data[TIME:], cosigned_bytes(at, self.text)):
                    return at
        return None

    def extended(self, lines: bytes) -> "Note":
        """The same checkpoint with more signature lines; Malformed when they are none."""
        return Note.parse(self.raw + lines)


def cosigned_bytes(at: int, text: str) -> bytes:
    """What a witness signs: its moment and the whole text of the checkpoint."""
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def cosignature(private: Ed25519PrivateKey, key: Key, text: str, at: int) -> bytes:
    """A signature line of a witness, with its newline."""
    data = key.id + at.to_bytes(TIME, "big") + private.sign(cosigned_bytes(at, text))
    return f"{DASH}{key.name} {encoded(data)}\n".encode()


def note_signature(private: Ed25519PrivateKey, key: Key, text: str) -> bytes:
    """A signature line of a log, with its newline."""
    return f"{DASH}{key.name} {encoded(key.id + private.sign(text.encode()))}\n".encode()


def _signature(line: str) -> Signature:
    if not line.startswith(DASH):
        raise Malformed("a line below the note is no signature")
    name, _space, rest = line[len(DASH) :].partition(" ")
    try:
        data = base64.b64decode(rest.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise Malformed("a signature is no base64") from None
    if not is_name(name) or len(data) <= ID or encoded(data) != rest:
        raise Malformed("a line below the note is no signature")
    return Signature(name, data[:ID], data[ID:])


def _checkpoint(text: str) -> Checkpoint:
    lines = text[:-1].split("\n")
    if len(lines) < 3 or not all(lines):  # noqa: PLR2004  origin, size, root
        raise Malformed("a checkpoint has an origin, a size and a root, and no empty line")
    origin, size, root = lines[:3]
    return Checkpoint(origin, whole(size), decoded(root, HASH))


def origin_hash(origin: str) -> str:
    """How an origin is named in an address and in a folder: SHA-256 in hex."""
    return sha256(origin.encode()).hexdigest()
