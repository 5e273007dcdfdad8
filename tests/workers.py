"""Workers of a production as processes of their own: RQ, Celery and its beat."""

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from tests.servers import Account, Process

ROOT = Path(__file__).parents[1]
READY = {"rq": "Listening on", "celery": " ready.", "beat": "beat: Starting"}
COMMANDS = {
    "rq": ["-m", "app.rq_worker", "interactive", "signing"],
    "celery": ["-m", "celery", "-A", "app.celery_app", "worker", "--pool", "prefork", "--concurrency", "1", "-Q",
               "schedule,digest,notify,maintenance", "--without-gossip", "--without-mingle", "-l", "INFO"],
    "beat": ["-m", "celery", "-A", "app.celery_app", "beat", "-l", "INFO", "--pidfile", ""],
}  # fmt: skip


class Worker(Process):
    """One worker over a database and a Redis; what it says is kept in `log`."""

    def __init__(self, kind: str, database: str, redis_url: str, **settings: str) -> None:
        super().__init__(kind, Account(None, None))
        self.kind = kind
        self.settings = {
            "ECABINET_DATABASE": database, "ECABINET_REDIS": redis_url, "ECABINET_VAR": str(self.folder),
            "ECABINET_SECRET_KEY": "w" * 40, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **settings,
        }  # fmt: skip

    def start(self) -> "Worker":
        self.log.unlink(missing_ok=True)
        self._launch([sys.executable, *COMMANDS[self.kind]], self._is_ready)
        return self

    def kill(self) -> None:
        """As by the kernel: no goodbye to anybody. Its children go with it."""
        leash, self._process = self._process, None
        if leash is None:
            return
        for pid in reversed(family(leash.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        leash.communicate()

    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def _is_ready(self) -> bool:
        return READY[self.kind] in self.said()

    def _environment(self) -> dict[str, str]:
        return super()._environment() | self.settings


def family(pid: int) -> list[int]:
    """A process and all that came of it, parents first."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found
