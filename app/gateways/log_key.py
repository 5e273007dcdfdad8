"""The key of the log of the installation: who signs its checkpoints, and by which public key they are believed."""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.gateways.signing.files import make_folder, write_private

PUBLIC = ".vkey"  # suffix of the public half, beside the signing one
Signs = Callable[[str, int, bytes], bytes]  # origin, size, root → Ed25519 signature under that checkpoint


@dataclass(frozen=True)
class LogKey:
    """The two halves as text (C2SP signed-note), or the public one and who signs `elsewhere`: the signer's process.

    With neither this installation signs no checkpoints.
    """

    private: str = ""
    public: str = ""
    elsewhere: Signs | None = None

    @property
    def signs(self) -> bool:
        return bool(self.private or (self.public and self.elsewhere))

    def __repr__(self) -> str:
        return f"LogKey(public={self.public!r})"


_standing = LogKey()
_witnesses: tuple[str, ...] = ()


def use(key: LogKey) -> None:
    """Sign and verify with this key from now on."""
    global _standing  # noqa: PLW0603 - one installation, one log
    _standing = key


def key() -> LogKey:
    """The key of this installation; both halves are empty where none was made."""
    return _standing


def use_witnesses(keys: Sequence[str]) -> None:
    """Believe the cosignatures of these witnesses, pinned by their keys (C2SP vkey text), from now on."""
    global _witnesses  # noqa: PLW0603 - likewise
    _witnesses = tuple(keys)


def witnesses() -> tuple[str, ...]:
    """The pinned keys of the witnesses of this log."""
    return _witnesses


def beside(installation_key: Path) -> Path:
    """The file of the signing half: whoever holds the installation key holds this one too."""
    return installation_key.with_name("log.key")


def load(file: Path) -> LogKey:
    """What of it this account can read: the signing half in `file`, the public half beside it."""
    return LogKey(_read(file), _read(file.with_suffix(PUBLIC)))


def save(file: Path, made: LogKey) -> bool:
    """Write the signing half for its owner alone and the public half for everybody; False when there is a key."""
    if file.exists():
        return False
    pin(file, made.public)
    write_private(file, f"{made.private}\n".encode())
    return True


def pin(file: Path, key: str) -> None:
    """Write the public half alone, for everybody, beside the place of the signing one."""
    make_folder(file.parent)
    public = file.with_suffix(PUBLIC)
    public.write_text(f"{key}\n")
    public.chmod(0o644)


def random_seed() -> bytes:
    """32 random bytes, of which an Ed25519 key is made."""
    return os.urandom(32)


def name_of(address: str) -> str:
    """What the log is called where nothing else was said: the public address without its scheme, and "/log"."""
    return re.sub(r"^[a-z]+://|/+$|[\s+]", "", address) + "/log"


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (FileNotFoundError, PermissionError):
        return ""
