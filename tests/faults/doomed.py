"""An installation whose web process dies by kill -9 around the commit of an act, when a note in its folder says so.

The note is a moment, "before_commit" or "after_commit", and the name of the act's function (that of a ballot unless
another is named); "all" behind it when the master process dies as well. It is torn up before the death, so that
whoever takes over lives. With "hold" behind it nobody dies: the process stands still until the note, renamed to say
that it does, is torn up. Another note makes the disk refuse with the error that it names.
"""

import errno
import os
import signal
import sys
import time
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.orm import Session

from tests import house

NOTE, HELD, DISK = "doom", "held", "disk"
ACT = "count_ballots"
FATES = ("all", "hold")


def watch(moment: str) -> None:
    note = Path(os.environ["ECABINET_VAR"]) / NOTE

    @event.listens_for(Session, moment)
    def meet_the_fate(session: Session) -> None:
        fate = _fate(note, moment, session.info.get("act"))
        if fate == "hold":
            return _hold(note)
        if fate == "all":
            os.kill(os.getppid(), signal.SIGKILL)
        if fate is not None:
            os.kill(os.getpid(), signal.SIGKILL)
        return None


def _fate(note: Path, moment: str, act: str | None) -> str | None:
    """What the note has for this act at this moment; it is read once."""
    try:
        said, *about = note.read_text().split()
    except (FileNotFoundError, ValueError):  # none, or not all of it is written yet
        return None
    doomed = next((word for word in about if word not in FATES), ACT)
    if (said, doomed) != (moment, act):
        return None
    fate = next((word for word in about if word in FATES), "")
    if fate != "hold":
        note.unlink()
    return fate


def _hold(note: Path) -> None:
    held = note.rename(note.with_name(HELD))
    while held.exists():
        time.sleep(0.01)


def spoil_the_disk() -> None:
    """What is written does not reach the disk while there is a note with the name of an error."""
    note, sync = Path(os.environ["ECABINET_VAR"]) / DISK, os.fsync

    def refuse_or_sync(handle: int) -> None:
        if note.exists():
            code = getattr(errno, note.read_text())
            raise OSError(code, os.strerror(code))
        sync(handle)

    os.fsync = refuse_or_sync


if __name__ == "__main__":
    watch("before_commit")
    watch("after_commit")
    spoil_the_disk()
    sys.exit(house.serve_it())
