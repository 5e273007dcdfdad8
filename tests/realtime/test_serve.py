"""The embedded installation as a process: it answers, survives its worker, and leaves at once without a word."""

import gc
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import websocket

from app.serve import Server
from tests.servers import free_port

ROOT = Path(__file__).parents[2]


class Installation:
    """run.py on an empty demo database, in a process group of its own, as a terminal would start it."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.environment = {
            **os.environ, "ECABINET_VAR": str(folder), "ECABINET_SECRET_KEY": "s" * 48, "ECABINET_DEMO": "1",
            "FLASK_APP": "run:app", "PORT": str(self.port), "PYTHONUNBUFFERED": "1",
            "ECABINET_DATABASE": f"sqlite:///{folder / 'e.db'}",
        }  # fmt: skip
        self.process: subprocess.Popen[str] | None = None

    def migrate(self) -> None:
        flask = [sys.executable, "-m", "flask", "db", "upgrade"]
        subprocess.run(flask, cwd=ROOT, env=self.environment, check=True, capture_output=True)

    def start(self) -> float:
        """Seconds until the first answer."""
        began = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "run.py"], cwd=ROOT, env=self.environment, text=True, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
        )  # fmt: skip
        while not self.answers():
            assert time.monotonic() - began < 120, "it does not answer"
            time.sleep(0.05)
        return time.monotonic() - began

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/login/", timeout=30) as page:
                return page.status == 200
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def workers(self) -> list[int]:
        found = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=False)
        return [int(pid) for pid in found.stdout.split()]

    def stop(self, how: signal.Signals = signal.SIGINT) -> tuple[int, str, float]:
        """Exit status, everything that was said, and how long it took."""
        began = time.monotonic()
        os.killpg(self.process.pid, how)
        said, _ = self.process.communicate(timeout=120)
        return self.process.returncode, said, time.monotonic() - began


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty, migrated database to copy."""
    folder = tmp_path_factory.mktemp("installation")
    Installation(folder).migrate()
    return folder / "e.db"


@pytest.fixture
def installation(tmp_path: Path, database: Path) -> Iterator[Installation]:
    shutil.copy(database, tmp_path / "e.db")
    found = Installation(tmp_path)
    yield found
    if found.process and found.process.poll() is None:
        os.killpg(found.process.pid, signal.SIGKILL)
        found.process.communicate()


def test_ctrl_c_ends_it_at_once_even_with_open_sockets(installation):
    installation.start()
    address = f"ws://127.0.0.1:{installation.port}/socket.io/?EIO=4&transport=websocket"
    lines = [websocket.create_connection(address, timeout=30) for _ in range(5)]
    assert all(line.recv().startswith("0{") for line in lines), "the sockets are really open"
    status, said, seconds = installation.stop()
    for line in lines:
        line.shutdown()
    assert status in (0, 130)
    assert "Traceback" not in said
    assert "ERROR" not in said
    assert re.search(rf"answers at http://127\.0\.0\.1:{installation.port}", said)
    assert seconds < 60


def test_it_starts_again_in_seconds_and_ends_on_sigterm_too(installation):
    installation.start()
    installation.stop()
    assert installation.start() < 60
    status, said, _seconds = installation.stop(signal.SIGTERM)
    assert status == 0
    assert "Traceback" not in said


def test_a_worker_that_dies_is_replaced(installation):
    installation.start()
    before = installation.workers()
    assert len(before) == 1
    os.kill(before[0], signal.SIGKILL)
    end = time.monotonic() + 120
    while (installation.workers() == before or not installation.answers()) and time.monotonic() < end:
        time.sleep(0.1)
    assert installation.answers()
    assert installation.workers() != before
    installation.stop()


def test_nobody_outside_this_machine_can_reach_it(installation):
    installation.start()
    rows = [row.split() for table in ("tcp", "tcp6") for row in Path(f"/proc/net/{table}").read_text().splitlines()[1:]]
    listening = [row[1] for row in rows if row[3] == "0A" and row[1].endswith(f":{installation.port:04X}")]
    assert listening == [f"0100007F:{installation.port:04X}"]
    installation.stop()


def test_what_a_worker_has_loaded_is_not_looked_through_again(app, monkeypatch):
    server = Server(app, "127.0.0.1", 0)
    begun = []
    monkeypatch.setattr(server.background, "start", lambda: begun.append(gc.get_freeze_count()))
    before = gc.get_freeze_count()
    try:
        server.begin(None)
    finally:
        gc.unfreeze()
    assert begun[0] - before > 100_000
