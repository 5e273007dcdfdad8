"""The installation of the tests with a job that takes its time, so that there is something to see meanwhile."""

import sys
import time
from typing import Any

from app.models import Queue
from app.tasks import progress
from app.workflows.engine import outbox
from tests import house

STEPS = 1000
PAUSE = 0.1  # seconds between two steps: whoever looks comes in time


def count(_job: dict[str, Any]) -> None:
    """Running twice is harmless: it does nothing but count."""
    for done in range(STEPS + 1):
        progress.report(done, STEPS)
        time.sleep(PAUSE)


outbox.tasks["test.count"] = outbox.Task("test.count", Queue.DIGEST, count)

if __name__ == "__main__":
    sys.exit(house.DEEDS[sys.argv[1]]())
