"""What an installation signs with before anybody has a key: its installation key and its certificate authority."""
import datetime as dt
import shutil
from collections.abc import Sequence
from pathlib import Path

from app.gateways.signing.authority import CERTIFICATE_FILES, Authority
from app.gateways.signing.errors import KeyUnavailable
from app.gateways.signing.files import create_installation_key


def found_authority(
    folder: Path, installation_key: Path, since: dt.datetime, *, name: str = "e-Cabinet", demo: bool = False,
    base: str = "",
) -> bool:
    """Make what is missing of both, valid from `since`; False when both were there.

    The folder appears whole or not at all. An authority whose installation key is gone stays as it is: without it no
    key opens, and another one would not help (`KeyUnavailable`).
    """
    if folder.exists() and not installation_key.exists():
        raise KeyUnavailable
    create_installation_key(installation_key)
    if folder.exists():
        return False
    draft = folder.with_name(f"{folder.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    Authority.create(draft, since, name=name, demo=demo, installation_key=installation_key.read_bytes(), base=base)
    draft.rename(folder)
    return True


def pin_authorities(folder: Path, chain: Sequence[bytes]) -> None:
    """Write down, for everybody to read, which authorities are trusted; they are public."""
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    for file, certificate in zip(CERTIFICATE_FILES, reversed(chain), strict=True):
        (folder / file).write_bytes(certificate)
        (folder / file).chmod(0o644)


def pinned_authorities(folder: Path) -> tuple[bytes, ...]:
    """The authorities written down there, the issuing one first; none when nothing was written."""
    try:
        root, issuing = ((folder / file).read_bytes() for file in CERTIFICATE_FILES)
    except FileNotFoundError:
        return ()
    return issuing, root
