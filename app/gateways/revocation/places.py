"""Where each authority is asked: written beside its certificate in the folder of trusted authorities, nowhere else.

The addresses that a certificate names are never used: whoever makes a certificate would choose whom our server calls.
"""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from app.gateways.signing import read_authorities

KINDS = ("ocsp", "crl")
SUFFIX = ".places"


@dataclass(frozen=True)
class Place:
    """`kind` is "ocsp" or "crl", `url` an http or https address."""

    kind: str
    url: str


Places = Mapping[str, Sequence[Place]]  # by the SHA-256 (hexadecimal) of the issuer's certificate


def read_places(folder: Path) -> dict[str, tuple[Place, ...]]:
    """For each authority of the folder what stands in the file of the same name with `.places`: in each line a kind
    and an address, asked in this order. ValueError for anything else."""
    found: dict[str, tuple[Place, ...]] = {}
    for path, certificates in read_authorities(folder).items():
        found |= places_beside(path, certificates)
    return found


def places_beside(file: Path, certificates: Sequence[bytes]) -> dict[str, tuple[Place, ...]]:
    """The same for one file of authorities, whose certificates (DER) are known."""
    written = file.with_suffix(SUFFIX)
    lines = written.read_text().splitlines() if written.exists() else []
    places = tuple(_place(written.name, line.split()) for line in lines if line.strip() and line[0] != "#")
    return {sha256(der).hexdigest(): places for der in certificates}


def _place(name: str, words: list[str]) -> Place:
    kind, url = words if len(words) == 2 else ("", "")  # noqa: PLR2004 - a kind and an address
    address = urlsplit(url)
    if kind not in KINDS or address.scheme not in ("http", "https") or not address.hostname or address.username:
        raise ValueError(f"{name}: each line is “ocsp http://…” or “crl http://…”")
    return Place(kind, url)
