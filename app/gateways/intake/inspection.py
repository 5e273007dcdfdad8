"""Decides whether an uploaded file may become a document; the file itself is read in another process."""

import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from app.gateways.confined import ask
from app.gateways.intake.refusals import SENTENCES, UploadRefused

FOLDER = Path(__file__).parent
AT_ONCE = threading.BoundedSemaphore(2)  # one reader per core; further uploads wait their turn
MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What a file may cost: sizes in bytes, time in seconds."""

    size: int = 50 * MEGABYTE
    pages: int = 2_000
    seconds: int = 20
    memory: int = 512 * MEGABYTE
    answer: int = 32 * MEGABYTE


@dataclass(frozen=True)
class Inspection:
    """What an accepted PDF holds: the number of pages and the text of each (NFC), "" for a scanned page."""

    pages: int
    text: tuple[str, ...]

    @property
    def has_text(self) -> bool:
        return any(self.text)


USUAL = Limits()


def inspect(path: Path, limits: Limits = USUAL) -> Inspection:
    """Read a PDF and say what it holds, or raise UploadRefused. The file stays where it is, accepted or not."""
    size = path.stat().st_size
    if size == 0:
        raise UploadRefused("empty")
    if size > limits.size:
        raise refusal({"refused": "too_large"}, limits)
    with AT_ONCE, path.open("rb") as source:
        answer = ask(FOLDER, source, asdict(limits))
    if "refused" in answer:
        raise refusal(answer, limits)
    return Inspection(pages=answer["pages"], text=tuple(answer["text"]))


def refusal(answer: dict[str, Any], limits: Limits) -> UploadRefused:
    """A reader's answer as a refusal; a code that nobody knows counts as a damaged file."""
    code = answer["refused"] if answer["refused"] in SENTENCES else "corrupt"
    return UploadRefused(
        code, megabytes=limits.size // MEGABYTE, pages=limits.pages, level=str(answer.get("level", ""))
    )
