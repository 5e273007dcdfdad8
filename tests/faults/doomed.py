"""An installation whose web process dies by kill -9 around the commit of a ballot, when a note in its folder says so.

The note is "before_commit" or "after_commit", with "all" behind it when the master process dies as well. It is torn up
before the death, so that whoever takes over lives.
"""

import os
import signal
import sys
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.orm import Session

from tests import house

NOTE = "doom"
ACT = "_count_ballot"


def watch(moment: str) -> None:
    note = Path(os.environ["ECABINET_VAR"]) / NOTE

    @event.listens_for(Session, moment)
    def die_if_doomed(session: Session) -> None:
        if session.info.get("act") != ACT or not note.exists() or not note.read_text().startswith(moment):
            return
        all_of_it = note.read_text().endswith("all")
        note.unlink()
        if all_of_it:
            os.kill(os.getppid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    watch("before_commit")
    watch("after_commit")
    sys.exit(house.serve_it())
