"""An installation whose web process dies by kill -9 around the commit of an act, when a note in its folder says so.

The note is a moment, "before_commit" or "after_commit", and the name of the act's function (that of a ballot unless
another is named); "all" behind it when the master process dies as well. It is torn up before the death, so that
whoever takes over lives; of several lines the first is torn off, and the next is the fate of whoever takes over. With
"hold" behind it nobody dies: the process stands still until the note, renamed to say that it does, is torn up; it says
how many ballots wait behind the one that is held. Another note makes the disk refuse with the error that it names.
"""

import errno
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from app.tasks import execution
from app.workflows import ballots
from tests import house

NOTE, HELD, DISK = "doom", "held", "disk"
ACT = "count_ballots"
FATES = ("all", "hold")


turn = threading.RLock()


def watch(moment: str) -> None:
    note = Path(os.environ["ECABINET_VAR"]) / NOTE

    @event.listens_for(Session, moment)
    def meet_the_fate(session: Session) -> None:
        act = session.info.get("act")
        if moment == "before_commit" and _fate(note, "after_commit", act) in ("", "all"):
            turn.acquire()
        fate = _fate(note, moment, act)
        if fate is None:
            return
        if fate == "hold":
            _hold(note)
            return
        _tear_off(note)
        if fate == "all":
            os.kill(os.getppid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)


def claim_in_turn() -> None:
    """Whoever dies after its commit takes the turn before it: what it commits is claimed by nobody here."""
    claim: Callable[..., Any] = execution._next

    def claim_alone(*about: Any) -> Any:
        with turn:
            return claim(*about)

    execution._next = claim_alone


def _fate(note: Path, moment: str, act: str | None) -> str | None:
    """What the note has for this act at this moment."""
    try:
        said, *about = note.read_text().splitlines()[0].split()
    except (FileNotFoundError, IndexError, ValueError):  # none, or not all of it is written yet
        return None
    doomed = next((word for word in about if word not in FATES), ACT)
    if (said, doomed) != (moment, act):
        return None
    return next((word for word in about if word in FATES), "")


def _tear_off(note: Path) -> None:
    """It is read once; the lines behind it appear at once, or with the last one the note goes."""
    left = note.read_text().splitlines()[1:]
    if not left:
        note.unlink()
        return
    rest = note.with_name(f"{NOTE}.rest")
    rest.write_text("\n".join(left))
    rest.replace(note)


def _hold(note: Path) -> None:
    held = note.rename(note.with_name(HELD))
    while held.exists():
        with suppress(FileNotFoundError), held.open("r+") as said:
            said.write(f"{sum(map(len, ballots.counted_together._lanes.values())):9}")
            said.truncate()
        time.sleep(0.01)


def spoil_the_disk() -> None:
    """What is written does not reach the disk while there is a note with the name of an error."""
    note, sync = Path(os.environ["ECABINET_VAR"]) / DISK, os.fsync

    def refuse_or_sync(handle: int) -> None:
        with suppress(FileNotFoundError):
            if said := note.read_text():
                code = getattr(errno, said)
                raise OSError(code, os.strerror(code))
        sync(handle)

    os.fsync = refuse_or_sync


if __name__ == "__main__":
    watch("before_commit")
    watch("after_commit")
    claim_in_turn()
    spoil_the_disk()
    sys.exit(house.serve_it())
