"""PostgreSQL and Redis of the test run's own: started when first asked for, on free ports, gone when the run ends."""

import atexit
import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

import psycopg
import pytest
import redis
from psycopg import sql
from redis.backoff import NoBackoff
from redis.retry import Retry

Role = Literal["ecab_owner", "ecab_app", "postgres"]

# The server is a child of this shell, which waits on its standard input: whatever way the test run ends, a kill -9
# included, that pipe closes, the server is shut down and its folder removed. The word "keep" spares the folder.
LEASH = """
"$@" & server=$!
read -r last
kill -INT "$server" 2> /dev/null
wait "$server"
[ "$last" = keep ] || rm -rf "$PWD"
"""

POSTGRES_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "300",  # 200 voters at once, each with a connection, and the observers
    "shared_buffers": "128MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "timezone": "Asia/Ho_Chi_Minh",  # as installed in Hanoi: an act that leans on the server's zone shows
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}
# Commits stay synchronous in both: an acknowledged one must survive a crash of the server. What the fast one gives up
# is only the crash of the whole machine.
FAST = {"fsync": "off", "full_page_writes": "off"}
DURABLE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}

AT_ONCE = Retry(NoBackoff(), 0)  # the client's own patience is several seconds
PATIENCE = 180.0  # seconds for a server to start, on a machine with much else to do
_given: set[int] = set()  # ports that somebody in this process was told to listen on


class MissingProgram(pytest.UsageError):
    """A program that the tests need is not installed; the message names the Debian package."""


class ServerFailed(RuntimeError):
    """A server of the tests did not start or stop; the message ends with its log."""


def program(name: str, package: str) -> str:
    """The path of a program, PostgreSQL's own folders included; raises `MissingProgram`."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    found = str(versions[-1]) if versions else shutil.which(name)
    if found is None:
        raise MissingProgram(f"{name} is missing; install it with: apt-get install {package}")
    return found


def free_port() -> int:
    """A TCP port nobody listens on, below those that outgoing connections take: a restart finds it free again.

    Processes that share a test run take turns by number, and none is given twice: whoever has a port may begin to
    listen on it much later.
    """
    process, processes = _place_in_the_run()
    left = sorted({*range(20_000 + process, 32_000, processes)} - _given)
    for port in random.sample(left, min(100, len(left))):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            _given.add(port)
            return port
    raise ServerFailed("no free port between 20000 and 32000")


def _place_in_the_run() -> tuple[int, int]:
    """Which of how many processes of the run this is; pytest-xdist says it in the environment."""
    name = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    return int(name.removeprefix("gw")), int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))


class Account(NamedTuple):
    """Whom a server runs as; None is whoever runs the tests."""

    name: str | None
    group: str | None


def account_for(name: str) -> Account:
    """The account that PostgreSQL runs under: it refuses to start as root."""
    return Account(name, name) if os.geteuid() == 0 else Account(None, None)


class Process:
    """One server process on its leash, with a folder of its own; the children say how it is started and asked."""

    def __init__(self, label: str, account: Account) -> None:
        self.label, self.account, self.port = label, account, free_port()
        self.folder = Path(tempfile.mkdtemp(prefix=f"ecab-{label}-"))
        self.log = self.folder / "server.log"
        if account.name:
            shutil.chown(self.folder, account.name, account.group)
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.stop)

    def _run(self, *command: str) -> None:
        """Run a helper program of the server to its end, under the server's account."""
        done = subprocess.run(
            command, cwd=self.folder, user=self.account.name, group=self.account.group, extra_groups=self._groups(),
            env=self._environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise ServerFailed(f"{command[0]} answered {done.returncode}: {done.stderr}")

    def _launch(self, command: list[str], ready: Callable[[], bool]) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", LEASH, self.label, *command], cwd=self.folder, stdin=subprocess.PIPE, stdout=log,
                stderr=log, user=self.account.name, group=self.account.group, extra_groups=self._groups(),
                env=self._environment(), start_new_session=True,
            )  # fmt: skip
        self._wait(ready, "start")

    def _groups(self) -> list[int] | None:
        return [] if self.account.name else None

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "HOME": str(self.folder)}

    def _wait(self, done: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
        deadline = time.monotonic() + seconds
        while not done():
            if time.monotonic() > deadline:
                log = self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""
                raise ServerFailed(f"{self.label} did not {what} within {seconds:g} s\n{log}")
            time.sleep(0.02)

    def _end(self, last: bytes = b"") -> None:
        """Let go of the leash and wait for the server's end; `b"keep"` as last word leaves the folder for a restart."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.communicate(last, timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def stop(self) -> None:
        """End the server and remove its folder; a second call does nothing."""
        self._end()
        shutil.rmtree(self.folder, ignore_errors=True)
        atexit.unregister(self.stop)


class PostgresServer(Process):
    """A PostgreSQL cluster with the two roles of an installation: `ecab_owner` migrates, `ecab_app` serves.

    `durable` keeps every safeguard of a real installation (fsync, full pages, data checksums): for faults and figures.
    """

    def __init__(self, durable: bool = False) -> None:
        initdb, self._postgres = program("initdb", "postgresql"), program("postgres", "postgresql")
        super().__init__("postgres", account_for("postgres"))
        self._data = self.folder / "data"
        checksums = ["--data-checksums"] if durable else []
        self._run(
            initdb, "--pgdata", str(self._data), "--username=postgres", "--auth=trust", "--encoding=UTF8",
            "--locale=C.UTF-8", "--no-sync", *checksums,
        )  # fmt: skip
        settings = {**POSTGRES_SETTINGS, **(DURABLE if durable else FAST)}
        settings |= {"port": str(self.port), "unix_socket_directories": str(self.folder)}
        with (self._data / "postgresql.auto.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        self._start()
        self.execute("CREATE ROLE ecab_owner LOGIN", "CREATE ROLE ecab_app LOGIN")

    def url(self, name: str, role: Role = "ecab_app") -> str:
        """The SQLAlchemy address of a database, as one of the roles."""
        return f"postgresql+psycopg://{role}@127.0.0.1:{self.port}/{name}"

    def connect(self, name: str = "postgres", role: Role = "postgres", **options: Any) -> psycopg.Connection:
        """A plain connection in autocommit, for what stands outside the application."""
        return psycopg.connect(
            host="127.0.0.1", port=self.port, dbname=name, user=role, **{"autocommit": True, **options}
        )

    def execute(self, *statements: str | sql.Composed) -> None:
        """Run administrative statements as superuser, each in a transaction of its own."""
        with self.connect() as connection:
            for statement in statements:
                connection.execute(statement)

    def create_database(self, name: str, template: str | None = None) -> None:
        """Make a database owned by `ecab_owner`, empty or as a copy of another to which nobody is connected."""
        database = sql.Identifier(name)
        self.execute(
            sql.SQL("CREATE DATABASE {} OWNER ecab_owner TEMPLATE {}").format(
                database, sql.Identifier(template or "template0")
            ),
            sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database),
            sql.SQL("GRANT CONNECT ON DATABASE {} TO ecab_app").format(database),
        )

    def drop_database(self, name: str) -> None:
        """Remove a database and end whoever is still connected to it; none of that name is no error."""
        self.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def restart(self, immediate: bool = True) -> None:
        """Stop and start on the same port; `immediate` is a crash (no checkpoint, recovery from the log)."""
        self.crash(immediate)
        self.recover()

    def crash(self, immediate: bool = True) -> None:
        """The first half of `restart`: until `recover` nobody is served."""
        self._signal(signal.SIGQUIT if immediate else signal.SIGINT)
        self._wait(lambda: not self._pid_file.exists(), "stop")
        self._end(b"keep")

    def recover(self) -> None:
        """Start again on the same port and the same files."""
        self._start()

    @property
    def _pid_file(self) -> Path:
        return self._data / "postmaster.pid"

    def _signal(self, number: signal.Signals) -> None:
        os.kill(int(self._pid_file.read_text().split()[0]), number)

    def _start(self) -> None:
        self._launch([self._postgres, "-D", str(self._data)], self._answers)

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True


class RedisServer(Process):
    """A Redis that keeps nothing: what counts never lives there alone."""

    def __init__(self) -> None:
        self._program = program("redis-server", "redis-server")
        super().__init__("redis", Account(None, None))
        self.start()

    @property
    def url(self) -> str:
        """Its address; the tests share database 0."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start (again) on the same port, empty."""
        self._launch(
            [self._program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
             "--dir", str(self.folder)],
            self._answers,
        )  # fmt: skip

    def pause(self) -> None:
        """Stop the server and lose all that it held; `start` brings it back."""
        self._end(b"keep")

    def _answers(self) -> bool:
        try:
            with redis.Redis(port=self.port, retry=AT_ONCE) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The fast cluster of this run; start-up takes about two seconds and only happens where a test asks for it."""
    server = PostgresServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """The Redis of this run."""
    server = RedisServer()
    yield server
    server.stop()
