"""Which processes a production has, what each is told, and how the rehearsal's database is filled."""

import json
import os
import secrets
import shutil
import sys
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from deploy.cluster.outside import Outside
from deploy.cluster.processes import Program, Supervisor, run
from deploy.cluster.servers import APP, DATABASE, HOST, NAME, OWNER, ROOT, Nginx, Postgres, Redis, free_ports

WEB, REALTIME = 2, 2
KEYS = ("keys", "authority", "installation.key", "log.key")
PYTHON = sys.executable
CELERY = [PYTHON, "-m", "celery", "-A", "app.celery_app"]
WORKER = [*CELERY, "worker", "--pool", "prefork", "--concurrency", "1", "-Q", "schedule,digest,notify,maintenance",
          "--without-gossip", "--without-mingle", "-l", "INFO"]  # fmt: skip


class Cluster:
    """Servers and processes of one rehearsal; `begin` starts them in the order in which they need each other."""

    def __init__(self, folder: Path, supervisor: Supervisor, port: int = 0) -> None:
        self.folder, self.supervisor, self.members = folder, supervisor, 0
        chosen = free_ports(6 + WEB + REALTIME)
        self.web, self.realtime = chosen[6 : 6 + WEB], chosen[6 + WEB :]
        self.app, self.signer = folder / "app", folder / "signer"
        for each in (self.app, self.signer):
            each.mkdir(mode=0o700)
        self.secret = secrets.token_urlsafe(48)
        self.postgres, self.redis = Postgres(folder, chosen[0]), Redis(folder, chosen[1])
        self.nginx = Nginx(folder, port or chosen[2], chosen[3], self.web, self.realtime)
        self.nginx.check()
        self.outside = Outside(folder, chosen[4], chosen[5])

    @property
    def socket(self) -> Path:
        return self.signer / "signer.sock"

    def environment(self, **more: str) -> dict[str, str]:
        """What every process of the application is told; compare deploy/environment.example."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ECABINET_", "FLASK_"))}
        return kept | {
            "ECABINET_DEMO": "1", "ECABINET_VAR": str(self.app), "ECABINET_SECRET_KEY": self.secret,
            "ECABINET_DATABASE": self.postgres.url(APP), "ECABINET_REDIS": self.redis.url,
            "ECABINET_SIGNER": str(self.socket), "ECABINET_HOSTS": f"{HOST},{NAME}", "ECABINET_PROXIES": "1",
            "ECABINET_PUBLIC_URL": self.nginx.url, "ECABINET_LOG": "json", "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1", **self.outside.settings, **more,
        }  # fmt: skip

    def fill(self, command: Sequence[str]) -> None:
        """Migrations and roles once, by the owner, before anything serves; then the keys become the signer's alone."""
        self.supervisor.begin(self.postgres.program(), self.redis.program())
        self.postgres.furnish()
        owner = self.environment(
            ECABINET_DATABASE=self.postgres.url(OWNER), ECABINET_APP_ROLE=APP, ECABINET_SIGNER="", ECABINET_REDIS=""
        )
        print(run(command, owner, self.app).strip(), flush=True)
        for name in KEYS:
            shutil.move(self.app / name, self.signer / name)
        trusted = str(self.app / "trusted")
        run([PYTHON, "-m", "app.signer", "init", "--trusted", trusted], self._of_signer(), self.signer)
        self.outside.found(self.app)

    def begin(self) -> None:
        """Signer, witness and time stamps, then whatever serves and works, then the door."""
        self.supervisor.begin(self._signer(), *self.outside.programs())
        self.supervisor.begin(
            *(self._web(number, port) for number, port in enumerate(self.web, 1)),
            *(self._realtime(number, port) for number, port in enumerate(self.realtime, 1)),
            self._program("rq", [PYTHON, "-m", "app.rq_worker", "interactive", "signing"], _says("Listening on")),
            self._program("celery", WORKER, _says(" ready.")),
            self._program("beat", [*CELERY, "beat", "-l", "INFO", "--pidfile", ""], _says("beat: Starting")),
        )
        self.supervisor.begin(self.nginx.program())

    def facts(self) -> dict[str, Any]:
        """Where it can be reached; kept in a file that its owner alone reads."""
        return {
            "address": self.nginx.url, "certificate": str(self.nginx.certificate), "web": self.web,
            "realtime": self.realtime, "database": DATABASE, "owner_url": self.postgres.url("postgres"),
            "redis_url": self.redis.url, "var": str(self.app),
        }  # fmt: skip

    def _signer(self) -> Program:
        command = [PYTHON, "-m", "app.signer", "--socket", str(self.socket)]
        return Program("signer", command, self._of_signer(), self.signer, _says("answers at"))

    def _of_signer(self) -> dict[str, str]:
        """The signer knows neither database nor secret."""
        everything = self.environment(ECABINET_VAR=str(self.signer))
        hidden = ("ECABINET_DATABASE", "ECABINET_SECRET_KEY", "ECABINET_REDIS", *self.outside.settings)
        return {name: value for name, value in everything.items() if name not in hidden}

    def _web(self, number: int, port: int) -> Program:
        more = {"PORT": str(port)}
        return self._program(f"web{number}", [PYTHON, str(ROOT / "run.py")], _answers(port, "status", "live"), **more)

    def _realtime(self, number: int, port: int) -> Program:
        command = [PYTHON, "-m", "app.realtime.serve", "--port", str(port)]
        return self._program(f"realtime{number}", command, _answers(port, "redis", "up"))

    def _program(
        self, name: str, command: Sequence[str], ready: Callable[[str], bool], **more: str
    ) -> Program:
        return Program(name, command, self.environment(**more), self.app, ready)


def _says(word: str) -> Callable[[str], bool]:
    return lambda said: word in said


def _answers(port: int, name: str, value: str) -> Callable[[str], bool]:
    """Whether /healthz of a process says so."""

    def asked(_said: str) -> bool:
        try:
            with urllib.request.urlopen(f"http://{HOST}:{port}/healthz", timeout=2) as answer:
                return bool(json.load(answer).get(name) == value)
        except (OSError, ValueError):
            return False

    return asked
