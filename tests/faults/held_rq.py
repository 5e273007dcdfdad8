"""An RQ worker whose child stands still over a dossier while a note in its folder says where, so that it can be killed.

“packing” is after the first file, “made” is when the dossier is written down and its job is not. The note, renamed,
says that it stands there.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app import rq_worker
from app.workflows import exports
from tests.faults.doomed import HELD, NOTE

PACKING, MADE = "packing", "made"
STEPS = {PACKING: "_add", MADE: "make_export"}


def stand_still_after(moment: str, step: Callable[..., Any]) -> Callable[..., Any]:
    note = Path(os.environ["ECABINET_VAR"]) / NOTE

    def stepped(*args: Any, **kwargs: Any) -> Any:
        done = step(*args, **kwargs)
        if note.exists() and note.read_text() == moment:
            held = note.rename(note.with_name(HELD))
            while held.exists():
                time.sleep(0.01)
        return done

    return stepped


if __name__ == "__main__":
    for moment, name in STEPS.items():
        setattr(exports, name, stand_still_after(moment, getattr(exports, name)))
    sys.exit(rq_worker.main(sys.argv[1:]))
