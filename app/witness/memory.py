"""What the witness knows, in files: its key, and for each log the last checkpoint and every one that it countersigned.

A folder per origin (its SHA-256): `latest`, `seen/<size>`, after a contradiction `conflict/known`, `conflict/other` and
`conflict/at`, and `ended/<time>/` with what an operator put aside. Notes can be read with any editor.
"""

import contextlib
import datetime as dt
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.gateways.witness.notes import COSIGNER, Key, Note, is_name, origin_hash

OTHERS = 0o077
KEY_BYTES = 32


class Unusable(Exception):
    """The folder cannot be used; the sentence says why."""


def write(path: Path, data: bytes) -> None:
    """On the disk whole or not at all, also when the machine stops in the middle."""
    spare = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(spare, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    spare.rename(path)
    settle(path.parent)


def settle(folder: Path) -> None:
    """Names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_key(folder: Path, name: str) -> tuple[Ed25519PrivateKey, Key]:
    """The witness's own key, made at the first start; Unusable when others can read it or it has another name."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / "key"
    if not path.exists():
        if not is_name(name):
            raise Unusable("A witness needs a name at its first start, without spaces and plus signs: --name NAME")
        private = Ed25519PrivateKey.generate()
        with contextlib.suppress(FileExistsError):
            _once(path, f"{name}\n".encode() + private.private_bytes_raw())
    if path.stat().st_mode & OTHERS:
        raise Unusable(f"{path} is open to other accounts: chmod go= {path}")
    kept, gap, secret = path.read_bytes().partition(b"\n")
    if not gap or len(secret) != KEY_BYTES:
        raise Unusable(f"{path} is no key of a witness.")
    if name and name != kept.decode():
        raise Unusable(f"This witness is called {kept.decode()}; another name is another key in another folder.")
    private = Ed25519PrivateKey.from_private_bytes(secret)
    return private, Key(kept.decode(), COSIGNER, private.public_key().public_bytes_raw())


def _once(path: Path, data: bytes) -> None:
    """Like `write`, and FileExistsError when somebody was faster."""
    spare = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    write(spare, data)
    try:
        os.link(spare, path)
    finally:
        spare.unlink()
    settle(path.parent)


class Memory:
    """What is known of one log. Whoever decides holds it (`with memory.held()`), this process or another."""

    def __init__(self, folder: Path, origin: str) -> None:
        self.folder = folder / origin_hash(origin)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Alone with this log: threads and programs wait for each other here."""
        (self.folder / "seen").mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.folder / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def latest(self) -> Note | None:
        return self._note("latest")

    def seen(self, size: int) -> Note | None:
        """What was countersigned at that size."""
        return self._note(f"seen/{size}")

    def conflict(self) -> tuple[Note, Note] | None:
        """The two contradictory notes; None while there are none."""
        known, other = self._note("conflict/known"), self._note("conflict/other")
        return (known, other) if known and other and (self.folder / "conflict" / "at").exists() else None

    def keep(self, note: Note) -> None:
        """Take this as the last checkpoint. Both files are on the disk when it returns."""
        write(self.folder / "seen" / str(note.checkpoint.size), note.raw)
        write(self.folder / "latest", note.raw)

    def accuse(self, known: Note, other: Note) -> None:
        """Keep both notes as evidence; from then on nothing is countersigned."""
        folder = self.folder / "conflict"
        folder.mkdir(mode=0o700, exist_ok=True)
        write(folder / "known", known.raw)
        write(folder / "other", other.raw)
        write(folder / "at", _now().encode())
        settle(self.folder)

    def begin_anew(self, note: Note, reason: str) -> Path:
        """Put everything aside, with the reason, and take this note as the last checkpoint; where they are now."""
        ended = self.folder / "ended" / _now()
        (ended / "seen").mkdir(mode=0o700, parents=True)
        write(ended / "reason", reason.encode())
        write(ended / "next", note.raw)
        shutil.copytree(self.folder / "seen", ended / "seen", dirs_exist_ok=True)
        for name in ("latest", "conflict"):
            kept = self.folder / name
            if kept.is_dir():
                shutil.copytree(kept, ended / name)
            elif kept.exists():
                shutil.copy2(kept, ended / name)
        os.sync()
        self.keep(note)
        for path in (self.folder / "seen").iterdir():
            if path.name != str(note.checkpoint.size):
                path.unlink()
        if (self.folder / "conflict").is_dir():
            shutil.rmtree(self.folder / "conflict")
        settle(self.folder)
        return ended

    def _note(self, name: str) -> Note | None:
        try:
            return Note.parse((self.folder / name).read_bytes())
        except FileNotFoundError:
            return None


def _now() -> str:
    return f"{dt.datetime.now(dt.UTC):%Y-%m-%dT%H%M%S.%fZ}"
