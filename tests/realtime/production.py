"""Realtime processes as a production runs them, on the database of a test and a Redis of their own."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from flask import Flask

from tests.servers import RedisServer, free_port

ROOT = Path(__file__).parents[2]
SERVE = """
import sys
from app.realtime import gate, serve
gate.SESSIONS_EVERY = int(sys.argv.pop(1))
sys.exit(serve.main())
"""


class Realtime:
    """One realtime process; `said` is what it wrote.

    Unless `sessions_every` so many sweeps says otherwise, a socket is cut because somebody said so, or not at all.
    """

    def __init__(self, app: Flask, redis: RedisServer, log: Path, sessions_every: int = sys.maxsize) -> None:
        self.port, self.log = free_port(), log
        self.environment = {
            **os.environ, "ECABINET_DATABASE": app.config["SQLALCHEMY_DATABASE_URI"], "ECABINET_REDIS": redis.url,
            "ECABINET_SECRET_KEY": app.config["SECRET_KEY"], "ECABINET_DEMO": "1", "ECABINET_ENV": "",
            "PYTHONUNBUFFERED": "1",
        }  # fmt: skip
        with log.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SERVE, str(sessions_every), "--port", str(self.port)], cwd=ROOT, stdout=out,
                stderr=subprocess.STDOUT, env=self.environment,
            )  # fmt: skip

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def said(self) -> str:
        return self.log.read_text()

    def health(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.address}/healthz", timeout=30) as answer:  # noqa: S310 - of this test
            found: dict[str, Any] = json.load(answer)
        return found

    def follows(self) -> bool:
        """Whether announcements arrive."""
        try:
            return self.health()["redis"] == "up"
        except (urllib.error.URLError, ConnectionError):
            return False

    def stop(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Exit status, and how long it took."""
        began = time.monotonic()
        self.process.send_signal(how)
        status = self.process.wait(60)
        return status, time.monotonic() - began
