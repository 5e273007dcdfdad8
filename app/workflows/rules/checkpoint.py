"""What a checkpoint of a log says and when its signatures hold, as C2SP writes them: checkpoint, note, cosignature."""

import base64
import binascii
import re
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from app.workflows.rules.merkle import HASH_BYTES

ED25519, COSIGNATURE = 1, 4  # signature types: a log's own signature, and a witness's cosignature/v1
KEY_BYTES, SIGNATURE_BYTES, ID_BYTES, TIME_BYTES = 32, 64, 4, 8
MOST_SIGNATURES, MOST_BYTES = 100, 1 << 16
LARGEST = 2**63 - 1
CODE_GROUPS, CODE_GROUP = 4, 4
SECRET = "PRIVATE+KEY+"  # noqa: S105 - how such a key begins
_DASH = "\N{EM DASH} "
_NAME = re.compile(r"[^\s+]+")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")


@dataclass(frozen=True)
class VerifierKey:
    """A named public key (vkey); `kind` says what it signs: ED25519 notes, COSIGNATURE checkpoints of others."""

    name: str
    kind: int
    public: bytes

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or not self.name.isprintable():
            raise ValueError("the name of a key has no spaces and no plus sign")
        if self.kind not in (ED25519, COSIGNATURE) or len(self.public) != KEY_BYTES:
            raise ValueError("not an Ed25519 key for notes or cosignatures")

    @property
    def id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{_base64(bytes([self.kind]) + self.public)}"

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Read "name+id+key"; ValueError for anything else, also for an id that is not the key's."""
        name, key_id, key = _three_parts(text)
        raw = _unbase64(key)
        found = cls(name, raw[0] if raw else 0, raw[1:])
        if key_id != found.id.hex():
            raise ValueError("the id is not that of the key")
        return found

    def signed(self, message: bytes, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True)
class SigningKey:
    """The private half of a vkey, as the programs of the Go checksum database write it: PRIVATE+KEY+name+id+key."""

    name: str
    kind: int
    seed: bytes

    @property
    def verifier(self) -> VerifierKey:
        return VerifierKey(self.name, self.kind, self._private().public_key().public_bytes_raw())

    def __str__(self) -> str:
        return f"{SECRET}{self.name}+{self.verifier.id.hex()}+{_base64(bytes([self.kind]) + self.seed)}"

    def __repr__(self) -> str:
        return f"SigningKey({self.name!r})"

    @classmethod
    def parse(cls, text: str) -> "SigningKey":
        """ValueError for what is no such key; the text of the error holds nothing of it."""
        if not text.startswith(SECRET):
            raise ValueError("not a private key of a log")
        name, key_id, key = _three_parts(text.removeprefix(SECRET))
        raw = _unbase64(key)
        if len(raw) != 1 + KEY_BYTES:
            raise ValueError("not an Ed25519 key")
        found = cls(name, raw[0], raw[1:])
        if key_id != found.verifier.id.hex():
            raise ValueError("the id is not that of the key")
        return found

    def sign(self, message: bytes) -> bytes:
        return self._private().sign(message)

    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


@dataclass(frozen=True)
class Signature:
    """One line below a note: who says to have signed, the id of the key, and the bytes behind it."""

    name: str
    key_id: bytes
    content: bytes

    @property
    def line(self) -> str:
        """As it stands in the note, with its line end."""
        return f"{_DASH}{self.name} {_base64(self.key_id + self.content)}\n"

    @classmethod
    def parse(cls, line: str) -> "Signature":
        """ValueError for a line that is none; with or without its line end."""
        name, _space, raw = line.removesuffix("\n").removeprefix(_DASH).partition(" ")
        content = _unbase64(raw)
        found = cls(name, content[:ID_BYTES], content[ID_BYTES:])
        if not _NAME.fullmatch(name) or not found.content or found.line.rstrip("\n") != line.removesuffix("\n"):
            raise ValueError("not a signature line")
        return found


@dataclass(frozen=True)
class Note:
    """Text that ends with a line end, and the signatures below it, believed or not."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(each.line for each in self.signatures)}"

    @classmethod
    def parse(cls, data: str) -> "Note":
        """Read a note; ValueError for what is none: no signature, a line that is none, controls, too long."""
        text, gap, below = data.rpartition("\n\n")
        lines = below.split("\n")
        if len(data) > MOST_BYTES or _CONTROL.search(data) or not gap or lines.pop():
            raise ValueError("not a signed note")
        if not 0 < len(lines) <= MOST_SIGNATURES:
            raise ValueError("a note has at least one and at most a hundred signatures")
        return cls(f"{text}\n", tuple(map(Signature.parse, lines)))

    def signed_by(self, key: VerifierKey) -> bool:
        """Whether the first line of this key is its signature over the text; a cosignature likewise."""
        for each in self.signatures:
            if (each.name, each.key_id) == (key.name, key.id):
                return _holds(key, self.text, each.content)
        return False


@dataclass(frozen=True)
class Checkpoint:
    """Head of a log: its origin (name), its size in entries, and the root of RFC 9162 over them."""

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{_base64(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read the text of a note; extension lines, which we never write, are read over. ValueError otherwise."""
        lines = text.split("\n")
        if len(lines) < 4 or lines.pop() or not all(lines):  # noqa: PLR2004 - three lines and the end
            raise ValueError("not a checkpoint: origin, size and root, a line each")
        origin, size, root = lines[:3]
        found = _unbase64(root)
        if not _SIZE.fullmatch(size) or int(size) > LARGEST or len(found) != HASH_BYTES:
            raise ValueError("not the size and the root of a log")
        return cls(origin, int(size), found)

    @property
    def code(self) -> str:
        """What people compare: the first 80 bits of the root in four groups of base32."""
        letters = base64.b32encode(self.root).decode()
        return "-".join(letters[at : at + CODE_GROUP] for at in range(0, CODE_GROUPS * CODE_GROUP, CODE_GROUP))


def sign_checkpoint(key: SigningKey, checkpoint: Checkpoint) -> Note:
    """The checkpoint as a note with the log's own signature; the origin is the name of the key."""
    if key.kind != ED25519 or key.name != checkpoint.origin:
        raise ValueError("a log signs its own checkpoints, with a key of its name")
    text = str(checkpoint)
    return Note(text, (Signature(key.name, key.verifier.id, key.sign(text.encode())),))


def open_checkpoint(data: str, key: VerifierKey) -> Checkpoint:
    """The checkpoint of a note that this log signed; ValueError for anything else."""
    note = Note.parse(data)
    if not note.signed_by(key):
        raise ValueError("the checkpoint does not carry the signature of its log")
    found = Checkpoint.parse(note.text)
    if found.origin != key.name:
        raise ValueError("the checkpoint is that of another log")
    return found


def cosign(key: SigningKey, text: str, at: int) -> Signature:
    """The cosignature/v1 of a witness under the text of a checkpoint; `at` in seconds since 1970."""
    if key.kind != COSIGNATURE:
        raise ValueError("this key is not made for cosignatures")
    content = at.to_bytes(TIME_BYTES, "big") + key.sign(_cosigned(text, at))
    return Signature(key.name, key.verifier.id, content)


def cosigned_at(line: Signature, text: str, key: VerifierKey) -> int:
    """When the witness says to have signed, in seconds since 1970; ValueError unless the cosignature holds."""
    if key.kind != COSIGNATURE or (line.name, line.key_id) != (key.name, key.id):
        raise ValueError("the line is not of this witness")
    if not _holds(key, text, line.content):
        raise ValueError("the cosignature does not hold")
    return int.from_bytes(line.content[:TIME_BYTES], "big")


def with_cosignatures(note: str, lines: list[str]) -> str:
    """The note with further signature lines below its own; ValueError for a line that is none."""
    found = Note.parse(note)
    return str(Note(found.text, (*found.signatures, *map(Signature.parse, lines))))


def _holds(key: VerifierKey, text: str, content: bytes) -> bool:
    if key.kind == ED25519:
        return len(content) == SIGNATURE_BYTES and key.signed(text.encode(), content)
    stamp, signature = content[:TIME_BYTES], content[TIME_BYTES:]
    at = int.from_bytes(stamp, "big")
    return len(content) == TIME_BYTES + SIGNATURE_BYTES and key.signed(_cosigned(text, at), signature)


def _cosigned(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def _three_parts(text: str) -> tuple[str, str, str]:
    name, _plus, rest = text.partition("+")
    key_id, plus, key = rest.partition("+")
    if not plus:
        raise ValueError("a key is written as name+id+key")
    return name, key_id, key


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _unbase64(text: str) -> bytes:
    """The inverse, of the one spelling only."""
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("not base64") from error
    if _base64(found) != text:
        raise ValueError("not base64 in its one spelling")
    return found
