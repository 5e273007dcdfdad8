"""What somebody waits for: the dossier of a session, put together file by file."""

import datetime as dt
from typing import Any

from app.tasks import progress
from app.workflows import exports
from app.workflows.engine.rights import SYSTEM


def make(job: dict[str, Any]) -> None:
    """Make an export. Running twice is harmless: one that is made is left alone, and the same content is the same file.

    Interrupted in the middle it begins anew; nothing of a half-made archive is kept.
    """
    exports.make_export(SYSTEM, job["export_id"], dt.datetime.now(dt.UTC), progress.report)
