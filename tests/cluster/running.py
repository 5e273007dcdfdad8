"""The rehearsal of a production as a process of its own, seen from outside."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from deploy.cluster.processes import offspring
from tests.web import ROOT

MEMBERS = 5
READY = "(Ctrl-C"
BEGINS_WITHIN, ENDS_WITHIN = 300.0, 180.0


class Running:
    """Started once; `program` says who runs where at this moment."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="ecab-test-"))
        self.home.chmod(0o711)
        self.folder = self.home / "c"
        command = [sys.executable, "-m", "deploy.cluster", "--folder", str(self.folder), "--members", str(MEMBERS),
                   "--no-replay", "--fill", sys.executable, "-m", "tests.cluster.filling"]  # fmt: skip
        self._log = (self.home / "log").open("wb")
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=self._log, stderr=subprocess.STDOUT)

    def wait_until_it_serves(self) -> "Running":
        deadline = time.monotonic() + BEGINS_WITHIN
        while READY not in self.said():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.1)
        return self

    def said(self) -> str:
        return (self.home / "log").read_text()

    @property
    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "cluster.json").read_text())
        return found

    def program(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.state["programs"][name]
        return found

    def kill(self, name: str) -> None:
        """As by the kernel: no goodbye to anybody."""
        os.kill(self.program(name)["pid"], signal.SIGKILL)

    def connect(self, _database: str = "") -> psycopg.Connection:
        """The database as its superuser sees it; the shape in which the oracle of the faults asks."""
        address = urlsplit(self.state["owner_url"].replace("+psycopg", ""))
        return psycopg.connect(address.geturl(), autocommit=True)

    def logs(self) -> str:
        return "".join(path.read_text(errors="replace") for path in self.folder.glob("*/*.log"))

    def offspring(self) -> list[int]:
        return list(offspring(self.process.pid))

    def end(self) -> int:
        """Ctrl-C; the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(ENDS_WITHIN)

    def remove(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(ENDS_WITHIN)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._log.close()
        shutil.rmtree(self.home, ignore_errors=True)
