"""How the dossier of a session (hồ sơ phiên họp) names its files, and what its index says of them."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from app.workflows.rules.names import fold

INDEX, SUMS = "muc-luc.txt", "SHA256SUMS"
LONGEST_NAME = 40
NAMELESS = "khong-ten"
_OTHER = re.compile(r"[^a-z0-9]+")


class Filed(NamedTuple):
    """A file of the dossier: its name there, what it is in words, bytes, SHA-256."""

    name: str
    title: str
    size: int
    sha256: str


def plain_name(text: str) -> str:
    """Words as part of a file name that every system takes: "Tờ trình số 5/TTr" becomes "to-trinh-so-5-ttr"."""
    return _OTHER.sub("-", fold(text)).strip("-")[:LONGEST_NAME].rstrip("-") or NAMELESS


def sums(files: Sequence[Filed]) -> bytes:
    """What `sha256sum --check` reads: every file with its SHA-256."""
    return "".join(f"{file.sha256}  {file.name}\n" for file in files).encode()


def index(title: str, facts: Sequence[str], files: Sequence[Filed], printed: Sequence[str]) -> bytes:
    """The index for people, in Vietnamese; `printed` are the papers that are handed out in print only."""
    lines = ["HỒ SƠ PHIÊN HỌP", title, *facts, "", f"Hồ sơ có {len(files)} tệp:"]
    for number, file in enumerate(files, start=1):
        size = f"{file.size:,}".replace(",", ".")
        lines += ["", f"{number}. {file.title}", f"   Tệp: {file.name}", f"   {size} byte, SHA-256 {file.sha256}"]
    if printed:
        lines += ["", "Tài liệu phát bản in, không có trong hồ sơ này:", *(f"- {paper}" for paper in printed)]
    lines += ["", f"Kiểm tra các tệp: sha256sum --check {SUMS}", ""]
    return "\n".join(lines).encode()
