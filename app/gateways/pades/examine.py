"""Decides the verdict on a PDF that anybody may have sent: read in a process of its own, and kept nowhere."""

import datetime as dt
import os
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from app.gateways.confined import ask
from app.gateways.pades.reader.worker import understood
from app.gateways.pades.reasons import SENTENCES
from app.gateways.pades.verdict import Expected, Revoked, Verdict, judge, unread

FOLDER = Path(__file__).parent
MEGABYTE = 1 << 20
AT_ONCE = threading.BoundedSemaphore(2)  # one reader per core


@dataclass(frozen=True)
class Limits:
    """What a stranger's file may cost: sizes in bytes, time in seconds, waiting for a free reader included."""

    size: int = 20 * MEGABYTE
    seconds: int = 10
    memory: int = 512 * MEGABYTE
    answer: int = MEGABYTE


USUAL = Limits()


def examine(
    pdf: bytes, expected: Sequence[Expected], trusted: Sequence[bytes], at: dt.datetime, revoked: Revoked = (),
    limits: Limits = USUAL, stampers_revoked: Revoked = (), stampers: Sequence[bytes] | None = None,
) -> Verdict:  # fmt: skip
    """As `verdict`; what costs too much is undetermined, and whatever ends the reader otherwise makes it invalid."""
    if len(pdf) > limits.size:
        return unread(pdf, "too_large")
    told = _ask(pdf, limits)
    if "refused" in told:
        return unread(pdf, told["refused"] if told["refused"] in SENTENCES else "unreadable")
    return judge(pdf, understood(told), expected, trusted, at, revoked, stampers, stampers_revoked)


def _ask(pdf: bytes, limits: Limits) -> dict[str, Any]:
    """The reader's answer; the file is handed over in memory and is on no disk."""
    if not AT_ONCE.acquire(timeout=limits.seconds):
        return {"refused": "timed_out"}
    try:
        with os.fdopen(os.memfd_create("pdf"), "w+b") as source:
            source.write(pdf)
            source.seek(0)
            return ask(FOLDER, source, asdict(limits))
    finally:
        AT_ONCE.release()
