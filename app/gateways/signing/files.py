"""How key material reaches the disk: readable by the owner only, and whole or not at all."""
import os
import secrets
from pathlib import Path

INSTALLATION_KEY_BYTES = 32


def make_folder(folder: Path) -> None:
    """A folder for its owner alone; what is missing above it is the owner's alone as well."""
    for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)


def write_private(path: Path, content: bytes) -> None:
    """Replace the file in one step, mode 0600 from its first byte on; durable when the call returns."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def remove_private(path: Path) -> None:
    """Overwrite, then unlink; on a journaling or copying file system the overwriting promises nothing."""
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def create_installation_key(path: Path) -> None:
    """256 random bits of this installation, kept apart from database and backup; an existing file is left alone."""
    if not path.exists():
        make_folder(path.parent)
        write_private(path, secrets.token_bytes(INSTALLATION_KEY_BYTES))
